"""An event in which no sensor has a part names none, in whatever form it is told."""

import csv
import json

import numpy as np
import pytest

from lstm_anomaly import Detector
from lstm_anomaly.model.segment import Segment


@pytest.fixture
def nobody(monkeypatch):
    """From now on no sensor has a part in any row."""
    parts = Segment._errors
    monkeypatch.setattr(Segment, "_errors", lambda *given: np.zeros_like(parts(*given)))


def test_every_format_tells_such_an_event_and_names_no_sensor(nobody, trained, run, tmp_path):
    def told(command, *options):
        return run(command, trained / "new.csv", "--model", trained / "pump.model", *options)

    (event, *_) = json.loads(told("detect", "--format", "json").stdout)["events"]
    assert event["sensors"] == []
    assert " no one sensor stood out: " in event["sentence"]
    (row, *_) = csv.DictReader(told("detect", "--format", "csv").stdout.splitlines())
    assert [row[name] for name in ("sensor", "share", "seen", "kind", "usual_low")] == [""] * 5
    assert row["sentence"] == event["sentence"]
    for format_ in ("table", "nagios"):
        assert event["reason"] in told("detect", "--format", format_).stdout
    assert told("report", "--out", tmp_path / "page.html").exit_code == 0
    assert event["sentence"] in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_tables_and_pictures_of_such_an_event_name_no_sensor(nobody, trained):
    pandas = pytest.importorskip("pandas")
    rows = pandas.read_csv(trained / "new.csv", index_col=0, parse_dates=True)
    detector = Detector.load(trained / "pump.model")
    assert set(detector.events_frame(rows)["sensor"]) == {None}
    assert len(detector.plot(rows, event=0).axes) == 1
