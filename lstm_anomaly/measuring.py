"""What fitted networks are worth on training rows: their usual errors and shares, and the kind of model."""

import numpy as np

from lstm_anomaly.fitting import Fitted
from lstm_anomaly.network.linear_forecast import held_out_forecast_error
from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.planning import joined
from lstm_anomaly.scoring.bias import Bias
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.statistics import Usual, errors_by_view, shares_of, signed_errors
from lstm_anomaly.scoring.view import View
from lstm_anomaly.types import BoolArray, Float32Array, FloatArray
from lstm_anomaly.windows import Split, cut, window_starts

MOST_MEASURED_ROWS = 20_000  # of the fitted rows, the last so many tell what is usual


def read_training_rows(networks: Networks, scaled: Float32Array, split: Split) -> tuple[Readings, BoolArray]:
    """What the networks say of the last fitted rows and the validation rows; which of them were fitted."""
    end_of_fit, end = split.fit[-1][1], split.validation[-1][1]
    first = max(split.fit[0][0], end_of_fit - MOST_MEASURED_ROWS)
    last = min(end, end_of_fit + MOST_MEASURED_ROWS)
    parts, is_fitted = [], []
    for a, b in joined((*cut(split.fit, first, end_of_fit), *cut(split.validation, end_of_fit, last))):
        parts.append(NetworkReader(networks).push(scaled[:, a:b]))
        is_fitted.append(np.arange(a, b) < end_of_fit)
    return Readings.joined(parts), np.concatenate(is_fitted)


def usual_of(networks: Networks, readings: Readings, fitted: BoolArray, kind: str) -> Usual:
    """What is usual for the networks, from their readings of training rows, some of them `fitted` (M,)."""
    held_out = np.nanmean(readings.errors[:, ~fitted] ** 2, axis=(1, 2))  # (S,)
    left_out = np.array([kind == "pure" and name == "linear" for name in networks.names])  # (S,)
    shares = shares_of(networks.names, np.where(left_out, np.inf, held_out))
    return Usual(
        networks=networks.names,
        errors=View.fit(errors_by_view(networks.names, shares, readings.errors), fitted),
        shares=shares,
        level=View.fit(readings.level, fitted),
        bias=Bias.fit(signed_errors(networks.names, readings), fitted),
        peers=Peers.fit(readings.level[0]),
    )


def chosen_kind(readings: Readings, held_out: BoolArray) -> tuple[str, str]:
    """`lstm`, or `linear` where the LSTM forecasts held-out rows no better than that nothing changes; why."""
    changes = np.diff(readings.level[0], axis=0)[held_out[1:]]  # (n, F_t)
    nothing, forecast = np.nanmean(changes**2), np.nanmean(readings.errors[0][held_out] ** 2)
    better = 1.0 - float(forecast) / max(float(nothing), 1e-12)
    if better > 0:
        return "lstm", f"on held-out rows its forecast is {better:.0%} better than that nothing changes"
    return "linear", "the LSTM forecast held-out rows no better than that nothing changes"


def held_out_errors(
    fitted: Fitted, scaled: Float32Array, targets: BoolArray, split: Split, near: FloatArray
) -> dict[str, float]:
    """Mean squared errors on the validation rows of the LSTMs and of their linear counterparts, by task.

    A window is restored from as many numbers by either; the next row is forecast from the rows before it.
    """
    linear, starts = fitted.networks.linear, window_starts(split.validation, fitted.networks.window)
    found = {
        "forecast_linear": held_out_forecast_error(linear, scaled, targets, split.fit, split.validation),
        "window_linear": float(linear.errors(scaled, starts, fitted.code_size).mean()),
    }
    if fitted.reports:
        found["forecast_lstm"] = float(np.nanmean(near[0] ** 2))
        found["window_lstm"] = min(report.validation_loss for report in fitted.reports)
    return {name: value for name, value in sorted(found.items()) if np.isfinite(value)}
