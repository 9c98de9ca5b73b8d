"""Outside anything seen: far from every operating state a row is anomalous however high the threshold."""

import math

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.model.judge import judge
from lstm_anomaly.scoring.reasons import UNSEEN
from lstm_anomaly.scoring.states import OperatingStates
from lstm_anomaly.scoring.unseen import MEMORY, Unseen, mean_distances
from lstm_anomaly.training.calibrate import calibrated
from lstm_anomaly.training.settings import LearningSettings


def waves(rows, seed=0):
    rng, t = np.random.default_rng(seed), np.arange(rows)[:, np.newaxis]
    return np.sin(t / 20 + np.arange(3)) + 0.1 * rng.normal(size=(rows, 3))


def test_a_distance_of_twice_the_limit_is_anomalous_whatever_the_threshold():
    found = Unseen(limit=3.0)
    distance = np.array([3.0, 6.0, 12.0])
    assert found.multiples(distance, 0.5).tolist() == [1.0, 2.0, 4.0]
    assert found.multiples(distance, 1.6).tolist() == pytest.approx([1 / 1.6, 2 / 1.6, 4 / 1.6])
    assert found.multiples(distance, 1e6).tolist() == [0.5, 1.0, 2.0]


def test_the_limit_is_half_above_the_largest_distance_of_training():
    distance = np.ones(600)
    assert Unseen.fit(distance).limit == pytest.approx(1.5)


def test_where_blocks_differ_the_limit_is_that_of_all_components():
    distance = np.repeat(np.exp([0.0, 0.5, 0.0, 0.5]), 25)
    assert Unseen.fit(distance).limit == pytest.approx(math.exp(0.25 + 4 * math.sqrt(0.25 / 3)))


def test_rows_without_any_distance_still_give_a_limit_above_zero():
    assert 0 < Unseen.fit(np.zeros(400)).limit < 1e-6


def test_the_limit_is_widened_by_normal_rows_and_never_lowered():
    found = Unseen(limit=3.0)
    assert found.widened(np.array([1.0, 4.0])).limit == 6.0
    assert found.widened(np.array([1.0])).limit == 3.0
    assert found.widened(np.zeros(0)).limit == 3.0


def test_a_wholly_different_state_is_found_after_training_on_few_rows():
    """A flow of 120 to 128 was learned on 400 rows; one of 32 comes."""
    rng, t = np.random.default_rng(0), np.arange(400)
    flow = 124 + 3 * np.sin(t / 15) + rng.normal(size=400)
    pump = 50 + 0.5 * (flow - 124) + 0.3 * rng.normal(size=400)
    model = small_model(np.column_stack([flow, pump]).clip([120, 0], [128, 99]), kind="linear")
    new = np.column_stack([flow, pump])[:200].clip([120, 0], [128, 99])
    new[120:160, 0] = 32.0
    found = judge(model, series_of(new))
    assert (found.scores[120:160] > 1).all()
    assert (found.scores[model.window - 1 : 120] <= 1).all()


def test_a_state_never_seen_is_found_when_no_error_is_anomalous():
    """With a threshold that no error reaches, only the distance can be what is found."""
    model = small_model(waves(700), kind="linear", threshold_method="fixed", threshold_level=1e6)
    values = waves(200, seed=1)
    values[100:] += 9.0
    found = judge(model, series_of(values))
    above = np.flatnonzero(found.scores > 1)
    assert above[0] in range(100, 100 + MEMORY)
    assert (found.reasons[above] == UNSEEN).all()
    assert (found.scores[110:] > 1).all()


def test_rows_of_a_new_state_that_are_said_to_be_normal_are_normal():
    """Twice the limit is anomalous whatever the threshold, so that calibrating has to raise the limit."""
    model, values = small_model(waves(700), kind="linear"), series_of(waves(500, seed=1) + 9.0)
    assert np.nanmax(judge(model, values).scores) > 1
    again = calibrated(model, values, LearningSettings())
    assert np.nanmax(judge(again, values).scores) <= 1


def test_a_distance_is_the_mean_over_five_rows():
    """One state at 0. A 3 in row 10 is far by reading and change, and by change three rows later."""
    rows = np.zeros((20, 1))
    rows[10] = 3.0
    far = mean_distances(OperatingStates(np.zeros((1, 2)), np.array([1])), rows)
    both = math.sqrt(18)
    expected = [*[both] * 3, *[both + 3] * 2, *[3.0] * 3]
    np.testing.assert_allclose(far, np.array([0.0] * 10 + expected + [0.0] * 2) / 5)
