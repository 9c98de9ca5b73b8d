"""Hysteresis: an anomaly goes on through weaker rows until its score falls well below the limit.

A score that hovers about the limit would turn a lasting fault into many short ones with normal rows between
them. Alarms have a dead band against that (ISA-18.2; in electronics, the Schmitt trigger). The band lies
below the limit, so that an anomaly begins where it would without one. After as many rows below the limit as
may lie between two parts of an event it is over, so that a fault that comes later is an event of its own.
"""

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision.spans import LIMIT

LASTS_ABOVE = 0.7
"""Of the limit. Scores grow with squared errors, so that errors are a sixth smaller than at the limit."""

HELD = 1.01
"""What the score of a row that is held at least is, so that a score above 1 means an anomaly in any case."""


@saved_as("score holder")
class Holder:
    """Holds the scores of one stretch of rows, in order and in any pieces."""

    _most: int
    _left: int

    def __init__(self, most: int) -> None:
        """`most`: at most so many rows after one above the limit are held."""
        self._most = most
        self._left = 0  # rows that are still held; 0: there is no anomaly that the next row may belong to

    def push(self, scores: FloatArray) -> FloatArray:
        """Take scores (n,), multiples of the threshold, NaN where unknown; return them, held where one lasts.

        >>> Holder(most=2).push(np.array([0.8, 1.5, 0.8, 0.9, 0.9]))
        array([0.8 , 1.5 , 1.01, 1.01, 0.9 ])
        """
        if not len(scores):
            return scores
        order = np.arange(1, len(scores) + 1)  # 0 stands for the row before
        before = self._left - self._most if self._left else -1 - self._most  # the last row above, at most 0
        above = np.maximum.accumulate(np.where(scores > LIMIT, order, before))  # (n,) the last one above
        ended = np.maximum.accumulate(np.where(scores > LASTS_ABOVE, -1 - self._most, order))  # (n,)
        left = np.where(above > ended, self._most - (order - above), -1)  # (n,) rows to be held after each
        self._left = max(0, int(left[-1]))
        return np.where(left >= 0, np.maximum(scores, HELD), scores)
