"""What a forecast must beat: the last value, the last period or week, and the mean of the last periods."""

import numpy as np

from lstm_anomaly.base.types import Array, FloatArray, IntArray

MOST_PERIODS = 14  # whose mean is a forecast: two weeks of days
DAYS_A_WEEK = 7
LONGEST_PERIOD = 2016  # rows: a week of five minutes
LEAST_CORRELATION = 0.1  # of changes with those a period before
NEARBY = 1.25  # times the shortest: peaks that are the same one under noise
BLOCKS = (1, 4, 16, 48)  # rows whose means are looked at, one width after the other
LEAST_BLOCKS = 50
AS_GOOD = 0.9  # a shorter period is taken if it correlates so nearly as well
AS_LIKELY = 0.7  # the same for a day


def last_value(x: Array, steps: int) -> Array:
    """No change: zeros (S, B) for look-backs x (L, B) less their last values."""
    return np.zeros((steps, x.shape[1]), x.dtype)


def last_period(x: Array, steps: int, period: int) -> Array:
    """The last period over and over, (S, B)."""
    last: Array = x[len(x) - period + np.arange(steps) % period]
    return last


def last_week(x: Array, steps: int, week: int, day: int) -> Array:
    """The last week over and over, moved by as much as the last day differs from a week before it, (S, B).

    Not beyond the lowest and highest row of the look-back: what rests at 0 at night does so in better weeks.
    """
    before = len(x) - week
    level = x[-day:].mean(axis=0) - x[before - day : before].mean(axis=0)  # (B,)
    moved: Array = np.clip(last_period(x, steps, week) + level, x.min(axis=0), x.max(axis=0))
    return moved


def mean_period(x: Array, steps: int, period: int) -> Array:
    """The mean of the last periods, up to 14 of them, over and over: (S, B)."""
    count = min(MOST_PERIODS, len(x) // period)
    mean = x[len(x) - count * period :].reshape(count, period, -1).mean(axis=0)  # (p, B)
    repeated: Array = mean[np.arange(steps) % period]
    return repeated


def find_period(rows: FloatArray, longest: int, likely: int = 0) -> int:
    """The period of rows (F, M) in rows, by the autocorrelation of their changes; 0 when there is none.

    The shortest lag at which the mean correlation has a peak nearly as high as the highest. Where changes
    from row to row are noise, those of means of more and more rows are looked at, and the period is found as
    near as those can tell. The `likely` one, a day for instance, is taken before others that are not much
    better.
    """
    longest = min(longest, LONGEST_PERIOD)
    for width in BLOCKS:
        count = rows.shape[1] // width
        if longest // width < 3 or count < LEAST_BLOCKS:
            break
        blocks = rows[:, rows.shape[1] - count * width :].reshape(len(rows), count, width).mean(axis=2)
        if found := width * _lag(blocks, longest // width, likely / width):
            return likely if abs(found - likely) <= width and width > 1 else found
    return 0


def _lag(rows: FloatArray, longest: int, likely: float) -> int:
    changes = np.diff(rows, axis=1)
    changes = changes[changes.std(axis=1) > 0]
    if not len(changes):
        return 0
    changes = np.clip(changes / changes.std(axis=1, keepdims=True), -5, 5)  # jumps are no period
    correlation = np.mean([_autocorrelation(each, longest + 1) for each in changes], axis=0)  # (longest + 2,)
    peaks = _peaks(correlation)
    least = max(LEAST_CORRELATION, 4 / np.sqrt(rows.shape[1]))  # chance alone hardly reaches it
    best = float(correlation[peaks].max(initial=0.0))
    if best < least:
        return 0
    good = peaks[correlation[peaks] >= AS_GOOD * best]
    near = peaks[(np.abs(peaks - likely) < 1 + 1e-9) & (correlation[peaks] >= AS_LIKELY * best)]
    first = near if len(near) else good[good <= NEARBY * good[0]]
    return int(first[correlation[first].argmax()])


def _peaks(correlation: FloatArray) -> IntArray:
    """Lags from 2 on that correlate better than their neighbours."""
    inner = correlation[2:-1]
    return 2 + np.flatnonzero((inner > correlation[1:-2]) & (inner >= correlation[3:]))


def _autocorrelation(changes: FloatArray, longest: int) -> FloatArray:
    """Autocorrelation of changes (M,) for lags 0 .. longest."""
    centred = changes - changes.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    found = np.fft.irfft(power, size)[: longest + 1]
    return np.asarray(found / max(float(found[0]), 1e-300))
