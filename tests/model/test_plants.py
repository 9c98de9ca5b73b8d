"""Small plants with a nightly job or an on/off pump: small breaks of relations are found."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.decision.holding import Holder
from lstm_anomaly.model.judge import Judge, Judgement, judge
from lstm_anomaly.scoring.reasons import RELATED, WORDS

FAULT = slice(700, 800)


def pump(rows, seed, every=240):
    """Four sensors that follow one flow, which is 6 more for a quarter of each `every` rows; (rows, 4)."""
    rng, t = np.random.default_rng(seed), np.arange(rows)
    drift = np.convolve(rng.normal(size=rows + 49), np.full(50, 1 / 25), "valid")
    flow = 10 + 3 * np.sin(t / 60) + drift + 6.0 * (t % every < every // 4)
    clean = np.column_stack([flow, 3 * flow + 20, 50 - flow, 0.5 * flow])
    return clean + rng.normal(size=(rows, 4)) * [0.2, 0.5, 0.2, 0.1]


def left_by_others(values, sensor):
    """Standard deviation of what the other sensors leave of one, by plain least squares."""
    others = np.column_stack([np.delete(values, sensor, axis=1), np.ones(len(values))])
    weights = np.linalg.lstsq(others, values[:, sensor], rcond=None)[0]
    return float(np.std(values[:, sensor] - others @ weights))


@pytest.fixture(scope="module", params=[240, 100], ids=["a nightly job", "a pump on and off"])
def plant(request):
    """Training rows, a model of them, and other rows of the same plant."""
    training = pump(2400, 0, request.param)
    model = small_model(training, kind="linear", window=None)
    return training, model, pump(1600, 1, request.param)


def test_a_normal_day_is_quiet(plant):
    _, model, new = plant
    assert np.nanmax(judge(model, series_of(new)).scores) <= 1


@pytest.mark.parametrize("sensor", range(4))
def test_an_offset_of_8_deviations_of_what_others_leave_is_found(plant, sensor):
    training, model, new = plant
    faulty = new.copy()
    faulty[FAULT, sensor] += 8 * left_by_others(training, sensor)
    found = judge(model, series_of(faulty))
    above = np.flatnonzero(found.scores > 1)
    assert (found.scores[FAULT] > 1).all()
    assert above[0] == FAULT.start
    assert above[-1] < FAULT.stop + 60
    inside = np.arange(1600)[FAULT]
    words = [WORDS[reason] for reason in found.reasons[inside]]
    assert words.count("does not fit the other sensors") > 60
    assert (found.errors[inside].argmax(axis=1) == sensor).all()


def test_the_expected_reading_is_what_the_other_sensors_say(plant):
    """It does not follow the fault, however long that lasts."""
    training, model, new = plant
    faulty = new.copy()
    faulty[FAULT, 1] += 8 * left_by_others(training, 1)
    expected = judge(model, series_of(faulty)).expected[FAULT, 1]
    assert np.abs(expected - new[FAULT, 1]).max() < 4 * left_by_others(training, 1)


def test_running_and_resting_have_states_of_their_own(plant):
    training, model, new = plant
    every = 100 if training[110, 0] > training[90, 0] + 3 else 240
    rows = model.network_rows(new, None).T.astype(np.float64)
    state = model.states.of_rows(np.column_stack([rows[3:], rows[3:] - rows[:-3]]))[0]
    t = np.arange(3, len(new)) % every
    running, resting = state[(t > 5) & (t < every // 4)], state[t > every // 4 + 5]
    assert len(model.states.centres) == 4
    assert np.bincount(running).argmax() != np.bincount(resting).argmax()


def test_two_copies_of_a_sensor_tell_when_one_of_them_goes_astray():
    training, new = (np.repeat(pump(1200, seed)[:, :1], 2, axis=1) for seed in (0, 1))
    model = small_model(training, kind="linear", window=None)
    assert np.nanmax(judge(model, series_of(new)).scores) <= 1
    new[FAULT, 1] += 1.0
    found = judge(model, series_of(new))
    assert (found.scores[FAULT][2:] > 1).all()
    assert (found.reasons[FAULT] == RELATED).mean() > 0.5


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 37])
def test_verdicts_on_many_sensors_are_the_same_bits_in_pieces(size, look_ahead):
    """Thirty sensors in two states: sums of many values, in each layout that pieces make."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(4, 30))
    model = small_model(pump(1000, 0, 100) @ mix + rng.normal(size=(1000, 30)), kind="linear")
    model = replace(model, look_ahead=look_ahead)
    new = pump(160, 1, 100) @ mix + rng.normal(size=(160, 30))
    new[80:90, 3] += 60
    whole, judge_ = judge(model, series_of(new)), Judge(model)
    parts = [judge_.push(new[k : k + size]) for k in range(0, 160, size)]
    pieces = Judgement.joined([*parts, judge_.finish()], 30)
    assert len(model.states.centres) == 2
    for name in ("scores", "errors", "expected", "reasons"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize("rows", [9, 12, 40])
def test_the_first_rows_after_a_gap_raise_no_alarm(rows):
    """Lags reach back from before the stretch: what they would read is not made up."""
    rng, t = np.random.default_rng(0), np.arange(1200)[:, np.newaxis]
    values = np.sin(t / 20 + np.arange(3)) + 0.02 * rng.normal(size=(1200, 3))
    model = small_model(values, kind="linear", window=8)
    for start in range(0, 1000, 50):
        scores = judge(model, series_of(values[start : start + rows])).scores
        assert np.nanmax(scores) <= 1


@pytest.mark.parametrize("size", [1, 5, 40])
def test_rows_that_are_not_judged_hold_no_score_of_later_ones(size, monkeypatch):
    """What begins an anomaly that lasts is never a row that ends no window: calibration has none of these."""
    seen = []

    class Spy(Holder):
        def push(self, scores):
            seen.append(scores)
            return super().push(scores)

    monkeypatch.setattr("lstm_anomaly.model.segment.Holder", Spy)
    judge_ = Judge(small_model(pump(1200, 0), kind="linear", window=8))
    for k in range(0, 40, size):
        judge_.push(pump(40, 1)[k : k + size])
    np.testing.assert_array_equal(np.isnan(np.concatenate(seen)), np.arange(40) < 7)
