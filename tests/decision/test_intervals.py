"""Intervals from held-out errors: their coverage by simulation, and how far they are certified."""

import numpy as np
import pytest

from lstm_anomaly.decision.intervals import ErrorPaths, knots_of, movement, pinball


def paths(errors, power=0.0, rows=1000):
    return ErrorPaths(np.asarray(errors, np.float32), power, rows)


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
        found = ErrorPaths.of(errors, np.ones((120, 2)), 1000)
        new = rng.standard_t(4, size=(2, 3))
        low, high = found.quantiles((1 - level) / 2, 3), found.quantiles((1 + level) / 2, 3)
        covered.append((low <= new) & (new <= high))
    assert np.mean(covered) == pytest.approx(level, abs=0.04)


def test_errors_that_go_with_movement_are_taken_as_multiples_of_it(rng):
    moved = rng.uniform(0.2, 5, size=(200, 2))
    errors = rng.normal(size=(200, 2, 3)) * moved[:, :, np.newaxis]
    assert ErrorPaths.of(errors, moved, 1000).power == 1
    assert ErrorPaths.of(rng.normal(size=(200, 2, 3)), moved, 1000).power == 0


def test_movement_is_that_of_the_last_quarter():
    x = np.zeros((8, 2), np.float32)
    x[:6, 0] = 9
    x[6:, 1] = [-1, 1]
    np.testing.assert_allclose(movement(x), [0.02, 1.02], rtol=1e-6)


def test_unknown_errors_are_taken_from_known_ones():
    errors = np.array([1.0, np.nan, 3.0, np.nan]).reshape(4, 1, 1)
    found = ErrorPaths.of(errors, np.ones((4, 1)), 10)
    np.testing.assert_array_equal(found.errors[:, 0, 0], [1, 1, 3, 3])


def test_pinball_loss_punishes_the_wrong_side_more():
    np.testing.assert_allclose(pinball(np.array([5.0, 5.0]), np.array([4.0, 6.0]), 0.9), [0.9, 0.1])
