"""Keeps an anomaly going through its weaker rows: once above the limit, a score has to fall well below it.

A score that hovers about the limit would turn a lasting fault into many short ones with normal rows between
them. Alarms have a dead band against that (ISA-18.2; in electronics, the Schmitt trigger). The band lies
below the limit, so that an anomaly begins where it would without one, and there are no more of them.
"""

import numpy as np

from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.types import FloatArray

LASTS_ABOVE = 0.7
"""Of the limit. Scores grow with squared errors: these are a sixth smaller than where an anomaly begins."""

HELD = 1.01
"""What the score of a row that is held at least is, so that a score above 1 means an anomaly in any case."""


class Holder:
    """Holds the scores of one stretch of rows, in order and in any pieces."""

    def __init__(self) -> None:
        self._inside = False  # an anomaly that the next row may belong to

    def push(self, scores: FloatArray) -> FloatArray:
        """The next scores (n,), multiples of the threshold, NaN where unknown; likewise, but held.

        >>> Holder().push(np.array([0.8, 1.5, 0.8, 0.6, 0.8]))
        array([0.8 , 1.5 , 1.01, 0.6 , 0.8 ])
        """
        if not len(scores):
            return scores
        order = np.arange(1, len(scores) + 1)  # 0 stands for the row before
        begun = np.where(scores > LIMIT, order, 0 if self._inside else -1)
        ended = np.where(scores > LASTS_ABOVE, -1 if self._inside else 0, order)
        inside = np.maximum.accumulate(begun) > np.maximum.accumulate(ended)  # (n,) begun later than ended
        self._inside = bool(inside[-1])
        return np.where(inside, np.maximum(scores, HELD), scores)
