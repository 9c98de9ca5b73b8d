"""How well rows are forecast without an LSTM: by linear regression on the principal components of windows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.types import BoolArray, FloatArray, Segments

Array = NDArray[Any]

MOST_ROWS = 5000  # that the regression is fitted to; more change little


def held_out_forecast_error(
    linear: LinearAutoencoder, rows: Array, targets: BoolArray, fit: Segments, held_out: Segments
) -> float:
    """Mean squared error with which the next row's targets are forecast on held-out rows of (F, M).

    The change to the next row is regressed on the codes of the window that ends with a row (principal
    component regression). NaN when no held-out window has a row after it.
    """
    codes, changes = _pairs(linear, rows, targets, fit)
    every = max(1, len(codes) // MOST_ROWS)
    weights = np.linalg.lstsq(codes[::every], changes[::every], rcond=None)[0]  # (k + 1, F_t)
    codes, changes = _pairs(linear, rows, targets, held_out)
    return float(((changes - codes @ weights) ** 2).mean()) if len(codes) else float("nan")


def _pairs(
    linear: LinearAutoencoder, rows: Array, targets: BoolArray, segments: Segments
) -> tuple[FloatArray, FloatArray]:
    """Codes of all windows that a row follows, with a 1, (W, k + 1), and the change to that row, (W, F_t)."""
    T = linear.window
    long = [(a, b) for a, b in segments if b - a > T]
    codes = [linear.codes(rows[:, a : b - 1]) for a, b in long]
    changes = [np.diff(rows[targets, a + T - 1 : b], axis=1).T for a, b in long]
    if not long:
        return np.zeros((0, len(linear.components) + 1)), np.zeros((0, int(targets.sum())))
    stacked = np.concatenate(codes).astype(np.float64)
    return np.column_stack([stacked, np.ones(len(stacked))]), np.concatenate(changes).astype(np.float64)
