"""Fewer points for a picture of a long series, such that no spike and no gap is lost.

M4 (Jugel et al. 2014, "M4: A visualization-oriented time series data aggregation") keeps the first, last,
lowest and highest row of each of many even parts: drawn as a line it covers the same pixels as all rows.
"""

from collections.abc import Sequence

import numpy as np
from tsdownsample import M4Downsampler

from lstm_anomaly.base.types import FloatArray, IntArray

_M4 = M4Downsampler()  # type: ignore[no-untyped-call]


def thinned(values: FloatArray, most: int, keep: Sequence[int] | IntArray = ()) -> IntArray:
    """About `most` rows, at most, that draw the same line as all of values (n,); ascending.

    NaN rows are left out but for the first of each gap that is as long as a part, where the line has to
    break. Rows of `keep` are kept in any case.
    """
    known = np.isfinite(values)
    rows = np.flatnonzero(known)
    parts = max(1, most // 4)
    if len(rows) > 4 * parts:
        rows = rows[_M4.downsample(np.ascontiguousarray(values[rows]), n_out=4 * parts)]
    gaps = _gaps(known, max(1, len(values) // parts))
    return np.unique(np.concatenate([rows, gaps, np.asarray(keep, dtype=np.int64)]).astype(np.int64))


def _gaps(known: np.ndarray, least: int) -> IntArray:
    """First rows of runs of at least `least` unknown rows."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    return np.asarray(starts[stops - starts >= least], dtype=np.int64)
