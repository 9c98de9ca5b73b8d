"""The time of day as an input of the networks: a daily cycle is longer than any window that they see.

A reading that is usual at noon may be a fault at three in the morning. Two rows tell the networks where in
the day they are,

    sqrt(2) sin(2 pi d), sqrt(2) cos(2 pi d),    d the part of the day that has passed,

which are as large as a scaled sensor and meet at midnight. They are no sensors: nothing restores or
forecasts them, and they have no error. Where rows do not follow the time of day a network would only
overfit to it. So it is used only where a daily curve, fitted to the fit rows, explains held-out rows.
"""

import numpy as np

from lstm_anomaly.base.types import Float32Array, FloatArray, IntArray, Segments, TimeArray

CLOCK_ROWS = 2
LEAST_SHARE = 0.2  # of the variance of held-out rows that a daily curve must explain
LEAST_DAYS = 3.0  # that the fit rows must span
MOST_ROWS = 20_000  # of each part, evenly spread, that the curve is fitted to and tried on
HARMONICS = 3  # of the daily curve: a peak in the morning and one in the evening fit in
_DAY = 86_400 * 10**9  # ns


def clock_rows(times: TimeArray) -> Float32Array:
    """The two rows for UTC times (n,), (2, n)."""
    turn = 2 * np.pi * _part_of_day(times)  # (n,)
    return np.asarray(np.sqrt(2) * np.stack([np.sin(turn), np.cos(turn)]), dtype=np.float32)


def share_told_by_clock(rows: Float32Array, times: TimeArray, fit: Segments, held_out: Segments) -> float:
    """How much of the variance of held-out rows a daily curve of the fit rows explains, at most 1.

    rows (F, M) scaled; times (M,). Below 0 where the curve is worse than the mean of the fit rows. 0 where
    the fit rows span less than `LEAST_DAYS`.
    """
    if (times[fit[-1][1] - 1] - times[fit[0][0]]) / np.timedelta64(_DAY, "ns") < LEAST_DAYS:
        return 0.0
    inside, outside = (
        thinned(np.concatenate([np.arange(a, b) for a, b in part])) for part in (fit, held_out)
    )
    curve, *_ = np.linalg.lstsq(harmonics(times[inside]), rows[:, inside].T.astype(np.float64), rcond=None)
    seen = rows[:, outside].T.astype(np.float64)  # (n, F)
    left = seen - harmonics(times[outside]) @ curve
    spread = seen - rows[:, inside].mean(axis=1)
    return 1.0 - float(np.square(left).sum()) / max(float(np.square(spread).sum()), 1e-12)


def thinned(rows: IntArray) -> IntArray:
    """At most `MOST_ROWS` of these rows (n,), evenly spread."""
    return rows[:: -(-len(rows) // MOST_ROWS)]


def harmonics(times: TimeArray) -> FloatArray:
    """Basis functions of daily curves, (n, 1 + 2 HARMONICS)."""
    turn = 2 * np.pi * _part_of_day(times)[:, np.newaxis] * np.arange(1, HARMONICS + 1)  # (n, HARMONICS)
    return np.column_stack([np.ones(len(times)), np.sin(turn), np.cos(turn)])


def _part_of_day(times: TimeArray) -> FloatArray:
    return np.asarray(times.astype("datetime64[ns]").astype(np.int64) % _DAY / _DAY)
