"""How much each method weighs in their mean: so that the mean's error on held-out rows is least.

    w = argmin w' (C + d diag C) w, with w >= 0 and sum w = 1, where C (n, n) holds the mean products of the
    methods' errors (Bates & Granger 1969)

Methods that go wrong in different ways cancel out, so a mean of them is better than the best one. Held-out
errors are few: d draws the weights together, as if a part of each error were noise.
"""

from itertools import combinations

import numpy as np

from lstm_anomaly.base.types import FloatArray

NOISE = 0.1  # d
LEAST = 0.01  # a weight below it is none


def blend_weights(errors: FloatArray, step_weights: FloatArray) -> FloatArray:
    """Weights (F, n) by errors (n, P, F, K) of n methods at P origins; steps count by `step_weights` (K,)."""
    products = np.einsum("apfk,bpfk,k->fab", errors, errors, step_weights, optimize=True)  # (F, n, n)
    n = len(errors)
    least = np.diagonal(products, axis1=1, axis2=2).min(axis=1)  # (F,)
    products /= np.maximum(least, 1e-12)[:, np.newaxis, np.newaxis]
    products += NOISE * products * np.eye(n) + 1e-9 * np.eye(n)
    weights, smallest = np.zeros((len(products), n)), np.full(len(products), np.inf)
    for size in range(1, n + 1):
        for some in map(list, combinations(range(n), size)):
            found, total = _least_among(products[:, some][:, :, some])
            better = (found >= 0).all(axis=1) & (total < smallest)
            weights[better] = 0
            weights[np.ix_(np.flatnonzero(better), np.array(some))] = found[better]
            smallest[better] = total[better]
    weights[weights < LEAST] = 0
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _least_among(products: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights (F, k) of sum 1, of any sign, for which w' C w is least, and its value (F,)."""
    found = np.linalg.solve(products, np.ones((*products.shape[:2], 1)))[:, :, 0]  # (F, k)
    total = found.sum(axis=1)
    return found / total[:, np.newaxis], 1 / total
