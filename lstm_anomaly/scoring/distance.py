"""How far a latent state lies from the states of training: the autoencoder's view of what was never seen."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lstm_anomaly.types import FloatArray

BLOCKS = 5  # parts of the training rows, each judged by the others
PURGE = 24  # rows left out between a part and the others
MOST_ROWS = 20_000  # rows that the covariance is learned from; more change nothing
_JITTER = 1e-10


@dataclass(frozen=True)
class LatentDistance:
    """Mahalanobis distance with a shrunk covariance, as a multiple of what is usual.

    mean      (H,) of the training states
    cholesky  (H, H) lower factor of their covariance
    unit      squared distance over H that is usual, with what does not generalise discounted
    """

    mean: FloatArray
    cholesky: FloatArray
    unit: float

    @classmethod
    def fit(cls, states: FloatArray) -> "LatentDistance":
        """Learn from training states (M, H).

        Held-out distances come from leaving out one of `BLOCKS` parts at a time. Where they exceed the
        distances of rows that took part by a factor, the unit grows with its square: states that move on
        from part to part, as a drifting level makes them, say little about the next rows.
        """
        states = states[:: max(1, len(states) // MOST_ROWS)]
        mean, cholesky = _fit(states)
        inside = float(_squared(states, mean, cholesky).mean())
        outside = _held_out_mean(states)
        gap = max(1.0, outside / max(inside, 1e-12))
        return cls(mean, cholesky, max(outside * gap**2, 1e-12))

    def of_rows(self, states: FloatArray) -> FloatArray:
        """Squared distance of each state (M, H) as a multiple of the usual one, (M,)."""
        return _squared(states, self.mean, self.cholesky) / self.unit


def ledoit_wolf(x: FloatArray) -> FloatArray:
    """Covariance (H, H) of rows (M, H), shrunk towards a multiple of the identity.

    Ledoit & Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices".
    """
    rows, size = x.shape
    centred = x - x.mean(axis=0)
    sample = centred.T @ centred / rows  # (H, H)
    target = np.trace(sample) / size * np.eye(size)  # (H, H)
    spread = float(((sample - target) ** 2).sum())
    noise = float(((centred**2).T @ (centred**2) / rows - sample**2).sum()) / rows
    shrinkage = min(noise / spread, 1.0) if spread > 0 else 1.0
    return np.asarray((1 - shrinkage) * sample + shrinkage * target)


def _fit(states: FloatArray) -> tuple[FloatArray, FloatArray]:
    covariance = ledoit_wolf(states)
    jitter = _JITTER * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    cholesky = np.linalg.cholesky(covariance + jitter * np.eye(len(covariance)))
    return states.mean(axis=0), np.asarray(cholesky)


def _squared(states: FloatArray, mean: FloatArray, cholesky: FloatArray) -> FloatArray:
    """Squared Mahalanobis distance over H, (M,); each row on its own, so that cuts do not matter."""
    inverse = np.linalg.inv(cholesky)  # (H, H)
    whitened = np.einsum("mh,kh->mk", states - mean, inverse)  # (M, H)
    return np.asarray((whitened**2).mean(axis=1))


def _held_out_mean(states: FloatArray) -> float:
    """Mean squared distance of each part from the others."""
    edges = np.linspace(0, len(states), BLOCKS + 1).astype(int)
    total = 0.0
    for a, b in pairwise(edges):
        others = np.concatenate([states[: max(0, a - PURGE)], states[b + PURGE :]])
        if len(others) < 2 or a == b:
            return float("nan") if len(states) < 2 else float(_squared(states, *_fit(states)).mean())
        total += float(_squared(states[a:b], *_fit(others)).sum())
    return total / len(states)
