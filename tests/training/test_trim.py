"""Rows that stand out in training are left out; on clean data none are, and calibration rows never."""

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.preparing.windows import Split, rows_in
from lstm_anomaly.training import trim as trimming
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


class TestBoundsOfTrimming:
    """Windows of 30 rows whose errors are given, as multiples of what is usual."""

    @pytest.fixture
    def trimmed(self, monkeypatch):
        def with_multiples(multiples, most=1.0):
            monkeypatch.setattr(trimming, "_held_out_multiples", lambda *_: np.asarray(multiples))
            rows = len(multiples) + 30 - 1
            split = Split(fit=((0, rows),), validation=(), calibration=())
            return trim(np.zeros((1, rows), np.float32), split, 30, most)

        return with_multiples

    @pytest.mark.parametrize(("multiple", "standing"), [(9.99, 0), (10.01, 1)])
    def test_ten_times_the_usual_error_stands_out(self, trimmed, multiple, standing):
        assert trimmed([multiple] * 40 + [1.0] * 960).standing == standing * 0.04

    @pytest.mark.parametrize(("multiple", "standing"), [(11.99, 0), (12.01, 1)])
    def test_it_is_three_times_what_95_percent_keep_where_that_is_more(self, trimmed, multiple, standing):
        assert trimmed([multiple] * 10 + [4.0] * 41 + [1.0] * 949).standing == standing * 0.01
        assert trimmed([multiple] * 10 + [4.0] * 39 + [1.0] * 951).standing == 0.01  # 95 % keep 1

    def test_rows_are_left_out_that_lie_in_two_thirds_of_such_windows(self, trimmed):
        """30 windows in turn stand out: rows 19 to 39 behind the first begin lie in 20 of them or more."""
        found = trimmed([1.0] * 500 + [20.0] * 30 + [1.0] * 970)
        assert found.split.fit == ((0, 519), (540, 1529))

    @pytest.mark.parametrize(("windows", "standing"), [(99, 0.0), (100, 0.01)])
    def test_five_parts_of_20_windows_are_needed(self, trimmed, windows, standing):
        assert trimmed([20.0] + [1.0] * (windows - 1)).standing == standing

    def test_a_part_is_judged_by_1000_to_2000_windows_of_four_others(self, monkeypatch):
        fitted = []

        class Spy(LinearAutoencoder):
            @classmethod
            def fit(cls, rows, starts, window):
                fitted.append(len(starts))
                return LinearAutoencoder.fit(rows, starts, window)

        monkeypatch.setattr(trimming, "LinearAutoencoder", Spy)
        rows = np.zeros((1, 2500), np.float32)
        trim(rows, Split(fit=((0, 2499),), validation=(), calibration=()), 1, 0.01)
        assert fitted == [1999, 1999, 1999, 1999, 1000]  # 2,000 others are twice 1,000


class TestBoundsOfFaults:
    """What looks like a fault is given; one sensor, 1,000 rows."""

    ROWS, TARGETS = np.zeros((1, 1000), np.float32), np.array([True])

    @pytest.fixture
    def found(self, monkeypatch):
        def with_faults(fault):
            monkeypatch.setattr(trimming, "looks_like_fault", fault)
            rng = np.random.default_rng(0)
            return int(trimming.fault_rows(self.ROWS, self.TARGETS, ((0, 1000),), rng).sum())

        return with_faults

    @pytest.mark.parametrize(("count", "left_out"), [(100, 100), (101, 0)])
    def test_of_more_than_a_tenth_of_the_rows_none_is_a_fault(self, found, count, left_out):
        assert found(lambda errors, *_: np.arange(len(errors)) < count - (1000 - len(errors))) == left_out

    def test_faults_behind_faults_are_looked_for_ten_times(self, found):
        assert found(lambda errors, *_: np.arange(len(errors)) == 0) == 10

    def test_very_many_rows_are_looked_at_in_pieces_of_10_million_values(self, monkeypatch):
        pieces = []

        def spy(rows, targets, piece, rng):
            pieces.extend(piece)
            return np.zeros(1500, np.bool_)

        monkeypatch.setattr(trimming, "_faults_of", spy)
        wide = np.broadcast_to(np.float32(0), (2500, 1500))
        trimming.fault_rows(wide, np.ones(2500, np.bool_), ((0, 1500),), np.random.default_rng(0))
        assert pieces == [(0, 1001), (1001, 1500)]
