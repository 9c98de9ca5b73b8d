"""What a forecast must beat: the last value, the last period, and the mean of the last periods."""

import numpy as np

from lstm_anomaly.base.types import Array, FloatArray, IntArray

MOST_PERIODS = 14  # whose mean is a forecast: two weeks of days
LONGEST_PERIOD = 2016  # rows: a week of five minutes
LEAST_CORRELATION = 0.1  # of changes with those a period before
AS_GOOD = 0.9  # a shorter period is taken if it correlates so nearly as well


def last_value(x: Array, steps: int) -> Array:
    """No change: zeros (S, B) for look-backs x (L, B) less their last values."""
    return np.zeros((steps, x.shape[1]), x.dtype)


def last_period(x: Array, steps: int, period: int) -> Array:
    """The last period over and over, (S, B)."""
    last: Array = x[len(x) - period + np.arange(steps) % period]
    return last


def mean_period(x: Array, steps: int, period: int) -> Array:
    """The mean of the last periods, up to 14 of them, over and over: (S, B)."""
    count = min(MOST_PERIODS, len(x) // period)
    mean = x[len(x) - count * period :].reshape(count, period, -1).mean(axis=0)  # (p, B)
    repeated: Array = mean[np.arange(steps) % period]
    return repeated


def find_period(rows: FloatArray, longest: int) -> int:
    """The period of rows (F, M) in rows, by the autocorrelation of their changes; 0 when there is none.

    The shortest lag at which the mean correlation has a peak nearly as high as the highest.
    """
    longest = min(longest, LONGEST_PERIOD)
    changes = np.diff(rows, axis=1)
    changes = changes[changes.std(axis=1) > 0]
    if longest < 3 or not len(changes):
        return 0
    changes = np.clip(changes / changes.std(axis=1, keepdims=True), -5, 5)  # jumps are no period
    correlation = np.mean([_autocorrelation(each, longest + 1) for each in changes], axis=0)  # (longest + 2,)
    peaks = _peaks(correlation)
    if not len(peaks) or correlation[peaks].max() < LEAST_CORRELATION:
        return 0
    return int(peaks[correlation[peaks] >= AS_GOOD * correlation[peaks].max()][0])


def _peaks(correlation: FloatArray) -> IntArray:
    """Lags from 2 on that correlate better than their neighbours."""
    inner = correlation[2:-1]
    return 2 + np.flatnonzero((inner > correlation[1:-2]) & (inner >= correlation[3:]))


def _autocorrelation(changes: FloatArray, longest: int) -> FloatArray:
    """Of changes (M,) with themselves, for lags 0 .. longest."""
    centred = changes - changes.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    found = np.fft.irfft(power, size)[: longest + 1]
    return np.asarray(found / max(float(found[0]), 1e-300))
