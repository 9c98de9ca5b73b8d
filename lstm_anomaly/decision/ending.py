"""Ends an anomaly when it is over, not when the last memory has forgotten it.

A score remembers up to a hundred rows, which finds weak faults, and keeps it high long after a strong one.
So an anomaly also needs rows that are **themselves unusual**: by their own forecast or relation (windows and
LSTMs still hold the fault), by a sensor that reads flat, by a value or a state never seen. It ends when the
last rows were not and the score falls. Until memory has run out, later rows count where they are themselves
unusual: a second fault is an event of its own, and the mere memory of the first one is not. An anomaly
that no single row shows ends as the memories forget it.
"""

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision.holding import LASTS_ABOVE
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.scoring.components import LONGEST

UNUSUAL = 0.35
"""Times the limit, from which a row is itself unusual: one normal row in ten to a hundred is."""

QUIET_ROWS = 4
"""An anomaly that single rows showed is over when this many rows were not unusual."""

RISES = 2.0
"""After the end a score counts again from this many times its lowest since: memory alone only falls. A row
that is unusual beyond `LASTS_ABOVE` times the limit counts where it lifts the score at all."""


@saved_as("event ending")
class Ending:
    """Follows the scores of one stretch of rows, in order and in any pieces."""

    _most: int
    _is_on: bool
    _is_over: bool
    _is_strong: bool
    _quiet: int
    _at_last: float
    _below: int
    _lowest: float
    _before: float
    _aftermath: int

    def __init__(self, most: int) -> None:
        """`most`: rows below the limit after which an anomaly has ended in any case."""
        self._most = most
        self._is_on = self._is_over = self._is_strong = False
        self._quiet = 0  # rows since the last one that was unusual
        self._at_last = np.inf  # score of that one
        self._below = 0  # rows since the last one above the limit
        self._lowest = self._before = np.inf  # score since it was over, and of the last row
        self._aftermath = 0  # rows in which memory may still hold what is over

    def push(self, scores: FloatArray, recent: FloatArray) -> FloatArray:
        """Take the next scores (n,); return them, lowered where an anomaly is over so that it does not last.

        recent  (n,) how unusual each row is by itself, 1 is the limit

        >>> scores, recent = np.array([3.0, 3, 2, 2, 2, 2, 2]), np.array([3.0, 2, 0, 0, 0, 0, 0])
        >>> Ending(most=24).push(scores, recent)
        array([3. , 3. , 2. , 2. , 2. , 0.7, 0.7])
        """
        out = scores.copy()
        row = 0
        while row < len(scores):
            if not self._is_on and not self._aftermath:  # nothing to follow before the next row above
                above = scores[row:] > LIMIT
                if not above.any():
                    break
                row += int(above.argmax())
            if self._is_past(float(scores[row]), float(recent[row])):
                out[row] = min(out[row], LASTS_ABOVE)
            row += 1
        return out

    def _is_past(self, score: float, recent: float) -> bool:
        """Take one row; whether its score is only the memory of an anomaly that is over."""
        is_unusual = recent > UNUSUAL
        self._aftermath = max(0, self._aftermath - 1)
        if not self._is_on:
            if score > LIMIT and (is_unusual or not self._aftermath):
                self._begin(score, recent > LIMIT)
                return False
            return self._aftermath > 0
        if score <= LASTS_ABOVE or np.isnan(score):
            self._is_on, self._aftermath = False, LONGEST
            return False
        if self._is_over:
            lifts = recent > LASTS_ABOVE and score > self._before
            rises = is_unusual and score > RISES * self._lowest
            if score > LIMIT and (recent > LIMIT or lifts or rises):
                self._begin(score, is_strong=True)
                return False
            self._lowest, self._before = min(self._lowest, score), score
            return True
        self._is_strong = self._is_strong or recent > LIMIT
        if is_unusual:
            self._quiet, self._at_last = 0, score
        else:
            self._quiet += 1
        self._below = 0 if score > LIMIT else self._below + 1
        if self._below > self._most:
            self._is_on, self._aftermath = False, LONGEST
        elif self._is_strong and self._quiet >= QUIET_ROWS and score < self._at_last:
            self._is_over, self._lowest, self._before = True, score, score
        return self._is_over

    def _begin(self, score: float, is_strong: bool) -> None:
        self._is_on, self._is_over, self._is_strong = True, False, is_strong
        self._quiet = self._below = 0
        self._at_last = score
