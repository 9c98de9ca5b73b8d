"""Sensors that stand still or switch: how they are told apart, and the rule on values never seen."""

from math import log

import numpy as np
import pytest

from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.scoring.novelty import MOST, NoveltyRule

SIGNAL = np.arange(100.0)
SWITCH = np.repeat([0.0, 1.0], 50)
STILL = np.full(100, 7.0)
NEARLY_STILL = np.where(SIGNAL == 40, 8.0, 7.0)  # 99 of 100 rows
THREE_LEVELS = SIGNAL % 3


def roles(*columns):
    """As 0 and 1 in three lists: inputs, targets, ruled."""
    found = SensorRoles.find(np.column_stack(columns))
    return [role.astype(int).tolist() for role in (found.inputs, found.targets, found.ruled)]


@pytest.mark.parametrize("sensor", [STILL, NEARLY_STILL, np.zeros(100)])
def test_a_sensor_that_stands_still_is_ruled_only(sensor):
    assert roles(sensor, SIGNAL) == [[0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize("sensor", [SWITCH, np.where(SIGNAL < 2, 8.0, 7.0)])
def test_a_switch_is_read_and_ruled_but_not_forecast(sensor):
    assert roles(sensor, SIGNAL) == [[1, 1], [0, 1], [1, 0]]


def test_a_switch_may_have_one_odd_value_in_a_hundred_and_not_two():
    one, two = SWITCH.copy(), SWITCH.copy()
    one[10], two[10:12] = 9.0, 9.0
    assert roles(one, two) == [[1, 1], [0, 1], [1, 0]]


def test_three_levels_are_a_signal():
    assert roles(THREE_LEVELS, SIGNAL) == [[1, 1], [1, 1], [0, 0]]


def test_without_a_signal_switches_are_forecast():
    assert roles(SWITCH, STILL) == [[1, 0], [1, 0], [1, 1]]


def test_without_anything_that_moves_what_stands_still_is_forecast():
    assert roles(STILL, NEARLY_STILL) == [[1, 1], [1, 1], [1, 1]]


EIGHT_ROWS = np.array([[1.0], [1], [1], [1], [1], [1], [1], [2]])


def fitted(rows, ruled=None):
    """The rule, and its evidence on the rows themselves."""
    rows = np.asarray(rows, dtype=np.float64)
    return NoveltyRule.fit(rows, np.ones(rows.shape[1], dtype=bool) if ruled is None else np.array(ruled))


def rule_of(rows, ruled=None):
    return fitted(rows, ruled)[0]


def test_evidence_of_a_new_value_is_the_share_of_rows_new_in_their_quarter():
    """Of 8 rows in four parts: 2 occurs in the last only, so one row in 9; 3 and 4 occur in two parts each,
    so none, and one row of doubt; all of eight different values are new.
    """
    columns = [EIGHT_ROWS, np.ones(8), np.tile([3.0, 4.0], 4), np.arange(8.0)]
    rule = rule_of(np.column_stack(columns))
    np.testing.assert_allclose(rule.evidence, [log(9), log(9), log(9), log(9 / 8)])


def test_a_value_twice_in_one_part_is_new_there_twice():
    rule, evidence = fitted(np.array([[1.0], [1], [1], [1], [1], [1], [2], [2]]))
    np.testing.assert_allclose(rule.evidence, [log(9 / 2)])
    np.testing.assert_allclose(evidence[:, 0], [0, 0, 0, 0, 0, 0, log(9 / 2), log(9 / 2)])


def test_the_training_rows_are_judged_by_what_the_other_parts_showed():
    evidence = fitted(np.column_stack([EIGHT_ROWS, np.ones(8)]))[1]
    assert evidence.shape == (8, 2)
    np.testing.assert_allclose(evidence[:, 0], [0, 0, 0, 0, 0, 0, 0, log(9)])
    assert not evidence[:, 1].any()


def test_a_seen_value_is_no_evidence_and_one_between_is_full_evidence():
    evidence = rule_of(EIGHT_ROWS).of_rows(np.array([[1.0], [2.0], [1.5]]))
    np.testing.assert_allclose(evidence, [[0], [0], [log(9)]])


def test_evidence_grows_with_the_relative_distance_outside_the_range():
    """Seen are 1 and 2, so the size is 2: the value 4 lies (4 - 2) / 2 outside, and -5 lies (1 + 5) / 2."""
    evidence = rule_of(EIGHT_ROWS).of_rows(np.array([[4.0], [-5.0]]))
    np.testing.assert_allclose(evidence, [[log(9) + log(1 + 1)], [log(9) + log(1 + 3)]])


def test_a_sensor_that_was_always_0_is_judged_in_its_own_unit():
    np.testing.assert_allclose(rule_of(np.zeros((8, 1))).of_rows(np.array([[3.0]])), [[log(9) + log(1 + 3)]])


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_evidence_does_not_hang_on_the_unit_nor_on_the_last_digits(size):
    rule = rule_of(np.full((8, 1), 0.1 * size))
    rows = np.array([[0.1], [0.3 - 0.2], [0.1 + 1e-12], [0.2]]) * size
    np.testing.assert_allclose(rule.of_rows(rows)[:, 0], [0, 0, 0, log(9) + log(2)])


def test_only_ruled_sensors_are_ruled():
    rows = np.column_stack([np.arange(8.0), np.ones(8), np.full(8, 2.0)])
    rule = rule_of(rows, [False, True, True])
    evidence = rule.of_rows(np.array([[99.0, 1.0, 3.0]]))
    np.testing.assert_allclose(evidence, [[0, log(9) + log(1.5)]])
    assert rule_of(rows, [False, False, False]).of_rows(rows).shape == (8, 0)


def test_evidence_is_remembered_for_50_rows():
    rule, evidence = rule_of(EIGHT_ROWS), np.zeros((60, 1))
    evidence[5] = 1.0
    remembered = rule.remembered(evidence, 60)[:, 0]
    assert np.flatnonzero(remembered).tolist() == list(range(5, 55))
    assert set(remembered) == {0.0, 1.0}
    assert rule.remembered(evidence, 7)[:, 0].tolist() == [1, 1, 0, 0, 0, 0, 0]


def test_evidence_adds_up_to_ten_times_that_of_one_row_and_no_more():
    rule = rule_of(EIGHT_ROWS)
    evidence = rule.of_rows(np.full((12, 1), 1.5))
    remembered = rule.remembered(evidence, 12)[:, 0]
    np.testing.assert_allclose(remembered, log(9) * np.minimum(np.arange(1, 13), 10))


def test_a_value_infinitely_far_is_bounded_too():
    rule = rule_of(np.full((8, 1), 1e-300))
    evidence = rule.of_rows(np.array([[1e300]]))
    np.testing.assert_allclose(rule.remembered(evidence, 1), [[MOST * log(9)]])
