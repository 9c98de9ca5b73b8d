"""What normal rows will hardly ever reach: block maxima, four standard deviations of their logarithms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.scoring import limits
from lstm_anomaly.scoring.limits import high_level, rare_limit, standing_out


def in_blocks(maxima, rows=25):
    """Rows whose blocks have these maxima, each once, and otherwise 0.1."""
    x = np.full((len(maxima), rows), 0.1)
    x[:, 3] = maxima
    return x.ravel()


def test_a_limit_by_hand():
    """Maxima e, e^2, e^3, e^4: their logarithms 1 to 4 have mean 2.5 and standard deviation sqrt(5 / 3)."""
    assert rare_limit(in_blocks(np.exp([1, 2, 3, 4]))) == pytest.approx(
        math.exp(2.5 + 4.0 * math.sqrt(5 / 3)), rel=1e-12
    )


def test_what_peaks_equally_high_in_every_block_gets_its_peak_as_limit():
    assert rare_limit(in_blocks([7.0] * 24)) == pytest.approx(7.0)


def test_a_tail_heavier_in_some_blocks_gives_a_higher_limit():
    even, uneven = [3.0] * 24, [3.0] * 20 + [6.0] * 4
    assert rare_limit(in_blocks(uneven)) > 1.5 * 6.0
    assert rare_limit(in_blocks(even)) == pytest.approx(3.0)


@pytest.mark.parametrize(("rows", "blocks"), [(30, 4), (124, 4), (125, 5), (599, 23), (600, 24), (9000, 24)])
def test_blocks_have_25_rows_at_least_and_are_4_to_24(rows, blocks, monkeypatch):
    monkeypatch.setattr(limits, "DEVIATIONS", 0.0)  # the limit is then the middle of the maxima
    edges = np.cumsum([0] + [len(part) for part in np.array_split(np.zeros(rows), blocks)])[:-1]
    x = np.ones(rows)
    x[edges] = math.e
    assert rare_limit(x) == pytest.approx(math.e)
    x[edges[-1]] = 1.0
    assert math.log(rare_limit(x)) == pytest.approx(1 - 1 / blocks)


def test_one_row_or_none_that_is_above_zero_still_gives_a_limit():
    assert 0 < rare_limit(np.ones(1)) < math.inf
    assert 0 < rare_limit(np.zeros(500)) < 1e-8


@given(st.lists(st.floats(0, 1e30), min_size=1, max_size=200), st.floats(1e-3, 1e3))
def test_a_limit_is_finite_and_above_zero_and_goes_with_the_unit(values, unit):
    x = np.array(values)
    found = rare_limit(x)
    assert 0 < found < math.inf
    if x.min() > 1e-5:
        assert rare_limit(x * unit) == pytest.approx(found * unit, rel=1e-6)


def test_high_is_what_99_percent_of_rows_stay_below():
    assert high_level(np.arange(101.0)) == pytest.approx(99.0)
    assert high_level(np.zeros(10)) > 0


def test_a_span_stands_out_from_blocks_more_than_two_away():
    """Blocks 8 to 12 of 24 are high, all others reach 1, which is then the limit: 10 times."""
    assert standing_out(in_blocks([1.0] * 8 + [9, 9, 10, 9, 9] + [1.0] * 11)) == (
        pytest.approx(10.0),
        8 * 25 + 3,
        12 * 25 + 3,
    )
    assert standing_out(in_blocks([1.0] * 7 + [9, 9, 9, 10, 9, 9] + [1.0] * 11))[0] < 2  # 7 is three away


@pytest.mark.parametrize(("blocks", "multiple"), [(16, 0.0), (17, 10.0)])
def test_fewer_than_12_other_blocks_cannot_tell_what_stands_out(blocks, multiple):
    assert standing_out(in_blocks([1.0] * 8 + [10.0] + [1.0] * (blocks - 9)))[0] == pytest.approx(multiple)
