"""Short holes filled without looking ahead, and the stretches that are left for windows."""

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray

Segments = tuple[tuple[int, int], ...]


def carry_forward(values: FloatArray, starts: IntArray, max_fill: int) -> FloatArray:
    """Values (M, F) with missing cells taken from up to `max_fill` rows before.

    starts: first rows of the stretches (s,); nothing is carried from one stretch into the next. A hole
    longer than `max_fill` is filled for that many rows and then stays missing: how long it will be is not
    known where it begins.
    """
    missing = np.isnan(values)
    if not missing.any() or max_fill == 0:
        return values
    rows = np.arange(len(values))[:, None]  # (M, 1)
    start = np.zeros(len(values), np.int64)
    start[starts] = starts
    start = np.maximum.accumulate(start)[:, None]  # (M, 1) first row of the stretch
    source = np.maximum.accumulate(np.where(missing, -1, rows), axis=0)  # (M, F) last row with a reading
    fill = missing & (source >= start) & (rows - source <= max_fill)
    filled = values.copy()
    filled[fill] = np.take_along_axis(values, np.maximum(source, 0), axis=0)[fill]
    return filled


def finite_runs(values: FloatArray, starts: IntArray) -> Segments:
    """Half-open ranges of rows (M, F) without a missing value, none across the start of a stretch."""
    usable = np.asarray(np.isfinite(values).all(axis=1))
    begins = usable.copy()
    begins[1:] &= ~usable[:-1]
    begins[starts] = usable[starts]
    first = np.flatnonzero(begins)
    unusable = np.flatnonzero(~usable)
    # A run ends at the next unusable row, the next run, or the end, whichever comes first.
    next_run = np.append(first[1:], len(values))
    next_hole = np.append(unusable, len(values))[np.searchsorted(unusable, first)]
    return tuple(zip(first.tolist(), np.minimum(next_run, next_hole).tolist(), strict=True))
