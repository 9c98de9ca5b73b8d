"""Do scores and alarms carry over? One table over families of labelled series and simulated plants.

    python benchmarks/families.py DATA [--plants FOLDER] [--seeds 0,1,2] [--look-ahead 0] [-j 2] [--only msl]
                                  [--train-args "--model-kind linear"] [--cache FOLDER] [--out runs.csv]

DATA holds FAMILY/SERIES/{train.csv,test.csv,labels.csv}, `--plants` the same with a faults.csv beside
(columns first_row and last_row). The command line trains and detects; labels are only read to count. Per
family, means over its series:

    VUS-PR, AUC-ROC  of the scores; a series that could not be trained counts as 0
    PCA 50           VUS-PR of principal components of windows of 50 rows: the baseline to beat
    false            false episodes in 10,000 normal rows, those of a family's series averaged
    found            labelled events that a flagged row meets, of all
    flagged          share of the normal rows flagged
    faults           plants: faults found, mean over the series; false episodes of each series

An episode is a run of flagged rows; runs with up to 24 rows between them are one. Results are kept in the
cache by the text of the package, the arguments and the series, so that a second run is free.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import Labelled, on_centre_row, series_in, window_pca

import lstm_anomaly
from lstm_anomaly.evaluation.events import events_of
from lstm_anomaly.evaluation.figures import ranked
from lstm_anomaly.evaluation.ranking import auc_roc
from lstm_anomaly.evaluation.vus import vus, vus_window

MERGE_GAP = 24  # rows between two runs of flagged rows that are one episode
Row = dict[str, object]


def package_digest() -> str:
    """Of every source file of the package that is installed: what a result depends on beside the data."""
    folder = Path(lstm_anomaly.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def run(series: Labelled, train_args: Sequence[str], cache: Path) -> Row:
    """One series through the command line: from the cache if it was run before."""
    key = hashlib.sha256("|".join([package_digest(), str(series.folder), *train_args]).encode()).hexdigest()[
        :20
    ]
    kept = cache / f"{key}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    row = _measured(series, train_args)
    cache.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(row))
    return row


def _measured(series: Labelled, train_args: Sequence[str]) -> Row:
    program = [sys.executable, "-m", "lstm_anomaly"]
    with tempfile.TemporaryDirectory() as folder:
        model, scores = Path(folder) / "model", Path(folder) / "scores.csv"
        began = time.perf_counter()
        for command in (
            ["train", str(series.folder / "train.csv"), "--model", str(model), *train_args],
            [
                *("detect", str(series.folder / "test.csv"), "--model", str(model)),
                *("--scores", str(scores), "--exit-zero"),
            ],
        ):
            done = subprocess.run(
                [*program, *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
            if done.returncode:
                return {"failed": done.stderr.strip()[-300:], "VUS-PR": 0.0, "AUC-ROC": 0.0}
        seconds = time.perf_counter() - began
        table = pd.read_csv(scores)
    row = figures(series, table["score"].to_numpy(float), (table["state"] == "anomaly").to_numpy())
    return row | {"seconds": seconds, "rows": len(series.train), "sensors": series.train.shape[1]}


def figures(series: Labelled, scores: np.ndarray, flags: np.ndarray) -> Row:
    """Every figure of one series from its scores (N,), NaN where there is none, and flags (N,)."""
    labels = series.labels
    row: Row = {}
    if labels.any():
        known = ranked(scores)
        row["VUS-PR"] = vus(labels, known, vus_window(series.test[:, 0]))[1]
        row["AUC-ROC"] = auc_roc(labels, known)
    found = [bool(flags[a : b + 1].any()) for a, b in events_of(labels)]
    false = [1 for a, b in episodes(flags) if not labels[a : b + 1].any()]
    normal = max(int((~labels).sum()), 1)
    row |= {"found": sum(found), "events": len(found), "false count": len(false)}
    row |= {"false": len(false) * 1e4 / normal, "flagged": float((flags & ~labels).sum() / normal)}
    faults = series.folder / "faults.csv"
    if faults.exists():
        told = pd.read_csv(faults)
        kinds: dict[str, list[int]] = {}
        for first, last, kind in zip(told["first_row"], told["last_row"], told["kind"], strict=True):
            kinds.setdefault(str(kind), []).append(int(flags[first : last + 1].any()))
        row |= {"faults": sum(map(sum, kinds.values())), "kinds": kinds}
    return row


def episodes(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """First and last row of each episode of flags (N,)."""
    rows = np.flatnonzero(flags)
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > MERGE_GAP + 1) + 1):
        if len(part):
            yield int(part[0]), int(part[-1])


def baseline(series: Labelled, cache: Path) -> float:
    """VUS-PR of principal components of windows of 50 rows, each error on its window's middle row."""
    kept = cache / f"pca-{series.dataset}-{series.name}.txt"
    if not kept.exists():
        window = min(50, len(series.train) // 4)
        scores = on_centre_row(window_pca(series.train, series.test, window), window)
        value = (
            vus(series.labels, scores, vus_window(series.test[:, 0]))[1] if series.labels.any() else np.nan
        )
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(repr(float(value)))
    return float(kept.read_text())


def by_family(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a family and one of their mean; `+-` is the spread over the seeds of a family's mean VUS-PR."""
    table = runs.groupby("family")[["PCA 50", "VUS-PR", "AUC-ROC", "false", "flagged", "seconds"]].mean()
    sums = runs.groupby("family")[["found", "events", "false count"]].sum() / runs["seed"].nunique()
    by_seed = runs.groupby(["family", "seed"])["VUS-PR"].mean()
    table.insert(3, "+-", by_seed.groupby("family").std())
    table = table.join(sums)
    mean = table.mean()
    mean["found"], mean["events"] = table["found"].sum(), table["events"].sum()
    table.loc["mean"] = mean
    table.loc["median"] = table.drop(index="mean").median()
    return table


def show(runs: pd.DataFrame) -> None:
    """The table of the families, a line or two for each plant, and what could not be trained."""
    real = runs[runs["faults"].isna()]
    if len(real):
        print(by_family(real).round(3).to_string())
    plants = runs[runs["faults"].notna()]
    for family, part in plants.groupby("family"):
        false = part["false count"].astype(int).tolist()
        faults, vus_pr, seconds = part[["faults", "VUS-PR", "seconds"]].mean()
        print(f"{family}: {faults:.1f} faults, false {false}, VUS-PR {vus_pr:.3f}, {seconds:.1f} s")
        kinds = pd.DataFrame(part["kinds"].tolist()).map(lambda found: np.mean(found)).mean()
        print("    " + ", ".join(f"{kind} {share:.0%}" for kind, share in kinds.items()))
    for failed in runs.loc[runs["failed"].notna(), ["family", "series", "failed"]].itertuples(index=False):
        print("not trained:", *failed)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--plants", type=Path)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--look-ahead", type=int, default=0, metavar="ROWS")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="a family, or FAMILY/SERIES")
    parser.add_argument("--train-args", default="")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "lstm-anomaly-families")
    parser.add_argument("--out", type=Path, help="also write every run's figures as CSV")
    given = parser.parse_args(arguments)
    folders = [given.data, *([given.plants] if given.plants else [])]
    ahead = ["--look-ahead", str(given.look_ahead)] if given.look_ahead else []
    work = [
        (series, seed, ["--seed", str(seed), *ahead, *given.train_args.split()])
        for folder in folders
        for series in series_in(folder, given.only)
        for seed in map(int, given.seeds.split(","))
    ]

    def one(job: tuple[Labelled, int, list[str]]) -> Row:
        series, seed, train_args = job
        row = run(series, train_args, given.cache)
        print(
            series,
            seed,
            {k: v for k, v in row.items() if k in ("VUS-PR", "failed", "faults")},
            file=sys.stderr,
        )
        return (
            row
            | {"family": series.dataset, "series": series.name, "seed": seed}
            | {"PCA 50": baseline(series, given.cache)}
        )

    with ThreadPoolExecutor(given.jobs) as pool:
        runs = pd.DataFrame(list(pool.map(one, work)))
    for name in ("faults", "failed", "seconds", "found", "events", "false", "false count", "flagged"):
        if name not in runs:
            runs[name] = np.nan
    if given.out:
        runs.to_csv(given.out, index=False)
    show(runs)


if __name__ == "__main__":
    main()
