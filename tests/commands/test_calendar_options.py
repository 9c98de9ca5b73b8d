"""--holidays and --calendar: days that are like Sundays, kept in the model."""

import json

import pytest
from conftest import QUICK, csv_text, normal_values


@pytest.fixture
def train(run, tmp_path):
    (tmp_path / "t.csv").write_text(csv_text(normal_values(600)))
    (tmp_path / "days.csv").write_text("date,what\n2024-12-24,closed\n2024-12-31,closed\n")

    def train_(*more):
        return run("train", "t.csv", "--model", "m", *QUICK, "--model-kind", "linear", *more)

    return train_


def test_days_of_a_file_and_the_zone_are_kept_in_the_model(run, train):
    assert train("--calendar", "days.csv", "--tz", "Europe/Vienna").exit_code == 0
    found = json.loads(run("inspect", "m", "--format", "json").stdout)["calendar"]
    assert found == {"tz": "Europe/Vienna", "holidays": 2, "weekly": False}


def test_holidays_of_a_country_are_known_for_fifty_years(run, train):
    pytest.importorskip("holidays")
    assert train("--holidays", "AT").exit_code == 0
    assert json.loads(run("inspect", "m", "--format", "json").stdout)["calendar"]["holidays"] > 500


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--holidays", "ATLANTIS", "--holidays ATLANTIS"),
        ("--calendar", "t.csv", "t.csv:1: 'time' is not a date"),
    ],
)
def test_anything_else_is_refused(train, option, value, why):
    result = train(option, value)
    assert (result.exit_code, why in result.stderr) == (2, True)
