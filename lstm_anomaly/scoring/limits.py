"""Limits: the level that a component of the score hardly ever reaches on normal rows.

Rows are cut into up to 24 blocks. The logarithms of the blocks' maxima have a mean and a standard deviation,
and the limit lies 4 of them above the mean:

    limit = exp(mean + 4 sd),   of log(max of a block)

What peaks equally high in every block gets a limit just above its peaks. What is quiet in most blocks and
high in some has not shown how high it can go, and gets a high one (block maxima: Gumbel 1958).
"""

import numpy as np

from lstm_anomaly.base.types import FloatArray

HIGH = 0.99  # share of normal rows below what is called high
BLOCKS = 24
LEAST_BLOCKS = 4
BLOCK_ROWS = 25  # at least, where rows are few
DEVIATIONS = 4.0
LEAST = 1e-9
MOST = 1e6  # where most blocks are silent and some are not, 4 deviations of logarithms are without end
NEAR = 2  # blocks on each side of the highest that the span which stands out may reach into
LEAST_OTHERS = 12  # blocks that tell whether one stands out


def rare_limit(x: FloatArray) -> float:
    """The level that x (M,) of normal rows will hardly ever reach, above 0."""
    return _limit(_log_maxima(_blocks(x)))


def bounded_limit(x: FloatArray) -> float:
    """The same of x in units of usual errors, from `LEAST` to `MOST`."""
    return float(np.clip(rare_limit(x), LEAST, MOST))


def standing_out(x: FloatArray) -> tuple[float, int, int]:
    """The highest span of x (M,): its multiple of the limit that x would have without it, and its rows.

    Nothing where blocks are too few to tell: 0, 0, 0. `last` is included.
    """
    blocks = _blocks(x)
    logs = _log_maxima(blocks)
    top = int(logs.argmax())
    near = slice(max(0, top - NEAR), top + NEAR + 1)
    others = np.delete(logs, near)
    if len(others) < LEAST_OTHERS:
        return 0.0, 0, 0
    limit = _limit(others)
    start = sum(len(block) for block in blocks[: near.start])
    above = start + np.flatnonzero(np.concatenate(blocks[near]) > limit)
    if not len(above):
        return 0.0, 0, 0
    return float(np.exp(logs[top]) / limit), int(above[0]), int(above[-1])


def _blocks(x: FloatArray) -> list[FloatArray]:
    count = min(BLOCKS, max(LEAST_BLOCKS, len(x) // BLOCK_ROWS))
    return [block for block in np.array_split(x, count) if len(block)]


def _log_maxima(blocks: list[FloatArray]) -> FloatArray:
    return np.asarray(np.log(np.maximum(np.array([block.max() for block in blocks]), LEAST)))


def _limit(logs: FloatArray) -> float:
    spread = float(logs.std(ddof=1)) if len(logs) > 1 else 1.0
    return float(np.exp(logs.mean() + DEVIATIONS * spread))


def high_level(x: FloatArray) -> float:
    """What 99 % of normal rows stay below, above 0."""
    return max(float(np.quantile(x, HIGH)), LEAST)
