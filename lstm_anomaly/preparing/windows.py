"""Where windows lie: on which rows each one starts, and which rows are for fitting, validating, calibrating.

A window is T consecutive rows of one segment; no window crosses a gap, and no row of a window is
shared between two parts of the split.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, IntArray, Segments


@dataclass(frozen=True)
class Split:
    """Chronological parts of the training rows, each a tuple of half-open row ranges.

    fit          the weights are fitted to these rows
    validation   training stops by the error on these
    calibration  the threshold is learned on these; the weights never saw them
    """

    fit: Segments
    validation: Segments
    calibration: Segments


def finite_segments(rows_ok: BoolArray) -> Segments:
    """Half-open ranges of consecutive True in `rows_ok` of shape (M,).

    >>> finite_segments(np.array([True, True, False, True]))
    ((0, 2), (3, 4))
    """
    edges = np.flatnonzero(np.diff(np.r_[False, rows_ok, False].astype(np.int8)))
    return tuple((int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True))


def window_starts(segments: Sequence[tuple[int, int]], window: int, stride: int = 1) -> IntArray:
    """First rows of all windows of `window` rows, `stride` apart within each segment; shape (W,).

    >>> window_starts(((0, 5), (7, 10)), window=3, stride=2)
    array([0, 2, 7])
    """
    starts = [np.arange(a, b - window + 1, stride, dtype=np.int64) for a, b in segments]
    return np.concatenate(starts) if starts else np.zeros(0, dtype=np.int64)


def rows_in(segments: Sequence[tuple[int, int]]) -> int:
    """How many rows the segments hold."""
    return sum(b - a for a, b in segments)


def cut(segments: Sequence[tuple[int, int]], first: int, last: int) -> Segments:
    """The parts of `segments` between the rows `first` (included) and `last` (not included)."""
    parts = ((max(a, first), min(b, last)) for a, b in segments)
    return tuple((a, b) for a, b in parts if a < b)


def cut_out(segments: Sequence[tuple[int, int]], rows: BoolArray) -> Segments:
    """The segments without the marked rows (M,).

    >>> cut_out(((0, 3), (4, 6)), np.array([False, True, False, False, False, False]))
    ((0, 1), (2, 3), (4, 6))
    """
    return tuple((a + first, a + last) for a, b in segments for first, last in finite_segments(~rows[a:b]))


def split_chronologically(
    segments: Sequence[tuple[int, int]], validation: float, calibration: float
) -> Split:
    """Cut the usable rows in time order into fit, validation and calibration.

    `validation` and `calibration` are shares of the usable rows; the rest is for fitting. Since
    windows never cross a segment's edge, and each part's segments end where the next one's begin,
    no row is in windows of two parts.

    >>> split_chronologically(((0, 10), (20, 30)), validation=0.2, calibration=0.3)
    Split(fit=((0, 10),), validation=((20, 24),), calibration=((24, 30),))
    """
    total = rows_in(segments)
    fit_end = _row_after(segments, round(total * (1 - validation - calibration)))
    validation_end = _row_after(segments, round(total * (1 - calibration)))
    end = segments[-1][1] if segments else 0
    return Split(
        fit=cut(segments, 0, fit_end),
        validation=cut(segments, fit_end, validation_end),
        calibration=cut(segments, validation_end, end),
    )


def _row_after(segments: Sequence[tuple[int, int]], usable: int) -> int:
    """The row before which `usable` usable rows lie."""
    for a, b in segments:
        if usable <= b - a:
            return a + usable
        usable -= b - a
    return segments[-1][1] if segments else 0
