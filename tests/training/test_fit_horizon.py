"""Fitting a horizon: what it learns, what it refuses, and that nothing of it sees what came later."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import numpy as np
import pytest
from small_models import series_of

from lstm_anomaly.base.errors import NotEnoughDataError, SettingsError
from lstm_anomaly.model.horizon import expect
from lstm_anomaly.model.past_errors import RecentErrors
from lstm_anomaly.network.horizon.direct import METHODS
from lstm_anomaly.preparing.grid import even_grid
from lstm_anomaly.preparing.windows import cut
from lstm_anomaly.training import fit_horizon as fitting
from lstm_anomaly.training.fit_horizon import fit_horizon, horizon_rows
from lstm_anomaly.training.settings import LearningSettings


@pytest.fixture(autouse=True)
def tiny():
    """An LSTM of 4 units that gets 30 updates: these tests are not about how well it learns."""
    with patch.multiple(fitting, UPDATES=30, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        yield


def waves(rows, sensors=2, noise=0.1):
    """Waves of 24 rows whose height changes slowly, with noise; (rows, sensors)."""
    t = np.arange(rows)[:, np.newaxis]
    wave = np.sin(2 * np.pi * t / 24 + np.arange(sensors)) * (2 + np.sin(t / 200))
    return wave + noise * np.random.default_rng(0).normal(size=(rows, sensors))


def fitted(values, horizon=12, **settings):
    series = series_of(values)
    return fit_horizon(series, LearningSettings(horizon=horizon, **settings), np.ones(values.shape[1], bool))


def expected(horizon, values, at=None, method=None):
    grid = even_grid(series_of(values))
    return expect(horizon, grid, len(grid) if at is None else at, horizon.methods_of(method))


@pytest.fixture(scope="module")
def horizon():
    with patch.multiple(fitting, UPDATES=30, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        return fitted(waves(900))


def test_the_period_of_the_rows_is_found(horizon):
    assert horizon.direct.period == 24
    assert set(horizon.direct.methods) == set(METHODS) - {"weekly", "level"}  # rows are minutes


@pytest.mark.parametrize(
    ("about", "period", "rows"),
    [
        (48, 24, 48),
        (50, 24, 48),
        (22.4, 24, 24),
        (57, 288, 48),
        (288, 1440, 288),
        (7.9, 0, 7),
        (4, 23, 4),
        (0.5, 0, 1),
    ],
)
def test_segments_are_periods_or_parts_of_one(about, period, rows):
    assert fitting._segment(about, period) == rows


def test_held_out_origins_divide_the_rows_between_recent_ones():
    found = fitting._held_out(np.arange(8640, 11425), 96, 24)  # 2,785 rows: at least 12 apart
    np.testing.assert_array_equal(found.at[-3:], [11400, 11412, 11424])
    assert (len(found.at), found.apart) == (233, 24)
    assert np.diff(fitting._held_out(np.arange(5000), 12, 0).at).max() == 21  # 3 rows would be too many


def test_days_of_hours_have_a_week_to_repeat():
    hours = replace(series_of(waves(900)), step=np.timedelta64(3600, "s").astype("timedelta64[ns]"))
    times = np.datetime64("2024-03-01T00:00", "ns") + np.arange(900) * np.timedelta64(1, "h")
    series = replace(hours, times=times)
    with patch.object(fitting, "LEAST_LOOK_BACK", 200):
        found = fit_horizon(series, LearningSettings(horizon=12, kind="linear"), np.ones(2, bool))
    assert found.direct.week == 168
    grid = even_grid(series)
    weekly, level = (
        expect(found, grid, len(grid), found.methods_of(name)).values for name in ("weekly", "level")
    )
    np.testing.assert_allclose(weekly, grid.values[:, -168:-156], atol=1e-5)
    moved = grid.values[0, -24:].mean() - grid.values[0, -192:-168].mean()
    np.testing.assert_allclose(level[0], weekly[0] + moved, atol=1e-5)


def test_what_is_chosen_is_no_worse_than_seasonal_naive_on_held_out_rows(horizon):
    for sensor, method in enumerate(horizon.methods_of(None)):
        assert horizon.errors[method][0, sensor] <= 1.02 * horizon.errors["seasonal"][0, sensor]
    assert not horizon.worse_than_naive().any()


def test_a_sensor_that_is_forecast_worse_than_by_seasonal_naive_is_known(horizon):
    used = np.stack([horizon.errors[name][:, f] for f, name in enumerate(horizon.methods_of(None))], axis=1)
    other = replace(horizon, errors={**horizon.errors, "seasonal": used * [[0.97, 0.99]]})
    np.testing.assert_array_equal(other.worse_than_naive(), [True, False])


def test_one_method_serves_all_sensors(horizon):
    errors = {
        "ridge": np.array([[1.0, 1.0, 4.0], [1.0, 1.0, 16.0]]),
        "last": np.array([[1.5, 1.5, 1.0], [2.25, 2.25, 1.0]]),  # better for one of three
    }
    np.testing.assert_array_equal(fitting._chosen(errors), np.full(3, METHODS.index("ridge")))


def test_a_forecast_follows_the_wave(horizon):
    values = waves(1200)
    found = expected(horizon, values[:1000])
    assert np.abs(found.values.T - values[1000:1012]).max() < 0.8  # of waves between -3 and 3


def test_a_row_changed_after_the_origin_changes_nothing(horizon):
    values = waves(1000)
    wild = values.copy()
    wild[800:] = 1e6
    for method in horizon.direct.methods:
        found, other = (expected(horizon, each, 800, method) for each in (values, wild))
        np.testing.assert_array_equal(found.values, other.values)
        np.testing.assert_array_equal(found.quantile(0.9), other.quantile(0.9))


def test_held_out_rows_change_nothing_that_is_fitted():
    values = waves(900)
    wild = values.copy()
    wild[700:] *= 3
    one, other = (fitted(each, kind="linear") for each in (values, wild))
    np.testing.assert_array_equal(one.direct.ridge, other.direct.ridge)
    np.testing.assert_array_equal(one.direct.scale, other.direct.scale)


def test_the_same_seed_gives_the_same_bytes():
    one, same, other = (fitted(waves(400), seed=seed) for seed in (1, 1, 2))
    for name, weights in one.direct.lstm.items():
        assert weights.tobytes() == same.direct.lstm[name].tobytes()
    assert one.direct.lstm["output.W"].tobytes() != other.direct.lstm["output.W"].tobytes()


def test_intervals_cover_about_what_they_say_on_new_rows(horizon):
    values = waves(3000)
    inside = []
    for at in range(1000, 2900, 17):
        low, high = expected(horizon, values, at).interval(0.8)
        inside.append((values[at : at + 12] >= low.T) & (values[at : at + 12] <= high.T))
    assert 0.7 < np.mean(inside) < 0.9


def test_intervals_widen_where_forecasts_got_worse_and_narrow_again(horizon):
    values = waves(3000)
    values[1500:1800] += np.random.default_rng(1).normal(size=(300, 2))  # ten times the noise
    widths = []
    for at in (1500, 1800, 3000):
        low, high = expected(horizon, values, at).interval(0.8)
        widths.append((high - low).mean())
    assert widths[1] > 2 * widths[0]
    assert widths[2] < 1.5 * widths[0]


def test_without_enough_rows_before_intervals_are_those_of_held_out_rows(horizon):
    values = waves(1000)
    first = horizon.direct.look_back
    assert np.isfinite(expected(horizon, values, first).interval(0.8)).all()
    recent = RecentErrors(horizon.direct, horizon.paths, even_grid(series_of(values)))
    np.testing.assert_array_equal(recent.factor("ridge", first), np.ones((2, 12)))
    assert (recent.factor("ridge", 500) != 1).all()


@pytest.mark.parametrize("sensors", [1, 40])
def test_one_sensor_or_forty(sensors):
    values = waves(300, sensors)
    found = expected(fitted(values), values)
    assert found.values.shape == (sensors, 12)
    assert np.isfinite(found.values).all()


def test_a_linear_model_has_no_lstm():
    found = fitted(waves(300), kind="linear")
    assert found.direct.lstm is None
    assert set(found.errors) == {"blend", "ridge", "seasonal", "average", "last"}


def test_a_horizon_longer_than_the_data_is_refused_with_what_it_needs():
    with pytest.raises(NotEnoughDataError, match="400 rows is learned from at least 1,605 rows, and there"):
        fitted(waves(900), horizon=400)


def test_as_many_rows_as_the_message_says_are_enough():
    assert fitted(waves(1605), horizon=400, kind="linear").steps == 400


def test_a_day_is_the_default_where_a_fifth_of_the_rows_hold_one():
    hours = series_of(np.zeros((200, 1)))
    hours = replace(hours, step=np.timedelta64(3600, "s").astype("timedelta64[ns]"))
    assert horizon_rows(hours, None) == 24
    assert horizon_rows(hours, timedelta(hours=6)) == 6
    assert horizon_rows(hours, 7) == 7
    assert horizon_rows(series_of(np.zeros((200, 1))), None) == 0  # minutes


def test_a_length_of_time_needs_rows_with_times():
    series = replace(series_of(np.zeros((200, 1))), times=None, step=None)
    assert horizon_rows(series, None) == 0
    with pytest.raises(SettingsError, match="no time stamps"):
        horizon_rows(series, timedelta(hours=1))


def test_a_horizon_of_0_is_none():
    assert fitted(waves(300), horizon=0) is None


def test_gaps_and_missing_readings_are_no_obstacle():
    values = waves(900)
    values[100:110] = np.nan
    values[400:460, 1] = np.nan
    found = fitted(values)
    assert all(np.isfinite(errors).all() for errors in found.errors.values())
    assert np.isfinite(expected(found, values).values).all()


def test_rows_to_be_ignored_are_not_learned_from():
    values = waves(600)
    wild = values.copy()
    wild[200:220] = 500
    series = series_of(wild)
    series = replace(series, segments=(*cut(series.segments, 0, 200), *cut(series.segments, 220, 600)))
    found = fit_horizon(series, LearningSettings(horizon=12, kind="linear"), np.ones(2, bool))
    assert found.direct.scale.max() < 3


def test_a_sensor_that_stands_still_is_forecast_to_stand_still():
    values = np.column_stack([waves(500, 1), np.full(500, 7.0)])
    series = series_of(values)
    found = fit_horizon(series, LearningSettings(horizon=12), np.array([True, False]))
    np.testing.assert_allclose(expected(found, values, method="last").values[1], 7)
    np.testing.assert_allclose(expected(found, values).values[1], 7, atol=0.1)
