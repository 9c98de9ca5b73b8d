"""Events: how anomalous rows are grouped, who gets the blame, and that pieces give what the whole gives."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.base.types import IntArray
from lstm_anomaly.decision.course import OPENING_ROWS
from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.decision.events import EventRules, EventTracker, find_events, row_states
from lstm_anomaly.decision.filters import filter_events
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.scoring.reasons import FLAT, NEW_VALUE, RELATED, TOGETHER, UNSEEN

NAN = np.nan
SENSORS = ("flow", "heat")


def judged(scores: list[float], sensors: int = 1) -> JudgedRows:
    """Rows of sensors that move every row by 1, from 1 on, and are always expected at 0."""
    column = np.array(scores)[:, None] * np.ones(sensors)  # (N, F)
    return JudgedRows(
        column[:, 0],
        np.nan_to_num(column),
        1.0 + np.arange(len(scores))[:, None] * np.ones(sensors),
        np.zeros((len(scores), sensors)),
        np.ones((len(scores), sensors)),
        by_error(len(scores)),
    )


def by_error(rows: int) -> IntArray:
    """The reasons of rows that score by what all say together."""
    return np.full(rows, TOGETHER, np.int64)


def spans(scores: list[float], breaks: tuple[int, ...] = (), **rules: float) -> list[tuple[int, int]]:
    """Start and end (included) of each event."""
    found = find_events(judged(scores), ("s",), EventRules(**rules), breaks)  # type: ignore[arg-type]
    return [(event.start, event.end) for event in found]


def naive_spans(scores: list[float], merge_gap: int, min_duration: int, off: float) -> list[tuple[int, int]]:
    """The same, one row at a time, written for reading."""
    found: list[tuple[int, int]] = []
    start = end = None
    inside = False
    for row, score in enumerate(scores):
        if end is not None and row - end - 1 > merge_gap:
            found.append((start, end))
            start = end = None
            inside = False
        if np.isnan(score):
            continue
        inside = score > 1.0 or (inside and score > off)
        if inside:
            start = row if start is None else start
            end = row
    if end is not None:
        found.append((start, end))
    return [(start, end) for start, end in found if end - start + 1 >= min_duration]


# Grouping


def test_limit_itself_is_normal_and_above_it_is_anomalous() -> None:
    assert spans([1.0, 1.0, np.nextafter(1.0, 2.0), 1.0]) == [(2, 2)]


def test_event_ends_are_inclusive_and_one_row_is_an_event_of_duration_one() -> None:
    events = find_events(judged([0.5, 2.0, 0.5, 2.0, 3.0]), ("s",))
    assert [(event.start, event.end, event.duration) for event in events] == [(1, 1, 1), (3, 4, 2)]


@pytest.mark.parametrize(
    ("merge_gap", "expected"),
    [
        (0, [(0, 0), (2, 2), (5, 5)]),
        (1, [(0, 2), (5, 5)]),  # one quiet row is bridged, two are not
        (2, [(0, 5)]),
    ],
)
def test_merge_gap_counts_the_rows_between(merge_gap: int, expected: list[tuple[int, int]]) -> None:
    assert spans([2, 0, 2, 0, 0, 2], merge_gap=merge_gap) == expected


def test_short_events_are_dropped_after_merging_not_before() -> None:
    scores = [2, 0, 2, 0, 0, 0, 2, 2]
    assert spans(scores, min_duration=3) == []
    assert spans(scores, min_duration=3, merge_gap=1) == [(0, 2)]


def test_hysteresis_keeps_an_event_open_but_does_not_open_one() -> None:
    scores = [0.8, 2.0, 0.8, 0.8, 0.4, 0.8, 2.0]
    assert spans(scores, off=0.5) == [(1, 3), (6, 6)]
    assert spans(scores) == [(1, 1), (6, 6)]


def test_unknown_rows_never_start_nor_end_an_event() -> None:
    assert spans([NAN, NAN, 2.0, NAN, NAN], merge_gap=5) == [(2, 2)]
    assert spans([NAN, NAN, NAN], merge_gap=5) == []


def test_unknown_stretch_within_the_merge_gap_does_not_break_an_event() -> None:
    assert spans([2.0, NAN, NAN, 2.0], merge_gap=2) == [(0, 3)]
    assert spans([2.0, NAN, NAN, 2.0], merge_gap=1) == [(0, 0), (3, 3)]


def test_hysteresis_outlives_a_short_unknown_stretch_but_not_a_long_one() -> None:
    assert spans([2.0, NAN, 0.8], merge_gap=1, off=0.5) == [(0, 2)]
    assert spans([2.0, NAN, NAN, 0.8], merge_gap=1, off=0.5) == [(0, 0)]


def test_no_event_crosses_a_break_in_time() -> None:
    assert spans([2, 2, 2, 2], breaks=(2,), merge_gap=9) == [(0, 1), (2, 3)]
    assert spans([2, 2, 0.8, 2], breaks=(2,), merge_gap=0, off=0.5) == [(0, 1), (3, 3)]


def test_event_over_everything_and_no_rows_at_all() -> None:
    assert spans([2.0] * 7) == [(0, 6)]
    assert spans([]) == []


scores_lists = st.lists(st.sampled_from([0.0, 0.5, 0.8, 1.0, 1.5, 3.0, NAN]), max_size=60)
rules_given = {
    "merge_gap": st.integers(0, 4),
    "min_duration": st.integers(1, 3),
    "off": st.sampled_from([0.0, 0.6, 1.0]),
}


@given(scores=scores_lists, **rules_given)
def test_events_are_those_of_a_row_by_row_state_machine(
    scores: list[float], merge_gap: int, min_duration: int, off: float
) -> None:
    expected = naive_spans(scores, merge_gap, min_duration, off)
    assert spans(scores, merge_gap=merge_gap, min_duration=min_duration, off=off) == expected


@example(scores=[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0], cuts=[6], merge_gap=1, min_duration=1, off=0.0)
@given(scores=scores_lists, cuts=st.lists(st.integers(0, 60), max_size=8), **rules_given)
def test_events_are_identical_however_the_rows_are_cut(
    scores: list[float], cuts: list[int], merge_gap: int, min_duration: int, off: float
) -> None:
    rules = EventRules(merge_gap, min_duration, off)
    rng = np.random.default_rng(len(scores))
    noisy = np.array(scores) * (1 + 1e-3 * rng.random(len(scores)))  # sums whose last bit depends on order
    errors, seen, expected = rng.integers(0, 2, size=(3, len(scores), 2)) + 1e-3 * rng.random(
        (len(scores), 2)
    )
    margins = np.full((len(scores), 2), 0.3)
    rows = JudgedRows(noisy, errors, seen, expected, margins, rng.integers(0, 3, len(scores)))
    tracker = EventTracker(SENSORS, rules)
    edges = [0, *sorted(min(cut, len(scores)) for cut in cuts), len(scores)]
    in_pieces = [event for start, stop in pairwise(edges) for event in tracker.push(rows[start:stop])]
    in_pieces += tracker.finish()
    assert in_pieces == find_events(rows, SENSORS, rules)

    tracker = EventTracker(SENSORS, rules)
    row_by_row = [event for row in range(len(scores)) for event in tracker.push(rows[row : row + 1])]
    assert row_by_row + tracker.finish() == in_pieces


@given(flags=st.lists(st.booleans(), max_size=50))
def test_events_cover_the_flagged_rows_and_no_others(flags: list[bool]) -> None:
    events = find_events(judged([2.0 if flag else 0.0 for flag in flags]), ("s",))
    covered = {row for event in events for row in range(event.start, event.end + 1)}
    assert covered == {row for row, flag in enumerate(flags) if flag}
    assert all(later.start > earlier.end + 1 for earlier, later in pairwise(events))


def test_event_is_reported_as_soon_as_no_later_row_can_belong_to_it() -> None:
    tracker = EventTracker(("s",), EventRules(merge_gap=1))
    rows = judged([2.0, 0.0, 0.0, 0.0])
    reported = [len(tracker.push(rows[row : row + 1])) for row in range(4)]
    assert reported == [0, 0, 1, 0]  # at row 1, row 2 could still have joined
    assert tracker.finish() == []


# What an event says


def test_peak_is_the_first_highest_row_and_mean_that_of_rows_above() -> None:
    (event,) = find_events(judged([2.0, 0.0, 5.0, 5.0]), ("s",), EventRules(merge_gap=1))
    assert (event.peak, event.peak_row, event.mean) == (5.0, 2, 4.0)


def test_first_of_equal_peaks_counts_in_pieces_too() -> None:
    rows = judged([5.0, 5.0])
    tracker = EventTracker(("s",), EventRules())
    (event,) = [*tracker.push(rows[:1]), *tracker.push(rows[1:]), *tracker.finish()]
    assert event.peak_row == 0


@pytest.mark.parametrize(
    ("peak", "severity"), [(1.01, "low"), (2.0, "low"), (2.01, "medium"), (4.01, "high"), (900.0, "high")]
)
def test_severity_goes_by_multiples_of_the_threshold(peak: float, severity: str) -> None:
    (event,) = find_events(judged([peak]), ("s",))
    assert event.severity == severity


def test_shares_are_of_the_sums_over_the_first_anomalous_rows() -> None:
    rows = replace(judged([2.0, 0.5, 4.0], sensors=2), errors=np.array([[9.0, 1.0], [99.0, 0.0], [0.0, 4.0]]))
    (event,) = find_events(rows, SENSORS, EventRules(merge_gap=1))
    assert [(part.sensor, round(part.share, 6)) for part in event.contributions] == [
        ("flow", 0.642857),  # 9 / 14
        ("heat", 0.357143),
    ]


def test_an_event_is_renumbered_with_the_rows_that_it_is_told_by() -> None:
    (event,) = find_events(judged([0.0, 2.0, 4.0]), ("s",))
    assert event.rows_told == (1, 2, 2, 2)
    assert event.renumbered(np.array([10, 20, 30])).rows_told == (20, 30, 30, 30)


def test_no_reading_beyond_those_of_training_is_usual() -> None:
    (event,) = find_events(judged([2.0]), ("s",), trained=np.array([[-0.5], [9.0]]))
    assert event.contributions[0].usual == (-0.5, 3.0)  # by its margin it would be from -3 on
    (event,) = find_events(judged([2.0]), ("s",), trained=np.array([[4.0], [9.0]]))
    assert event.contributions[0].usual == (-3.0, 3.0)  # what is expected itself is beyond


def test_row_states_call_a_row_without_score_unknown_never_normal() -> None:
    assert row_states(np.array([0.2, 1.0, 1.1, NAN])).tolist() == ["normal", "normal", "anomaly", "unknown"]


def test_arrays_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not go with"):
        JudgedRows(np.zeros(3), *np.zeros((3, 3, 2)), np.zeros((3, 1)), by_error(3))
    with pytest.raises(ValueError, match="do not go with"):
        JudgedRows(np.zeros(3), *np.zeros((4, 3, 2)), by_error(2))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (TOGETHER, "departs a little in many sensors or rows, 3.0 times the limit"),  # of the peak
        (RELATED, "does not fit the other sensors, 3.0 times the limit"),
        (FLAT, "reads flat, 3.0 times the limit"),
        (UNSEEN, "outside anything seen in training, 3.0 times the limit"),
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 30])
def test_event_says_why_its_highest_opening_row_is_anomalous(reason: int, told: str, piece: int) -> None:
    scores = [0.0, 1.5, 2.0, 1.5, *[1.2] * OPENING_ROWS, 3.0, 0.0]
    rows = replace(judged(scores), reasons=np.where(np.array(scores) == 2.0, reason, NEW_VALUE))
    tracker = EventTracker(("s",), EventRules())
    found = [event for row in range(0, len(scores), piece) for event in tracker.push(rows[row : row + piece])]
    assert [event.reason for event in found + tracker.finish()] == [told]


def test_a_score_beyond_all_measure_is_not_told_to_the_digit() -> None:
    (event,) = find_events(judged([1e9]), ("s",))
    assert event.reason == "departs a little in many sensors or rows, more than 1000 times the limit"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("merge_gap", -1, "-1, but must be at least 0"),
        ("merge_gap", "5", "'5', but must be a whole number"),
        ("min_duration", 0, "0, but must be at least 1"),
        ("min_duration", 2.5, "2.5, but must be a whole number"),
        ("off", 1.1, "1.1, but must be at most 1"),
        ("off", NAN, "nan, but must be at least 0"),
        ("off", None, "None, but must be a number"),
    ],
)
def test_rules_out_of_range_are_refused_by_name(name: str, value: object, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{name} is {told}")):
        EventRules(**{name: value})  # type: ignore[arg-type]


# Filters


def part(sensor: str, share: float, seen: float, expected: float, direction: str) -> Contribution:
    """A sensor's part in an event of row 0 that goes as far as its reading."""
    usual, span = (expected - 0.1, expected + 0.1), (seen, seen)
    return Contribution(sensor, share, seen, expected, direction, direction, 0, usual, span)


def event_of(peak: float, *parts: Contribution) -> Event:
    """An event of one row."""
    return Event(0, 0, 0, peak, peak, parts, (), TOGETHER)


UP_AND_DOWN = event_of(3.0, part("flow", 0.6, 12.0, 10.0, "up"), part("heat", 0.4, 40.0, 41.0, "down"))
STUCK = event_of(2.0, part("flow", 1.0, 8.0, 9.0, "flat"))


@pytest.mark.parametrize(
    ("direction", "kept"),
    [
        ("both", [UP_AND_DOWN, STUCK]),
        ("up", [UP_AND_DOWN, STUCK]),  # 3.0 * 0.6 is above the limit by itself
        ("down", [UP_AND_DOWN, STUCK]),  # 3.0 * 0.4 too
    ],
)
def test_direction_keeps_what_is_above_the_limit_in_that_direction(direction: str, kept: list[Event]) -> None:
    assert filter_events([UP_AND_DOWN, STUCK], direction=direction) == kept


def test_direction_drops_rows_above_only_through_the_other_direction() -> None:
    weaker = event_of(2.0, *UP_AND_DOWN.contributions)  # up 1.2, down 0.8
    assert filter_events([weaker], direction="up") == [weaker]
    assert filter_events([weaker], direction="down") == []


def test_min_deviation_is_absolute_and_in_the_sensors_own_unit() -> None:
    assert filter_events([STUCK], min_deviation={"flow": 1.0}) == [STUCK]  # |8 - 9| = 1
    assert filter_events([STUCK], min_deviation={"flow": 1.1}) == []
    assert filter_events([STUCK], min_deviation={"heat": 50.0}) == [STUCK]
    slight = event_of(9.0, part("flow", 1.0, 0.1, 0.2, "down"))
    assert filter_events([slight], min_deviation={"heat": 50.0}) == [slight]


def test_event_at_the_limit_by_the_sensors_that_count_is_dropped() -> None:
    halves = (part("flow", 0.5, 1.0, 0.0, "up"), part("heat", 0.5, 0.0, 1.0, "down"))
    assert filter_events([event_of(2.0, *halves)], direction="up") == []
    assert len(filter_events([event_of(2.01, *halves)], direction="up")) == 1


def test_filters_together_ask_both_of_the_same_sensor() -> None:
    # Flow goes up but by too little; heat deviates enough but goes down.
    assert filter_events([UP_AND_DOWN], direction="up", min_deviation={"flow": 2.5}) == []


def test_filter_without_conditions_keeps_everything() -> None:
    barely = event_of(1.0 + 1e-12, part("flow", 1.0 - 1e-9, 1.0, 0.0, "up"))
    assert filter_events([barely]) == [barely]


def test_unknown_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="sideways"):
        filter_events([], direction="sideways")


def test_an_event_in_which_no_sensor_has_a_part_names_none() -> None:
    rows = judged([0.0, 2.0, 3.0, 0.0], sensors=2)
    nobody = replace(rows, errors=np.zeros((4, 2)))
    (event,) = find_events(nobody, SENSORS)
    assert (event.first, event.sensor, event.followers, event.rows_told) == (None, "", (), (1, 2, 2))
    assert filter_events([event]) == [event]
    (event,) = find_events(replace(nobody, errors=np.eye(4, 2, -1)), SENSORS)
    assert event.sensor == "flow"


def test_a_serious_row_without_any_part_hides_no_sensor_that_was_first() -> None:
    rows = judged([1.5] * 2 * OPENING_ROWS + [5.0], sensors=2)
    errors = np.tile([0.0, 1.0], (len(rows), 1))
    errors[-1] = 0.0
    (event,) = find_events(replace(rows, errors=errors), SENSORS)
    assert event.sensor == "heat"
