"""`train` repeats what `check` says of sensors that spoil a model, and stops there when asked to."""

import json

import numpy as np
import pytest
from conftest import QUICK, csv_text, normal_values

CASES = {
    "counter": (np.cumsum(1 + np.arange(600) % 3), "never falls: a counter or clock", "--exclude extra"),
    "sentinel": (
        np.where(np.arange(600) % 100 == 50, -9999.0, 20 + np.sin(np.arange(600) / 9)),
        "reads -9999 in 6 rows",
        "--null-value -9999",
    ),
}


@pytest.fixture
def train(run, tmp_path):
    def train_(name, column, *more):
        values = np.column_stack([normal_values(600)[:, :2], column])
        (tmp_path / "t.csv").write_text(csv_text(values, sensors=("temp_c", "flow", name)))
        return run("train", "t.csv", "--model", "m", *QUICK, "--model-kind", "linear", *more)

    return train_


@pytest.mark.parametrize("case", CASES)
def test_says_it_once_with_the_option_that_settles_it(train, case):
    column, text, advice = CASES[case]
    result = train("extra", column)
    told = [line for line in result.stderr.splitlines() if "extra" in line and text in line]
    assert (result.exit_code, len(told)) == (0, 1)
    assert f"Try: {advice}" in told[0]


@pytest.mark.parametrize("case", CASES)
def test_strict_stops_there_and_its_advice_works(train, case, tmp_path):
    column, text, advice = CASES[case]
    result = train("extra", column, "--strict")
    assert (result.exit_code, text in result.stderr, advice in result.stderr) == (2, True, True)
    assert not (tmp_path / "m").exists()
    assert train("extra", column, "--strict", *advice.split()).exit_code == 0


def test_a_column_of_the_calendar_is_named_where_it_is_asked_for(train):
    """It is no sensor otherwise."""
    result = train("hour", np.arange(600) // 60 % 24, "--only", "temp_c,flow,hour")
    assert "'hour' is a column of the calendar" in result.stderr
    assert "--exclude hour" in result.stderr


def test_where_nothing_moves_it_says_so(run, tmp_path):
    (tmp_path / "t.csv").write_text(csv_text(np.full((600, 1), 7.0), sensors=("a",)))
    result = run("train", "t.csv", "--model", "m", *QUICK)
    assert "'a' never moves, nor does any other sensor" in result.stderr
    assert run("train", "t.csv", "--model", "m", *QUICK, "--strict").exit_code == 2


def test_good_rows_are_not_talked_about(train):
    result = train("extra", normal_values(600)[:, 2], "--strict")
    assert (result.exit_code, result.stderr) == (0, "")


def test_what_stood_for_no_reading_is_remembered_for_detect(run, train, tmp_path):
    column = CASES["sentinel"][0]
    assert train("extra", column, "--null-value", "-9999").exit_code == 0
    assert json.loads(run("inspect", "m", "--format", "json").stdout)["null_values"] == ["-9999"]
    assert run("detect", "t.csv", "--model", "m").exit_code == 0
    found = json.loads(run("detect", "t.csv", "--model", "m", "--format", "json").stdout)
    assert (found["anomalous"], found["unknown"]) == (0, 7)
