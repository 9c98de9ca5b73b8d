"""Anomalies are held while they last: where they begin and end, and in whatever pieces the rows come."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.decision.holding import HELD, LASTS_ABOVE, Holder
from lstm_anomaly.decision.spans import LIMIT, SpanTracker


def held(*scores, most=10):
    return Holder(most).push(np.array(scores)).tolist()


def test_an_anomaly_lasts_while_scores_are_above_seven_tenths_of_the_limit():
    assert held(0.9, 1.2, 0.9, 0.71, 0.7, 0.9) == [0.9, 1.2, HELD, HELD, 0.7, 0.9]


def test_an_anomaly_is_over_after_so_many_rows_without_one_above_the_limit():
    assert held(1.2, 0.9, 0.9, 0.9, 1.5, 0.9, most=2) == [1.2, HELD, HELD, 0.9, 1.5, HELD]


def test_a_fault_after_a_long_hover_below_the_limit_is_an_event_of_its_own():
    scores = np.r_[1.1, np.full(79, 0.8), np.full(10, 5.0)]
    tracker = SpanTracker(merge_gap=24, off=LIMIT)
    spans = tracker.push(Holder(24).push(scores)) + tracker.finish()
    assert [(span.start, span.end) for span in spans] == [(0, 24), (80, 89)]


def test_no_anomaly_begins_below_the_limit():
    assert held(0.99, 1.0, 0.71) == [0.99, 1.0, 0.71]


def test_an_anomaly_begins_again_above_the_limit_only():
    assert held(2.0, 0.5, 0.8, 1.5, 0.8) == [2.0, 0.5, 0.8, 1.5, HELD]


def test_a_row_that_is_hardly_above_the_limit_shows_as_much_as_a_held_one():
    assert held(1.001, 0.8, 1.02) == [HELD, HELD, 1.02]


def test_a_row_that_could_not_be_judged_stays_unknown_and_ends_the_anomaly():
    np.testing.assert_array_equal(held(1.5, np.nan, 0.9), [1.5, np.nan, 0.9])


def test_no_rows_change_nothing():
    holder = Holder(3)
    holder.push(np.array([2.0]))
    assert holder.push(np.empty(0)).tolist() == []
    assert holder.push(np.array([0.9])).tolist() == [HELD]


SCORES = st.lists(st.sampled_from([0.5, LASTS_ABOVE, 0.8, LIMIT, 1.005, 3.0, np.nan]), max_size=40)


@given(SCORES, st.integers(1, 7), st.integers(0, 5))
def test_rows_are_held_the_same_in_any_pieces_and_as_by_hand(scores, size, most):
    scores, expected, left = np.array(scores, dtype=np.float64), [], -1
    for score in scores:
        left = most if score > LIMIT else left - 1 if score > LASTS_ABOVE else -1
        expected.append(max(score, HELD) if left >= 0 else score)
    holder = Holder(most)
    pieces = [holder.push(scores[k : k + size]) for k in range(0, len(scores), size)]
    np.testing.assert_array_equal(np.concatenate([np.empty(0), *pieces]), expected)


@given(SCORES)
def test_there_are_never_more_anomalies_than_without(scores):
    def begun(values):
        above = np.array([False, *(np.array(values) > LIMIT)])
        return int((above[1:] & ~above[:-1]).sum())

    assert begun(held(*scores)) <= begun(scores)
