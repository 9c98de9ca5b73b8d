"""How good are the scores and the flags? Runs the installed command line on labelled series.

    python benchmarks/accuracy.py DATA [--seeds 0,1,2] [--only skab-valve1 --only asd/omi-1]
                                  [--train-args "--window 12"] [--out runs.csv] [--no-baselines]

DATA holds DATASET/SERIES/{train.csv,test.csv,labels.csv}; labels.csv has a column `label`, one 0 or 1 for
each data row of test.csv. `train` and `detect` see train.csv and test.csv, never the labels.

Figures are means over the series of a data set; FAR, MAR and F1 are of all its rows together. A series
counts in a figure only if it has one: without labelled rows there is no VUS-PR. With several seeds each
figure is the mean over them, and `+-` the standard deviation over them of the VUS-PR of a data set.

Beside it stands the linear autoencoder, PCA on flattened windows of 50 and 100 rows, whose error is put
on the window's middle row (`centre`) or averaged over the windows that cover a row (`cover`). It has no
threshold, hence no flags. It is the baseline to beat.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.evaluation.events import event_precision, event_recall, events_of
from lstm_anomaly.evaluation.figures import ranked
from lstm_anomaly.evaluation.ranking import auc_pr, auc_roc
from lstm_anomaly.evaluation.row_counts import RowCounts
from lstm_anomaly.evaluation.vus import vus, vus_window

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OURS = "lstm-anomaly"
PCA_WINDOWS = (50, 100)
PCA_VARIANCE = 0.9
PCA_FIT_WINDOWS = 1500
PCA_BLOCK = 1000  # windows at a time, to bound memory
MEANS = ("VUS-PR", "VUS-ROC", "AUC-PR", "AUC-ROC", "ev-rec", "ev-prec", "unscored", "train s", "detect s")
OVERALL = ("VUS-PR", "VUS-ROC", "AUC-PR", "AUC-ROC", "train s", "detect s")
COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


@dataclass(frozen=True)
class Labelled:
    """One series: training and test readings (rows, sensors), and the labels of the test rows."""

    dataset: str
    name: str
    folder: Path
    train: Floats
    test: Floats
    labels: Bools

    @classmethod
    def read(cls, folder: Path) -> "Labelled":
        train, test = (
            pd.read_csv(folder / f"{part}.csv").select_dtypes("number").to_numpy(float)
            for part in ("train", "test")
        )
        labels = pd.read_csv(folder / "labels.csv")["label"].to_numpy() > 0
        return cls(folder.parent.name, folder.name, folder, train, test, labels)

    def __str__(self) -> str:
        return f"{self.dataset}/{self.name}"


@dataclass(frozen=True)
class Scored:
    """What a method made of the test rows: scores, NaN where it gave none; no flags without a threshold."""

    scores: Floats
    flags: Bools | None = None
    train_seconds: float = 0.0
    detect_seconds: float = 0.0


def series_in(data: Path, only: Sequence[str]) -> Iterator[Labelled]:
    """All series of a folder, or those of the data sets or with the names in `only`."""
    for labels_file in sorted(data.glob("*/*/labels.csv")):
        name = labels_file.parent.relative_to(data).as_posix()
        if not only or any(f"{name}/".startswith(f"{wanted}/") for wanted in only):
            yield Labelled.read(labels_file.parent)


def run_command_line(series: Labelled, seed: int, train_args: Sequence[str]) -> Scored:
    """Train and detect in new processes, as a user would. Raises CalledProcessError when one fails."""
    program = [sys.executable, "-m", "lstm_anomaly"]
    with tempfile.TemporaryDirectory() as folder:
        model, scores = Path(folder) / "model", Path(folder) / "scores.csv"
        began = time.perf_counter()
        _run(program, "train", series.folder / "train.csv", "--model", model, "--seed", seed, *train_args)
        trained = time.perf_counter()
        detect = ("detect", series.folder / "test.csv", "--model", model, "--scores", scores, "--exit-zero")
        _run(program, *detect)
        detected = time.perf_counter()
        table = pd.read_csv(scores)
    if len(table) != len(series.labels):
        raise SystemExit(f"{series}: {len(table)} scores for {len(series.labels)} data rows")
    flags = (table["state"] == "anomaly").to_numpy()
    return Scored(table["score"].to_numpy(float), flags, trained - began, detected - trained)


def _run(program: Sequence[str], *arguments: object) -> None:
    command = [*program, *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def window_pca(train: Floats, test: Floats, window: int) -> Floats:
    """Mean squared error of each test window, (W,), reconstructed from the PCA of the training windows.

    Readings are standardised by the training rows and clipped to 10 standard deviations; the components
    hold 90 % of the variance; at most about 1,500 evenly spread windows are fitted to.
    """
    center, spread = train.mean(axis=0), train.std(axis=0)  # (F,) each
    spread = np.where(spread < 1e-6, 1.0, spread)
    z_train, z_test = (np.clip((part - center) / spread, -10, 10) for part in (train, test))
    fitted = _windows(z_train, window)
    fitted = fitted[:: max(1, len(fitted) // PCA_FIT_WINDOWS)]  # (V, T, F)
    fitted = fitted.reshape(len(fitted), -1)  # (V, T F)
    mean = fitted.mean(axis=0)  # (T F,)
    _left, singular, axes = np.linalg.svd(fitted - mean, full_matrices=False)
    explained = np.cumsum(singular**2 / np.sum(singular**2))
    axes = axes[: np.searchsorted(explained, PCA_VARIANCE, side="right") + 1]  # (components, T F)

    judged = _windows(z_test, window)
    errors = []
    for start in range(0, len(judged), PCA_BLOCK):
        block = judged[start : start + PCA_BLOCK].reshape(-1, len(mean)) - mean  # (V, T F)
        errors.append(np.mean((block - block @ axes.T @ axes) ** 2, axis=1))
    return np.concatenate(errors)


def _windows(rows: Floats, window: int) -> Floats:
    """All windows of rows (N, F) as a view, (W, T, F)."""
    return np.lib.stride_tricks.sliding_window_view(rows, (window, rows.shape[1]))[:, 0]


def on_centre_row(errors: Floats, window: int) -> Floats:
    """Each window's error (W,) on its middle row, the outermost errors repeated to the edges, (N,)."""
    return np.pad(errors, (window // 2, window - 1 - window // 2), mode="edge")


def over_covering_windows(errors: Floats, window: int) -> Floats:
    """Mean error (W,) of the windows that cover each row, (N,)."""
    ones = np.ones(window)
    return np.convolve(errors, ones) / np.convolve(np.ones(len(errors)), ones)


def baselines(series: Labelled) -> Iterator[tuple[str, Scored]]:
    for wanted in PCA_WINDOWS:
        window = min(wanted, len(series.train) // 4)
        began = time.perf_counter()
        errors = window_pca(series.train, series.test, window)
        seconds = time.perf_counter() - began
        yield f"PCA w{wanted} centre", Scored(on_centre_row(errors, window), None, seconds)
        yield f"PCA w{wanted} cover", Scored(over_covering_windows(errors, window), None, seconds)


def measure(series: Labelled, scored: Scored) -> dict[str, float]:
    """All figures of one method on one series."""
    labels, scores = series.labels, ranked(scored.scores)
    vus_roc, vus_pr = vus(labels, scores, vus_window(series.test[:, 0]))
    figures = {
        "VUS-PR": vus_pr,
        "VUS-ROC": vus_roc,
        "AUC-PR": auc_pr(labels, scores),
        "AUC-ROC": auc_roc(labels, scores),
        "unscored": float(np.mean(~np.isfinite(scored.scores))),
        "train s": scored.train_seconds,
        "detect s": scored.detect_seconds,
    }
    if scored.flags is not None:
        counts = RowCounts.of(labels, scored.flags)
        figures |= {name: getattr(counts, name) for name in COUNTS}
        figures["ev-rec"] = event_recall(events_of(labels), scored.flags)
        figures["ev-prec"] = event_precision(events_of(scored.flags), labels)
    return figures


def runs_of(series: Labelled, seeds: Sequence[int], train_args: Sequence[str]) -> Iterator[dict[str, object]]:
    """One row of figures a seed; a run that failed has none."""
    for seed in seeds:
        row = {"dataset": series.dataset, "series": series.name, "method": OURS, "seed": seed}
        try:
            yield row | {"failed": 0} | measure(series, run_command_line(series, seed, train_args))
        except subprocess.CalledProcessError as error:
            print(f"{series}: exit status {error.returncode}: {error.stderr[-400:]}", file=sys.stderr)
            yield row | {"failed": 1}


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a data set and method: figures by seed, then their mean, and the spread of VUS-PR."""
    rows = []
    for (dataset, method), group in runs.groupby(["dataset", "method"], sort=False):
        by_seed = pd.DataFrame([_of_one_seed(part) for _seed, part in group.groupby("seed")])
        told = {"dataset": dataset, "method": method, "n": group["series"].nunique()}
        first = {"failed": int(group["failed"].sum()), "VUS-PR": np.nan, "+-": by_seed["VUS-PR"].std()}
        rows.append({**told, **first, **by_seed.mean()})
    return pd.DataFrame(rows)


def _of_one_seed(runs: pd.DataFrame) -> dict[str, float]:
    """Means over the series; the rates of rows from the rows of all series together."""
    row = {name: runs[name].mean() for name in MEANS if name in runs}
    if "true_positives" in runs and runs["true_positives"].notna().any():
        counts = RowCounts(*(int(runs[name].sum()) for name in COUNTS))
        row |= {"FAR": counts.false_alarm_rate, "MAR": counts.missed_alarm_rate, "F1": counts.f1}
    return row


def overall(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a method: the mean over the data sets' means, and the spread over seeds of that mean."""
    names = [name for name in OVERALL if name in runs]
    by_seed = runs.groupby(["method", "seed", "dataset"], sort=False)[names].mean()
    by_seed = by_seed.groupby(level=["method", "seed"], sort=False).mean()
    by_method = by_seed.groupby(level="method", sort=False)
    table = by_method.mean()
    table.insert(1, "+-", by_method["VUS-PR"].std())
    return table.reset_index()


def widest_spread(runs: pd.DataFrame) -> str:
    """The series whose VUS-PR depends most on the seed."""
    spread = runs[runs["method"] == OURS].groupby(["dataset", "series"])["VUS-PR"].std()
    if spread.notna().sum() == 0:
        return ""
    where = pd.Index(spread.index)[int(spread.argmax())]
    return f"widest spread of one series over the seeds: {spread.max():.3f} ({'/'.join(where)})"


def shown(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda value: f"{value:.3f}", na_rep="-")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", default="0", help="such as 0,1,2")
    parser.add_argument("--only", action="append", default=[], help="a data set, or DATASET/SERIES")
    parser.add_argument("--train-args", default="", help="further options of `train`")
    parser.add_argument("--out", type=Path, help="also write every run's figures as CSV")
    parser.add_argument("--no-baselines", action="store_true")
    given = parser.parse_args(arguments)

    seeds = [int(seed) for seed in given.seeds.split(",")]
    runs: list[dict[str, object]] = []
    for series in series_in(given.data, given.only):
        found = list(runs_of(series, seeds, shlex.split(given.train_args)))
        if not given.no_baselines:
            row = {"dataset": series.dataset, "series": series.name, "seed": 0, "failed": 0}
            found += [row | {"method": method} | measure(series, s) for method, s in baselines(series)]
        told = (f"{run['method']} {run.get('VUS-PR', np.nan):.3f}" for run in found)
        print(series, *told, sep="  ", file=sys.stderr, flush=True)
        runs += found
    if not runs:
        raise SystemExit(f"{given.data}: no DATASET/SERIES/labels.csv, or none that --only names")
    table = pd.DataFrame(runs)
    if given.out:
        table.to_csv(given.out, index=False)
    print(shown(summary(table)), "", "mean over data sets", shown(overall(table)), sep="\n")
    print(widest_spread(table))


if __name__ == "__main__":
    main()
