"""Learning again: the better model is kept, what is lost is said, and old rows can be forgotten."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import little_effort, series_of

from lstm_anomaly.base.errors import InputError, NotEnoughDataError
from lstm_anomaly.model.judge import judge
from lstm_anomaly.training.retrain import (
    Measure,
    SensorLimit,
    _better,
    last_rows,
    retrained,
    settings_of,
)
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

SHIFT = 1.5  # of s1, for good


def plant(rows, seed, shift=0.0):
    """Three sensors that follow one load, with noise; (rows, 3)."""
    rng = np.random.default_rng(seed)
    load = np.sin(np.arange(rows) / 25) + np.cumsum(rng.normal(size=rows)) * 0.01
    values = np.column_stack([20 + load, 4 + load, 90 - 5 * load]) + rng.normal(size=(rows, 3)) * 0.1
    values[:, 1] += shift
    return values


@pytest.fixture(scope="module", params=[0, 1])
def old(request):
    return learn(series_of(plant(3000, request.param)), LearningSettings(kind="linear", seed=request.param))


def seen(model, values, sensor, size):
    """How many of 100 rows of a fault are anomalous."""
    values = values.copy()
    values[500:600, sensor] += size
    return int((judge(model, series_of(values)).scores[500:600] > 1).sum())


def test_after_a_change_for_good_faults_are_seen_as_before(old):
    """Learned from old and new rows, the fault of the size of the change is normal, and is not seen."""
    both = series_of(np.concatenate([plant(3000, 2), plant(3000, 3, SHIFT)]))
    before, after = plant(800, 4), plant(800, 4, SHIFT)
    settings = settings_of(old)
    forgetting = retrained(old, last_rows(both, 3000 * 60 - 1), settings, all_rows=True)
    remembering = retrained(old, both, settings, all_rows=True)
    assert (forgetting.is_new, remembering.is_new) == (True, True)
    for sensor in (0, 1):
        assert seen(forgetting.model, after, sensor, -SHIFT) >= 0.9 * seen(old, before, sensor, -SHIFT) > 80
    assert seen(remembering.model, after, 1, -SHIFT) < 50


def test_on_rows_like_those_it_knows_the_old_model_may_stay(old):
    again = retrained(old, series_of(plant(3000, 0)[:1500]), settings_of(old))
    assert (
        again.model is old
        or again.new.forecast * again.new.restored < again.old.forecast * again.old.restored
    )
    assert again.held_out == pytest.approx(0.25 * again.rows, abs=1)


def test_rows_that_the_old_model_finds_anomalous_are_not_learned(old):
    values = plant(3000, 2)
    values[1000:1100, 1] += 5
    again = retrained(old, series_of(values), settings_of(old))
    assert again.left_out >= 90
    assert again.rows == 3000 - again.left_out
    assert retrained(old, series_of(values), settings_of(old), all_rows=True).left_out == 0


def test_rows_off_are_neither_learned_nor_counted_as_anomalous():
    values = plant(3000, 0)
    for first in range(200, 3000, 400):
        values[first : first + 40] = [0.0, 0.0, 60.0]
    settings = LearningSettings(kind="linear", off=("s0 < 10",))
    model = learn(series_of(values), settings)
    again = retrained(model, series_of(values), settings_of(model))
    assert again.rows + again.left_out == 3000 - 7 * 40


def test_where_all_is_anomalous_it_says_what_to_do(old):
    with pytest.raises(NotEnoughDataError, match="--all-rows"):
        retrained(old, series_of(plant(600, 2, shift=50.0)), settings_of(old))


@pytest.mark.parametrize(
    ("old", "new", "is_new"),
    [
        (Measure(1.0, 1.0, 0, 0), Measure(0.9, 1.0, 0, 0), True),
        (Measure(1.0, 1.0, 0, 0), Measure(1.0, 1.0, 0, 0), False),
        (Measure(1.0, 1.0, 0, 0), Measure(0.5, 0.5, 1, 3), False),
        (Measure(1.0, 1.0, 1, 900), Measure(1.05, 1.05, 2, 12), True),
        (Measure(1.0, 1.0, 1, 900), Measure(2.0, 2.0, 0, 0), False),
    ],
)
def test_the_better_model_flags_no_more_and_errs_less(old, new, is_new):
    assert _better(old, new)[0] is is_new


def test_a_limit_that_more_than_doubles_is_one_that_has():
    assert SensorLimit("s", 1.0, 2.1).has_doubled
    assert not SensorLimit("s", 1.0, 2.0).has_doubled


def test_rows_are_forgotten_by_their_time_stamps():
    series = series_of(np.zeros((100, 1)))
    assert last_rows(series, 600).segments == ((89, 100),)
    with pytest.raises(InputError, match="--forget goes by time stamps"):
        last_rows(replace(series, times=None), 600)


def test_training_of_the_networks_goes_on_from_their_weights():
    with little_effort():
        settings = LearningSettings(kind="lstm", hidden=4, window=8, epochs=1)
        model = learn(series_of(plant(900, 0)), settings)
        cold = learn(series_of(plant(900, 1)), settings_of(model, epochs=1))
        warm = learn(series_of(plant(900, 1)), settings_of(model, epochs=1), start=model.networks)
    assert settings_of(model).hidden == 4
    assert warm.summary.losses[0] < cold.summary.losses[0]
