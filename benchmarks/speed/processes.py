"""Whole processes, as a user starts them: train and detect, start-up, peak memory.

Like measure.py this imports nothing heavy: what is loaded here would count in the memory of what it starts.
"""

import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import measure

TRAIN = [
    "--window",
    "60",
    "--hidden",
    "32",
    "--epochs",
    "5",
    "--batch-size",
    "128",
    "--stride",
    "1",
    "--patience",
    "0",
]
LIGHT = [sys.executable, "-c", "import click"]
HEAVY = [sys.executable, "-c", "import numpy, pandas"]
READING = "import sys; from lstm_anomaly.reading import read_csvs; read_csvs(sys.argv[1:])"
MB = 1024  # of the kilobytes that the system counts in


def program(*arguments: object) -> list[str]:
    """The installed command line."""
    return [str(Path(sys.executable).parent / "lstm-anomaly"), *map(str, arguments)]


def run(command: list[str], cores: int, source: Path | None = None, **extra: str) -> float:
    """Run to the end; peak memory of its largest process in MB. `detect` that found events exits with 1."""
    with open(source or os.devnull) as stdin:
        child = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=measure.environment(cores) | extra,
        )
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or (child.returncode == 1 and "detect" not in command):
        raise SystemExit(f"exit status {child.returncode}: {' '.join(command)}")
    return usage.ru_maxrss / MB


def pairs(ours: list[list[str]], theirs: list[list[str]], count: int, cores: int, **extra: str):
    """Seconds of two sequences of commands, run in turn."""
    times = [
        tuple(
            measure.seconds(lambda commands=commands: [run(c, cores, **extra) for c in commands])
            for commands in (ours, theirs)
        )
        for _ in range(count)
    ]
    return times


def csv(folder: Path, rows: int) -> Path:
    """A file of so many rows, made once."""
    path = folder / f"{rows}.csv"
    if not path.exists():
        run([sys.executable, str(measure.HERE / "make_csv.py"), str(rows), str(path)], 1)
    return path


def start_up(given, model: Path) -> None:
    """Against an interpreter that only imports click, or NumPy and pandas."""
    count = 2 * given.pairs
    completion = {
        "_LSTM_ANOMALY_COMPLETE": "bash_complete",
        "COMP_WORDS": "lstm-anomaly d",
        "COMP_CWORD": "1",
    }
    for name, command, extra in (
        ("lstm-anomaly --help", program("--help"), {}),
        ("lstm-anomaly --version", program("--version"), {}),
        ("shell completion", program(), completion),
    ):
        pairs([command], [LIGHT], 1, given.cores, **extra)  # warms the disk's cache
        found = pairs([command], [LIGHT], count, given.cores, **extra)
        measure.tell(measure.Row.of(name, "import click", given.cores, found, 1.5))
    detect = program("detect", csv(given.folder, 1440), "--model", model)
    pairs([detect], [HEAVY], 1, given.cores)
    found = pairs([detect], [HEAVY], count, given.cores)
    name = "detect of a day, 1,440 rows of 8 sensors"
    measure.tell(measure.Row.of(name, "import numpy, pandas", given.cores, found, 1.6))


def whole(given, model: Path) -> None:
    """Training and detection against the script in PyTorch."""
    train, score = csv(given.folder, 10_000), csv(given.folder, 20_000)
    scores = given.folder / "scores.csv"
    ours = [
        program("train", train, "--model", model, *TRAIN),
        program("detect", score, "--model", model, "--scores", scores),
    ]
    script = [sys.executable, measure.HERE / "torch_script.py", train, score, given.cores, scores]
    found = pairs(ours, [list(map(str, script))], given.pairs, given.cores)
    name = "train 10,000 rows, 5 epochs, and detect 20,000 rows"
    measure.tell(measure.Row.of(name, "PyTorch script", given.cores, found, 0.4))


def memory(given, model: Path) -> None:
    """Peak memory of scoring against that of reading the file, and of a stream a quarter as long."""
    long = 100_000 if given.quick else 1_000_000
    path, short = csv(given.folder, long), csv(given.folder, long // 4)
    reading = run([sys.executable, "-c", READING, str(path)], given.cores)
    began = time.perf_counter()
    detect = run(program("detect", path, "--model", model, "--exit-zero"), given.cores)
    took = time.perf_counter() - began
    measure.remark(f"detect of {long:,} rows on {given.cores} cores, the whole process: {took:.1f} s")
    row = measure.Row.of(
        f"peak memory of detect, {long:,} rows",
        "reading the file",
        given.cores,
        [(detect, reading)],
        1.5,
        "MB",
    )
    measure.tell(row)
    streams = [
        run(program("detect", "-", "--model", model, "--exit-zero"), given.cores, source)
        for source in (path, short)
    ]
    name = f"peak memory of detect on a stream, {long:,} rows"
    measure.tell(measure.Row.of(name, f"{long // 4:,} rows", given.cores, [tuple(streams)], 1.1, "MB"))


def main() -> None:
    """Everything; the model of the first part serves the others."""
    given = measure.options(__doc__)
    measure.pin(given.cores)
    model = given.folder / "pump.model"
    if find_spec("torch"):
        whole(given, model)
    else:
        run(program("train", csv(given.folder, 10_000), "--model", model, *TRAIN), given.cores)
    start_up(given, model)
    if given.cores > 1:
        memory(given, model)


if __name__ == "__main__":
    main()
