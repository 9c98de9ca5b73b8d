"""Evaluation end to end: the figures of a known series, its table and JSON, and the command."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.commands.frame.app import COMMANDS
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.evaluation.figures import figures
from lstm_anomaly.evaluation.labelled import evaluate, labelled_rows
from lstm_anomaly.model.file import read_model
from lstm_anomaly.output.terminal import evaluation as output
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.reading import read_csvs

RAISED = range(120, 140)  # the rows of new.csv that are anomalous
PAIR = "start,end,why\n2024-03-05 02:00:00,2024-03-05 02:19:00,too warm\n"


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(COMMANDS, "evaluate", "Measure a model against labels.")


@pytest.fixture
def labels_file(tmp_path):
    """Write the text of a labels file and return its path."""

    def write(text):
        (tmp_path / "labels.csv").write_text(text)
        return str(tmp_path / "labels.csv")

    return write


class TestEvaluate:
    def detection(self, trained, order=slice(None)):
        """A detection on new.csv, its rows in another order, and the labels in that order."""
        model = read_model(trained / "pump.model")
        header, *lines = (trained / "new.csv").read_text().splitlines()
        shuffled = trained / "shuffled.csv"
        shuffled.write_text("\n".join([header, *np.array(lines)[order]]) + "\n")
        frame, _report = read_csvs([str(shuffled)], sensors=model.sensors)
        labels = np.isin(np.arange(300), RAISED)[order]
        return model, detect(model, frame), labels

    def test_finds_the_raised_rows_of_the_known_series(self, trained):
        (found,) = evaluate(*self.detection(trained))
        assert (found.name, found.rows, found.rows_labelled, found.events) == ("LSTM", 300, 20, 1)
        assert found.rows_unknown == 7  # a window of 8 needs 7 rows before it
        assert found.event_recall == 1
        assert found.delay_rows <= 1
        assert found.row_counts.missed_alarm_rate < 0.1
        assert (
            min(found.auc_roc, found.vus_roc, found.vus_pr) > 0.9
        )  # memories keep the rows after the event above the others for a while
        assert found.auc_pr > 0.7

    def test_the_order_of_rows_in_the_file_does_not_matter(self, trained, rng):
        assert evaluate(*self.detection(trained, rng.permutation(300))) == evaluate(*self.detection(trained))

    def test_alarms_span_the_rows_of_the_events(self, trained):
        model, detection, labels = self.detection(trained)
        rows = labelled_rows(detection, labels, model)
        assert rows.alarms.tolist() == [[event.start, event.end] for event in detection.events]

    def test_gaps_in_time_count_in_the_delay_but_not_as_rows(self, trained):
        kept = np.r_[0:100, 110:300]
        model, detection, labels = self.detection(trained, kept)
        rows = labelled_rows(detection, labels, model)
        assert len(rows.labels) == 290
        assert rows.clock[99:101].tolist() == [99, 110]
        assert rows.labels[rows.alarms[:, 0]].any()

    def test_a_labelled_row_that_cleaning_left_out_labels_no_other(self, trained):
        model, detection, _labels = self.detection(trained)
        row_of = detection.series.row_of.copy()
        row_of[5] = -1
        without = replace(detection, series=replace(detection.series, row_of=row_of))
        assert not labelled_rows(without, np.arange(300) == 5, model).labels.any()

    def test_false_alarms_are_counted_a_window_away_from_events(self, trained):
        model, detection, labels = self.detection(trained)
        assert labelled_rows(detection, labels, model).slack == model.window

    def test_the_budget_is_the_model_s_own(self, trained):
        model, detection, labels = self.detection(trained)
        (found,) = evaluate(model, detection, labels)
        rows = labelled_rows(detection, labels, model)
        assert found == figures("LSTM", rows, model.threshold.budget, model.threshold.confidence)
        assert found.false_alarms.budget == Budget.parse("1/week")


class TestCommand:
    def test_prints_a_table(self, run, trained, labels_file):
        result = run(
            "evaluate", trained / "new.csv", "-m", trained / "pump.model", "--labels", labels_file(PAIR)
        )
        assert (result.exit_code, result.stderr) == (0, "")
        assert re.search(r"labelled events found +1 of 1 \(100 %\)", result.stdout)
        assert re.search(r"budget 1/week +TOO SHORT TO TELL", result.stdout)
        assert re.search(r"false alarms a week +\S+ \(\S+ to \S+ at 90 % confidence\)", result.stdout)
        assert re.search(r"rows +300, 20 labelled, 7 not judged", result.stdout)
        for name in ("delay of detection", "(FAR)", "(MAR)", "row F1", "AUC-PR", "VUS-PR"):
            assert name in result.stdout

    def test_json_holds_the_same_for_programs(self, run, trained, labels_file):
        result = run(
            *("evaluate", trained / "new.csv", "-m", trained / "pump.model"),
            *("--labels", labels_file(PAIR), "--format", "json"),
        )
        document = json.loads(result.stdout)
        assert document["schema_version"] == 1
        (found,) = document["results"]
        assert (found["name"], found["rows"], found["events"], found["event_recall"]) == ("LSTM", 300, 1, 1.0)
        assert found["false_alarms"]["verdict"] == "TOO SHORT TO TELL"
        assert found["false_alarms"]["per"] == "a week"
        assert found["delay_seconds"] == 60 * found["delay_rows"]

    def test_rows_choose_labels_with_the_rows(self, run, trained, labels_file):
        labels = "label\n" + "".join(f"{k in RAISED:d}\n" for k in range(300))
        result = run(
            *("evaluate", trained / "new.csv", "-m", trained / "pump.model"),
            *("--labels", labels_file(labels), "--rows", "101:130", "--format", "json"),
        )
        found = json.loads(result.stdout)["results"][0]
        assert (found["rows"], found["rows_labelled"]) == (30, 10)

    def test_without_labelled_rows_it_warns_and_counts_false_alarms(self, run, trained, labels_file):
        elsewhere = "start,end\n2020-01-01,2020-01-02\n"
        result = run(
            *("evaluate", trained / "new.csv", "-m", trained / "pump.model"),
            *("--labels", labels_file(elsewhere), "--format", "json"),
        )
        assert result.exit_code == 0
        assert "no row of the data is labelled" in result.stderr
        found = json.loads(result.stdout)["results"][0]
        assert found["vus_pr"] is None
        assert found["event_recall"] is None
        assert found["false_alarms"]["count"] == found["alarms"] > 0

    def test_labels_are_required_and_a_bad_file_is_one_line_and_exit_2(self, run, trained, labels_file):
        assert run("evaluate", trained / "new.csv", "-m", trained / "pump.model").exit_code == 2
        missing = run("evaluate", trained / "new.csv", "-m", trained / "pump.model", "--labels", "none.csv")
        assert missing.exit_code == 2
        assert missing.stderr == "lstm-anomaly: error: none.csv: there is no such file. Try: check the path\n"

    def test_help_names_both_kinds_of_labels(self, run):
        result = run("evaluate", "--help")
        assert result.exit_code == 0
        assert "start,end" in result.stdout


class TestOutput:
    @pytest.fixture
    def found(self, trained):
        model = read_model(trained / "pump.model")
        frame, _report = read_csvs([str(trained / "new.csv")], sensors=model.sensors)
        return evaluate(model, detect(model, frame), np.isin(np.arange(300), RAISED))

    def test_methods_stand_side_by_side(self, found):
        both = [found[0], replace(found[0], name="linear", vus_pr=0.123, delay_rows=2.5)]
        text = output.table(both, Canvas(terminal=False, color=False, unicode=False, width=None))
        assert text.isascii()
        assert re.search(r"LSTM +\| linear", text)
        assert re.search(r"VUS-PR +\| \S+ +\| 0\.123", text)
        assert "2.5 rows" in text
        assert [r["name"] for r in json.loads(output.json_document(both))["results"]] == ["LSTM", "linear"]

    def test_a_name_cannot_drive_the_terminal(self, found):
        bad = [replace(found[0], name="[red]\x1b[2J")]
        text = output.table(bad, Canvas(terminal=False, color=False, unicode=True, width=None))
        assert "\x1b" not in text
        assert "[red]" in text
