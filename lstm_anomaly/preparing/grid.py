"""A series on even steps, each sensor by itself: what a look-back of fixed length is cut from.

Detection judges rows in which every sensor was read. A forecast looks back over weeks, in which something is
nearly always missing: here an unknown reading holds the last value before it, and what was read is marked.
Nothing looks ahead but in the rows before a sensor's first reading, which hold that.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, Series

CYCLES = (604_800, 86_400, 3_600)  # seconds: what is cut out of a gap is a whole number of one of them
LONGEST_CYCLE = 2016  # rows
MOST_STEPS = 8  # a row, on average; of rows scattered more thinly each is a step after the one before


@dataclass(frozen=True)
class Grid:
    """Readings on even steps.

    values  (F, M) in own units, finite
    known   (F, M) which of them were read
    """

    values: FloatArray
    known: BoolArray

    def __len__(self) -> int:
        return int(self.values.shape[1])


def even_grid(series: Series) -> Grid:
    """The series on even steps; of long gaps whole weeks, days or hours are left out.

    Rows that are in no segment although every sensor was read, because they are to be ignored, count as
    unknown. Of rows that fall on one step the last counts. Without times, rows follow each other.
    """
    place = _places(series)  # (M_rows,)
    values = np.where(_ignored(series)[:, np.newaxis], np.nan, series.values)  # (M_rows, F)
    grid = np.full((series.values.shape[1], int(place[-1]) + 1 if len(place) else 0), np.nan)  # (F, M)
    grid[:, place] = values.T
    known = np.isfinite(grid)
    steps = np.arange(grid.shape[1])
    source = np.maximum.accumulate(np.where(known, steps, -1), axis=1)  # (F, M) the last known step
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)  # (F,)
    filled = np.take_along_axis(grid, np.where(source >= 0, source, first[:, np.newaxis]), axis=1)
    return Grid(np.nan_to_num(filled), known)


def _places(series: Series) -> IntArray:
    """The step of each row, from 0."""
    if series.times is None or series.step is None:
        return np.arange(len(series))
    step = int(series.step.astype("timedelta64[ns]").astype(np.int64))
    since = (series.times - series.times[:1]).astype("timedelta64[ns]").astype(np.int64)
    gaps = np.diff((since + step // 2) // step)  # (M - 1,)
    in_rows = [max(1, round(seconds * 10**9 / step)) for seconds in CYCLES]
    cycle = next((rows for rows in in_rows if rows <= LONGEST_CYCLE), 1)
    gaps = np.where(gaps > 2 * cycle, cycle + gaps % cycle, gaps)
    place = np.concatenate([[0], np.cumsum(gaps)])
    return place if place[-1] < MOST_STEPS * len(place) + LONGEST_CYCLE else np.arange(len(series))


def _ignored(series: Series) -> BoolArray:
    """Rows (M,) outside of all segments in which every sensor was read."""
    outside = np.ones(len(series), dtype=np.bool_)
    for a, b in series.segments:
        outside[a:b] = False
    return np.asarray(outside & np.isfinite(series.values).all(axis=1))
