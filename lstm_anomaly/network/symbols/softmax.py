"""Softmax and its cross-entropy: how likely each symbol is, and how surprising the one that came."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Codes = NDArray[np.int64]


def log_softmax(logits: Array) -> Array:
    """log p of each of K symbols, (..., K, B), from logits (..., K, B): never above 0, never overflowing.

    log p_k = z_k - max z - log sum_j exp(z_j - max z)
    """
    shifted = logits - logits.max(axis=-2, keepdims=True)  # (..., K, B)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-2, keepdims=True)))  # (..., K, B)


def cross_entropy(logits: Array, targets: Codes, weights: Array) -> tuple[float, Array]:
    """Weighted mean of -log p of the targets, in nats, and its gradient by the logits.

    logits (T, K, B), targets (T, B) codes below K, weights (T, B) at least 0: 0 where a target does not
    count. The gradient of one step is p less the one-hot target (Bishop 2006, equation 4.109).
    """
    log_p = log_softmax(logits)  # (T, K, B)
    total = max(float(weights.sum()), 1.0)
    chosen = np.take_along_axis(log_p, targets[:, np.newaxis], axis=1)[:, 0]  # (T, B)
    d_logits = np.exp(log_p)  # (T, K, B)
    np.put_along_axis(d_logits, targets[:, np.newaxis], (np.exp(chosen) - 1)[:, np.newaxis], axis=1)
    d_logits *= (weights / total)[:, np.newaxis].astype(logits.dtype)
    return float(-(chosen * weights).sum(dtype=np.float64)) / total, d_logits
