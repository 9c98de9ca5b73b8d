"""How long something usually lasts, in rows, and how surprising it is when it lasts longer or less long.

Of n durations seen, the chance of one of at least d rows is taken to be (1 + those of at least d) / (n + 2),
and likewise for one of at most d (Laplace's rule of succession). Beyond the longest, and below the shortest,
it falls on as a power of d, the faster the less the logarithms of the durations scatter.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray

KEPT = 200  # durations of one kind, evenly spread over the sorted ones
LEAST_SPREAD = 0.1  # of the logarithm of a duration


@dataclass(frozen=True)
class Durations:
    """Durations of K kinds.

    rows    (R,) durations, sorted within each kind, one kind after the other, at most KEPT of each
    counts  (K,) how many of them belong to each kind
    seen    (K,) how many durations they stand for
    """

    rows: IntArray
    counts: IntArray
    seen: IntArray

    @classmethod
    def fit(cls, kinds: IntArray, rows: IntArray, most_kinds: int) -> "Durations":
        """From durations (n,) in rows of kinds (n,) below `most_kinds`."""
        parts = [np.sort(rows[kinds == kind]) for kind in range(most_kinds)]
        kept = [part[_evenly(len(part))] for part in parts]
        joined = np.concatenate(kept) if kept else np.zeros(0, np.int64)
        lengths = [np.array([len(part) for part in group], np.int64) for group in (kept, parts)]
        return cls(joined.astype(np.int64), *lengths)

    def nats(self, kinds: IntArray, rows: IntArray, *, at_least: bool) -> FloatArray:
        """-log of the chance that kinds (n,) last at least, or at most, this many rows (n,); 0 if unknown."""
        out = np.zeros(len(kinds))
        stops = np.cumsum(self.counts)
        for kind in np.unique(kinds):
            if kind < 0 or kind >= len(self.counts) or not self.counts[kind]:
                continue
            mine = kinds == kind
            usual = self.rows[stops[kind] - self.counts[kind] : stops[kind]]
            out[mine] = _nats(usual, int(self.seen[kind]), rows[mine], at_least=at_least)
        return out

    def usual(self, kind: int) -> tuple[int, int]:
        """Nine of ten durations lie between these, in rows; 0, 0 where none was seen."""
        stop = int(self.counts[: kind + 1].sum())
        part = self.rows[stop - self.counts[kind] : stop]
        if not len(part):
            return 0, 0
        return int(part[int(0.05 * len(part))]), int(part[int(0.95 * (len(part) - 1))])


def _evenly(count: int) -> IntArray:
    """Indexes of at most KEPT of `count` things, evenly spread, with the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, KEPT)).round().astype(np.int64))


def _nats(usual: IntArray, seen: int, rows: IntArray, *, at_least: bool) -> FloatArray:
    """For one kind; usual (k,) sorted durations that stand for `seen`."""
    logs = np.log(usual)
    spread = max(float(logs.std()), LEAST_SPREAD) + 1.0 / np.sqrt(seen)
    if at_least:
        share = 1.0 - np.searchsorted(usual, rows, side="left") / len(usual)  # (n,)
        beyond = np.log(rows) - logs[-1]
    else:
        share = np.searchsorted(usual, rows, side="right") / len(usual)  # (n,)
        beyond = logs[0] - np.log(rows)
    chance = (share * seen + 1.0) / (seen + 2.0)
    return np.asarray(-np.log(chance) + np.maximum(beyond, 0.0) / spread)
