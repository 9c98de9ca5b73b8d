"""--maintenance FILE: events within such a span are shown, and alarm nobody."""

import json

import numpy as np
import pytest
from conftest import csv_text, normal_values

INSIDE = "2024-03-05 01:30:00,2024-03-05 03:00:00,filter change\n"  # new.csv: rows 120 to 139, from 02:00
BEGINS_INSIDE = "2024-03-05 01:30:00,2024-03-05 02:05:00,\n"


@pytest.fixture
def detect(run, trained, tmp_path):
    def detect_(spans, *more, path=trained / "new.csv"):
        (tmp_path / "spans.csv").write_text(f"start,end,reason\n{spans}")
        return run("detect", path, "-m", trained / "pump.model", "--maintenance", "spans.csv", *more)

    return detect_


def test_an_event_within_it_is_shown_and_alarms_nobody(detect, tmp_path):
    more = ("--exec", "touch called", "--prom-textfile", "m.prom")
    result = detect(INSIDE, "--format", "json", *more)
    document = json.loads(result.stdout)
    (event,) = document["events"]
    assert (result.exit_code, event["maintenance"]) == (0, "filter change")
    assert document["anomalous"] > 0
    assert not (tmp_path / "called").exists()
    assert "lstm_anomaly_events_total" in (tmp_path / "m.prom").read_text()
    assert detect(INSIDE, "--format", "nagios").exit_code == 0
    assert "maintenance: filter change" in detect(INSIDE).stdout


def test_one_that_goes_on_afterwards_alarms(detect, tmp_path):
    result = detect(BEGINS_INSIDE, "--format", "json", "--exec", "touch called")
    assert (result.exit_code, json.loads(result.stdout)["events"][0]["maintenance"]) == (1, None)
    assert (tmp_path / "called").exists()


def test_rows_of_it_are_judged_as_without(detect, run, trained, tmp_path):
    detect(INSIDE, "--scores", "with.csv")
    run("detect", trained / "new.csv", "-m", trained / "pump.model", "--scores", "without.csv")
    assert (tmp_path / "with.csv").read_bytes() == (tmp_path / "without.csv").read_bytes()


@pytest.mark.parametrize(("spans", "told"), [(INSIDE, [None]), (BEGINS_INSIDE, ["open", "closed"])])
def test_runs_with_a_state_tell_the_same(detect, trained, tmp_path, spans, told):
    lines = (trained / "new.csv").read_text().splitlines(keepends=True)
    states, codes = [], []
    for upto in (100, 124, 133, len(lines)):
        (tmp_path / "p.csv").write_text("".join(lines[:upto]))
        result = detect(spans, "--state", "st", "--format", "jsonl", path=tmp_path / "p.csv")
        states += [json.loads(line) for line in result.stdout.splitlines()]
        codes.append(result.exit_code)
    if told == [None]:
        assert ([event["maintenance"] for event in states], codes) == (["filter change"], [0, 0, 0, 0])
    else:
        assert ([event["state"] for event in states], codes) == (told, [0, 0, 1, 1])


@pytest.mark.parametrize("seed", range(8))
def test_any_span_alarms_alike_whole_piped_and_with_a_state(detect, run, trained, tmp_path, seed):
    """Spans around the event of 02:00 to 02:20: some hold it, some end within it, some miss it."""
    rng = np.random.default_rng(seed)
    first, length = rng.integers(90, 125), rng.integers(1, 70)  # minutes of the day
    begin, end = (
        np.datetime64("2024-03-05T00:00:00") + np.timedelta64(m, "m") for m in (first, first + length)
    )
    text = (trained / "new.csv").read_text()
    lines, cuts = text.splitlines(keepends=True), sorted(rng.integers(2, 300, 3))
    more = ("-m", trained / "pump.model", "--maintenance", "spans.csv", "--format", "jsonl")
    whole = detect(f"{begin},{end},belt\n", "--format", "jsonl")
    piped = run("detect", "-", *more, stdin=text)
    told, codes = [], []
    for upto in (*cuts, len(lines)):
        (tmp_path / "p.csv").write_text("".join(lines[:upto]))
        result = run("detect", "p.csv", "--state", "st", *more)
        told += result.stdout.splitlines()
        codes.append(result.exit_code)
    (event,) = map(json.loads, whole.stdout.splitlines())
    assert (
        event["maintenance"] == json.loads(piped.stdout)["maintenance"] == json.loads(told[-1])["maintenance"]
    )
    assert whole.exit_code == piped.exit_code == max(codes) == (event["maintenance"] is None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("start,reason\n1,2\n", "no columns start and end"),
        ("start,end\n2024-03-05,\n", "needs a start and an end"),
        ("start,end\n2024-03-05,2024-03-04\n", "ends before it starts"),
        ("start,end\nsoon,later\n", "no time stamp"),
    ],
)
def test_a_file_of_something_else_is_refused(run, trained, tmp_path, text, why):
    (tmp_path / "s.csv").write_text(text)
    result = run("detect", trained / "new.csv", "-m", trained / "pump.model", "--maintenance", "s.csv")
    assert (result.exit_code, why in result.stderr, "s.csv:" in result.stderr) == (2, True, True)


def test_rows_without_time_are_refused(run, trained, tmp_path):
    values = normal_values(300, seed=1)
    values[120:140, 0] += 6
    (tmp_path / "n.csv").write_text(csv_text(np.asarray(values), start=None))
    (tmp_path / "s.csv").write_text(f"start,end,reason\n{INSIDE}")
    result = run("detect", "n.csv", "-m", trained / "pump.model", "--maintenance", "s.csv")
    assert (result.exit_code, "--maintenance goes by time stamps" in result.stderr) == (2, True)
