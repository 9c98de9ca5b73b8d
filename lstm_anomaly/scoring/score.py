"""One anomaly score a row from four statistics, each remembered over several lengths.

    near    error of the networks' expectation of the row, a multiple of the usual one
    level   distance of the row from the mean of training, likewise
    slow    the same for the mean of the last 100 rows, and for how far that mean moved
    latent  distance of the autoencoder's state from the states of training, likewise

    level = sum over memories of weight * mean over the memory's rows  /  sum of the weights
    score = level * exp(novelty)

About 1 on normal rows. Several memories, a factor of three apart, because no one length fits: events
last from a few rows to thousands. In memories of 25 rows and more a row counts at most twice what 99 % of
training rows reach: a short, wild event must not hold a long memory up after it is over.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.scoring.memory import trailing_mean
from lstm_anomaly.types import FloatArray

STATISTICS = ("near", "level", "slow", "latent")
# Statistic -> (rows of a memory, its weight).
MEMORIES: dict[str, tuple[tuple[int, float], ...]] = {
    "near": ((3, 1.0), (10, 1.0), (30, 1.0), (100, 1.0)),
    "level": ((10, 0.5), (100, 0.5)),
    "slow": ((25, 1.0),),
    "latent": ((25, 0.5), (100, 0.5)),
}
USUAL = 1.0  # a statistic's value where nothing is out of the ordinary
BOUNDED_FROM = 25  # rows: from this memory on a row's value is bounded
BOUND_QUANTILE = 0.99
BOUND_FACTOR = 2.0
MOST_NATS = 50.0  # exp of more is beyond any use
LONGEST_MEMORY = max(length for memories in MEMORIES.values() for length, _weight in memories)


@dataclass(frozen=True)
class Bounds:
    """Per statistic, the most that one row may count in a long memory; (4,) in the order of STATISTICS."""

    most: FloatArray

    @classmethod
    def fit(cls, statistics: FloatArray) -> "Bounds":
        """From the training rows' statistics (4, M), NaN where one is not known."""
        most = [
            np.quantile(x[np.isfinite(x)], BOUND_QUANTILE) if np.isfinite(x).any() else 1.0
            for x in statistics
        ]
        return cls(BOUND_FACTOR * np.asarray(most, dtype=np.float64))


def level(statistics: FloatArray, bounds: Bounds, last: int, look_ahead: int = 0) -> FloatArray:
    """The level of the `last` rows, (last,), from statistics (4, n), NaN for rows that never come.

    Of the n rows the last `look_ahead` come after the rows to be judged: a memory of L rows ends
    min(L // 2, look_ahead) rows after its row.
    """
    total, weights = np.zeros(last), np.zeros(last)
    for x, most, name in zip(statistics, bounds.most, STATISTICS, strict=True):
        for length, weight in MEMORIES[name]:
            ahead = min(length // 2, look_ahead)
            seen = x[: len(x) - look_ahead + ahead]
            mean = trailing_mean(np.minimum(seen, most) if length >= BOUNDED_FROM else seen, length, last)
            known = np.isfinite(mean)
            total += weight * np.where(known, mean, 0.0)
            weights += weight * known
    return np.asarray(np.divide(total, weights, out=np.full(last, np.nan), where=weights > 0))


def raw_score(level_: FloatArray, novelty: FloatArray) -> FloatArray:
    """Level (n,) and novelty in nats (n,) -> raw scores (n,), before the threshold."""
    return np.asarray(level_ * np.exp(np.minimum(novelty, MOST_NATS)))
