"""Memory and time of `detect` on a file larger than memory, and whether its scores are those of the whole.

    python benchmarks/large_file.py --gigabytes 5.4 --compared 1.5

Writes a CSV of 20 sensors, one row a second, with faults in every ninth stretch of 100,000 rows; trains a
linear model on the first stretch; runs `detect --scores` in a process of its own, and reads that process's
memory as it goes. Then the first `--compared` GB are read as one piece, for which the memory must suffice (11
times as much), and every line of the scores is compared.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.model.file import read_model
from lstm_anomaly.output.formats.scores import write_scores
from lstm_anomaly.reading import CsvReader

PROGRAM = (sys.executable, "-m", "lstm_anomaly")
SENSORS = 20
STRETCH = 100_000
PARTS_SHOWN = 10


def stretch(rng: np.random.Generator) -> np.ndarray:
    """Waves of their own periods, with noise that four causes have in common; (STRETCH, SENSORS)."""
    rows, k = np.arange(STRETCH)[:, None], np.arange(SENSORS)
    waves = 20 * k + (3 + k % 5) * np.sin(2 * np.pi * rows / (500 + 137 * k) + k)
    causes = pd.DataFrame(rng.normal(size=(STRETCH, 4))).ewm(alpha=0.1).mean().to_numpy()
    return waves + causes @ rng.normal(size=(4, SENSORS)) + rng.normal(0, 0.2, waves.shape)


def texts(values: np.ndarray) -> list[str]:
    """Rows as CSV, without their time."""
    buffer = io.StringIO()
    pd.DataFrame(values).to_csv(buffer, header=False, index=False, float_format="%.9f")
    return buffer.getvalue().splitlines()


def write_file(path: Path, size: int) -> int:
    """Write stretches until the file has `size` bytes; how many rows that took."""
    normal = stretch(np.random.default_rng(1))
    faulty = normal.copy()
    faulty[40_000:40_200, 3] += 25
    faulty[70_000:70_050] *= 1.3
    clean, wrong = texts(normal), texts(faulty)
    rows = 0
    with path.open("w") as file:
        file.write(",".join(["time", *(f"s{k:02}" for k in range(SENSORS))]) + "\n")
        while file.tell() < size:
            seconds = np.arange(rows, rows + STRETCH).astype("timedelta64[s]")
            stamps = (np.datetime64("2020-01-01") + seconds).astype(str)
            lines = wrong if rows // STRETCH % 9 == 7 else clean
            file.writelines(f"{stamp},{line}\n" for stamp, line in zip(stamps, lines, strict=True))
            rows += STRETCH
    return rows


def detect(folder: Path) -> None:
    """Run `detect` on the file, and print its memory in between."""
    command = [*PROGRAM, "detect", "big.csv", "--model", "big.model", "--scores", "scores.csv"]
    with (folder / "events.csv").open("w") as events:
        process = subprocess.Popen([*command, "--format", "csv"], cwd=folder, stdout=events)
    size, shown, most = (folder / "big.csv").stat().st_size, 0.0, 0.0
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        with Path(f"/proc/{process.pid}/io").open() as io_, Path(f"/proc/{process.pid}/status").open() as of:
            read = int(io_.readline().split()[1])
            memory = next((int(line.split()[1]) for line in of if line.startswith("VmRSS")), 0)
        most = max(most, memory * 1024 / 1e6)
        if read >= shown:
            print(f"{read / 1e9:6.2f} GB read {memory * 1024 / 1e6:6.0f} MB", flush=True)
            shown = read + size / PARTS_SHOWN
        time.sleep(0.2)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = usage.ru_utime + usage.ru_stime
    print(f"exit {process.returncode}, {seconds:.0f} s of processor time, at most {most:.0f} MB")


def whole_scores(folder: Path, size: int) -> Iterator[str]:
    """Lines of scores of the first `size` bytes, read as one piece."""
    with (folder / "big.csv").open("rb") as file, (folder / "begin.csv").open("wb") as begin:
        text = file.read(size)
        begin.write(text[: text.rfind(b"\n") + 1])
    del text
    model = read_model(folder / "big.model")
    reader = CsvReader([str(folder / "begin.csv")], sensors=model.sensors, block_size=2 * size)
    for verdicts in watch(Watcher(model), reader):
        buffer = io.StringIO()
        write_scores(buffer, verdicts)
        yield from io.StringIO(buffer.getvalue())


def main() -> None:
    """Make the file, detect, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=5.4)
    parser.add_argument("--compared", type=float, default=0.5)
    given = parser.parse_args()
    with TemporaryDirectory() as made:
        folder = Path(made)
        rows = write_file(folder / "big.csv", int(given.gigabytes * 1e9))
        print(f"{rows:,} rows, {(folder / 'big.csv').stat().st_size / 1e9:.2f} GB")
        train = ["train", "big.csv", "--rows", f"1:{STRETCH}", "--model-kind", "linear", "--quiet"]
        subprocess.run([*PROGRAM, *train, "--model", "big.model"], cwd=folder, check=True)
        detect(folder)
        with (folder / "scores.csv").open() as scores:
            scored = csv.reader(scores)
            next(scored)
            compared = [
                mine[1:] == theirs[1:]  # the file's name differs
                for mine, theirs in zip(
                    csv.reader(whole_scores(folder, int(given.compared * 1e9))), scored, strict=False
                )
            ]
            left = sum(1 for _ in scored)
        print(f"{len(compared) + left:,} rows have a score or are unknown")
        print(f"{sum(compared):,} of the first {len(compared):,} are as those of the whole")


if __name__ == "__main__":
    main()
