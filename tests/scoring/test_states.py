"""Operating states: ways of running become states, each with rows, by one seed the same, cut or whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstm_anomaly.scoring import states
from lstm_anomaly.scoring.states import (
    MOST_STATES,
    ROWS_A_STATE,
    OperatingStates,
    state_features,
    with_first_rows,
)

RESTING, RUNNING = np.array([0.0, 0.0, 0.0, 0.0]), np.array([8.0, -8.0, 0.0, 0.0])


def two_ways(rows, seed=0):
    """Features (rows, 4) of a plant that rests for 100 rows and runs for 100, in turn; which it does."""
    running = np.arange(rows) // 100 % 2 == 1
    centres = np.where(running[:, np.newaxis], RUNNING, RESTING)
    return centres + 0.2 * np.random.default_rng(seed).normal(size=(rows, 4)), running


def fitted(features, seed=0):
    return OperatingStates.fit(features, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_two_ways_of_running_become_two_states(seed):
    features, running = two_ways(1000)
    found = fitted(features, seed)
    order = found.centres[:, 0].argsort()
    np.testing.assert_allclose(found.centres[order], [RESTING, RUNNING], atol=0.05)
    assert found.rows.tolist() == [500, 500]
    assert (found.of_rows(features)[0] == order[running.astype(int)]).all()


@pytest.mark.parametrize(
    ("rows", "states"), [(30, 1), (400, 1), (999, 1), (1000, 2), (1499, 2), (1500, 3), (8500, 16)]
)
def test_there_is_at_most_one_state_for_500_rows_and_16_in_all(rows, states):
    assert (ROWS_A_STATE, MOST_STATES) == (500, 16)
    features = np.random.default_rng(0).normal(size=(rows, 4))
    assert len(fitted(features).centres) == states


def test_a_single_state_is_the_mean_of_the_rows():
    features, _ = two_ways(600)
    np.testing.assert_allclose(fitted(features).centres, features.mean(axis=0, keepdims=True))


def test_rows_that_are_all_alike_are_one_state():
    found = fitted(np.ones((2000, 4)))
    assert found.centres.tolist() == [[1.0] * 4]
    assert found.rows.tolist() == [2000]


@given(
    arrays(np.float64, (16, 2), elements=st.sampled_from([-5.0, 0.0, 0.25, 1.0, 9.0])),
    st.integers(0, 1000),
)
def test_every_state_has_rows_and_every_row_has_its_nearest_state(block, seed):
    features = np.tile(block, (80, 1))  # 1280 rows
    found = fitted(features, seed)
    state, distance = found.of_rows(features)
    assert (found.rows > 0).all()
    np.testing.assert_array_equal(np.bincount(state, minlength=len(found.rows)), found.rows)
    naive = np.linalg.norm(features[:, np.newaxis] - found.centres, axis=2)
    np.testing.assert_allclose(distance, naive.min(axis=1), atol=1e-12)


def test_one_seed_gives_the_same_states_and_another_may_not():
    features = np.random.default_rng(0).normal(size=(4000, 4))
    first, again, other = fitted(features, 1), fitted(features, 1), fitted(features, 2)
    np.testing.assert_array_equal(first.centres, again.centres)
    assert not np.array_equal(first.centres, other.centres)


def test_features_are_readings_and_their_change_over_three_rows():
    rows = np.array([[1.0], [2.0], [4.0], [8.0], [16.0]])
    assert state_features(rows).tolist() == [[8.0, 7.0], [16.0, 14.0]]


def test_the_first_row_of_a_stretch_has_not_changed():
    rows = np.array([[1.0], [2.0], [4.0], [8.0]])
    features = state_features(with_first_rows(rows))
    assert features.tolist() == [[1.0, 0.0], [2.0, 1.0], [4.0, 3.0], [8.0, 7.0]]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_states_and_distances_are_the_same_bits_however_rows_are_cut(size, order):
    """In the layout that judging makes, too: there sensors stand after each other."""
    rows = np.random.default_rng(0).normal(size=(1203, 29))
    found = fitted(state_features(rows))
    features = state_features(np.asarray(rows, order=order))
    whole = found.of_rows(features)
    parts = [
        found.of_rows(state_features(np.asarray(rows[k : k + size + 3], order=order)))
        for k in range(0, 1200, size)
    ]
    for k in range(2):
        np.testing.assert_array_equal(np.concatenate([part[k] for part in parts]), whole[k])


@pytest.mark.parametrize(("rows", "states"), [(5000, 2), (5002, 1)])
def test_centres_are_found_from_5000_evenly_spread_rows_at_most(rows, states):
    """Two values in turn: of more than 5,000 rows every second one is taken, and all of those are alike."""
    assert len(fitted(np.tile([[0.0], [8.0]], (rows // 2, 1))).centres) == states


def test_centres_are_moved_at_most_30_times(monkeypatch):
    """16 states of readings that are spread evenly go on drifting for much longer."""
    rounds = []
    nearest = states._nearest

    def counted(features, centres):
        rounds.append(len(features))
        return nearest(features, centres)

    monkeypatch.setattr(states, "_nearest", counted)
    fitted(np.linspace(0, 1, 8000)[:, np.newaxis])
    assert rounds == [4000] * 30 + [8000]  # every other row, then all rows, to count those of each state
