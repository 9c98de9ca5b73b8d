"""How high something goes among normal rows, and how high it will hardly ever go: the one currency.

Rows are cut into up to 24 blocks. The logarithms of the blocks' maxima have a mean and a standard deviation,
and the limit lies 4 of them above the mean:

    limit = exp(mean + 4 sd),   of log(max of a block)

What peaks equally high in every block gets a limit just above its peaks. What is quiet in most blocks and
high in some has not shown how high it can go, and gets a high one (block maxima: Gumbel 1958).
"""

import numpy as np

from lstm_anomaly.types import FloatArray

HIGH = 0.99  # share of normal rows below what is called high
BLOCKS = 24
LEAST_BLOCKS = 4
BLOCK_ROWS = 25  # at least, where rows are few
DEVIATIONS = 4.0
LEAST = 1e-9


def rare_limit(x: FloatArray) -> float:
    """The level that x (M,) of normal rows will hardly ever reach, above 0."""
    blocks = min(BLOCKS, max(LEAST_BLOCKS, len(x) // BLOCK_ROWS))
    maxima = np.array([block.max() for block in np.array_split(x, blocks) if len(block)])
    logs = np.log(np.maximum(maxima, LEAST))
    spread = float(logs.std(ddof=1)) if len(logs) > 1 else 1.0
    return float(np.exp(logs.mean() + DEVIATIONS * spread))


def high_level(x: FloatArray) -> float:
    """What 99 % of normal rows stay below, above 0."""
    return max(float(np.quantile(x, HIGH)), LEAST)
