"""What a model makes of rows: the record from judging to events."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.scoring.reasons import TOGETHER, no_words


@dataclass(frozen=True)
class Judgement:
    """What the model makes of n rows.

    scores    (n,) multiples of the threshold, NaN where a row could not be judged
    errors    (n, F) each sensor's part in the score, at least 0, NaN likewise
    expected  (n, F) what was expected, in the sensors' own units, NaN likewise
    margins   (n, F) by how much readings usually miss that in the row's state, NaN likewise
    reasons   (n,) which component it is, as in `lstm_anomaly.scoring.reasons`
    words     (n,) the reason in words where it is symbols, else ""
    """

    scores: FloatArray
    errors: FloatArray
    expected: FloatArray
    margins: FloatArray
    reasons: IntArray
    words: NDArray[np.object_]

    @classmethod
    def unknown(cls, rows: int, sensors: int) -> "Judgement":
        """`rows` rows that could not be judged."""
        nothing = np.full((rows, sensors), np.nan)
        scores, reasons = np.full(rows, np.nan), np.full(rows, TOGETHER, np.int64)
        return cls(scores, nothing, nothing.copy(), nothing.copy(), reasons, no_words(rows))

    def rows(self, rows: slice) -> "Judgement":
        """Some of the rows."""
        return Judgement(*(getattr(self, one.name)[rows] for one in fields(self)))

    def among(self, is_here: BoolArray) -> "Judgement":
        """These rows where `is_here` (m,) is True, and unknown ones elsewhere."""
        out = Judgement.unknown(len(is_here), self.errors.shape[1])
        for one in fields(self):
            getattr(out, one.name)[is_here] = getattr(self, one.name)
        return out

    @classmethod
    def joined(cls, parts: list["Judgement"], sensors: int) -> "Judgement":
        """Several judgements, one after the other."""
        parts = parts or [cls.unknown(0, sensors)]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.errors for part in parts]),
            np.concatenate([part.expected for part in parts]),
            np.concatenate([part.margins for part in parts]),
            np.concatenate([part.reasons for part in parts]),
            np.concatenate([part.words for part in parts]),
        )
