"""Adam against its textbook form, weight decay, and clipping by the global norm."""

import numpy as np
import pytest

from lstm_anomaly.network.training.optim import adam_step, clip_global_norm, init_adam


def test_first_step_moves_each_weight_a_learning_rate_down_its_gradient():
    params = {"W": np.array([[1.0, 1.0, 1.0]])}
    adam_step(params, {"W": np.array([[0.001, -5.0, 0.0]])}, init_adam(params), 0.1)
    np.testing.assert_allclose(params["W"], [[0.9, 1.1, 1.0]], atol=1e-5)


def test_steps_equal_algorithm_1_of_the_paper():
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=3), rng.normal(size=(5, 3))
    params = {"b": start.copy()}
    state = init_adam(params)
    theta, m, v = start.copy(), np.zeros(3), np.zeros(3)
    for t, g in enumerate(gradients, start=1):
        adam_step(params, {"b": g}, state, 0.01)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(params["b"], theta, rtol=0, atol=1e-12)
    assert state.step == 5


def test_weight_decay_shrinks_matrices_and_spares_biases():
    params = {"W": np.array([[2.0]]), "b": np.array([2.0])}
    zero = {"W": np.zeros((1, 1)), "b": np.zeros(1)}
    adam_step(params, zero, init_adam(params), 0.1, weight_decay=0.5)
    assert params["W"][0, 0] == pytest.approx(2.0 * (1 - 0.1 * 0.5))
    assert params["b"][0] == 2.0


def test_gradients_given_are_not_changed_and_float32_stays_float32():
    params = {"W": np.ones((2, 2), np.float32)}
    gradients = {"W": np.full((2, 2), 3, np.float32)}
    adam_step(params, gradients, init_adam(params), 0.1, weight_decay=0.1)
    np.testing.assert_array_equal(gradients["W"], 3)
    assert params["W"].dtype == np.float32


def test_clipping_keeps_the_direction_and_limits_the_joint_norm():
    gradients = {"W": np.array([[3.0]]), "b": np.array([4.0])}
    assert clip_global_norm(gradients, 1.0) == pytest.approx(5.0)
    np.testing.assert_allclose([gradients["W"][0, 0], gradients["b"][0]], [0.6, 0.8])


def test_gradients_below_the_limit_are_left_alone():
    gradients = {"W": np.array([[3.0, 4.0]])}
    assert clip_global_norm(gradients, 5.0) == pytest.approx(5.0)
    np.testing.assert_array_equal(gradients["W"], [[3.0, 4.0]])
