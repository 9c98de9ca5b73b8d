"""Hostile names and cells are shown as text: nothing of them drives a terminal, breaks a table or runs."""

import csv
import dataclasses
import io
import json
import unicodedata

import numpy as np
import pytest
from conftest import normal_values
from hostile_names import NAMES
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import small_model

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.text import printable
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.decision.event import Contribution, Event, Follower
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.output.formats import records
from lstm_anomaly.output.formats.csv_text import csv_text
from lstm_anomaly.output.terminal import check as check_output
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.events import table
from lstm_anomaly.output.terminal.summary import model_lines, training_lines
from lstm_anomaly.reading import FileReport, ReadReport
from lstm_anomaly.scoring.reasons import TOGETHER
from lstm_anomaly.training.check_data import check

SHORT = [name for name in NAMES if len(name) < 1000]


def assert_harmless(text: str) -> None:
    """Lines of printable text: no control, format or direction character in it."""
    characters = set(text) - {"\n"}
    drives = ("Cc", "Cf", "Cs", "Zl", "Zp")
    odd = {c for c in characters if not c.isprintable() or unicodedata.category(c) in drives}
    assert not odd, sorted(map(ascii, odd))


def event_of(name: str) -> PlacedEvent:
    part = Contribution(name, 1.0, 2.0, 1.0, "up", "up", 1, (0.5, 1.5), (1.0, 2.0))
    event = Event(0, 3, 1, 2.5, 2.0, (part,), (Follower(name, 2),), TOGETHER)
    return PlacedEvent(event, name, 2, 5, name, name, name, group=name, told=(name, name))


@pytest.fixture(autouse=True)
def long_fields():
    """Python's own csv module, which reads the output here, takes 128 KiB a field unless told."""
    before = csv.field_size_limit(10_000_000)
    yield
    csv.field_size_limit(before)


def test_there_are_two_hundred_of_them():
    assert len(NAMES) >= 200


@pytest.mark.parametrize("terminal", [True, False])
def test_tables_show_every_name_as_text(terminal):
    for name in SHORT:
        shown = table([event_of(name)], Canvas(terminal=terminal, color=False, unicode=True, width=200))
        assert_harmless(shown)
        if not terminal and name.strip() and len(name) < 40:
            assert printable(name).rstrip() in shown


def test_a_name_of_a_megabyte_is_shown_too():
    assert_harmless(
        table([event_of(NAMES[-3])], Canvas(terminal=False, color=False, unicode=True, width=None))
    )


def test_reports_of_reading_and_errors_show_every_name_as_text():
    for name in [*SHORT, NAMES[-2]]:
        report = FileReport(name, dialect="comma-separated", time_column=name, time_format=name, rows=3)
        report.left_out[name] = f"text rather than numbers ({name[:40]!r})"
        report.add_bad(3, name, name)
        report.label_columns.append(name)
        report.absent = (name,)
        for line in [*report.lines(), *report.warnings, str(InputError(name, where=name, hint=name))]:
            assert_harmless(printable(line))


def test_checks_show_every_name_as_text(rng):
    values = rng.normal(size=(150, len(SHORT)))
    values[:, ::3] = 1.0
    values[:, 1::3] = np.arange(150)[:, np.newaxis]
    frame = SensorFrame(values, tuple(SHORT), np.arange(2, 152), np.zeros(150, np.int64), ("x\x1b[2J.csv",))
    checks = {
        "\x1b]0;group\x07": check(frame, ReadReport([FileReport("x\x1b[2J.csv", dialect="d", rows=150)]))
    }
    for line in check_output.lines(checks, "x"):
        assert_harmless(printable(line))
    document = check_output.json_document(checks, "x")
    assert [sensor["name"] for sensor in json.loads(document)["groups"][0]["sensors"]] == SHORT
    assert_harmless(document)


def test_summaries_show_every_name_as_text():
    model = small_model(normal_values(300), kind="linear")
    for start in range(0, len(SHORT), 3):
        names = tuple([*SHORT, "a", "b"][start : start + 3])
        named = dataclasses.replace(model, sensors=names)
        for line in [*model_lines(named, "m.model"), *training_lines(named, "m.model", 1.0, [])]:
            assert_harmless(printable(line))


def test_json_gives_every_name_back_and_holds_no_control_character():
    events = [event_of(name) for name in NAMES]
    text = records.json_lines(events)
    assert_harmless(text)
    assert text.isascii()
    assert [json.loads(line)["sensors"][0]["sensor"] for line in text.splitlines()] == list(NAMES)


def test_csv_gives_every_name_back():
    events = [event_of(name) for name in NAMES]
    text = records.csv_header() + records.csv_lines(events)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["sensor"] for row in rows] == list(NAMES)
    assert [row["source"] for row in rows] == list(NAMES)


@settings(max_examples=200)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=2), max_size=5))
def test_csv_reads_back_as_it_was_written(rows):
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows


def test_excel_safe_csv_has_no_cell_like_a_formula_and_keeps_numbers():
    cells = [*NAMES, "-5", "+1.5e3", -5, -0.25, 7, "2024-01-01 00:00:00"]
    text = csv_text([[cell] for cell in cells], excel_safe=True)
    shown = [row[0] for row in csv.reader(io.StringIO(text, newline=""))] if text else []
    for cell, written in zip(cells, shown, strict=True):
        assert written in (str(cell), f"'{cell}")
        if (
            isinstance(cell, str)
            and cell[:1] in ("=", "+", "-", "@", "\t", "\r")
            and cell not in ("-5", "+1.5e3", "+1")
        ):
            assert written == f"'{cell}"
    assert shown[-6:] == ["-5", "+1.5e3", "-5", "-0.25", "7", "2024-01-01 00:00:00"]


def test_excel_safe_output_of_detect(run, trained, tmp_path):
    text = (trained / "new.csv").read_text().replace("temp_c", "=temp_c")
    (tmp_path / "=1+1.csv").write_text(text)
    normal = (trained / "normal.csv").read_text().replace("temp_c", "=temp_c")
    (tmp_path / "normal.csv").write_text(normal)
    args = ("--model", "m.model", "--model-kind", "linear", "--window", "8", "--threshold", "3")
    assert run("train", "normal.csv", *args).exit_code == 0
    plain = run("detect", "=1+1.csv", "--model", "m.model", "--format", "csv", "--scores", "s.csv").stdout
    assert next(csv.DictReader(io.StringIO(plain)))["sensor"] == "=temp_c"
    safe = run(
        "detect", "=1+1.csv", "--model", "m.model", "--format", "csv", "--scores", "t.csv", "--excel-safe"
    )
    row = next(csv.DictReader(io.StringIO(safe.stdout)))
    assert (row["sensor"], row["source"]) == ("'=temp_c", "'=1+1.csv")
    one, other = ((tmp_path / name).read_text() for name in ("s.csv", "t.csv"))
    assert other == one.replace("=1+1.csv", "'=1+1.csv").replace("=temp_c", "'=temp_c")


def test_hostile_cells_and_names_go_through_the_command_line_as_text(run, tmp_path):
    names = [name for name in SHORT if "\x00" not in name and name.strip()]
    rows = [["time", *names]]
    for n in range(150):
        cells = [f"{20 + n % 7 + k % 3}.5" for k in range(len(names))]
        cells[n % len(names)] = names[n % len(names)].replace("\n", " ").replace("\r", " ")
        rows.append([f"2024-01-01 {n // 60:02d}:{n % 60:02d}:00", *cells])
    path = tmp_path / "x\x1b[2J[red].csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    result = run("check", path, "--header-row")
    assert_harmless(result.stdout)
    assert_harmless(result.stderr)
    assert "This is a fault" not in result.stderr
    assert "].csv: 150 rows; comma-separated, header" in result.stdout
