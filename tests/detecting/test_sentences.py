"""The sentence that every output has for an event."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.decision.event import Contribution, Event, Follower
from lstm_anomaly.detecting.places import CLOSED, Place, PlacedEvent
from lstm_anomaly.scoring.reasons import FORECAST, NEW_VALUE, RELATED, TOGETHER, UNSEEN

DAY = "2026-03-02 "


PRESSURE = Contribution("pressure", 1.0, 2.1, 3.65, "down", "down", 40, (3.4, 3.9), (2.1, 3.5))
FLOW = Contribution("flow", 0.0, 7.0, 7.0, "down", "down", 40, (6.0, 8.0), (6.5, 7.5))


def said(kind="down", seen=2.1, usual=(3.4, 3.9), cause=RELATED, followers=(), others=(FLOW,)):
    """The sentence on rows 5 to 140 of a day whose row r is at minute r."""
    part = replace(PRESSURE, seen=seen, kind=kind, usual=usual)
    event = Event(5, 140, 30, 3.0, 2.0, (part, *others), followers, cause)
    return placed(event).sentence


def placed(event):
    places = [Place("a.csv", row + 2, f"{DAY}{row // 60:02}:{row % 60:02}") for row in event.rows_told]
    return PlacedEvent.at(event, CLOSED, places)


def test_what_fell_when_how_far_what_is_usual_and_what_followed():
    assert said(followers=(Follower("flow", 65), Follower("temp", 70))) == (
        "From 2026-03-02 00:05 to 02:20 pressure fell to 2.10 at 00:40; usual 3.40 to 3.90."
        " flow followed at 01:05. temp followed at 01:10."
    )


def test_an_event_that_no_sensor_explains_names_none_until_one_follows():
    event = Event(45, 140, 50, 3.0, 2.0, (), (Follower("flow", 65),), TOGETHER)
    assert placed(event).sentence == (
        "From 2026-03-02 00:45 to 02:20 no one sensor stood out: departs a little in many sensors or rows,"
        " 3.0 times the limit. flow followed at 01:05."
    )


def test_a_departure_before_the_alarm_is_told_so():
    event = Event(45, 140, 50, 3.0, 2.0, (PRESSURE,), (), RELATED)
    assert placed(event).sentence.endswith(
        "to 02:20 pressure fell to 2.10 already at 00:40; usual 3.40 to 3.90."
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("up", "pressure rose to 2.10 at 00:40; usual 3.40 to 3.90."),
        ("flat", "pressure stood still at 2.10; usual 3.40 to 3.90 at 00:40."),
        ("noisy", "pressure jumped between 2.10 and 3.50; usual 3.40 to 3.90 at 00:40."),
        (
            "relation",
            "pressure did not go with the other sensors: 2.10 at 00:40; usual 3.40 to 3.90.",
        ),
    ],
)
def test_each_way_of_departing_has_its_words(kind, words):
    assert said(kind).endswith(words)


def test_a_reading_that_is_usual_by_itself_is_not_called_a_fall():
    assert said(seen=3.5, cause=FORECAST).endswith(
        "pressure read 3.50 at 00:40 instead of 3.65, and departs from its forecast."
    )
    assert said("flat", seen=3.5).endswith("pressure stood still at 3.50, longer than in training.")


def test_new_values_and_new_states_are_named():
    assert said(cause=NEW_VALUE).endswith("pressure read 2.10 at 00:40, a value never seen in training.")
    assert "there was a state never seen in training: pressure fell to 2.10" in said(cause=UNSEEN)


@pytest.mark.parametrize(
    ("usual", "seen", "shown"),
    [
        ((1600.0, 1700.0), 1702.59, "1703 at 00:40; usual 1600 to 1700"),
        ((0.1, 0.15), 0.21234, "0.212 at 00:40; usual 0.100 to 0.150"),
        ((1.0, 9.0), 22.04, "22.0 at 00:40; usual 1.0 to 9.0"),
        ((7.0, 7.0), 9.25, "9.25 at 00:40; usual 7 to 7"),
        ((1e-9, 2e-9), 5e-8, "5e-08 at 00:40; usual 1e-09 to 2e-09"),
        ((-np.inf, np.inf), 5.0, "instead of 3.65"),
    ],
)
def test_readings_have_the_decimals_that_their_usual_range_needs(usual, seen, shown):
    assert shown in said("up", seen=seen, usual=usual)


def test_one_row_has_one_time_and_another_day_is_said_in_full():
    part = Contribution("pressure", 1.0, 9.0, 3.65, "up", "up", 5, (3.4, 3.9), (9.0, 9.0))
    event = Event(5, 5, 5, 3.0, 3.0, (part,), (), RELATED)
    assert placed(event).sentence == "At 2026-03-02 00:05 pressure rose to 9.00; usual 3.40 to 3.90."
    event = replace(placed(replace(event, end=140)), end="2026-03-03 01:00")
    assert event.sentence.startswith("From 2026-03-02 00:05 to 2026-03-03 01:00 pressure")


def test_rows_without_a_time_are_told_by_their_lines():
    event = replace(placed(Event(5, 9, 7, 3.0, 3.0, (), (), RELATED)), start="line 7", end="line 11")
    part = Contribution("pressure", 1.0, 9.0, 3.65, "up", "up", 8, (3.4, 3.9), (9.0, 9.0))
    event = replace(event, event=replace(event.event, contributions=(part,)), told=("line 10",))
    assert event.sentence == "From line 7 to line 11 pressure rose to 9.00 at line 10; usual 3.40 to 3.90."


def test_json_has_the_sentence_and_what_it_is_made_of():
    part = Contribution("pressure", 1.0, 2.1, 3.65, "down", "down", 40, (3.4, 3.9), (2.1, 3.5))
    event = placed(Event(5, 140, 30, 3.0, 2.0, (part,), (Follower("flow", 65),), RELATED))
    fields = event.as_dict()
    assert fields["sentence"] == event.sentence
    assert fields["followed_by"] == [{"sensor": "flow", "at": f"{DAY}01:05"}]
    assert fields["sensors"] == [
        {
            "sensor": "pressure", "share": 1.0, "seen": 2.1, "expected": 3.65, "direction": "down",
            "kind": "down", "at": f"{DAY}00:40", "usual_low": 3.4, "usual_high": 3.9,
            "lowest": 2.1, "highest": 3.5,
        }
    ]  # fmt: skip
