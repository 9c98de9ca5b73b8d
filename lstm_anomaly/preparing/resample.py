"""Which rows of a frame make one row of the series, and what values it gets."""

from typing import Literal

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray

Aggregate = Literal["first", "mean", "last", "max"]


def group_equal(position: IntArray) -> tuple[IntArray, IntArray]:
    """Group rows of equal position; they are sorted by it.

    Returns for each row its group (n,), and for each group its first row (groups,).
    """
    is_first = np.ones(len(position), bool)
    is_first[1:] = np.diff(position) > 0
    return np.cumsum(is_first) - 1, np.flatnonzero(is_first)


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


def differs_from_first(values: FloatArray, group: IntArray, first: IntArray) -> BoolArray:
    """Rows (n,) whose values (n, F) are not those of their group's first row; missing equals missing."""
    if len(first) == len(values):
        return np.zeros(len(values), bool)
    leader = values[first][group]
    same = (values == leader) | (np.isnan(values) & np.isnan(leader))
    return np.asarray(~same.all(axis=1))
