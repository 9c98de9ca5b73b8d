"""A row of TSB-AD's table for this detector: TSB-AD runs it as one of its own methods, and measures it.

    pip install TSB-AD
    python benchmarks/tsb_ad.py DATA [--only FAMILY] [--method LSTMAnomaly --method CNN] [--out FILE]

DATA holds FAMILY/SERIES/{train.csv,test.csv,labels.csv}, as for `accuracy.py`. A method gets the training
rows and all rows to be scored, and gives a score a row. What is measured is TSB-AD's (its version 1.5): the
window of VUS is the period of the first sensor, and flags are scores above the mean and three standard
deviations. Means are over the series of a family, then over the families. Its other methods run with the
parameters that it found best; its networks draw other weights in each run. See
https://github.com/TheDatumOrg/TSB-AD. Time it with OMP_NUM_THREADS=1 for one processor core.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from accuracy import Floats, Labelled, series_in
from TSB_AD import model_wrapper
from TSB_AD.evaluation.metrics import get_metrics
from TSB_AD.HP_list import Optimal_Multi_algo_HP_dict, Optimal_Uni_algo_HP_dict
from TSB_AD.utils.slidingWindows import find_length_rank

from lstm_anomaly import Detector
from lstm_anomaly.evaluation.figures import ranked

OURS = "LSTMAnomaly"


def run_ours(train: Floats, test: Floats, **settings: object) -> Floats:
    """As each `run_` function of TSB-AD: scores of test rows (N, F), the lowest for one not judged."""
    return ranked(Detector(**settings).fit(train).score(test))


def register() -> None:
    """Make this detector one of TSB-AD's methods that learn from training rows."""
    setattr(model_wrapper, f"run_{OURS}", run_ours)
    model_wrapper.Semisupervise_AD_Pool.append(OURS)
    for best in (Optimal_Uni_algo_HP_dict, Optimal_Multi_algo_HP_dict):
        best[OURS] = {}


def measured(method: str, series: Labelled) -> dict[str, float]:
    """What TSB-AD's runner measures of a method on a series; no figures where the method failed."""
    best = Optimal_Uni_algo_HP_dict if series.test.shape[1] == 1 else Optimal_Multi_algo_HP_dict
    began = time.perf_counter()
    if method in model_wrapper.Semisupervise_AD_Pool:
        scores = model_wrapper.run_Semisupervise_AD(method, series.train, series.test, **best[method])
    else:
        scores = model_wrapper.run_Unsupervise_AD(method, series.test, **best[method])
    seconds = time.perf_counter() - began
    if isinstance(scores, str):  # its word for an exception
        return {}
    window = find_length_rank(series.test[:, :1], rank=1)
    flags = scores > scores.mean() + 3 * scores.std()
    return {**get_metrics(scores, series.labels.astype(int), window, flags), "seconds": seconds}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", action="append", default=[], help="a family, or FAMILY/SERIES")
    parser.add_argument(
        "--method", action="append", help="one that every series of `--only` has parameters for"
    )
    parser.add_argument("--out", type=Path, help="also write each run's figures as CSV")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    register()
    runs = []
    for series in series_in(given.data, given.only):
        if not series.labels.any():
            continue
        for method in given.method or [OURS]:
            row = measured(method, series)
            print(
                series, method, {name: round(float(value), 3) for name, value in row.items()}, file=sys.stderr
            )
            runs.append({"method": method, "family": series.dataset, "series": series.name, **row})
    table = pd.DataFrame(runs)
    if given.out:
        table.to_csv(given.out, index=False)
    families = table.drop(columns="series").groupby(["method", "family"]).mean()
    for each in (families, families.groupby("method").mean()):
        print(each.round(3).to_string())


if __name__ == "__main__":
    main()
