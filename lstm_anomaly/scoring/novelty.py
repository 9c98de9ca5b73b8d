"""The rule for sensors that stand still or switch between values: how surprising is a value never seen?

Training rows are cut into four parts. A row of one part that shows a value which the other parts never show
is new. The chance of a new value is taken to be the share of such rows, one row of doubt at least, and its
negative logarithm is the evidence in nats: where values never seen turn up every day, one more says little.
Beside it counts log(1 + distance outside the seen range, in units of the sensor's own size). No optimiser
takes part, so neither does chance.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.scoring.moving_average import trailing_sum

MEMORY = 50  # rows over which evidence adds up
MOST_AHEAD = MEMORY // 4  # rows that a sum of evidence reaches ahead of its row, where look-ahead allows it
MOST = 10.0  # the evidence of one sensor counts at most this many times that of one row
FOLDS = 4
_DIGITS = 9  # values of a sensor that differ by less than 1e-9 of its size are one value


@dataclass(frozen=True)
class NoveltyRule:
    """Values that ruled sensors showed in training.

    sensors   (R,) which sensors the rule is for
    evidence  (R,) nats of a value never seen
    scale     (R,) the sensor's size: its largest absolute value, 1 when that is 0
    values    (V,) all seen values over scale, sorted, one sensor after the other
    counts    (R,) how many of them belong to each
    """

    sensors: IntArray
    evidence: FloatArray
    scale: FloatArray
    values: FloatArray
    counts: IntArray

    @classmethod
    def fit(cls, rows: FloatArray, ruled: BoolArray) -> tuple["NoveltyRule", FloatArray]:
        """Learn from training rows (M, F) for the sensors where `ruled` (F,).

        Returns the rule and its evidence on the training rows themselves, each part judged by what the
        others showed, (M, R).
        """
        sensors = np.flatnonzero(ruled)
        scale = np.abs(rows[:, sensors]).max(axis=0)  # (R,)
        scale[scale == 0] = 1.0
        seen, evidence = [], []
        new = np.zeros((len(rows), len(sensors)))  # (M, R)
        for k, sensor in enumerate(sensors):
            column = np.round(rows[:, sensor] / scale[k], _DIGITS)  # (M,)
            seen.append(np.unique(column))
            new[:, k] = _new_in_its_part(column)
            evidence.append(-np.log(max(new[:, k].sum(), 1) / (len(rows) + 1)))
        rule = cls(
            sensors=sensors.astype(np.int64),
            evidence=np.array(evidence, dtype=np.float64),
            scale=scale,
            values=np.concatenate(seen) if seen else np.zeros(0),
            counts=np.array([len(values) for values in seen], dtype=np.int64),
        )
        return rule, new * rule.evidence

    def of_rows(self, rows: FloatArray) -> FloatArray:
        """Evidence of each row and ruled sensor that its value was never seen, (M, R) in nats."""
        out = np.zeros((len(rows), len(self.sensors)))
        stops = np.cumsum(self.counts)
        for k, sensor in enumerate(self.sensors):
            seen = self.values[stops[k] - self.counts[k] : stops[k]]
            with np.errstate(over="ignore"):  # infinitely far is bounded later, like all that is very far
                x = np.round(rows[:, sensor] / self.scale[k], _DIGITS)  # (M,)
            outside = np.maximum(np.maximum(seen[0] - x, x - seen[-1]), 0)  # (M,)
            out[:, k] = np.where(np.isin(x, seen), 0.0, self.evidence[k] + np.log1p(outside))
        return out

    def remembered(self, evidence: FloatArray, judged: int) -> FloatArray:
        """Evidence added up over `MEMORY` rows for the last `judged` of them, (judged, R), bounded."""
        sums = [trailing_sum(column, MEMORY, judged) for column in evidence.T]
        total = np.stack(sums, axis=1) if sums else np.zeros((judged, 0))
        return np.asarray(np.minimum(total, MOST * self.evidence))


def _new_in_its_part(column: FloatArray) -> BoolArray:
    """Which rows of x (M,) show a value that no other part of the rows shows."""
    parts = np.array_split(column, FOLDS)
    values, counts = np.unique(np.concatenate([np.unique(part) for part in parts]), return_counts=True)
    return np.asarray(np.isin(column, values[counts == 1]))
