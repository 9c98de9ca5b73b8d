"""How far a latent state lies from the usual ones: against scikit-learn, and against a plain formula."""

import numpy as np
import pytest

from lstm_anomaly.scoring.distance import BLOCKS, PURGE, LatentDistance, ledoit_wolf

FOUR_ROWS = np.array([[1.0, 0, 2], [3, 2, 1], [0, 1, 0], [2, 4, 7]])


def test_the_shrunk_covariance_is_that_of_scikit_learn():
    """sklearn.covariance.LedoitWolf().fit(FOUR_ROWS).covariance_, version 1.9.1."""
    expected = [
        [2.7025660704751737, 0.3253804057661505, 0.3718633208756006],
        [0.3253804057661505, 3.051187933796049, 1.162072877736252],
        [0.3718633208756006, 1.162072877736252, 4.933745995728778],
    ]
    np.testing.assert_allclose(ledoit_wolf(FOUR_ROWS), expected, rtol=1e-12)


def test_states_that_never_move_have_no_covariance():
    np.testing.assert_array_equal(ledoit_wolf(np.ones((5, 2))), np.zeros((2, 2)))
    assert np.isfinite(LatentDistance.fit(np.ones((50, 2))).of_rows(np.zeros((1, 2)))).all()


def test_distance_is_squared_over_the_dimensions_and_a_multiple_of_the_unit():
    """Standard deviations 2 and 1 about (1, 0): the state (3, 1) is one of each away."""
    distance = LatentDistance(np.array([1.0, 0]), np.diag([2.0, 1]), unit=0.5)
    assert distance.of_rows(np.array([[3.0, 1], [1, 0], [5, 0]])).tolist() == [2, 0, 4]


def plain_unit(x):
    """Of states of one dimension: each part against the others, without the rows next to it."""
    inside = np.mean((x - x.mean()) ** 2) / x.var()
    size, squared = len(x) // BLOCKS, []
    for first in range(0, len(x), size):
        others = np.delete(x, slice(max(0, first - PURGE), first + size + PURGE))
        squared.append((x[first : first + size] - others.mean()) ** 2 / others.var())
    outside = np.mean(squared)
    return outside * max(1, outside / inside) ** 2


@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_the_unit_grows_with_the_square_of_the_gap_between_held_out_and_other_rows(rng, slope):
    x = rng.normal(size=300) + slope * np.arange(300)
    fitted = LatentDistance.fit(x[:, np.newaxis])
    assert fitted.unit == pytest.approx(plain_unit(x), rel=1e-6)
    assert (fitted.unit > 3) == (slope > 0)


@pytest.mark.parametrize("rows", [2, 5, 40])
def test_few_states_are_enough(rng, rows):
    distance = LatentDistance.fit(rng.normal(size=(rows, 6)))
    assert np.isfinite(distance.of_rows(rng.normal(size=(3, 6)))).all()


@pytest.mark.parametrize("hidden", [1, 8, 32, 300])
def test_a_states_distance_is_bit_identical_alone_and_among_others(rng, hidden):
    states = rng.normal(size=(70, hidden))
    distance = LatentDistance.fit(states)
    whole = distance.of_rows(states)
    for size in (1, 7):
        pieces = [distance.of_rows(states[k : k + size]) for k in range(0, 70, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole)
