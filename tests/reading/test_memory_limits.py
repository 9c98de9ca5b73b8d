"""With little memory a run does its work or says in one line that there is too little, with exit status 2."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import SENSORS

from lstm_anomaly.reading.rows.parsing import TableParser
from lstm_anomaly.reading.values.numbers import NumberFormat

PROGRAM = f"{sys.executable} -m lstm_anomaly"
SAMPLE = [60, 220, 260, 300, 500]  # MB, from too little to start to enough


@pytest.fixture(scope="module")
def folder(tmp_path_factory, trained):
    """A month of minutes and a model of its sensors."""
    path = tmp_path_factory.mktemp("limits")
    rows = np.arange(40_000)
    table = pd.DataFrame({name: np.sin(rows / (50 + k)).round(4) for k, name in enumerate(SENSORS)})
    table.insert(0, "time", pd.date_range("2024-03-05", periods=len(rows), freq="min"))
    table.to_csv(path / "day.csv", index=False)
    (path / "pump.model").write_bytes((trained / "pump.model").read_bytes())
    return path


def check_limit(folder, command, megabytes):
    """Run a command with so much address space; whether it was enough."""
    limited = f"ulimit -v {megabytes * 1024}; exec {PROGRAM} {command}"
    done = subprocess.run(["sh", "-c", limited], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return True
    about = f"{megabytes} MB: exit {done.returncode}\n{done.stderr}"
    assert done.returncode == 2, about
    assert len(done.stderr.splitlines()) == 1, about
    assert "lstm-anomaly: error: out of memory. Try: " in done.stderr, about
    return False


def test_a_run_out_of_memory_says_so_and_never_exits_as_with_a_finding(folder):
    command = "detect day.csv --model pump.model --exit-zero --quiet --scores s.csv"
    enough = [check_limit(folder, command, megabytes) for megabytes in SAMPLE]
    assert enough[-1]
    assert not enough[0]


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "command",
    [
        "detect day.csv --model pump.model --exit-zero --quiet --scores s.csv",
        "train day.csv --model x.model --model-kind linear --quiet",
        "check day.csv",
    ],
)
def test_every_limit_from_next_to_nothing_to_plenty(folder, command):
    enough = [check_limit(folder, command, megabytes) for megabytes in range(50, 1001, 25)]
    assert enough[-1]
    assert not enough[0]


def test_pandas_out_of_memory_is_not_taken_for_unparsable_lines(monkeypatch):
    def fail(*_args, **_named):
        raise pd.errors.ParserError("Error tokenizing data. C error: out of memory")

    monkeypatch.setattr(pd, "read_csv", fail)
    with pytest.raises(MemoryError):
        TableParser(2, [0, 1], ",", NumberFormat()).parse(b"1,2\n", 1)


def write_wide(path, sensors, rows):
    """Sensors that are sums of forty waves, with noise."""
    rng = np.random.default_rng(0)
    waves = np.sin(np.arange(rows)[:, np.newaxis] / rng.uniform(5, 200, 40) + rng.uniform(0, 6, 40))
    values = waves @ rng.normal(size=(40, sensors)) + 0.3 * rng.normal(size=(rows, sensors))
    table = pd.DataFrame(values.round(3)).add_prefix("s")
    table.insert(0, "time", pd.date_range("2024-03-05", periods=rows, freq="min"))
    table.to_csv(path, index=False)


@pytest.mark.fuzz
def test_two_thousand_sensors_fit_into_600_mb(tmp_path):
    write_wide(tmp_path / "wide.csv", 2000, 1500)
    for command in (
        "train wide.csv --model wide.model --epochs 1 --quiet",
        "train wide.csv --model wide.model --model-kind linear --quiet",
        "detect wide.csv --model wide.model --exit-zero --quiet --scores s.csv",
    ):
        words = [sys.executable, "-m", "lstm_anomaly", *command.split()]
        with subprocess.Popen(words, cwd=tmp_path) as program:
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
        assert (program.returncode, used.ru_maxrss < 600_000) == (0, True), used.ru_maxrss
