"""Reads flat: a range smaller than it ever was, over 16, 64, 256 or 1024 rows."""

import numpy as np
import pytest

from lstm_anomaly.scoring.flatline import Stillness


def rule(*least, resolution=1.0):
    """One sensor with these least ranges, one for each length."""
    return Stillness(np.array(least)[:, np.newaxis], np.array([resolution]))


@pytest.mark.parametrize(("k", "rows"), [(0, 16), (1, 64), (2, 256), (3, 1024)])
def test_a_sensor_reads_flat_after_16_or_64_or_256_or_1024_rows(k, rows):
    multiples = rule(*(np.arange(4) == k)).multiples(np.zeros((1100, 1)), 1100)[:, 0]
    assert np.flatnonzero(multiples)[0] == rows - 1


def test_the_multiple_is_the_least_range_over_the_range():
    readings = np.tile([[0.0], [4.0]], (8, 1))
    assert rule(12.0, 0, 0, 0).multiples(readings, 1).tolist() == [[3.0]]


def test_half_the_resolution_is_the_least_that_counts():
    assert rule(3.0, 0, 0, 0, resolution=0.5).multiples(np.zeros((16, 1)), 1).tolist() == [[12.0]]


def test_a_rule_is_lowered_to_two_thirds_of_any_range_of_normal_rows():
    """Readings of 0 and 6 in turn: 6 / 1.5. Other lengths do not fit into 16 rows and stay."""
    lowered = rule(9.0, 9.0, 0, 0).lowered(np.tile([[0.0], [6.0]], (8, 1)), ((0, 16),))
    assert lowered.least[:, 0].tolist() == [4.0, 9.0, 0.0, 0.0]
