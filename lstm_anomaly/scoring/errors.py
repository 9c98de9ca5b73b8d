"""From what a sensor showed and what the network expected to one anomaly score a row."""

import numpy as np

from lstm_anomaly.types import Float32Array, FloatArray

_UNIT_FLOOR = 1e-3  # of the median sensor: a sensor reconstructed to the last bit must not rule the score


def error_unit(squared_errors: FloatArray) -> FloatArray:
    """Each sensor's own mean squared reconstruction error on normal rows, (F,), from errors (M, F).

    Floored at a thousandth of the median sensor's, and above zero.
    """
    own = squared_errors.mean(axis=0)  # (F,)
    floor = max(_UNIT_FLOOR * float(np.median(own)), 1e-8)
    return np.asarray(np.maximum(own, floor))


def sensor_errors(scaled: Float32Array, expected: Float32Array, unit: FloatArray) -> FloatArray:
    """Squared reconstruction error of each sensor as a multiple of its usual one, (M, F).

    `scaled` and `expected` are (M, F) on the network's scale, `unit` is (F,) of `error_unit`. A
    value of 1 is usual, whatever the sensor's scale and however well it can be reconstructed, so
    that a sensor that is hard to predict does not drown the others.
    """
    residual = scaled.astype(np.float64) - expected  # (M, F)
    return residual**2 / unit


def row_score(errors: FloatArray) -> FloatArray:
    """One raw anomaly score a row, (M,): the root of the sensors' mean normalised squared error.

    About 1 on rows like those of training; the threshold decides how much is too much.
    """
    return np.asarray(np.sqrt(errors.mean(axis=1)))
