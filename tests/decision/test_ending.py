"""Anomalies end when they are over: rows that only a memory lifts are not of them, in whatever pieces."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.decision.ending import QUIET_ROWS, UNUSUAL, Ending
from lstm_anomaly.decision.holding import LASTS_ABOVE
from lstm_anomaly.decision.spans import LIMIT

MEMORY = np.linspace(5.0, 1.2, 40)  # what long memories make of a fault that is over


def ended(scores, recent, most=24):
    return Ending(most).push(np.asarray(scores, np.float64), np.asarray(recent, np.float64))


def after_a_fault(recent):
    """Ten rows of a fault of six times the limit, then memory, with rows as unusual as `recent` says."""
    return ended(np.r_[np.full(10, 6.0), MEMORY], np.r_[np.full(10, 6.0), recent])


def test_a_strong_anomaly_ends_a_few_rows_after_its_last_unusual_one():
    found = after_a_fault(np.zeros(40))
    assert np.flatnonzero(found > LIMIT).tolist() == list(range(10 + QUIET_ROWS - 1))
    assert found[10 + QUIET_ROWS - 1 :].max() <= LASTS_ABOVE


def test_it_goes_on_while_rows_are_unusual_now_and_then():
    recent = np.where(np.arange(40) % QUIET_ROWS == 0, 1.1 * UNUSUAL, 0.0)
    assert (after_a_fault(recent) > LIMIT).all()


def test_what_only_long_memories_see_goes_on_as_long_as_they_do():
    assert (ended(np.full(60, 1.5), np.zeros(60)) > LIMIT).all()


def test_a_score_that_does_not_fall_belongs_to_what_goes_on():
    assert (ended(np.linspace(1.5, 9, 60), np.r_[1.5, np.zeros(59)]) > LIMIT).all()


def test_a_second_fault_within_the_memory_of_the_first_counts_at_once():
    recent = np.zeros(40)
    recent[25:30] = 1.5
    found = after_a_fault(recent)
    assert (found[35:40] > LIMIT).all()
    assert found[14:35].max() <= LASTS_ABOVE


def test_an_unusual_row_that_lifts_the_score_goes_on_with_the_anomaly():
    """At 0.8 times the limit it is none of its own; where memory alone falls on, it is an accident."""
    scores, recent = MEMORY.copy(), np.zeros(40)
    recent[20] = 0.8
    assert after_a_fault(recent)[30] <= LASTS_ABOVE
    scores[20:] += 1
    found = ended(np.r_[np.full(10, 6.0), scores], np.r_[np.full(10, 6.0), recent])
    assert np.flatnonzero(found > LIMIT)[10 + QUIET_ROWS - 1 :].tolist() == [30, 31, 32, 33]


def test_memory_that_rises_above_the_limit_again_is_no_second_fault():
    scores = np.r_[np.full(10, 6.0), np.linspace(5.0, 0.5, 20), np.full(20, 1.1)]
    found = ended(scores, np.r_[np.full(10, 6.0), np.zeros(40)])
    assert found[14:].max() <= LASTS_ABOVE


def test_long_after_it_any_row_above_the_limit_counts():
    scores = np.r_[np.full(10, 6.0), np.full(150, 0.5), 1.1]
    assert ended(scores, np.r_[np.full(10, 6.0), np.zeros(151)])[-1] == 1.1


@given(
    st.lists(st.sampled_from([0.5, LASTS_ABOVE, 0.9, 1.1, 2.0, 6.0, np.nan]), max_size=60),
    st.integers(1, 9),
    st.randoms(),
)
def test_any_pieces_end_the_same_and_nothing_is_lifted(scores, size, random):
    scores = np.array(scores, dtype=np.float64)
    recent = np.array([random.choice([0.0, 0.3, 0.5, 1.5]) for _ in scores])
    ending = Ending(5)
    pieces = [ending.push(scores[k : k + size], recent[k : k + size]) for k in range(0, len(scores), size)]
    whole = ended(scores, recent, most=5)
    np.testing.assert_array_equal(np.concatenate([np.empty(0), *pieces]), whole)
    np.testing.assert_array_equal(np.isnan(whole), np.isnan(scores))
    changed = np.nan_to_num(whole) != np.nan_to_num(scores)
    assert (whole[changed] == LASTS_ABOVE).all()
    assert (scores[changed] > LASTS_ABOVE).all()
