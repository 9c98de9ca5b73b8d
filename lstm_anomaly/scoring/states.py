"""Operating states: clusters of the readings, since usual errors depend on what the plant is doing.

A plant at rest, at its nightly job or on a weekend scatters in its own way. Training rows are put into at
most 16 groups by k-means (Lloyd 1982; first centres by Arthur & Vassilvitskii 2007) on the scaled readings
and on their change over three rows, so that starting up is a state, too. Each has its own usual sizes of
residuals, see `components.py`. A row far from all centres is in a state never seen.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray

MOST_STATES = 16
ROWS_A_STATE = 500  # training rows for each state
CHANGE = 3  # rows
MOST_FIT_ROWS = 5000  # evenly spread, that the centres are found from
ROUNDS = 30
_BLOCK = 2048


@dataclass(frozen=True)
class OperatingStates:
    """Centres (k, 2 F) of k states of F inputs, readings then changes, and training `rows` (k,) in each."""

    centres: FloatArray
    rows: IntArray

    @classmethod
    def fit(cls, features: FloatArray, rng: np.random.Generator) -> "OperatingStates":
        """From the features (M, 2 F) of training rows."""
        few = features[:: -(-len(features) // MOST_FIT_ROWS)]
        wanted = int(np.clip(len(features) // ROWS_A_STATE, 1, MOST_STATES))
        centres = few.mean(axis=0, keepdims=True) if wanted == 1 else _first_centres(few, wanted, rng)
        for _ in range(ROUNDS if wanted > 1 else 0):
            nearest = _nearest(few, centres)[0]
            moved = np.array(
                [few[nearest == k].mean(axis=0) if (nearest == k).any() else c for k, c in enumerate(centres)]
            )
            if np.array_equal(moved, centres):
                break
            centres = moved
        counts = np.bincount(_nearest(features, centres)[0], minlength=len(centres))
        return cls(centres[counts > 0], counts[counts > 0])

    def of_rows(self, features: FloatArray) -> tuple[IntArray, FloatArray]:
        """The state of each row of features (n, 2 F), and its distance from that centre, (n,) each."""
        return _nearest(features, self.centres)


def state_features(rows: FloatArray) -> FloatArray:
    """Readings and changes of the last n of scaled rows (CHANGE + n, F), (n, 2 F)."""
    return np.concatenate([rows[CHANGE:], rows[CHANGE:] - rows[:-CHANGE]], axis=1)


def with_first_rows(rows: FloatArray) -> FloatArray:
    """Rows (n, F) of one stretch after `CHANGE` copies of the first one: (CHANGE + n, F)."""
    return np.concatenate([np.repeat(rows[:1], CHANGE, axis=0), rows])


def _first_centres(rows: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Rows drawn one after the other, each with a chance that grows with its distance from those before."""
    chosen = [rows[rng.integers(len(rows))]]
    distance = np.square(rows - chosen[0]).sum(axis=1)  # (M,)
    while len(chosen) < count and distance.sum() > 0:
        chosen.append(rows[rng.choice(len(rows), p=distance / distance.sum())])
        distance = np.minimum(distance, np.square(rows - chosen[-1]).sum(axis=1))
    return np.array(chosen)


def _nearest(features: FloatArray, centres: FloatArray) -> tuple[IntArray, FloatArray]:
    """The nearest centre of each row of features (n, D), (n,), and its distance, (n,).

    einsum treats each row alone, so that its last bits do not hang on how the rows were cut, as long as the
    values of a row lie together in memory.
    """
    state, distance = np.empty(len(features), np.int64), np.empty(len(features))
    for first in range(0, len(features), _BLOCK):
        part = np.ascontiguousarray(features[first : first + _BLOCK])
        apart = (part - centre for centre in centres)  # (n, D) each
        squares = np.stack([np.einsum("nd,nd->n", d, d) for d in apart], axis=1)  # (n, k)
        nearest = squares.argmin(axis=1)
        state[first : first + _BLOCK] = nearest
        distance[first : first + _BLOCK] = np.sqrt(squares[np.arange(len(part)), nearest])
    return state, distance
