"""Rows that stand out in training are left out; on clean data none are, and calibration rows never."""

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.preparing.windows import Split, rows_in
from lstm_anomaly.training.doubts import doubts, unlike_span
from lstm_anomaly.training.trim import trim

WINDOW = 8
SPLIT = Split(fit=((0, 2000),), validation=((2000, 2300),), calibration=((2300, 3000),))


def waves(rows=3000, seed=0):
    """Three sensors that follow one wave, scaled, (3, rows)."""
    rng, t = np.random.default_rng(seed), np.arange(rows)
    return (np.sin(t / 20 + np.arange(3)[:, np.newaxis]) + 0.1 * rng.normal(size=(3, rows))).astype(
        np.float32
    )


def test_nothing_stands_out_in_clean_data():
    for seed in range(3):
        found = trim(waves(seed=seed), SPLIT, WINDOW, 0.01)
        assert (found.rows, found.standing, found.split) == (0, 0.0, SPLIT)


def test_a_fault_in_the_rows_to_fit_to_is_left_out_and_little_else():
    rows = waves()
    rows[1, 700:712] += 4
    found = trim(rows, SPLIT, WINDOW, 0.01)
    (before, after) = found.split.fit
    assert before == (0, pytest.approx(700, abs=3))
    assert after == (pytest.approx(712, abs=3), 2000)
    assert 8 <= found.rows <= 18
    assert found.split.validation == SPLIT.validation


def test_a_fault_in_the_validation_rows_is_left_out_too():
    rows = waves()
    rows[0, 2100:2110] -= 5
    assert len(trim(rows, SPLIT, WINDOW, 0.01).split.validation) == 2


def test_a_fault_in_the_calibration_rows_stays():
    rows = waves()
    rows[1, 2500:2510] += 5
    assert trim(rows, SPLIT, WINDOW, 0.01).split == SPLIT


def test_the_same_fault_many_times_is_not_learned_as_normal():
    rows = waves()
    for start in (300, 350, 1500):
        rows[1, start : start + 8] += 4
    assert trim(rows, SPLIT, WINDOW, 0.02).rows >= 18


def test_no_more_is_left_out_than_may_be_the_worst_first():
    rows = waves()
    rows[1, 700:704] += 3
    rows[2, 1200:1204] += 7
    found = trim(rows, SPLIT, WINDOW, 0.003)  # 6 of 2,300 rows
    assert 0 < found.rows <= 6
    assert all(not a <= row < b for a, b in found.split.fit for row in range(1200, 1204))
    assert any(a <= 698 and b >= 706 for a, b in found.split.fit)
    assert found.standing > 0.003


@pytest.mark.parametrize("most", [0.0, 1.0])
def test_a_share_of_0_leaves_nothing_out_and_any_share_leaves_rows_to_fit(most):
    rows = waves()
    rows[1, 700:720] += 4
    found = trim(rows, SPLIT, WINDOW, most)
    assert (found.rows > 0) == (most > 0)
    assert rows_in(found.split.fit) > 1900


def test_too_few_windows_are_not_trimmed():
    few = Split(fit=((0, 60),), validation=((60, 80),), calibration=((80, 100),))
    rows = waves(100)
    rows[1, 30:34] += 9
    assert trim(rows, few, WINDOW, 0.1).rows == 0


def test_a_model_is_the_same_as_if_the_fault_had_been_a_hole():
    values = waves(1500).T.astype(np.float64)
    values[400:406, 1] += 5
    model = small_model(values, kind="linear")
    assert model.summary.trimmed_rows == 12  # six, and those whose expectation reads these 24 rows later
    assert small_model(values, kind="linear", trim=0.0).summary.trimmed_rows == 0
    ignored = series_of(values)
    assert model.summary.fit_rows + model.summary.trimmed_rows >= 0.74 * len(ignored)


class TestDoubts:
    USUAL = np.ones(100)

    def test_good_data_has_none(self):
        assert doubts(0.005, 0.01, self.USUAL, self.USUAL, 0.1) == ()
        assert doubts(0.2, 0.0, self.USUAL, self.USUAL, 0.1) == ()  # nobody asked what stands out
        assert doubts(0.0, 0.01, self.USUAL, np.full(5, np.nan), 0.0) == ()
        assert doubts(0.0, 0.01, np.full(5, np.nan), self.USUAL, 0.0) == ()

    def test_much_that_stands_out_is_one(self):
        (told,) = doubts(0.04, 0.01, self.USUAL, self.USUAL, 0.0)
        assert told.startswith("4 % of its windows stand out")

    def test_a_last_part_unlike_the_rest_is_one(self):
        (told,) = doubts(0.0, 0.01, self.USUAL, 1.01 * self.USUAL, 0.0)
        assert told.startswith("its last 100 rows are unlike the rest: half of them depart further")
        few = np.where(np.arange(100) < 49, 9.0, 1.0)
        assert doubts(0.0, 0.01, self.USUAL, few, 0.0) == ()

    def test_rows_that_could_not_be_used_are_one(self):
        (told,) = doubts(0.0, 0.01, self.USUAL, self.USUAL, 0.71)
        assert told == "71 % of its rows could not be used"


class TestBoundsOfDoubts:
    """Just within what is normal, and just beyond."""

    USUAL = np.ones(100)

    @pytest.mark.parametrize(("standing", "count"), [(0.03, 0), (0.031, 1)])
    def test_three_times_the_share_to_trim_may_stand_out(self, standing, count):
        assert len(doubts(standing, 0.01, self.USUAL, self.USUAL, 0.0)) == count

    @pytest.mark.parametrize(("left_out", "count"), [(0.5, 0), (0.51, 1)])
    def test_half_of_the_rows_may_be_left_out(self, left_out, count):
        assert len(doubts(0.0, 0.01, self.USUAL, self.USUAL, left_out)) == count

    @pytest.mark.parametrize(("median", "count"), [(98.9, 0), (99.1, 1)])
    def test_half_of_the_last_rows_may_be_where_1_percent_were(self, median, count):
        assert len(doubts(0.0, 0.01, np.arange(101.0), np.full(5, median), 0.0)) == count

    @pytest.mark.parametrize(
        ("times", "rows", "count"), [(3.9, 20, 0), (4.0, 19, 0), (4.0, 20, 1), (9.0, 20, 1)]
    )
    def test_a_span_of_2_percent_with_4_times_the_others_limit_is_one(self, times, rows, count):
        assert len(unlike_span(times, ("a", "b"), rows, 1000)) == count
