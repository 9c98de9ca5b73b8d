"""Extrapolates to levels rarer than the data shows, from the maxima of blocks of rows.

Neighbouring rows are alike, so rows are cut into blocks and each gives one value, its highest. The m
values of the top tenth are taken to fall off exponentially above the highest one below them, u, with a
mean excess a (the Hill estimator, when the values are logarithms; Hill 1975) of standard error
a / sqrt(m), which is added to it. A level is then exceeded in a share r of all n blocks at

    u + a (1 + 1 / sqrt(m)) log(m / (n r))        (Weissman 1978)
"""

import math

import numpy as np

from lstm_anomaly.base.types import FloatArray

TOP_SHARE = 0.1
LEAST_TOP = 5  # values that a mean excess takes
LEAST_BLOCKS = 30


def block_maxima(x: FloatArray, rows: int) -> FloatArray:
    """The highest value of every `rows` rows of x (n,), (n // rows,); rows left over are left out."""
    blocks = len(x) // rows
    return np.asarray(x[: blocks * rows].reshape(blocks, rows).max(axis=1))


def rare_level(maxima: FloatArray, per_block: float) -> float:
    """The level that the maximum of a block exceeds in a share `per_block` of them.

    At least the highest of `maxima` (n,); infinite when they are fewer than `LEAST_BLOCKS`, too few to tell.
    """
    n = len(maxima)
    if n < LEAST_BLOCKS:
        return math.inf
    top = max(LEAST_TOP, math.ceil(TOP_SHARE * n))
    highest = np.sort(maxima)[-top - 1 :]  # the lowest of them is the base
    excess = float((highest[1:] - highest[0]).mean()) * (1.0 + 1.0 / math.sqrt(top))
    times_rarer = max(top / n / per_block, 1.0)
    return max(float(highest[-1]), float(highest[0]) + excess * math.log(times_rarer))
