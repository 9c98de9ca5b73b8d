"""Runs of high scores as episodes: how many there are at every level, and how high each one goes.

One disturbance lifts many rows of a smoothed score, so rows above a level come in clusters and must
not be counted one by one. Rows above the level with at most `merge_gap` rows between them are one
episode ("runs declustering", Smith and Weissman 1994).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.decision.spans import LIMIT, Span, SpanTracker

MOST_BELOW = 0.95

NOT_JUDGED = -np.inf
"""Stands for a row without a score: it takes up time and is above no level."""


def as_stretches(scores: FloatArray, breaks: Sequence[int], merge_gap: int) -> FloatArray:
    """Scores (M,) with NaN made `NOT_JUDGED` and every break padded so widely that no episode crosses it.

    A break is the index of a row that does not follow the row before it in time.
    """
    judged = np.where(np.isnan(scores), NOT_JUDGED, scores)  # (M,)
    return np.insert(judged, np.repeat(np.asarray(breaks, dtype=np.int64), merge_gap + 1), NOT_JUDGED)


def preceding_max(scores: FloatArray, rows: int) -> FloatArray:
    """Highest score of the `rows` rows (at least 1) before each row, (M,), the row itself left out."""
    M = len(scores)
    padded = np.concatenate([np.full(rows, NOT_JUDGED), scores[:-1]])  # (rows + M - 1,)
    # Windows of 1, 2, 4, ... rows, each the higher of two of half its length, then two that overlap.
    width = 1
    while 2 * width <= rows:
        padded = np.maximum(padded[:-width], padded[width:])
        width *= 2
    highest: FloatArray = np.maximum(padded[:M], padded[rows - width : rows - width + M])  # (M,)
    return highest


class EpisodeCounts:
    """The number of episodes of one series of scores at every level.

    A row begins an episode at level u when it is above u and none of the merge_gap + 1 rows before it
    is: when u lies in [m, s), s its score and m their maximum. So the count at u is the number of such
    ranges that hold u; two sorted lists answer it for all levels at once.
    """

    def __init__(self, scores: FloatArray, merge_gap: int) -> None:
        """Count in scores (M,) as `as_stretches` returns them."""
        before = preceding_max(scores, merge_gap + 1)  # (M,)
        begins = scores > before  # (M,)
        self._from = np.sort(before[begins])
        self._to = np.sort(scores[begins])

    def at(self, level: FloatArray | float) -> IntArray:
        """How many episodes are above each level; same shape as `level`."""
        begun = np.searchsorted(self._from, level, side="right")
        ended = np.searchsorted(self._to, level, side="right")
        return np.asarray(begun - ended, dtype=np.int64)

    def lowest_level(self, allowed: int) -> float:
        """The lowest level with at most `allowed` episodes at it and at every higher level.

        The count can fall again further down, where episodes grow together; that does not help.
        Minus infinity when no level has more.
        """
        levels = np.unique(np.concatenate([self._from, self._to]))  # ascending; counts change only here
        too_many = np.flatnonzero(self.at(levels) > allowed)
        return float(levels[too_many[-1] + 1]) if len(too_many) else -np.inf


def highest_episodes(scores: FloatArray, merge_gap: int, most: int, breaks: Sequence[int] = ()) -> list[Span]:
    """The highest episodes of scores (M,), NaN where there is none, at most `most`, the highest first.

    They lie above the lowest level at which, as at every higher one, there are at most `most`; but no lower
    than the share `MOST_BELOW` of the scores. Breaks are as in `as_stretches`.
    """
    known = scores[np.isfinite(scores)]
    if not len(known):
        return []
    counts = EpisodeCounts(as_stretches(scores, breaks, merge_gap), merge_gap)
    level = max(counts.lowest_level(most), float(np.quantile(known, MOST_BELOW)), np.finfo(np.float64).tiny)
    tracker, found = SpanTracker(merge_gap, LIMIT), []
    for part in np.split(scores / level, list(breaks)):
        found += tracker.push(part) + tracker.finish()
    at_level = sorted(found, key=lambda span: -span.peak)[:most]
    return [replace(span, peak=span.peak * level, total=span.total * level) for span in at_level]


def episode_peaks(scores: FloatArray, level: float, merge_gap: int) -> FloatArray:
    """The highest score of each episode above `level`, in order, (episodes,)."""
    rows = np.flatnonzero(scores > level)
    if len(rows) == 0:
        return np.empty(0)
    begins = np.flatnonzero(np.diff(rows, prepend=rows[0] - merge_gap - 2) > merge_gap + 1)
    return np.asarray(np.maximum.reduceat(scores[rows], begins))
