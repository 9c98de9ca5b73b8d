"""Options of the command line about alarms: --ignore, --trim, --hysteresis, drift, advice."""

import json
import re

import numpy as np
from conftest import LSTM, QUICK, csv_text, normal_values
from small_models import series_of

from lstm_anomaly.model.file import read_model
from lstm_anomaly.model.judge import judge


def write(path, values, start="2024-03-01T00:00"):
    path.write_text(csv_text(values, start=start))
    return path


def faulty(rows=900):
    values = normal_values(rows)
    values[820:830, 1] += 3
    return values


class TestIgnore:
    def train(self, run, tmp_path, *options, start="2024-03-01T00:00"):
        """Nothing is left out but what is asked for."""
        write(tmp_path / "normal.csv", faulty(), start)
        common = ("-m", "a.model", *QUICK, "--model-kind", "linear", "--trim", "0")
        result = run("train", "normal.csv", *common, *options)
        assert result.exit_code == 0, result.stderr
        return result, read_model(tmp_path / "a.model")

    def test_the_strangest_calibration_episodes_are_printed_to_be_copied(self, run, tmp_path):
        result, model = self.train(run, tmp_path)
        lines = result.stdout.splitlines()
        at = next(k for k, line in enumerate(lines) if line.startswith("strangest"))
        assert "--ignore FILE" in lines[at]
        assert lines[at + 1].strip().startswith("2024-03-01 13:4")
        assert lines[at + 1].endswith("x pressure_bar")
        assert model.strangest[0].sensor == "pressure_bar"
        assert model.strangest[0].start in run("inspect", "a.model").stdout
        assert json.loads(run("inspect", "a.model", "--format", "json").stdout)["strangest"]

    def test_spans_of_a_file_are_not_learned_from(self, run, tmp_path):
        _result, before = self.train(run, tmp_path)
        (tmp_path / "known.csv").write_text(
            "start,end,reason\n"
            "2024-03-01T13:40:00,2024-03-01T13:49:00,valve\n"
            "2020-01-01,2020-02-01,long ago\n"
        )
        result, model = self.train(run, tmp_path, "--ignore", "known.csv")
        assert "10 rows ignored, as known.csv asks for" in result.stdout
        assert "(10 rows left out)" in result.stdout
        values = faulty()
        with_fault, without = (judge(m, series_of(values)).scores[820:830].max() for m in (before, model))
        assert without > 10 * with_fault  # what was never learned from stands out
        again = run("calibrate", "a.model", "normal.csv", "--ignore", "known.csv", "--out", "b.model", "-v")
        assert "10 rows ignored" in again.stderr
        assert "strangest" in again.stdout

    def test_what_is_printed_can_be_copied_whatever_the_zone(self, run, tmp_path):
        options = ("--tz", "Europe/Berlin")
        _result, before = self.train(run, tmp_path, *options)
        first = before.strangest[0]
        (tmp_path / "known.csv").write_text(f"start,end,reason\n{first.start},{first.end},copied\n")
        result, after = self.train(run, tmp_path, *options, "--ignore", "known.csv")
        assert " rows ignored, as known.csv asks for" in result.stdout
        assert first.start not in [episode.start for episode in after.strangest]

    def test_row_numbers_are_those_of_the_file_whatever_rows_are_used(self, run, tmp_path):
        (tmp_path / "known.csv").write_text("start,end,reason\n821,830,valve\n")
        options = ("--ignore", "known.csv", "--rows", "101:")
        _result, model = self.train(run, tmp_path, *options, start=None)
        assert model.summary.rows + model.summary.rows_left_out == 800
        assert model.summary.rows_left_out == 10

    def test_a_file_that_is_none_is_one_line(self, run, tmp_path):
        write(tmp_path / "normal.csv", faulty())
        (tmp_path / "known.csv").write_text("begin,finish\n1,2\n")
        result = run("train", "normal.csv", "-m", "a.model", "--ignore", "known.csv")
        assert result.exit_code == 2
        assert result.stderr.startswith("lstm-anomaly: error: known.csv:1")
        assert "Traceback" not in result.stderr


def test_rows_that_stand_out_are_left_out_unless_told_otherwise(run, tmp_path):
    values = normal_values(900)
    values[300:305, 1] += 4
    write(tmp_path / "normal.csv", values)
    common = ("train", "normal.csv", "-m", "a.model", *QUICK, "--model-kind", "linear")
    assert "that stood out left out" in run(*common).stdout
    assert "stood out" not in run(*common, "--trim", "0").stdout
    assert run(*common, "--trim", "2").exit_code == 2


def test_training_data_whose_end_is_unlike_the_rest_is_called_unclean(run, tmp_path):
    values = normal_values(1200)
    values[1030:] += np.array([8.0, 3.0, 40.0]) * np.random.default_rng(3).normal(size=(170, 3))
    write(tmp_path / "normal.csv", values)
    result = run("train", "normal.csv", "-m", "a.model", *QUICK, "--model-kind", "linear")
    assert result.exit_code == 0
    assert "the training data is not a clean picture of normal: its last 180 rows" in result.stderr
    assert (
        "doubts      the training data is not a clean picture of normal" in run("inspect", "a.model").stdout
    )


def test_the_summary_compares_with_linear_and_says_why_a_kind_was_chosen(run, tmp_path):
    write(tmp_path / "normal.csv", normal_values(900))
    result = run("train", "normal.csv", "-m", "a.model", *QUICK)
    assert re.search(r"next row forecast \S+ \(LSTM\), \S+ \(linear\)", result.stdout)
    assert re.search(r"row restored from its window \S+ \(LSTM\), \S+ \(linear\)", result.stdout)
    assert "linear: on held-out rows no LSTM does much better than linear regression" in result.stdout
    assert (
        "kind        lstm: as asked for" in run("train", "normal.csv", "-m", "a.model", *QUICK, *LSTM).stdout
    )


class TestDetect:
    def test_hysteresis_makes_events_last(self, run, trained):
        def rows(*options):
            result = run(
                *("detect", trained / "new.csv", "-m", trained / "pump.model", "--format", "jsonl"), *options
            )
            return sum(json.loads(line)["rows"] for line in result.stdout.splitlines())

        assert rows("--hysteresis", "0.3", "--merge-gap", "0") > rows("--merge-gap", "0")
        assert (
            run("detect", trained / "new.csv", "-m", trained / "pump.model", "--hysteresis", "2").exit_code
            == 2
        )

    def test_data_that_no_longer_looks_like_training_is_warned_of_once(self, run, trained, tmp_path):
        values = normal_values(600, seed=3)
        values[:, 2] += 15
        write(tmp_path / "drifted.csv", values, "2024-03-05T00:00")
        common = ("detect", "drifted.csv", "-m", trained / "pump.model", "--exit-zero", "--format", "json")
        result = run(*common)
        assert result.stderr.count("the data no longer looks like training") == 1
        assert "calibrate the model on it, or train again" in result.stderr
        assert json.loads(result.stdout)["drift"]

    def test_data_like_training_is_not_warned_of(self, run, trained):
        result = run("detect", trained / "new.csv", "-m", trained / "pump.model", "--format", "json")
        assert result.stderr == ""
        assert json.loads(result.stdout)["drift"] == []

    def test_runs_that_go_on_warn_of_drift_once(self, run, trained, tmp_path):
        lines = csv_text(
            normal_values(700, seed=3) + np.array([0, 0, 15]), start="2024-03-05T00:00"
        ).splitlines(True)
        common = ("detect", "p.csv", "-m", trained / "pump.model", "--state", "s", "--exit-zero")
        told = []
        for upto in (500, 600, 700):
            (tmp_path / "p.csv").write_text("".join(lines[: upto + 1]))
            told.append("no longer looks like training" in run(*common).stderr)
        assert told == [True, False, False]
