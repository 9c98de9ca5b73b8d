"""What is each part worth? The same scoring with parts left out, on labelled series, over several seeds.

    python benchmarks/ablation.py DATA [--seeds 0,1,2,3,4] [--only skab-valve1] [--variants lstm,linear]
                                  [--look-ahead 12] [--out runs.csv]

DATA is laid out as for benchmarks/accuracy.py. Variants, all with the same views, components and rules:

    lstm        LSTM forecaster and LSTM autoencoder, each mixed with its linear counterpart
    pure        the LSTMs in place of their linear counterparts
    untrained   as lstm, but the LSTMs are left as they were drawn
    linear      without any LSTM: the default where none does much better

Figures are VUS-PR without look-ahead, and with it when asked for: the mean over the data sets' means, its
spread over the seeds, and by how much `lstm` is above each variant. Models are trained in this process; the
labels are only read to count.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import Labelled, series_in, shown

from lstm_anomaly.evaluation.figures import ranked
from lstm_anomaly.evaluation.ranking import auc_roc
from lstm_anomaly.evaluation.vus import vus, vus_window
from lstm_anomaly.judging import judge
from lstm_anomaly.learning import learn
from lstm_anomaly.settings import LearningSettings
from lstm_anomaly.types import Series

VARIANTS = {
    "lstm": LearningSettings(kind="lstm"),
    "pure": LearningSettings(kind="pure"),
    "untrained": LearningSettings(kind="lstm", trained=False),
    "linear": LearningSettings(kind="linear"),
}


def as_series(values: np.ndarray) -> Series:
    """Rows (N, F) without a time: what the command line makes of a file without a time column."""
    names = tuple(f"s{k}" for k in range(values.shape[1]))
    return Series(values, names, None, None, ((0, len(values)),), np.arange(len(values)))


def figures(series: Labelled, variant: str, seed: int, look_ahead: int) -> dict[str, object]:
    """VUS-PR of one variant on one series, without look-ahead and with it, and seconds of processor time."""
    began = time.process_time()
    model = learn(as_series(series.train), replace(VARIANTS[variant], seed=seed))
    row: dict[str, object] = {"variant": variant, "seed": seed, "train s": time.process_time() - began}
    for ahead in sorted({0, look_ahead}):
        scores = ranked(judge(replace(model, look_ahead=ahead), as_series(series.test)).scores)
        name = f"VUS-PR +{ahead}" if ahead else "VUS-PR"
        row[name] = vus(series.labels, scores, vus_window(series.test[:, 0]))[1]
        row[name.replace("VUS-PR", "AUC-ROC")] = auc_roc(series.labels, scores)
    return row | {"dataset": series.dataset, "series": series.name}


def by_variant(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a variant: the mean of each data set, of all, and the spread of that over the seeds."""
    figures = [name for name in runs if name.startswith(("VUS", "AUC"))]
    sets = runs.groupby(["variant", "seed", "dataset"], sort=False)[figures].mean()
    overall = sets.groupby(level=["variant", "seed"], sort=False).mean()
    table = sets["VUS-PR"].groupby(level=["variant", "dataset"], sort=False).mean().unstack()
    for name in figures:
        table[f"mean {name}"] = overall[name].groupby(level="variant").mean()
    table["+-"] = overall["VUS-PR"].groupby(level="variant").std()
    table["train s"] = runs.groupby("variant")["train s"].mean()
    if "lstm" in table.index:
        table["lstm above it"] = table.loc["lstm", "mean VUS-PR"] - table["mean VUS-PR"]
    return table.reindex([name for name in VARIANTS if name in table.index]).reset_index()


def spread_by_series(runs: pd.DataFrame) -> pd.Series:
    """Standard deviation over the seeds of each series' VUS-PR with `lstm`, the widest first."""
    default = runs[runs["variant"] == "lstm"]
    return default.groupby(["dataset", "series"])["VUS-PR"].std().sort_values(ascending=False)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--only", action="append", default=[], help="a data set, or DATASET/SERIES")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--look-ahead", type=int, default=0, metavar="ROWS")
    parser.add_argument("--out", type=Path, help="also write every run's figures as CSV")
    given = parser.parse_args(arguments)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    runs = []
    for series in series_in(given.data, given.only):
        for variant in given.variants.split(","):
            for seed in seeds[:1] if variant == "linear" else seeds:  # chance has no part in a linear model
                runs.append(figures(series, variant, seed, given.look_ahead))
                if given.out:
                    pd.DataFrame(runs).to_csv(given.out, index=False)
        print(series, flush=True)
    if not runs:
        raise SystemExit(f"{given.data}: no DATASET/SERIES/labels.csv, or none that --only names")
    table = pd.DataFrame(runs)
    print(shown(by_variant(table)))
    if len(seeds) > 1:
        print(
            "",
            "widest spread over the seeds, by series",
            spread_by_series(table).head(5).to_string(),
            sep="\n",
        )


if __name__ == "__main__":
    main()
