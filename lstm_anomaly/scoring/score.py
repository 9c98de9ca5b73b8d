"""One anomaly score a row from three statistics, each remembered over several lengths.

    forecast  error of the LSTM's forecast of the row, squared, a multiple of the usual one
    restore   error of the row as the autoencoders restore it from its window, likewise
    level     distance of the row from the mean of training, likewise

    level = sum over statistics of weight * mean over its memories of (mean over the memory's rows / high)
            / sum of the weights
    score = level * exp(novelty)

Forecast and level have two memories more, that hold the mean of errors with their sign (`bias.py`).

`high` is what 99 % of training rows stay below in that memory, and at least what is usual. So 1 is high
for a normal row, whichever statistic and memory says so, and a statistic whose normal rows scatter widely
has to show more than one whose normal rows lie close together. Several memories, a factor of three apart,
because no one length fits: events last from a few rows to thousands. In memories of 25 rows and more a row
counts at most twice what 99 % of training rows reach: a short, wild event must not hold a long memory up
after it is over.

With look-ahead a memory says the larger of what it holds when the row comes, and what it holds some rows
later, when the row is still in it: at the start of an event the rows after it tell, at its end those before.
"""

from dataclasses import dataclass
from typing import NamedTuple

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
BIASED = ("forecast", "level")  # the statistics of whose errors the mean with sign is remembered, too
BIAS_LENGTHS = (30, 100)  # rows of such a mean
BIAS_SHARE = 0.3  # of the weight of the statistic, for its biases beside the weight itself
LINEAR_WEIGHTS = (0.0, 2.0, 1.0)  # of the statistics where no LSTM forecasts
ONLY_LEVEL = np.array([0.0, 0.0, 1.0])
USUAL = 1.0  # a statistic's value where nothing is out of the ordinary
HIGH_QUANTILE = 0.99
LONGEST_SHARE = 0.5  # of the training rows: what is normal in a longer memory they cannot tell
BOUNDED_FROM = 25  # rows: from this memory on a row's value is bounded
BOUND_FACTOR = 2.0
MOST_NATS = 50.0  # exp of more is beyond any use
LONGEST_MEMORY = max(length for lengths in MEMORIES.values() for length in lengths)


class Memory(NamedTuple):
    """Something that is remembered over some rows.

    row        its place among the rows of statistics and biases
    length     rows that it reaches back
    statistic  whose weight it has a part of
    part       of that weight
    is_mean    the row holds means over the length already
    """

    row: int
    length: int
    statistic: int
    part: float
    is_mean: bool


def _all_memories() -> tuple[Memory, ...]:
    squares = [
        Memory(k, length, k, 1 / len(MEMORIES[name]), is_mean=False)
        for k, name in enumerate(STATISTICS)
        for length in MEMORIES[name]
    ]
    part = BIAS_SHARE / len(BIAS_LENGTHS)
    biases = [(length, STATISTICS.index(name)) for length in BIAS_LENGTHS for name in BIASED]
    return (
        *squares,
        *(Memory(row, *bias, part, is_mean=True) for row, bias in enumerate(biases, len(STATISTICS))),
    )


ALL_MEMORIES = _all_memories()
STATISTIC_ROWS = len(STATISTICS) + len(BIASED) * len(BIAS_LENGTHS)


@dataclass(frozen=True)
class Memories:
    """What normal rows reach, learned from training rows.

    most  (3,) the most that one row of a statistic may count in a long memory
    high  (18,) what 99 % of normal rows stay below, at least the usual, in the order of `ALL_MEMORIES`;
          0: a memory too long for the training rows to tell, which is not used
    """

    most: FloatArray
    high: FloatArray

    @classmethod
    def fit(cls, statistics: FloatArray, fitted: BoolArray) -> "Memories":
        """From the training rows' statistics and biases (3 + 4, M), NaN where one is not known.

        The weights were fitted to the rows `fitted` (M,); what the others reach counts where it is more.
        """
        known = np.where(np.isfinite(statistics), statistics, USUAL)
        most = BOUND_FACTOR * np.quantile(known[: len(STATISTICS)], HIGH_QUANTILE, axis=1)  # (3,)
        high = np.zeros(len(ALL_MEMORIES))
        for place, memory in enumerate(ALL_MEMORIES):
            if memory.length <= LONGEST_SHARE * known.shape[1]:
                before = np.full(LONGEST_MEMORY, USUAL)
                rows = np.r_[before, known[memory.row]]
                means = _remembered(rows, most[memory.statistic], memory, known.shape[1])  # (M,)
                parts = (means, means[~fitted]) if not fitted.all() else (means,)
                high[place] = max(USUAL, *(float(np.quantile(part, HIGH_QUANTILE)) for part in parts))
        return cls(np.maximum(most, 1e-12), high)


def level(
    statistics: FloatArray, memories: Memories, weights: FloatArray, last: int, look_ahead: int = 0
) -> FloatArray:
    """The level of the `last` rows, (last,), from statistics and biases (3 + 4, n), NaN for rows not to come.

    Of the n rows the last `look_ahead` come after the rows to be judged: a memory of L rows says the larger
    of what it holds with the row, and min(L - 1, look_ahead) rows later. `weights` (3,) are the statistics'.
    """
    total, seen = np.zeros(last), np.zeros(last)
    for memory, high in zip(ALL_MEMORIES, memories.high, strict=True):
        weight = float(weights[memory.statistic]) * memory.part
        if not weight or not high:
            continue
        ahead = min(memory.length - 1, look_ahead)
        rows = statistics[memory.row, : statistics.shape[1] - look_ahead + ahead]
        held = _remembered(rows, memories.most[memory.statistic], memory, last + ahead)
        mean = (np.fmax(held[:last], held[ahead:]) if ahead else held) / high
        known = np.isfinite(mean)
        total += np.where(known, weight * mean, 0.0)
        seen += weight * known
    return np.asarray(np.divide(total, seen, out=np.full(last, np.nan), where=seen > 0))


def raw_score(level_: FloatArray, novelty: FloatArray) -> FloatArray:
    """Level of rows times exp(novelty in nats), both (n,)."""
    return np.asarray(level_ * np.exp(np.minimum(novelty, MOST_NATS)))


def _remembered(x: FloatArray, most: float, memory: Memory, last: int) -> FloatArray:
    """Mean of the rows of x that a memory holds, bounded where it is long, for the `last` rows."""
    if memory.is_mean:
        return x[len(x) - last :]
    return trailing_mean(np.minimum(x, most) if memory.length >= BOUNDED_FROM else x, memory.length, last)
