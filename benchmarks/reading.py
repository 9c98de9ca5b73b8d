"""Time reading a clean CSV, all checks and time stamps included, against plain pandas.read_csv.

    python benchmarks/reading.py --rows 1000000 --pairs 5

Both read the same file: a time stamp a second and `--sensors` columns of numbers. Plain pandas leaves the
stamps as texts; reading here gives UTC times, line numbers and a report, and refuses nothing.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from lstm_anomaly.reading import read_csvs


def write_clean(path: Path, rows: int, sensors: int) -> None:
    """A file without anything odd in it."""
    values = np.random.default_rng(0).normal(50, 10, (rows, sensors)).round(4)
    table = pd.DataFrame(values, columns=[f"sensor_{n}" for n in range(sensors)])
    stamps = pd.date_range("2024-01-01", periods=rows, freq="s").strftime("%Y-%m-%d %H:%M:%S")
    table.insert(0, "time", stamps)
    table.to_csv(path, index=False)


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds of one run; the machine may be shared."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> None:
    """Time pairs of runs and print the medians and the median ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sensors", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clean.csv"
        write_clean(path, options.rows, options.sensors)
        pairs = [
            (seconds(lambda: pd.read_csv(path)), seconds(lambda: read_csvs([str(path)])))
            for _ in range(options.pairs + 1)
        ][1:]  # the first pair warms up
    plain, checked = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for theirs, mine in pairs)
    print(f"pandas.read_csv {plain:.3f} s, with checks {checked:.3f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
