"""One anomaly score a row from three statistics, each remembered over several lengths.

    forecast  error of the LSTM's forecast of the row, a multiple of the usual one
    restore   error of the row as the autoencoders restore it from its window, likewise
    level     distance of the row from the mean of training, likewise

    level = sum over statistics of weight * mean over its memories of (mean over the memory's rows / high)
            / sum of the weights
    score = level * exp(novelty)

`high` is what 99 % of training rows stay below in that memory, and at least what is usual. So 1 is high
for a normal row, whichever statistic and memory says so, and a statistic whose normal rows scatter widely
has to show more than one whose normal rows lie close together. Several memories, a factor of three apart,
because no one length fits: events last from a few rows to thousands. In memories of 25 rows and more a row
counts at most twice what 99 % of training rows reach: a short, wild event must not hold a long memory up
after it is over.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.scoring.memory import trailing_mean
from lstm_anomaly.types import BoolArray, FloatArray

STATISTICS = ("forecast", "restore", "level")
# Rows of each memory, by statistic. Errors of a row are over at once, levels last.
MEMORIES: dict[str, tuple[int, ...]] = {
    "forecast": (1, 3, 10, 30, 100),
    "restore": (1, 3, 10, 30, 100),
    "level": (1, 10, 100, 300),
}
LINEAR_WEIGHTS = (0.0, 2.0, 1.0)  # of the statistics where no LSTM forecasts
ONLY_LEVEL = np.array([0.0, 0.0, 1.0])
USUAL = 1.0  # a statistic's value where nothing is out of the ordinary
HIGH_QUANTILE = 0.99
LONGEST_SHARE = 0.5  # of the training rows: what is normal in a longer memory they cannot tell
BOUNDED_FROM = 25  # rows: from this memory on a row's value is bounded
BOUND_FACTOR = 2.0
MOST_NATS = 50.0  # exp of more is beyond any use
LONGEST_MEMORY = max(length for lengths in MEMORIES.values() for length in lengths)
ALL_MEMORIES = tuple((k, length) for k, name in enumerate(STATISTICS) for length in MEMORIES[name])


@dataclass(frozen=True)
class Memories:
    """What normal rows reach, learned from training rows.

    most  (3,) the most that one row of a statistic may count in a long memory
    high  (14,) what 99 % of normal rows stay below, at least the usual, in the order of `ALL_MEMORIES`;
          0: a memory too long for the training rows to tell, which is not used
    """

    most: FloatArray
    high: FloatArray

    @classmethod
    def fit(cls, statistics: FloatArray, fitted: BoolArray) -> "Memories":
        """From the training rows' statistics (3, M), NaN where one is not known.

        The weights were fitted to the rows `fitted` (M,); what the others reach counts where it is more.
        """
        known = np.where(np.isfinite(statistics), statistics, USUAL)
        most = BOUND_FACTOR * np.quantile(known, HIGH_QUANTILE, axis=1)  # (3,)
        high = np.zeros(len(ALL_MEMORIES))
        for place, (k, length) in enumerate(ALL_MEMORIES):
            if length <= LONGEST_SHARE * known.shape[1]:
                before = np.full(LONGEST_MEMORY, USUAL)
                means = _remembered(np.r_[before, known[k]], most[k], length, known.shape[1])  # (M,)
                parts = (means, means[~fitted]) if not fitted.all() else (means,)
                high[place] = max(USUAL, *(float(np.quantile(part, HIGH_QUANTILE)) for part in parts))
        return cls(np.maximum(most, 1e-12), high)


def level(
    statistics: FloatArray, memories: Memories, weights: FloatArray, last: int, look_ahead: int = 0
) -> FloatArray:
    """The level of the `last` rows, (last,), from statistics (3, n), NaN for rows that never come.

    Of the n rows the last `look_ahead` come after the rows to be judged: a memory of L rows ends
    min(L // 2, look_ahead) rows after its row. `weights` (3,) are those of the statistics.
    """
    total, seen = np.zeros(last), np.zeros(last)
    for (k, length), high in zip(ALL_MEMORIES, memories.high, strict=True):
        weight = float(weights[k]) / len(MEMORIES[STATISTICS[k]])
        if not weight or not high:
            continue
        ahead = min(length // 2, look_ahead)
        rows = statistics[k, : statistics.shape[1] - look_ahead + ahead]
        mean = _remembered(rows, memories.most[k], length, last) / high
        known = np.isfinite(mean)
        total += np.where(known, weight * mean, 0.0)
        seen += weight * known
    return np.asarray(np.divide(total, seen, out=np.full(last, np.nan), where=seen > 0))


def raw_score(level_: FloatArray, novelty: FloatArray) -> FloatArray:
    """Level of rows times exp(novelty in nats), both (n,)."""
    return np.asarray(level_ * np.exp(np.minimum(novelty, MOST_NATS)))


def _remembered(x: FloatArray, most: float, length: int, last: int) -> FloatArray:
    """Mean of the last `length` rows of x, bounded where the memory is long, for the `last` rows."""
    return trailing_mean(np.minimum(x, most) if length >= BOUNDED_FROM else x, length, last)
