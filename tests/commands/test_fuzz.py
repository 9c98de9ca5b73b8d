"""Mutated files: an answer or an error with its place, never a traceback, and no row lost from sight.

1,000 in every run, every fourth of them through the command line. `make fuzz` takes 10,000 through it, some
of them large, and holds each to 2 seconds of processor time and 300 MB.
"""

import csv
import dataclasses
import io
import re
import resource
import time

import numpy as np
import pytest
from click.testing import CliRunner
from mutants import mutant
from small_models import small_model
from whole_processes import most_memory

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.model.file import write_model
from lstm_anomaly.reading import CsvReader

CHUNK = 500
LARGE = 20_000  # rows of every fiftieth file of the long form
MOST_SECONDS = 2
MOST_MEMORY = 300e6
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}


@pytest.fixture(scope="module")
def model():
    """A model of the sensors `a` and `b`."""
    rows = np.column_stack([20 + np.arange(300) % 7 * 1.1, 4.25 + np.arange(300) % 3])
    return dataclasses.replace(small_model(rows, kind="linear"), sensors=("a", "b"))


@pytest.fixture
def detect(model, tmp_path):
    """Run `detect` on a file."""
    path = str(tmp_path / "m.model")
    write_model(model, path)

    def run(csv_file):
        return CliRunner().invoke(app, ["detect", csv_file, "--model", path, "--scores", "-", "-v"])

    return run


def plain_text(text: bytes) -> str:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("utf-8-sig")


def rows_of(text: str, delimiter: str) -> int:
    """Rows that Python's own csv module sees, the header among them, lines with nothing on them left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return sum(1 for row in reader if len(row) > 1 or "".join(row).strip())


def no_rows(told: str) -> int:
    """Lines that the report says are no rows: header, comments, units, what stands before the header."""
    comments = re.search(r"(\d+) leading comment line", told)
    return (
        (", header" in told)
        + (int(comments[1]) if comments else 0)
        + len(re.findall(r"line \d+ (?:holds units|stands before the header|is a comment)", told))
    )


def check_rows(text: bytes, lines: list[int], refused: int, told: str, about: str) -> None:
    """Every row of the file has a line in the scores or was refused."""
    plain = plain_text(text)
    assert lines == sorted(set(lines)), about
    assert not lines or lines[-1] <= plain.count("\n") + 1, about
    if '"' not in plain and not plain.lstrip().startswith("#t"):
        delimiter = DELIMITERS[re.search(r"; (\w+)-separated", told)[1]]
        assert len(lines) + refused + no_rows(told) == rows_of(plain, delimiter), about


def check_command(text: bytes, seed: int, folder, detect) -> None:
    path = folder / "x.csv"
    path.write_bytes(text)
    result = detect(str(path))
    told = result.stderr
    about = f"seed {seed}: exit {result.exit_code}\n{told[-600:]}"
    assert result.exit_code in (0, 1, 2), about
    assert "Traceback" not in told, about
    assert "This is a fault" not in told, about
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", told), about
    if result.exit_code == 2:
        assert re.match(r"lstm-anomaly: error: .*x\.csv:\d+: ", told.splitlines()[-1]), about
        return
    scored = list(csv.reader(io.StringIO(result.stdout, newline="")))[1:]
    refused = sum(int(n.replace(",", "")) for n in re.findall(r"refused ([\d,]+) row", told))
    check_rows(text, [int(row[1]) for row in scored], refused, told, about)


def check_stages(seed: int, folder, model) -> None:
    """The same stages as the command's, one call below it."""
    text = mutant(seed)
    path = folder / "x.csv"
    path.write_bytes(text)
    reader = CsvReader([str(path)], sensors=model.sensors)
    try:
        verdicts = list(watch(Watcher(model), reader))
    except LstmAnomalyError as refusal:
        error = refusal
    else:
        error = None
    if error is not None:
        assert re.match(r".*x\.csv:\d+$", error.where), f"seed {seed}: {error}"
        return
    lines = [int(line) for part in verdicts for line in part.frame.lines]
    report = reader.report
    about = f"seed {seed}: {report.lines()}"
    check_rows(text, lines, report.refused_count, "\n".join(report.lines()), about)


@pytest.mark.parametrize("first", range(0, 1000, CHUNK))
def test_mutated_files_have_every_row_judged_or_are_refused_with_a_place(first, model, detect, tmp_path):
    for seed in range(first, first + CHUNK):
        if seed % 4:
            check_stages(seed, tmp_path, model)
        else:
            check_command(mutant(seed), seed, tmp_path, detect)


def test_no_mutated_file_takes_much_memory(model, tmp_path):
    write_model(model, tmp_path / "m.model")
    for seed in range(100):
        (tmp_path / f"{seed}.csv").write_bytes(mutant(seed))
    commands = [["detect", f"{seed}.csv", "--model", "m.model", "--scores", "-"] for seed in range(100)]
    assert most_memory(tmp_path, commands) < MOST_MEMORY


@pytest.fixture
def timed(detect):
    """Run `detect` on a file, within the limits of time and memory.

    The memory is that of all tests so far: a file may not raise it beyond the limit.
    """

    def memory():
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def run(path):
        before, start = memory(), time.process_time()
        result = detect(path)
        assert time.process_time() - start < MOST_SECONDS, path
        assert memory() < max(MOST_MEMORY, before + 1), path
        return result

    return run


@pytest.mark.fuzz
@pytest.mark.parametrize("first", range(0, 10_000, CHUNK))
def test_ten_thousand_mutated_files(first, timed, tmp_path):
    for seed in range(first, first + CHUNK):
        text = mutant(seed) if seed % 50 else mutant(seed, LARGE)
        check_command(text, seed, tmp_path, timed)


def test_most_mutants_can_still_be_judged(detect, tmp_path):
    """Or else the tests above would say nothing about rows."""
    judged = 0
    for seed in range(60):
        (tmp_path / "x.csv").write_bytes(mutant(seed))
        judged += detect(str(tmp_path / "x.csv")).exit_code < 2
    assert judged > 30
