"""What sensors did in an event: which way, how far, when, and who took over, in small cases."""

from itertools import pairwise

import numpy as np
import pytest

from lstm_anomaly.decision.course import FLAT_ROWS, LEADING_ROWS, OPENING_ROWS
from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.decision.events import EventRules, EventTracker, find_events
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.scoring.reasons import TOGETHER

WAVE = np.sin(np.arange(40))


def told(seen, expected=0.0, quiet=0, errors=None):
    """The event of readings (n, F), or (n,) of one sensor, margins 1; the first `quiet` are normal."""
    seen = np.atleast_2d(np.array(seen, dtype=float).T).T  # (n, F)
    scores = np.full(len(seen), 2.0)
    scores[:quiet] = 0.0
    errors = np.ones_like(seen) if errors is None else np.array(errors, dtype=float)
    rows = JudgedRows(
        scores, errors, seen, expected + 0 * seen, np.ones_like(seen), np.full(len(seen), TOGETHER)
    )
    names = tuple("abc"[: seen.shape[1]])
    (event,) = find_events(rows, names)
    for piece in (1, 7):
        tracker = EventTracker(names, EventRules())
        edges = [*range(0, len(seen), piece), len(seen)]
        cut = [e for start, stop in pairwise(edges) for e in tracker.push(rows[start:stop])]
        assert cut + tracker.finish() == [event]  # the same however the rows are cut
    return event


def first(event: Event) -> Contribution:
    return event.contributions[0]


def test_a_shift_is_quoted_where_it_is_farthest_with_what_is_usual_there() -> None:
    part = first(told([-4, -5, -9, -5, -4]))
    assert (part.kind, part.direction, part.row) == ("down", "down", 2)
    assert (part.seen, part.expected, part.usual, part.span) == (-9, 0, (-3, 3), (-9, -4))


def test_a_recovery_beyond_the_fault_is_not_what_is_quoted() -> None:
    """What follows the fault expects 40 when the sensor comes back to 77: that is not its story."""
    seen = np.concatenate([np.full(40, 44.0) - WAVE / 9, [77.0]])
    expected = np.concatenate([np.full(40, 50.0), [40.0]])[:, np.newaxis]
    part = first(told(seen, expected))
    assert (part.kind, part.direction) == ("down", "down")
    assert part.seen == pytest.approx(43.9, abs=0.1)


def test_a_fault_that_grows_is_quoted_at_its_worst_not_as_it_opened() -> None:
    part = first(told(-np.arange(4.0, 104.0)))
    assert (part.seen, part.row) == (-103, 99)


def test_rows_between_two_parts_of_an_event_are_not_quoted() -> None:
    rows = JudgedRows(
        np.array([2.0, 0.0, 2.0]),
        np.ones((3, 1)),
        np.array([[4.0], [99.0], [5.0]]),
        np.zeros((3, 1)),
        np.ones((3, 1)),
        np.full(3, TOGETHER),
    )
    (event,) = find_events(rows, ("a",), EventRules(merge_gap=1))
    assert (first(event).seen, first(event).row) == (5, 2)


@pytest.mark.parametrize(("repeated", "kind"), [(FLAT_ROWS - 1, "up"), (FLAT_ROWS + 1, "flat")])
def test_a_sensor_is_flat_once_it_has_repeated_a_reading_for_long(repeated: int, kind: str) -> None:
    part = first(told(np.full(repeated, 7.0)))
    assert (part.kind, part.direction) == (kind, kind)


def test_rows_before_the_event_count_for_what_stands_still() -> None:
    assert first(told(np.full(FLAT_ROWS, 7.0), quiet=FLAT_ROWS - 1)).kind == "flat"


def test_a_sensor_that_had_rested_and_then_moved_is_not_flat() -> None:
    assert first(told([*np.zeros(30), 50, 51, 52], quiet=30)).kind == "up"


def test_a_gap_ends_what_stands_still() -> None:
    tracker = EventTracker(("a",), EventRules())
    seen = np.full((FLAT_ROWS - 1, 1), 7.0)
    quiet = JudgedRows(np.zeros(9), seen, seen, 0 * seen, seen, np.full(9, TOGETHER))
    assert tracker.push(quiet) == tracker.finish() == []
    loud = JudgedRows(np.full(9, 2.0), seen, seen, 0 * seen, seen / 7, np.full(9, TOGETHER))
    tracker.push(loud)
    assert first(tracker.finish()[0]).kind == "up"


def test_jumps_to_both_sides_from_row_to_row_are_noise() -> None:
    part = first(told([5, -6, 4, -5, 7, -4, 5, -6]))
    assert (part.kind, part.row, part.seen, part.span) == ("noisy", 4, 7, (-6, 7))


def test_slow_swings_to_both_sides_are_a_broken_relation() -> None:
    swings = 6 * np.sin(np.arange(60) / 10)
    errors = np.tile([2.0, 1.0], (60, 1))
    assert first(told(np.column_stack([swings, 0 * swings]), errors=errors)).kind == "relation"


def test_slow_swings_of_the_only_sensor_go_to_where_they_went_first() -> None:
    part = first(told(-6 * np.sin(np.arange(60) / 10)))
    assert (part.kind, part.seen) == ("down", pytest.approx(-6, abs=0.01))


def test_one_wild_row_is_no_noise_whatever_it_misleads() -> None:
    assert first(told([20, -6, 4, -3, 2, -1, 0.5, 0.2])).kind == "up"


def test_few_rows_are_not_called_noise() -> None:
    assert first(told([5, -7, 4])).kind == "down"


def test_where_nothing_was_unusual_the_farthest_reading_is_quoted() -> None:
    rows = JudgedRows(
        np.array([1.5, 2.5, 2.0]),
        np.ones((3, 1)),
        np.array([[2.5], [-1.0], [2.9]]),
        np.zeros((3, 1)),
        np.ones((3, 1)),
        np.full(3, TOGETHER),
    )
    part = first(find_events(rows, ("a",))[0])
    assert (part.row, part.seen, part.direction, part.is_unusual) == (2, 2.9, "up", False)


def test_a_departure_in_the_rows_before_an_event_is_quoted_too() -> None:
    """A score remembers them: what goes above the limit may be the return."""
    part = first(told([0, 0, 5, 6, 1], quiet=4))
    assert (part.kind, part.row, part.seen) == ("up", 3, 6)
    assert first(told([0, 6, *[0] * 9, 1], quiet=11)).seen == 1  # more than nine rows before


def test_a_fault_that_begins_while_a_weak_event_goes_on_is_told() -> None:
    n, begins = 40, 20
    later = np.arange(n) >= begins
    rows = JudgedRows(
        np.where(later, 9.0, 1.1),
        np.where(later[:, np.newaxis], [1, 9], [5, 0]),
        np.column_stack([4 + WAVE / 9, np.where(later, -8.0, 0.0) + WAVE / 9]),
        np.zeros((n, 2)),
        np.ones((n, 2)),
        np.full(n, TOGETHER),
    )
    (event,) = find_events(rows, ("a", "b"))
    assert (event.start, first(event).sensor, first(event).kind) == (0, "b", "down")
    assert first(event).row >= begins
    assert first(event).span[1] < -7
    early = find_events(rows[begins - OPENING_ROWS + 1 :], ("a", "b"))[0]
    assert early.contributions[1].span[1] > 3  # the first rows of an event are its own


def test_a_sensor_that_leads_for_long_later_has_taken_over() -> None:
    n, later = 40, 20
    seen = np.column_stack([np.linspace(5, 6, n), np.where(np.arange(n) < later, 0, 8) + WAVE[:n] / 9])
    errors = np.where(np.arange(n)[:, np.newaxis] < later, [9, 1], [1, 9])
    event = told(seen, errors=errors)
    assert [(follower.sensor, follower.row) for follower in event.followers] == [("b", later)]
    assert first(event).sensor == "a"


def test_leading_for_few_rows_or_with_usual_readings_is_no_taking_over() -> None:
    n = OPENING_ROWS + LEADING_ROWS + 1
    errors = np.where(np.arange(n)[:, np.newaxis] < n - LEADING_ROWS + 1, [9, 1], [1, 9])
    assert told(np.full((n, 2), 5.0) + WAVE[:n, np.newaxis], errors=errors).followers == ()
    errors = np.where(np.arange(n)[:, np.newaxis] < OPENING_ROWS + 1, [9, 1], [1, 9])
    assert told(np.column_stack([5 + WAVE[:n], WAVE[:n]]), errors=errors).followers == ()
