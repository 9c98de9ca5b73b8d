"""Episodes at every level against counting them one level and one row at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.decision.episodes import (
    NOT_JUDGED,
    EpisodeCounts,
    as_stretches,
    episode_peaks,
    highest_episodes,
    preceding_max,
)
from lstm_anomaly.decision.events import EventRules, find_events
from lstm_anomaly.decision.judged_rows import JudgedRows

NAN = np.nan
scores_lists = st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, NAN]), min_size=1, max_size=40)


def naive_count(scores: list[float], level: float, merge_gap: int, breaks: tuple[int, ...] = ()) -> int:
    count, last = 0, None
    for row, score in enumerate(scores):
        if row in breaks:
            last = None
        if score > level:
            count += last is None or row - last - 1 > merge_gap
            last = row
    return count


def counts_of(scores: list[float], merge_gap: int, breaks: tuple[int, ...] = ()) -> EpisodeCounts:
    return EpisodeCounts(as_stretches(np.array(scores), breaks, merge_gap), merge_gap)


def test_rows_with_at_most_the_merge_gap_between_them_are_one_episode() -> None:
    scores = [5, 0, 0, 5, 0, 5]
    assert [int(counts_of(scores, gap).at(1.0)) for gap in (0, 1, 2)] == [3, 2, 1]


def test_rows_that_were_not_judged_take_up_time() -> None:
    assert counts_of([5, NAN, NAN, 5], 1).at(1.0) == 2
    assert counts_of([5, NAN, 5], 1).at(1.0) == 1


def test_a_break_separates_neighbouring_rows() -> None:
    assert counts_of([5, 5, 5, 5], 3, breaks=(2,)).at(1.0) == 2


@given(scores=scores_lists, merge_gap=st.integers(0, 6), breaks=st.sets(st.integers(1, 39), max_size=3))
def test_counts_are_those_of_a_row_by_row_count(
    scores: list[float], merge_gap: int, breaks: set[int]
) -> None:
    inside = tuple(sorted(row for row in breaks if row < len(scores)))
    counts = counts_of(scores, merge_gap, inside)
    for level in (0.0, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0):
        assert counts.at(level) == naive_count(scores, level, merge_gap, inside)


@given(scores=scores_lists, merge_gap=st.integers(0, 6), allowed=st.integers(0, 5))
def test_lowest_level_is_the_last_before_a_level_with_too_many(
    scores: list[float], merge_gap: int, allowed: int
) -> None:
    expected = -np.inf
    for level in (4.0, 3.0, 2.0, 1.0, 0.0, -1.0):
        if naive_count(scores, level, merge_gap) > allowed:
            # Counts change at scores only: the next score above is the lowest level that is allowed.
            expected = min(s for s in scores if s > level)
            break
    assert counts_of(scores, merge_gap).lowest_level(allowed) == expected


def test_lowest_level_counts_episodes_that_merge_further_down_correctly() -> None:
    scores = [1, 3, 1, 4, 1, 5, 1]  # one episode above 0, three above 2, one above 4
    counts = counts_of(scores, merge_gap=0)
    assert [int(counts.at(level)) for level in (0, 2, 4, 5)] == [1, 3, 1, 0]
    assert counts.lowest_level(1) == 4
    assert counts.lowest_level(0) == 5


@given(scores=scores_lists, merge_gap=st.integers(0, 6), level=st.sampled_from([0.5, 1.0, 2.0]))
def test_an_episode_of_calibration_is_an_event_of_detection(
    scores: list[float], merge_gap: int, level: float
) -> None:
    multiples = np.array(scores) / level
    sensors = np.zeros((len(scores), 1))
    rows = JudgedRows(multiples, sensors, sensors, sensors, sensors, np.zeros(len(scores), np.int64))
    events = find_events(rows, ("s",), EventRules(merge_gap))
    stretches = as_stretches(np.array(scores), (), merge_gap)
    assert counts_of(scores, merge_gap).at(level) == len(events)
    assert episode_peaks(stretches, level, merge_gap) == pytest.approx([e.peak * level for e in events])


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 100])
def test_preceding_max_is_the_highest_of_the_rows_before(rows: int) -> None:
    scores = np.random.default_rng(1).random(30)
    expected = [max(scores[max(0, i - rows) : i], default=NOT_JUDGED) for i in range(30)]
    assert preceding_max(scores, rows).tolist() == expected


def test_the_highest_episodes_are_above_95_percent_of_the_rows() -> None:
    """Peaks 1 to 50, a quiet row after each: 95 % of the rows are below 45.05."""
    scores = np.zeros(100)
    scores[::2] = np.arange(1, 51)
    found = highest_episodes(scores, merge_gap=0, most=50)
    assert [round(span.peak) for span in found] == [50, 49, 48, 47, 46]
