"""What values a row of the series gets that is made of several rows of the input."""

from typing import Literal

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray

Aggregate = Literal["first", "mean", "last", "max"]


def aggregate(values: FloatArray, group: IntArray, first: IntArray, how: Aggregate) -> FloatArray:
    """One row of values (groups, F) for each group of rows (n, F).

    `first` takes a group's first row as it is; `mean`, `last` and `max` are over a sensor's readings, and
    NaN where it has none.
    """
    if len(first) == len(values):
        return values
    if how == "first":
        return values[first]
    known = ~np.isnan(values)
    if how == "max":
        highest: FloatArray = np.fmax.reduceat(values, first, axis=0)
        return highest
    if how == "last":
        rows = np.where(known, np.arange(len(values))[:, np.newaxis], -1)
        last = np.maximum.reduceat(rows, first, axis=0)  # (groups, F)
        found = np.take_along_axis(values, np.maximum(last, 0), axis=0)
        return np.where(last >= 0, found, np.nan)
    counts = np.add.reduceat(known, first, axis=0, dtype=np.int64)
    sums = np.add.reduceat(np.where(known, values, 0.0), first, axis=0)  # in row order: no cut changes a bit
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
