"""Means and sums over the last rows: short memories see short events, long ones weak events that last.

Every row's mean is added up from the same values in the same order however the rows were cut.
"""

import numpy as np

from lstm_anomaly.base.types import FloatArray


def trailing_sum(x: FloatArray, length: int, last: int) -> FloatArray:
    """For each of the `last` rows the sum of x (n, ...) over the `length` rows that end with it; (last, ...).

    Rows before the first count as zero. Rows before the last `last` are only looked back on.
    """
    needed = last + length - 1
    sums = np.zeros((needed, *x.shape[1:]))
    given = x[max(0, len(x) - needed) :]
    sums[needed - len(given) :] = given
    total = np.zeros((last, *x.shape[1:]))
    width, behind = 1, 0  # sums over 1, 2, 4, ... rows; those that add up to the length are put together
    while True:
        if length & width:
            total += sums[len(sums) - behind - last : len(sums) - behind]
            behind += width
        if behind == length:
            return total
        sums = sums[width:] + sums[:-width]
        width *= 2


def trailing_mean(x: FloatArray, length: int, last: int) -> FloatArray:
    """The same for the mean over those rows where x is a number; NaN where there is none; (last, ...)."""
    known = np.isfinite(x)
    count = trailing_sum(known.astype(np.float64), length, last)
    total = trailing_sum(np.where(known, x, 0.0), length, last)
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))
