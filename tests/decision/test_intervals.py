"""Intervals from held-out errors: their coverage by simulation, and how far they are certified."""

import numpy as np
import pytest

from lstm_anomaly.decision.intervals import (
    ErrorPaths,
    HeldOut,
    knots_of,
    movement,
    pinball,
    recent_factor,
    recent_origins,
    recent_spacing,
)


def paths(errors, power=0.0, rows=1000):
    errors = np.asarray(errors, np.float32)
    return ErrorPaths(errors, np.ones(errors.shape[1:], np.float32), power, rows)


def measured(errors, moved=1.0, spacing=100):
    """Errors (P, F, K) of all K steps, from rows of a spacing at which none is recent when the next comes."""
    moved = np.broadcast_to(moved, errors.shape[:2])
    return ErrorPaths.of(errors, moved, HeldOut(spacing * np.arange(len(errors)), 1000, errors.shape[2], 1))


def test_all_steps_of_a_short_horizon_are_knots():
    np.testing.assert_array_equal(knots_of(5), [1, 2, 3, 4, 5])


def test_a_long_horizon_has_its_first_and_last_step_and_few_between():
    knots = knots_of(1000)
    assert (knots[0], knots[-1]) == (1, 1000)
    assert len(knots) <= 24


def test_the_nine_errors_of_a_method_bound_80_percent():
    found = paths(np.arange(1, 10).reshape(9, 1, 1))  # rank (9 + 1) * 0.1 = 1 from either end
    assert found.quantiles(0.1, 1) == 1
    assert found.quantiles(0.9, 1) == 9
    assert found.quantiles(0.5, 1) == 5


def test_errors_between_knots_are_interpolated():
    steps = 50
    knots = knots_of(steps)
    found = paths(np.tile(knots, (3, 1, 1)))
    np.testing.assert_allclose(found.paths(steps)[0, 0], np.arange(1, 51), rtol=1e-6)


@pytest.mark.parametrize(("level", "certified"), [(0.8, 100), (0.95, 23), (0.99, 4)])
def test_900_held_out_rows_certify_as_many_steps(level, certified):
    assert paths(np.zeros((3, 1, 1)), rows=900).certified_steps(level, 100) == certified


def test_no_step_is_certified_that_is_not_forecast():
    assert paths(np.zeros((3, 1, 1)), rows=900).certified_steps(0.8, 24) == 24


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_intervals_cover_what_they_say_in_simulations(level, rng):
    covered = []
    for _ in range(200):
        errors = rng.standard_t(4, size=(120, 2, 3))
        found = measured(errors)
        new = rng.standard_t(4, size=(2, 3))
        low, high = found.quantiles((1 - level) / 2, 3), found.quantiles((1 + level) / 2, 3)
        covered.append((low <= new) & (new <= high))
    assert np.mean(covered) == pytest.approx(level, abs=0.04)


def test_errors_that_go_with_movement_are_taken_as_multiples_of_it(rng):
    moved = rng.uniform(0.2, 5, size=(200, 2))
    errors = rng.normal(size=(200, 2, 3)) * moved[:, :, np.newaxis]
    assert measured(errors, moved).power == 1
    assert measured(rng.normal(size=(200, 2, 3)), moved).power == 0


def test_forecasts_that_tell_of_now_are_12_from_within_three_horizons():
    np.testing.assert_array_equal(recent_origins(1000, recent_spacing(100, 0))[[0, 1, -1]], [975, 950, 700])
    np.testing.assert_array_equal(recent_origins(20, recent_spacing(1, 0))[[0, -1]], [19, 8])


@pytest.mark.parametrize(
    ("steps", "period", "apart"), [(96, 24, 24), (48, 24, 24), (720, 24, 192), (12, 24, 3)]
)
def test_forecasts_that_tell_of_now_are_periods_apart_where_that_is_near(steps, period, apart):
    assert recent_spacing(steps, period) == apart


def test_held_out_forecasts_that_are_recent_for_others_are_as_far_apart():
    found = HeldOut(np.arange(0, 40, 4), 50, 32, 8).recent()  # rows 0, 4, ... 36; 12 of 8 rows is all before
    np.testing.assert_array_equal(np.flatnonzero(found[9]), [1, 3, 5, 7])  # 36 less 8, 16, 24, 32
    rare = HeldOut(np.arange(0, 400, 40), 400, 8, 8).recent()  # no nearer than 40 rows: within 96
    np.testing.assert_array_equal(np.flatnonzero(rare[9]), [7, 8])


def test_the_recent_factor_is_drawn_to_1_by_ten_usual_errors():
    relative = np.full((5, 1, 1), 3.0)  # of one step, 5 have come
    np.testing.assert_allclose(recent_factor(relative), (5 * 3 + 12 * (5 * 3 + 10) / 15) / (5 + 12))
    np.testing.assert_array_equal(recent_factor(np.full((2, 1, 1), np.nan)), [[1]])
    np.testing.assert_allclose(recent_factor(np.full((12, 1, 24), 1e9)), 5)  # and no more


def test_the_recent_factor_of_a_step_is_between_its_own_and_the_sensors():
    relative = np.tile([1.0, 3.0], (12, 1, 1))  # 2 on average, 1.7 with the ten usual ones
    of_sensor = (12 * 1 + 12 * 3 + 10) / 34
    np.testing.assert_allclose(recent_factor(relative), [[(1 + of_sensor) / 2, (3 + of_sensor) / 2]])
    relative[:, :, 1] = np.nan  # of a step that has not come the sensor's alone
    assert recent_factor(relative)[0, 1] == pytest.approx(1)


def test_errors_are_taken_as_multiples_of_those_of_late(rng):
    size = np.where(np.arange(400) < 200, 1.0, 4.0)[:, np.newaxis, np.newaxis]
    found = measured(rng.normal(size=(400, 1, 6)) * size, spacing=1)
    later = np.abs(found.errors[240:]).mean() / np.abs(found.errors[:200]).mean()
    assert 0.7 < later < 1.5  # not 4


def test_an_error_counts_only_when_its_reading_has_come():
    errors = np.ones((8, 1, 6))
    errors[0, 0, 3] = 50.0  # forecast from row 0 for its 4th step, so known from row 4 on
    factors = errors[:, 0, 0] / measured(errors, spacing=1).errors[:, 0, 0]
    assert factors[3] == pytest.approx(1)
    assert factors[4] > 1.2


def test_half_of_a_quantile_is_by_the_errors_of_all_sensors():
    errors = np.ones((9, 3, 1))
    errors[:, 0, 0] = np.arange(1, 10)  # of size 5, and at most 9
    errors[:, 1:, 0] = 2 * np.arange(6, 15)[:, np.newaxis]  # of size 20, and at most 28: 1.4 sizes
    np.testing.assert_allclose(paths(errors).quantiles(0.9, 1)[:, 0], [(9 + 1.4 * 5) / 2, 28, 28])


def test_a_sensor_that_is_never_off_has_no_interval():
    errors = np.zeros((9, 2, 1))
    errors[:, 1, 0] = np.arange(1, 10)
    np.testing.assert_array_equal(paths(errors).quantiles(0.9, 1)[:, 0], [0, 9])


def test_movement_is_that_of_the_last_quarter():
    x = np.zeros((8, 2), np.float32)
    x[:6, 0] = 9
    x[6:, 1] = [-1, 1]
    np.testing.assert_allclose(movement(x), [0.02, 1.02], rtol=1e-6)


def test_unknown_errors_are_taken_from_known_ones():
    errors = np.array([1.0, np.nan, 3.0, np.nan]).reshape(4, 1, 1)
    np.testing.assert_array_equal(measured(errors).errors[:, 0, 0], [1, 1, 3, 3])


def test_pinball_loss_punishes_the_wrong_side_more():
    np.testing.assert_allclose(pinball(np.array([5.0, 5.0]), np.array([4.0, 6.0]), 0.9), [0.9, 0.1])
