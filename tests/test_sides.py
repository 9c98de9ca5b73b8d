"""The sub-scores beside the error: flat sensors, and rows where none ever lay."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import series_of, small_model

from lstm_anomaly.calibrating import calibrated
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.judging import judge
from lstm_anomaly.reasons import ERROR, FLAT, UNSEEN
from lstm_anomaly.scoring.extremes import LEAST_BLOCKS, block_maxima, rare_level
from lstm_anomaly.scoring.seen_range import MEMORY, SHARE_OF_RANGE, SeenRange
from lstm_anomaly.scoring.sides import MOST, SideReader, Sides, largest
from lstm_anomaly.scoring.stillness import LENGTHS, MARGIN, Stillness
from lstm_anomaly.settings import LearningSettings

PER_ROW = 1 / 10080  # one a week of minutes
NAN = np.nan


class TestExtremes:
    def test_block_maxima_leave_rows_out_that_fill_no_block(self):
        assert block_maxima(np.array([1.0, 5, 2, 3, 9]), 2).tolist() == [5, 3]

    def test_level_of_an_exponential_tail_is_near_the_true_one(self):
        rng = np.random.default_rng(0)
        levels = [rare_level(rng.exponential(size=1000), 1e-5) for _ in range(50)]
        assert np.log(1e5) <= np.median(levels) <= 1.15 * np.log(1e5)  # a standard error above it

    def test_level_is_never_below_the_highest_seen(self, rng):
        maxima = rng.normal(size=100)
        assert rare_level(maxima, 0.5) == maxima.max()
        assert rare_level(maxima, 1e-3) > maxima.max()

    def test_equal_maxima_have_no_tail(self):
        assert rare_level(np.full(100, 3.0), 1e-9) == 3

    def test_few_blocks_cannot_tell(self, rng):
        assert rare_level(rng.normal(size=LEAST_BLOCKS - 1), 1e-3) == np.inf
        assert np.isfinite(rare_level(rng.normal(size=LEAST_BLOCKS), 1e-3))


def sensors(rows, seed=0):
    """A noisy wave, the same with one digit, a slow drift with few digits, one that rests half the time."""
    rng, t = np.random.default_rng(seed), np.arange(rows)
    noisy = np.sin(t / 50) + 0.1 * rng.normal(size=rows)
    slow = np.round(20 + 5 * np.sin(t / 2000) + 0.02 * rng.normal(size=rows), 1)
    resting = np.where(t // 700 % 2 == 0, 0.0, noisy)
    return np.column_stack([noisy, np.round(noisy, 1), slow, resting])


ROWS = 20_000


@pytest.fixture(scope="module")
def stillness():
    return Stillness.fit(sensors(ROWS), ((0, ROWS),), PER_ROW / 20)


class TestStillness:
    @pytest.fixture
    def rule(self, stillness):
        return stillness

    def test_normal_rows_do_not_read_flat(self, rule):
        for seed in range(3):
            assert rule.multiples(sensors(ROWS, seed), ROWS).max() < 1

    @pytest.mark.parametrize(("sensor", "within"), [(0, 16), (1, 64), (2, 1024)])
    def test_a_stuck_sensor_is_flat_soon_a_slow_one_later(self, rule, sensor, within):
        values = sensors(3000, seed=9)
        values[1000:2600, sensor] = values[1000, sensor]
        multiples = rule.multiples(values, 3000)
        flat = np.flatnonzero(multiples[:, sensor] > 1)
        assert 1000 < flat.min() < 1000 + within + 10
        assert flat.max() < 2700  # the range over 256 rows takes some rows to be usual again
        assert (np.delete(multiples, sensor, axis=1) < 1).all()

    def test_a_sensor_stuck_with_a_little_jitter_is_flat(self, rule, rng):
        values = sensors(2000, seed=9)
        values[1000:1200, 0] = values[1000, 0] + 0.002 * rng.normal(size=200)
        assert (rule.multiples(values, 2000)[1020:1200, 0] > 1).all()

    def test_a_sensor_that_rests_in_training_may_rest(self, rule):
        assert (rule.least[:2, 3] <= rule.resolution[3]).all()
        values = sensors(3000, seed=9)
        values[1400:2100, 3] = 0
        assert rule.multiples(values, 3000)[:, 3].max() < 1

    def test_rows_before_a_whole_length_say_nothing(self, rule):
        assert rule.multiples(np.zeros((LENGTHS[0] - 1, 4)), LENGTHS[0] - 1).max() == 0

    def test_rows_known_to_be_normal_are_not_nearly_flat_afterwards(self, rule):
        values = sensors(3000, seed=9)
        values[1000:1100, 0] = values[1000, 0] + 1e-3 * np.arange(100)
        assert rule.multiples(values, 3000).max() > 1
        assert rule.lowered(values, ((0, 3000),)).multiples(values, 3000).max() <= 1 / MARGIN + 1e-12
        values[1000:1100, 0] = values[1000, 0]
        assert rule.lowered(values, ((0, 3000),)).least[:2, 0].tolist() == [0, 0]

    def test_readings_beyond_all_bounds_are_not_still(self, rule):
        values = sensors(100, seed=9)
        values[50:90:2, 0], values[51:90:2, 0] = 1e308, -1e308
        assert rule.multiples(values, 100)[60:90, 0].max() == 0

    def test_too_few_rows_make_no_rule(self):
        assert Stillness.fit(sensors(400), ((0, 400),), PER_ROW).reach == 1

    @given(
        seed=st.integers(0, 1000),
        rows=st.integers(1, 150),
        earlier=st.integers(0, 100),
        digits=st.integers(0, 2),
    )
    @settings(max_examples=40)
    def test_multiples_are_those_of_every_row_by_itself(self, seed, rows, earlier, digits):
        rng = np.random.default_rng(seed)
        readings = np.round(np.cumsum(rng.normal(size=(rows + earlier, 2)), axis=0), digits)
        rule = Stillness(
            rng.random((len(LENGTHS), 2)) * (rng.random((len(LENGTHS), 1)) > 0.3), np.array([0.5, 2])
        )
        found = rule.multiples(readings, rows)
        for row in range(rows):
            upto = readings[: earlier + row + 1]
            known = [k for k, length in enumerate(LENGTHS) if length <= len(upto)]
            ranges = [np.ptp(upto[-LENGTHS[k] :], axis=0) for k in known]
            best = [rule.least[k] / np.maximum(r, [0.25, 1]) for k, r in zip(known, ranges, strict=True)]
            assert found[row] == pytest.approx(np.max([[0, 0], *best], axis=0))

    def test_the_ranges_are_of_so_many_rows(self):
        rule = Stillness(np.array([[1.0], [0], [0], [0]]), np.array([1e-3]))
        values = np.arange(40.0)[:, np.newaxis]
        assert rule.multiples(values, 40)[15:, 0] == pytest.approx(1 / 15)
        assert rule.multiples(values, 3)[:, 0] == pytest.approx(1 / 15)


def together(count, seed=0, amplitude=1.0):
    """Two sensors that move together, and one of its own."""
    rng, t = np.random.default_rng(seed), np.arange(count)
    wave = amplitude * np.sin(t / 15)
    return np.column_stack([wave, wave, np.cos(t / 70)]) + 0.05 * rng.normal(size=(count, 3))


@pytest.fixture(scope="module")
def seen_range():
    return SeenRange.fit(together(6000), PER_ROW / 20)


class TestSeenRange:
    @pytest.fixture
    def rule(self, seen_range):
        return seen_range

    def test_normal_rows_are_inside(self, rule):
        for seed in range(5):
            assert rule.multiples(together(6000, seed), 6000).max() < 1

    def test_a_pattern_of_three_times_its_size_is_outside(self, rule):
        multiples = rule.multiples(together(600, 7, amplitude=3), 600)
        assert multiples.max() > 2
        assert multiples[:, :2].max() == multiples.max()  # and the sensors that do so are named

    def test_the_margin_is_a_quarter_of_the_range_where_the_tail_is_short(self, rule):
        np.testing.assert_allclose(rule.margin[:3], SHARE_OF_RANGE * (rule.high - rule.low)[:3], rtol=0.1)

    def test_one_row_far_out_counts_a_fifth(self, rule):
        rows = np.zeros((20, 3))
        rows[10, 2] = rule.high[2] + 3 * rule.margin[2]
        assert rule.multiples(rows, 20)[10 : 10 + MEMORY, 2] == pytest.approx(3 / MEMORY)
        assert rule.multiples(rows, 20)[10 + MEMORY, 2] == 0

    def test_directions_whose_level_moves_on_say_nothing(self):
        rows = together(6000)
        rows[:, 2] += np.linspace(0, 20, 6000)
        rule = SeenRange.fit(rows, PER_ROW)
        assert not (np.abs(rule.directions[:, 2]) > 0.9).any()

    def test_too_few_rows_make_no_rule(self):
        rule = SeenRange.fit(together(1000), PER_ROW)
        assert len(rule.directions) == 0
        assert rule.multiples(9 * together(50), 50).tolist() == np.zeros((50, 3)).tolist()

    def test_rows_known_to_be_normal_are_not_nearly_outside_afterwards(self, rule):
        far = together(600, 7, amplitude=2)
        assert rule.multiples(far, 600).max() > 1
        assert rule.raised(far).multiples(far, 600).max() <= 1 / 1.5 + 1e-12

    def test_one_sensor_alone_has_one_direction(self):
        assert SeenRange.fit(together(6000)[:, :1], PER_ROW).directions.tolist() == [[1]]


class TestLargest:
    def test_a_side_counts_only_above_its_limit_and_above_the_error(self):
        high = np.array([0.2, 0.2, 1.5, 3.0, NAN, 0.2])
        sides = np.zeros((2, 6, 1))
        sides[0, :, 0] = [0.9, 0.0, 2.0, 2.0, 9.0, 99.0]
        sides[1, :, 0] = [0.0, 1.1, 0.0, 0.0, 9.0, 0.0]
        scores, reasons = largest(high, sides)
        assert scores.tolist()[:4] == [0.2, 1.1, 2.0, 3.0]
        assert np.isnan(scores[4])
        assert scores[5] == MOST
        assert reasons.tolist() == [ERROR, UNSEEN, FLAT, ERROR, ERROR, FLAT]


def waves(rows, seed=0):
    rng, t = np.random.default_rng(seed), np.arange(rows)
    clean = np.column_stack([np.sin(t / 20), np.sin(t / 20 + 1), np.cos(t / 33)])
    return clean + 0.05 * rng.normal(size=(rows, 3))


@pytest.fixture(scope="module")
def model():
    return small_model(waves(6000), budget=Budget.parse("1/day"), kind="linear")


class TestSides:
    def test_reader_gives_the_same_in_pieces(self):
        values = sensors(6000)
        sides = Sides.fit(values, values, ((0, 6000),), PER_ROW)
        new = sensors(2000, seed=1)
        new[500:800, 0] = 0
        new[900:950] *= 4
        whole = SideReader(sides).push(new, new)
        assert (whole.max(axis=(1, 2)) > 1).all()
        for size in (1, 7, 333):
            reader = SideReader(sides)
            parts = [reader.push(new[k : k + size], new[k : k + size]) for k in range(0, 2000, size)]
            np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)

    def reasons_of(self, model, values):
        verdicts = judge(model, series_of(values))
        return set(verdicts.reasons[verdicts.scores > 1])

    def test_in_pattern_amplitude_and_stuck_sensor_are_told_apart(self, model):
        values = waves(1200, seed=1)
        assert self.reasons_of(model, values) == set()
        tripled, stuck = values.copy(), values.copy()
        tripled[600:700] *= 3
        stuck[600:700, 2] = stuck[600, 2]
        assert UNSEEN in self.reasons_of(model, tripled)
        assert FLAT in self.reasons_of(model, stuck)

    def test_no_calibration_row_is_anomalous_but_by_its_error(self):
        values = waves(6000)
        values[5000:5100, 2] = values[5000, 2]
        values[5500:5560] *= 2.5
        model = small_model(values, budget=Budget.parse("1/day"), kind="linear")
        verdicts = judge(model, series_of(values))
        assert set(verdicts.reasons[4500:]) == {ERROR}

    def test_calibrating_again_widens_the_rules_where_normal_rows_call_for_it(self, model):
        values = waves(3000, seed=2)
        values[1000:1100, 2] = values[1000, 2]
        assert FLAT in self.reasons_of(model, values)
        again = calibrated(model, series_of(values), LearningSettings())
        assert self.reasons_of(again, values) <= {ERROR}
