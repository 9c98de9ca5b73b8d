"""Which groups need a look first, and what is told as one because it happened to many at one moment."""

from collections import Counter
from dataclasses import replace

import numpy as np

from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.detecting.fleet import FleetLimits, Standing, review_fleet
from lstm_anomaly.detecting.places import CLOSED, OPEN, PlacedEvent
from lstm_anomaly.scoring.reasons import RELATED

NOON = np.datetime64("2024-03-05T12:00", "ns")
LIMITS = FleetLimits(silent_after=3600.0, model_age=90 * 86400.0, together=300.0)


def minutes(number):
    return np.timedelta64(number, "m")


def event(began=0, score=2.0, state=CLOSED, sensor="temp"):
    """An event that began so many minutes before noon and took ten."""
    start = NOON - minutes(began)
    part = Contribution(sensor, 1.0, 3.0, 1.0, "up", "up", 5, (0.0, 2.0), (2.0, 3.0))
    what = Event(0, 9, 5, score, score, (part,), (), RELATED)
    stamps = (str(start), str(start + minutes(10)), str(start + minutes(5)))
    return PlacedEvent(what, "a.csv", 2, 11, *stamps, start, start + minutes(10), state)


def standing(group, *events, silent=0, learned=1, drift=(), rows=100):
    """A group whose last row is so many minutes, and whose model is so many days, old."""
    newest = NOON - minutes(silent) if rows else None
    return Standing(group, newest, rows, drift, NOON - minutes(1440 * learned), events)


def looks(review):
    return [(each.standing.group, [look.kind for look in each.looks]) for each in review.groups]


def test_groups_come_in_the_order_of_what_needs_a_look_first():
    review = review_fleet(
        "pump",
        [
            standing("well"),
            standing("old", learned=91),
            standing("over", event(60)),
            standing("away", rows=0),
            standing("silent", silent=61),
            standing("drifts", drift=("temp is higher",)),
            standing("open", event(10, state=OPEN)),
            standing("open and worse", event(30, 5.0, OPEN), event(90, 9.0), learned=100),
        ],
        LIMITS,
    )
    assert looks(review) == [
        ("open and worse", ["open event", "event", "old model"]),
        ("open", ["open event"]),
        ("drifts", ["drift"]),
        ("away", ["silent"]),
        ("silent", ["silent"]),
        ("over", ["event"]),
        ("old", ["old model"]),
        ("well", []),
    ]
    assert [each.standing.group for each in review.alone()] == [name for name, _ in looks(review)][:-1]


def test_nothing_at_its_limit_asks_for_a_look():
    review = review_fleet("pump", [standing("a", silent=60, learned=90), standing("b")], LIMITS)
    assert looks(review) == [("a", []), ("b", [])]


def test_events_of_three_groups_within_five_minutes_are_told_as_one():
    began = {"a": 20, "b": 18, "c": 15, "d": 14}  # d began six minutes after a
    fleet = [standing(group, event(minute, 2.0 + minute, OPEN)) for group, minute in began.items()]
    review = review_fleet("pump", [*fleet, standing("e")], LIMITS)
    (told,) = review.together
    assert told.groups == ("a", "b", "c")
    assert told.sensors == Counter(temp=3)
    assert told.sentence(5, "pump") == (
        "3 of 5 (pump): open events since 2024-03-05T11:40:00Z, the highest 22x; temp first in 3"
    )
    assert [each.standing.group for each in review.alone()] == ["d"]


def test_two_groups_are_told_apart_and_so_are_two_events_of_one():
    fleet = [standing("a", event(20), event(19)), standing("b", event(20))]
    assert review_fleet("pump", fleet, LIMITS).together == ()


def test_a_group_with_a_reason_of_its_own_beside_the_shared_one_is_listed():
    fleet = [standing(group, silent=90) for group in "abc"]
    fleet[1] = replace(fleet[1], drift=("temp is higher",))
    review = review_fleet("pump", [*fleet, standing("d")], LIMITS)
    (told,) = review.together
    assert told.sentence(4, "pump") == "3 of 4 (pump): silent since 2024-03-05T10:30:00Z"
    assert [each.standing.group for each in review.alone()] == ["b"]


def test_old_models_are_told_as_one_however_far_apart_they_were_trained():
    fleet = [standing("a", learned=100), standing("b", learned=200), standing("c", learned=300)]
    (told,) = review_fleet("pump", fleet, LIMITS).together
    assert told.sentence(3, "pump") == (
        "3 of 3 (pump): old models; the oldest learned from no row after 2023-05-10T12:00:00Z"
    )


def test_rows_without_times_are_neither_silent_nor_old():
    untimed = Standing("a", None, 50, (), None)
    assert looks(review_fleet("pump", [untimed, standing("b")], LIMITS)) == [("a", []), ("b", [])]
