"""The rule for sensors that stand still or switch: how surprising is a value never seen in training?

With N rows in training, N_1 of whose values occurred once, the chance that the next value is one never
seen is estimated as (N_1 + 1) / (N + 2) (Good & Turing; Good 1953, with one row of doubt). Its negative
logarithm is the evidence in nats, plus log(1 + distance outside the seen range, in units of the sensor's
own size). No optimiser takes part, so neither does chance.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.scoring.memory import trailing_sum
from lstm_anomaly.types import BoolArray, FloatArray, IntArray

MEMORY = 50  # rows over which evidence adds up
MOST_AHEAD = MEMORY // 4  # rows that a sum of evidence reaches ahead of its row, where look-ahead allows it
MOST = 5.0  # the evidence of one sensor counts at most so many times that of one row
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
    def fit(cls, rows: FloatArray, ruled: BoolArray) -> "NoveltyRule":
        """Learn from training rows (M, F) for the sensors where `ruled` (F,)."""
        sensors = np.flatnonzero(ruled)
        scale = np.abs(rows[:, sensors]).max(axis=0)  # (R,)
        scale[scale == 0] = 1.0
        seen, evidence = [], []
        for k, sensor in enumerate(sensors):
            found = np.unique(np.round(rows[:, sensor] / scale[k], _DIGITS), return_counts=True)
            seen.append(found[0])
            evidence.append(-np.log(((found[1] == 1).sum() + 1) / (len(rows) + 2)))
        return cls(
            sensors=sensors.astype(np.int64),
            evidence=np.array(evidence, dtype=np.float64),
            scale=scale,
            values=np.concatenate(seen) if seen else np.zeros(0),
            counts=np.array([len(values) for values in seen], dtype=np.int64),
        )

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
