"""Rows after scoring: what events are found in, whole or piece by piece."""

from dataclasses import dataclass, field, fields
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import UNBOUNDED, saved_as
from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.scoring.reasons import no_words


@saved_as("judged rows")
@dataclass(frozen=True)
class JudgedRows:
    """Consecutive rows after scoring; N rows, F sensors.

    scores    (N,) multiples of the threshold, NaN where a row could not be judged
    errors    (N, F) what each sensor adds to a row's score, at least 0, in any one unit
    seen      (N, F) readings in the sensors' own units
    expected  (N, F) what the model expected, in the same units
    margins   (N, F) by how much readings usually miss that, in the same units
    reasons   (N,) which component each score is, as in `lstm_anomaly.scoring.reasons`
    words     (N,) the reason in words of its own, "" where it has none; none anywhere when left out
    """

    scores: Annotated[FloatArray, "n", UNBOUNDED]
    errors: Annotated[FloatArray, "n F", UNBOUNDED]
    seen: Annotated[FloatArray, "n F"]
    expected: Annotated[FloatArray, "n F"]
    margins: Annotated[FloatArray, "n F", UNBOUNDED]
    reasons: Annotated[IntArray, "n"]
    words: Annotated[NDArray[np.object_], "n"] = field(default_factory=lambda: no_words(0))

    def __post_init__(self) -> None:
        if not len(self.words):
            object.__setattr__(self, "words", no_words(len(self.scores)))
        shapes = {self.errors.shape, self.seen.shape, self.expected.shape, self.margins.shape}
        if len(shapes) != 1 or not self.errors.shape[:1] == self.scores.shape == self.reasons.shape:
            raise ValueError(f"scores {self.scores.shape} do not go with sensors' arrays {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice) -> "JudgedRows":
        return JudgedRows(*(getattr(self, one.name)[rows] for one in fields(self)))

    def after(self, earlier: "JudgedRows") -> "JudgedRows":
        """These rows behind earlier ones."""
        pairs = ((getattr(earlier, one.name), getattr(self, one.name)) for one in fields(self))
        return JudgedRows(*(np.concatenate(pair) for pair in pairs))
