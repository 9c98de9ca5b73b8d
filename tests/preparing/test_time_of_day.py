"""The time of day as an input: where rows follow it, what is usual at noon is a fault at three at night."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.base.container import load_arrays, save_arrays
from lstm_anomaly.base.errors import InputError, ModelFileError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.decision.events import EventRules
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import Judge, Judgement, judge
from lstm_anomaly.output.terminal.summary import training_lines
from lstm_anomaly.preparing.time_of_day import clock_rows, share_told_by_clock, thinned

A_DAY = 144  # rows ten minutes apart


def times(count):
    return np.datetime64("2024-03-01T00:00", "ns") + np.arange(count) * np.timedelta64(10, "m")


def daily(count, seed=0):
    """Two sensors that follow the time of day, with noise."""
    turn = 2 * np.pi * np.arange(count) / A_DAY
    noise = 0.1 * np.random.default_rng(seed).normal(size=(count, 2))
    return np.column_stack([np.sin(turn), np.cos(2 * turn)]) + noise


def daily_series(values):
    return replace(series_of(values), times=times(len(values)), step=np.timedelta64(10, "m"))


def daily_model(values, *, kind="linear", timed=True):
    series = daily_series(values)
    return small_model(values, series if timed else replace(series, times=None), kind=kind)


@pytest.fixture(scope="module")
def model():
    """Learned from seven days, of which five are fitted to."""
    return daily_model(daily(7 * A_DAY))


def test_the_clock_goes_round_once_a_day():
    hours = np.array(["2024-03-01T00:00", "2024-03-01T06:00", "2024-07-09T12:00"], "datetime64[m]")
    expected = np.sqrt(2) * np.array([[0, 1, 0], [1, 0, -1]])
    np.testing.assert_allclose(clock_rows(hours), expected, atol=1e-6)


def test_what_a_daily_curve_explains_is_measured_on_held_out_rows():
    rows, stamps = daily(6 * A_DAY).T.astype(np.float32), times(6 * A_DAY)
    split = ((0, 4 * A_DAY),), ((4 * A_DAY, 6 * A_DAY),)
    assert 0.95 < share_told_by_clock(rows, stamps, *split) < 1
    noise = np.random.default_rng(0).normal(size=rows.shape).astype(np.float32)
    assert abs(share_told_by_clock(noise, stamps, *split)) < 0.05
    turned = rows.copy()
    turned[:, 4 * A_DAY :] *= -1  # the cycle did not last
    assert share_told_by_clock(turned, stamps, *split) < -1


def test_two_days_are_too_few_to_tell_a_daily_cycle():
    rows, stamps = daily(3 * A_DAY).T.astype(np.float32), times(3 * A_DAY)
    assert share_told_by_clock(rows, stamps, ((0, 2 * A_DAY),), ((2 * A_DAY, 3 * A_DAY),)) == 0


def test_rows_that_follow_the_time_of_day_are_judged_by_it(model):
    """Midday's readings at midnight are known only by the clock to be wrong."""
    assert model.clock
    assert any(line.startswith("clock ") for line in training_lines(model, "x", 1.0, []))
    values = daily(3 * A_DAY, seed=1)
    values[A_DAY : A_DAY + 48] = daily(3 * A_DAY, seed=2)[A_DAY + 72 : A_DAY + 120]
    scores = judge(model, daily_series(values)).scores
    assert np.nanmax(scores[A_DAY + 10 : A_DAY + 48]) > 2 * np.nanmax(scores[:A_DAY])
    blind = daily_model(daily(7 * A_DAY), timed=False)
    assert not blind.clock
    unseen = judge(blind, replace(daily_series(values), times=None)).scores
    assert np.nanmax(scores[A_DAY + 10 : A_DAY + 48]) > 1.5 * np.nanmax(unseen[A_DAY + 10 : A_DAY + 48])


def test_rows_without_a_daily_cycle_have_no_clock():
    walk = np.cumsum(np.random.default_rng(0).normal(size=(7 * A_DAY, 2)), axis=0)
    assert not daily_model(walk).clock


@pytest.mark.parametrize("kind", ["lstm", "linear"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_clock_goes_on_from_piece_to_piece(kind, size):
    model = daily_model(daily(6 * A_DAY), kind=kind)
    assert model.clock
    new = daily_series(daily(120, seed=3))
    judge_ = Judge(model)
    parts = [judge_.push(new.values[k : k + size], new.times[k : k + size]) for k in range(0, 120, size)]
    pieces = Judgement.joined([*parts, judge_.finish()], 2)
    np.testing.assert_array_equal(pieces.scores, judge(model, new).scores)


def test_rows_without_times_are_refused_by_a_model_with_a_clock(model):
    with pytest.raises(InputError, match="no time stamps"):
        judge(model, replace(daily_series(daily(50)), times=None))


def test_an_input_without_times_is_named_when_it_is_refused(model):
    values = daily(50)
    lines = np.arange(2, 52)
    frame = SensorFrame(values, model.sensors, lines, np.zeros(50, np.int64), ("pump.csv",))
    for refuse in (lambda: detect(model, frame), lambda: Watcher(model, EventRules()).push(frame)):
        with pytest.raises(InputError, match=r"^pump\.csv: the rows have no time stamps"):
            refuse()


def test_a_model_file_keeps_the_clock_and_refuses_a_senseless_one(model, tmp_path):
    new = daily_series(daily(60, seed=4))
    write_model(model, tmp_path / "m")
    np.testing.assert_array_equal(judge(read_model(tmp_path / "m"), new).scores, judge(model, new).scores)
    header, arrays = load_arrays(tmp_path / "m")
    for wrong in ({"clock": 1}, {"clock": False}, {"step_seconds": None}):
        save_arrays(tmp_path / "wrong", header | wrong, arrays)
        with pytest.raises(ModelFileError):
            read_model(tmp_path / "wrong")


def test_a_daily_curve_is_fitted_to_three_days_or_more():
    rows, stamps = daily(6 * A_DAY).T.astype(np.float32), times(6 * A_DAY)
    held_out = ((5 * A_DAY, 6 * A_DAY),)
    assert share_told_by_clock(rows, stamps, ((0, 3 * A_DAY + 1),), held_out) > 0.9
    assert share_told_by_clock(rows, stamps, ((0, 3 * A_DAY),), held_out) == 0.0  # ten minutes less


@pytest.mark.parametrize(("times_a_day", "explained"), [(1, 1), (2, 1), (3, 1), (4, 0)])
def test_a_daily_curve_may_go_up_and_down_three_times_a_day(times_a_day, explained):
    wave = np.sin(2 * np.pi * times_a_day * np.arange(6 * A_DAY) / A_DAY)[np.newaxis].astype(np.float32)
    share = share_told_by_clock(wave, times(6 * A_DAY), ((0, 4 * A_DAY),), ((4 * A_DAY, 6 * A_DAY),))
    assert share == pytest.approx(explained, abs=1e-6)


@pytest.mark.parametrize(("rows", "read"), [(20_000, 20_000), (20_001, 10_001), (40_001, 13_334)])
def test_a_daily_curve_is_fitted_to_at_most_20_000_rows_evenly_spread(rows, read):
    assert len(thinned(np.arange(rows))) == read


@pytest.mark.parametrize(("share", "clock"), [(0.2, True), (0.199, False)])
def test_a_fifth_of_the_variance_is_enough_for_a_clock(share, clock, monkeypatch):
    monkeypatch.setattr("lstm_anomaly.training.train.share_told_by_clock", lambda *_: share)
    assert small_model(daily(100), kind="linear").clock == clock
