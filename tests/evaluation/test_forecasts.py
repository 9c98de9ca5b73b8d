"""Backtests of forecasts: figures of a series whose answer a reader can work out."""

import numpy as np
import pytest
from small_models import series_of

from lstm_anomaly.decision.intervals import ErrorPaths
from lstm_anomaly.evaluation.forecasts import backtest, step_ranges
from lstm_anomaly.model.horizon import Horizon
from lstm_anomaly.network.horizon.direct import METHODS, DirectForecaster


def repeating_the_last_value(steps=2, look_back=4):
    """A horizon of one sensor that only knows `last`, with errors of -1 to 1 at every step."""
    ridge = np.zeros((steps, look_back + 1), np.float32)  # says no change, too
    blend = np.array([[float(name == "last") for name in METHODS]])
    direct = DirectForecaster(look_back, steps, 0, 0, np.zeros(1), np.full(1, 2.0), None, ridge, blend)
    errors = np.repeat(np.linspace(-1, 1, 21), steps).reshape(21, 1, steps)
    usual = (
        0.5 * np.arange(1.0, steps + 1)[np.newaxis]
    )  # as much as a ramp below is missed by: no more of late
    paths = ErrorPaths(errors.astype(np.float32), usual, 0.0, 100)
    figures = np.ones((2, 1))
    names = direct.methods
    chosen = np.array([METHODS.index("last")])
    return Horizon(direct, chosen, dict.fromkeys(names, figures), dict.fromkeys(names, paths))


def test_the_parts_of_a_horizon():
    assert step_ranges(96) == [(1, 1), (2, 24), (25, 48), (49, 96), (1, 96)]
    assert step_ranges(1) == [(1, 1)]


def test_a_ramp_is_missed_by_one_step_more_each_step():
    values = np.arange(30.0)[:, np.newaxis]  # rises by 1 a row, half a training spread
    found = backtest(repeating_the_last_value(), series_of(values), [0.8])
    assert found.origins == 25
    first, second, whole = found.results[0].ranges
    assert (first.mae, second.mae, whole.mae) == pytest.approx((0.5, 1.0, 0.75))
    assert (first.mse, second.mse) == pytest.approx((0.25, 1.0))
    assert (first.mase, second.mase) == pytest.approx((1.0, 2.0))  # of the change from row to row
    # 21 errors: rank (21 + 1) * 0.1 = 2, so the ends are 0.9 spreads away, that is 1.8
    assert first.coverage == (1.0,)
    assert second.coverage == (0.0,)
    assert first.pinball == pytest.approx((0.1 * 1.4 + 0.1 * 0.4) / 2)


def test_rows_that_are_not_known_count_for_nothing():
    values = np.arange(30.0)[:, np.newaxis]
    values[20:24] = np.nan
    found = backtest(repeating_the_last_value(), series_of(values), [0.8])
    assert found.results[0].ranges[0].coverage[0] < 1  # the row after the hole is 5 above the last
    assert np.isfinite(found.results[0].ranges[-1].mae)


def test_progress_is_told_for_every_origin():
    told = []
    values = np.arange(8.0)[:, np.newaxis]
    backtest(repeating_the_last_value(), series_of(values), [0.8], lambda *of: told.append(of))
    assert told == [(1, 3), (2, 3), (3, 3)]
