"""Rows flagged against rows labelled: the four counts, and the rates that are read from them."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lstm_anomaly.base.types import BoolArray


@dataclass(frozen=True)
class RowCounts:
    """How many rows were flagged and labelled; counts of several series add up with `+`."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0

    @classmethod
    def of(cls, labels: BoolArray, flags: BoolArray) -> Self:
        """Count labels (N,) against flags (N,). A row that could not be judged is not flagged."""
        return cls(
            int((labels & flags).sum()),
            int((~labels & flags).sum()),
            int((labels & ~flags).sum()),
            int((~labels & ~flags).sum()),
        )

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.true_negatives + other.true_negatives,
        )

    @property
    def false_alarm_rate(self) -> float:
        """FAR = FP / (FP + TN): share of the normal rows that were flagged; NaN without any."""
        return _ratio(self.false_positives, self.false_positives + self.true_negatives)

    @property
    def missed_alarm_rate(self) -> float:
        """MAR = FN / (FN + TP): share of the labelled rows that were not flagged; NaN without any."""
        return _ratio(self.false_negatives, self.false_negatives + self.true_positives)

    @property
    def f1(self) -> float:
        """F1 = 2 TP / (2 TP + FP + FN), 0 to 1; NaN when no row is labelled or flagged."""
        hits = 2 * self.true_positives
        return _ratio(hits, hits + self.false_positives + self.false_negatives)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else np.nan
