"""A level beyond what was seen: the tail's base, its mean excess, and how much rarer than seen it is."""

import math

import numpy as np
import pytest

from lstm_anomaly.scoring.tail_limits import block_maxima, rare_level


def test_each_block_gives_its_highest_value_and_rows_left_over_none():
    assert block_maxima(np.array([1.0, 3.0, 2.0, 9.0, 5.0, 4.0, 99.0]), 3).tolist() == [3.0, 9.0]


def test_the_tail_is_the_top_tenth_of_the_blocks():
    """Ten 1s above 90 zeros: mean excess 1, its error 1 / sqrt(10). 1 in 100 is 10 times rarer."""
    maxima = np.r_[np.zeros(90), np.ones(10)]
    assert rare_level(maxima, 0.01) == pytest.approx((1 + 1 / math.sqrt(10)) * math.log(10))


def test_the_tail_has_five_blocks_at_least():
    """A tenth of 30 would be three. Five 1s above 25 zeros; 1 in 60 is 10 times rarer than 5 in 30."""
    maxima = np.r_[np.zeros(25), np.ones(5)]
    assert rare_level(maxima, 1 / 60) == pytest.approx((1 + 1 / math.sqrt(5)) * math.log(10))


def test_fewer_than_30_blocks_cannot_tell():
    assert rare_level(np.arange(29.0), 0.01) == math.inf
    assert rare_level(np.arange(30.0), 0.01) < math.inf


def test_the_level_is_never_below_what_was_seen():
    assert rare_level(np.arange(100.0), 0.5) == 99.0
