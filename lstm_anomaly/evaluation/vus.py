"""Volume under the surface: how well scores rank anomalous rows when labels are blurred at their edges.

Labels are seldom exact to the row, and a score that rises a little early or late is as useful. VUS
(Paparrizos et al., PVLDB 15(11), 2022, https://doi.org/10.14778/3551793.3551830) draws the ROC and the
precision-recall curve once for every width of blur from 0 to a window, and takes the mean of their
areas. It needs no threshold. The numbers equal those of the authors' package TSB-AD 1.5,
`generate_curve(labels, score, window, "opt", 250)`, to rounding.

A curve at blur `w` with L levels from the highest score down, `pred` the rows at or above a level:
    soft label of a row d rows outside an event   sqrt(1 - d / w) for d <= w // 2, added up, at most 1
    TP = sum of soft labels over pred             precision = TP / |pred|
    P  = (labelled rows + labelled rows + TP outside events) / 2
    existence = share of the events, stretched by w // 2 rows, that hold a row of pred
    TPR = min(TP / P, 1) * existence              FPR = (|pred| - TP) / (N - P)
"""

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.evaluation.events import events_of

LEVELS = 250
"""Levels at which a curve is drawn, as TSB-AD does."""

DEFAULT_WINDOW = 125
"""The window where the readings show no period, as in TSB-AD."""

SHORTEST_PERIOD, LONGEST_PERIOD = 6, 303
LONGEST_LAG = 400
ROWS_LOOKED_AT = 20_000


def vus(labels: BoolArray, scores: FloatArray, window: int, levels: int = LEVELS) -> tuple[float, float]:
    """VUS-ROC and VUS-PR, each 0 to 1, of scores (N,), which must be finite; higher is more abnormal.

    `window` is the widest blur in rows, see `vus_window`. NaN unless there are rows of both kinds.
    """
    if labels.all() or not labels.any():
        return np.nan, np.nan
    surface = _Surface(labels, scores, window, levels)
    areas = np.array([surface.areas(width) for width in range(window + 1)])  # (window + 1, 2)
    roc, pr = areas.mean(axis=0)
    return float(roc), float(pr)


class _Surface:
    """What all curves of one surface share. L levels, E events, K rows that some blur reaches."""

    def __init__(self, labels: BoolArray, scores: FloatArray, window: int, levels: int) -> None:
        self._row_count = N = len(scores)
        self._levels = levels
        self._positives = int(labels.sum())
        self._events = events_of(labels)  # (E, 2)
        falling = np.sort(scores)[::-1][np.linspace(0, N - 1, levels).astype(int)]  # (L,)
        # The first level at which a row is predicted; rows below all levels get `levels`.
        self._reached = np.searchsorted(-falling, -scores)  # (N,)
        self._predicted = self._total_by_level(self._reached, np.ones(N))  # (L,)
        self._hits = self._total_by_level(self._reached, labels.astype(np.float64))  # (L,)

        rows, self._distances = _beside(self._events, N, window // 2)  # (pairs,) each
        near, self._pair_at = np.unique(rows, return_inverse=True)  # (K,), (pairs,)
        self._near_reached = self._reached[near]  # (K,)
        self._near_outside = ~labels[near]  # (K,)

    def areas(self, width: int) -> tuple[float, float]:
        """Area under the ROC and under the precision-recall curve at one blur."""
        true = self._hits + self._soft_hits(width)  # (L,)
        found = self._existence(width)  # (L,)
        weight = self._positives + (true - self._hits) / 2  # (L,)
        tpr = np.minimum(true / weight, 1) * found  # (L,)
        fpr = (self._predicted - true) / (self._row_count - weight)  # (L,)
        precision = true / self._predicted  # (L,)

        rise = np.diff(tpr, prepend=0)  # (L,)
        tpr, fpr = np.concatenate([[0], tpr, [1]]), np.concatenate([[0], fpr, [1]])  # (L + 2,) each
        return float(np.dot(np.diff(fpr), (tpr[1:] + tpr[:-1]) / 2)), float(np.dot(rise, precision))

    def _soft_hits(self, width: int) -> FloatArray:
        """Sum of the soft labels outside events over the predicted rows, (L,)."""
        pairs = slice(0, np.searchsorted(self._distances, width // 2, side="right"))
        falls = np.sqrt(1 - self._distances[pairs] / max(width, 1))  # (pairs in reach,)
        added = np.bincount(self._pair_at[pairs], falls, len(self._near_reached))  # (K,)
        soft = np.where(self._near_outside, np.minimum(added, 1.0), 0.0)  # (K,)
        return self._total_by_level(self._near_reached, soft)

    def _existence(self, width: int) -> FloatArray:
        """Share of the stretched events, those that meet merged, that hold a predicted row, (L,)."""
        first, last = self._events[:, 0] - width // 2, self._events[:, 1] + width // 2  # (E,) each
        apart = last[:-1] < first[1:]  # (E - 1,)
        first = np.maximum(first[np.append(True, apart)], 0)  # (merged,)
        last = np.minimum(last[np.append(apart, True)], self._row_count - 1)  # (merged,)
        bounds = np.column_stack([first, last + 1]).ravel()
        # Every second range of `reduceat` lies between two events; the padding lets the last one end.
        earliest = np.minimum.reduceat(np.append(self._reached, self._levels), bounds)[::2]  # (merged,)
        found = np.searchsorted(np.sort(earliest), np.arange(self._levels), side="right")  # (L,)
        return found / len(first)

    def _total_by_level(self, reached: IntArray, weights: FloatArray) -> FloatArray:
        """Sum of the weights of the rows predicted at each level, (L,)."""
        totals: FloatArray = np.cumsum(np.bincount(reached, weights, self._levels + 1))
        return totals[: self._levels]


def _beside(events: IntArray, row_count: int, reach: int) -> tuple[IntArray, IntArray]:
    """Pairs of an event's edge and a row up to `reach` rows outside: rows and distances, nearest first."""
    distances = np.arange(1, reach + 1)[:, np.newaxis]  # (reach, 1)
    rows = np.concatenate([events[:, 0] - distances, events[:, 1] + distances], axis=1)  # (reach, 2 E)
    inside = (rows >= 0) & (rows < row_count)
    return rows[inside], np.broadcast_to(distances, rows.shape)[inside]


def vus_window(readings: FloatArray) -> int:
    """The window that VUS is taken over, in rows: the main period of one sensor's readings (N,).

    The lag of the highest local maximum of the autocorrelation at lags 4 to 399, as TSB-AD's
    `find_length_rank(x, rank=1)` finds it; `DEFAULT_WINDOW` where there is none or it is too short or
    too long. TSB-AD takes the first sensor of the judged rows, at most 20,000 of them.
    """
    x = readings[:ROWS_LOOKED_AT]
    if len(x) < 4 or not np.isfinite(x).all() or np.ptp(x) == 0:
        return DEFAULT_WINDOW
    x = x - x.mean()
    power = np.abs(np.fft.rfft(x, 1 << (2 * len(x) - 1).bit_length())) ** 2
    acf = np.fft.irfft(power)[3 : LONGEST_LAG + 1][: len(x) - 3]  # lags 3 to 400, not to scale
    peaks = np.flatnonzero((acf[1:-1] > acf[:-2]) & (acf[1:-1] > acf[2:])) + 1
    if not len(peaks):
        return DEFAULT_WINDOW
    period = int(peaks[np.argmax(acf[peaks])]) + 3
    return period if SHORTEST_PERIOD <= period <= LONGEST_PERIOD else DEFAULT_WINDOW
