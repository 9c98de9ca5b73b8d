"""`forecast` as people and cron run it: formats, limits, pipes, and what it says where rows are missing."""

import csv
import io
import json
import sys
from functools import partial
from unittest.mock import patch

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import SENSORS, csv_text, normal_values
from rich.console import Console

from lstm_anomaly.commands.frame import console
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.model.horizon import Horizon
from lstm_anomaly.output.terminal import progress
from lstm_anomaly.training import fit_horizon as fitting

MODEL = ("--model", "pump.model")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with normal.csv and a model of it that forecasts 12 rows."""
    folder = tmp_path_factory.mktemp("forecast")
    (folder / "normal.csv").write_text(csv_text(normal_values(600)))
    (folder / "counted.csv").write_text(csv_text(normal_values(600), start=None))
    with patch.multiple(fitting, UPDATES=20, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        for name, *options in (
            ("normal.csv", "--model", "pump.model", "--horizon", "12min"),
            ("counted.csv", "--model", "counted.model", "--horizon", "12"),
            ("normal.csv", "--model", "without.model"),
        ):
            arguments = ["train", name, *options, "--model-kind", "linear"]
            arguments = [str(folder / each) if "." in each else each for each in arguments]
            result = CliRunner().invoke(app, arguments)
            assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """The same, to write to."""
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_training_says_how_well_each_method_did(run, folder):
    result = run("inspect", "pump.model")
    assert "12 rows ahead" in result.stdout
    assert "mean absolute error on held-out rows, in standard deviations of training: " in result.stdout
    assert "(ridge regression)" in result.stdout
    assert "(last value)" in result.stdout


def test_sensors_that_are_forecast_worse_than_by_the_last_period_are_named(run, folder, monkeypatch):
    assert "did better" not in run("inspect", "pump.model").stdout
    monkeypatch.setattr(Horizon, "worse_than_naive", lambda _: np.array([True, False, True]))
    said = run("inspect", "pump.model").stdout
    assert "last period again did better for temp_c, flow: --method seasonal" in said


def test_a_line_for_each_sensor_and_step(run, folder):
    result = run("forecast", "normal.csv", *MODEL)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "timestamp,sensor,forecast,lo_80,hi_80,lo_95,hi_95"
    rows = rows_of(result.stdout)
    assert [row["sensor"] for row in rows[::12]] == list(SENSORS)
    assert rows[0]["timestamp"] == "2024-03-01T10:00:00"
    assert rows[11]["timestamp"] == "2024-03-01T10:11:00"
    for row in rows:
        ends = [float(row[name]) for name in ("lo_95", "lo_80", "forecast", "hi_80", "hi_95")]
        assert ends == sorted(ends)


def test_forecasts_are_in_the_sensors_unit_and_near_what_came(run, folder):
    rows = rows_of(run("forecast", "normal.csv", *MODEL).stdout)
    came = normal_values(612)[600:]
    found = np.array([float(row["forecast"]) for row in rows]).reshape(3, 12).T
    assert (np.abs(found - came) < [1, 0.3, 5]).all()


def test_a_shorter_horizon_and_some_sensors(run, folder):
    options = ("--horizon", "5min", "--sensors", "flow,temp_c", "--level", "90")
    result = run("forecast", "normal.csv", *MODEL, *options)
    rows = rows_of(result.stdout)
    assert [row["sensor"] for row in rows] == ["temp_c"] * 5 + ["flow"] * 5
    assert list(rows[0]) == ["timestamp", "sensor", "forecast", "lo_90", "hi_90"]


def test_a_shorter_horizon_says_the_same_of_its_steps(run, folder):
    long = rows_of(run("forecast", "normal.csv", *MODEL, "--sensors", "flow").stdout)
    short = rows_of(run("forecast", "normal.csv", *MODEL, "--sensors", "flow", "--horizon", "5").stdout)
    assert long[:5] == short


def test_json_lines_and_csv_say_the_same(run, folder):
    rows = rows_of(run("forecast", "normal.csv", *MODEL).stdout)
    lines = run("forecast", "normal.csv", *MODEL, "--format", "jsonl").stdout.splitlines()
    for row, line in zip(rows, map(json.loads, lines), strict=True):
        assert line.pop("schema_version") == 1
        assert {name: str(value) for name, value in line.items()} == row


def test_the_json_document_names_methods_and_certified_steps(run, folder):
    result = run("forecast", "normal.csv", *MODEL, "--format", "json", "--until-above", "flow=1e6")
    document = json.loads(result.stdout)
    assert document["steps"] == 12
    assert len(document["forecasts"]) == 36
    assert document["limits"][0]["chance"] == 0
    for sensor in document["sensors"]:
        assert sensor["method"] in ("blend", "ridge", "seasonal", "average", "last")
        assert set(sensor["certified_steps"]) == {"80", "95"}


def test_the_table_has_a_curve_for_each_sensor(run, folder):
    result = run("forecast", "normal.csv", *MODEL, "--format", "table")
    assert "past and forecast" in result.stdout
    for sensor in SENSORS:
        assert sensor in result.stdout
    assert "2024-03-01T10:11:00" in result.stdout


def test_a_method_can_be_asked_for(run, folder):
    rows = rows_of(run("forecast", "normal.csv", *MODEL, "--method", "last", "--sensors", "flow").stdout)
    assert len({row["forecast"] for row in rows}) == 1
    assert float(rows[0]["forecast"]) == pytest.approx(normal_values(600)[-1, 2], rel=1e-3)


def test_standard_input_is_read(run, folder):
    piped = run("forecast", "-", *MODEL, stdin=(folder / "normal.csv").read_text())
    assert piped.stdout == run("forecast", "normal.csv", *MODEL).stdout


@pytest.mark.parametrize(
    ("limit", "status"),
    [("--until-above=temp_c=10", 1), ("--until-above=temp_c=90", 0), ("--until-below=temp_c=90", 1)],
)
def test_a_limit_that_will_be_reached_is_status_1_and_one_line(run, folder, limit, status):
    result = run("forecast", "normal.csv", *MODEL, limit)
    assert result.exit_code == status
    reached = "temp_c reaches" in result.stderr
    assert reached == (status == 1)
    if reached:
        assert "with a chance of 100 %" in result.stderr


def test_the_chance_that_is_asked_for_decides(run, folder):
    document = json.loads(
        run("forecast", "normal.csv", *MODEL, "--format", "json", "--until-above=temp_c=18.6").stdout
    )
    chance = document["limits"][0]["chance"]
    assert 0 < chance < 1
    for asked, status in ((chance - 0.01, 1), (chance + 0.01, 0)):
        result = run("forecast", "normal.csv", *MODEL, "--until-above=temp_c=18.6", "--chance", f"{asked}")
        assert result.exit_code == status


def test_rows_without_times_are_numbered(run, folder):
    rows = rows_of(run("forecast", "counted.csv", "--model", "counted.model").stdout)
    assert [row["timestamp"] for row in rows[:2]] == ["601", "602"]


def test_times_of_a_zone_go_on_through_the_change_to_summer_time(run, folder):
    (folder / "spring.csv").write_text(csv_text(normal_values(120), start="2024-03-31T00:00"))
    rows = rows_of(run("forecast", "spring.csv", *MODEL, "--tz", "Europe/Berlin").stdout)
    assert rows[0]["timestamp"] == "2024-03-31T03:00:00+02:00"


def test_times_of_a_zone_go_on_through_the_change_to_winter_time(run, folder):
    text = csv_text(normal_values(120), start="2024-10-26T22:55").replace(":00,", ":00Z,")  # ends at 00:54
    (folder / "autumn.csv").write_text(text)
    rows = rows_of(run("forecast", "autumn.csv", *MODEL, "--tz", "Europe/Berlin").stdout)
    times = [row["timestamp"] for row in rows if row["sensor"] == "flow"]
    assert times[4:6] == ["2024-10-27T02:59:00+02:00", "2024-10-27T02:00:00+01:00"]
    assert times[-1] == "2024-10-27T02:06:00+01:00"


def test_a_gap_and_a_missing_reading_are_said(run, folder):
    values = normal_values(600)
    values[-3:, 0] = np.nan
    values[560:590, 1] = np.nan
    (folder / "holes.csv").write_text(csv_text(values))
    result = run("forecast", "holes.csv", *MODEL)
    assert result.exit_code == 0
    assert "temp_c was not read in the last 3 rows: its last value stands" in result.stderr
    assert "are missing, and hold the reading before: temp_c, pressure_bar" in result.stderr


def test_a_sensor_without_readings_is_left_out_and_named(run, folder):
    values = normal_values(600)
    values[:, 1] = np.nan
    (folder / "silent.csv").write_text(csv_text(values))
    result = run("forecast", "silent.csv", *MODEL)
    assert "no readings, so not forecast: pressure_bar" in result.stderr
    assert {row["sensor"] for row in rows_of(result.stdout)} == {"temp_c", "flow"}


def test_few_rows_are_forecast_by_what_they_allow(run, folder):
    (folder / "short.csv").write_text(csv_text(normal_values(20)))
    result = run("forecast", "short.csv", *MODEL)
    assert result.exit_code == 0
    assert "20 rows are fewer than the" in result.stderr


def test_a_picture_of_each_sensor(run, folder):
    pytest.importorskip("matplotlib")
    result = run("forecast", "normal.csv", *MODEL, "--plot", "fans")
    assert result.exit_code == 0
    names = sorted(path.name for path in (folder / "fans").iterdir())
    assert names == ["forecast-1-temp-c.png", "forecast-2-pressure-bar.png", "forecast-3-flow.png"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "without.model"), "train --horizon 24h"),
        ((*MODEL, "--horizon", "13"), "the model's horizon is 12 rows"),
        ((*MODEL, "--horizon", "2h"), "the model's horizon is 12 rows"),
        ((*MODEL, "--method", "lstm"), "no method 'lstm'"),
        ((*MODEL, "--sensors", "speed"), "no sensor speed"),
        ((*MODEL, "--level", "120"), "between 0 and 100"),
        ((*MODEL, "--horizon", "0"), "Try: 1 row at least"),
        ((*MODEL, "--level", "80,80"), "between 0 and 100"),
        ((*MODEL, "--level", "80,80.0000001"), "between 0 and 100"),
        ((*MODEL, "--until-above", "temp_c"), "SENSOR=VALUE"),
        ((*MODEL, "--until-above", "temp_c=1e999"), "SENSOR=VALUE"),
        ((*MODEL, "--until-above", "speed=3"), "'speed' has a limit but is not forecast: name one of"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(run, folder, arguments, said):
    result = run("forecast", "normal.csv", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_horizon_longer_than_the_data_is_refused_in_training(run, folder):
    result = run("train", "normal.csv", "--model", "m", "--model-kind", "linear", "--horizon", "1d")
    assert result.exit_code == 2
    assert "1,440 rows is learned from at least" in result.stderr
    assert not (folder / "m").exists()


class TestEvaluate:
    def test_prints_errors_and_coverage_by_step_range(self, run, folder):
        (folder / "some.csv").write_text(csv_text(normal_values(100)))
        result = run("evaluate", "some.csv", *MODEL, "--forecast")
        assert result.exit_code == 0
        for word in ("chosen", "1 to 12", "MASE", "pinball", "in 80 %", "last"):
            assert word in result.stdout

    def test_json_has_every_method_and_range(self, run, folder):
        result = run("evaluate", "normal.csv", *MODEL, "--forecast", "--format", "json", "--level", "80")
        document = json.loads(result.stdout)
        by_name = {each["method"]: each["ranges"] for each in document["results"]}
        assert set(by_name) >= {"chosen", "ridge", "last"}
        assert [(each["first"], each["last"]) for each in by_name["chosen"]] == [
            (1, 1), (2, 3), (4, 6), (7, 12), (1, 12),
        ]  # fmt: skip
        whole = by_name["chosen"][-1]
        assert whole["mae"] <= 1.02 * by_name["last"][-1]["mae"]
        assert 0.6 < whole["coverage"][0] < 1

    def test_a_bar_on_a_terminal_counts_the_forecasts(self, run, folder, monkeypatch):
        out = io.StringIO()
        screen = partial(Console, file=out, force_terminal=True, width=120, color_system=None)
        monkeypatch.setattr(progress, "Console", lambda **_: screen())
        monkeypatch.setattr(console, "is_terminal", lambda stream: stream is sys.stderr)
        (folder / "some.csv").write_text(csv_text(normal_values(100)))
        result = run("evaluate", "some.csv", *MODEL, "--forecast", "--format", "json")
        origins = json.loads(result.stdout)["origins"]
        assert f"{origins}/{origins}" in out.getvalue()

    def test_needs_labels_or_forecast(self, run, folder):
        result = run("evaluate", "normal.csv", *MODEL)
        assert result.exit_code == 2
        assert "--labels" in result.stderr

    def test_too_few_rows_to_try_on_are_said(self, run, folder):
        (folder / "short.csv").write_text(csv_text(normal_values(20)))
        result = run("evaluate", "short.csv", *MODEL, "--forecast")
        assert result.exit_code == 2
        assert "too few to try forecasts on" in result.stderr
