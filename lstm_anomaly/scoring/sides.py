"""The two sub-scores beside high errors: sensors that read flat, and rows outside anything seen in training.

Each is a multiple of a limit of its own, learned on rows before the calibration rows so that it is
exceeded in a small share of the false-alarm budget, and never on calibration rows. A row's score is

    the multiple of the error threshold, or where one of these is larger and above 1, that

so that below the limit the error alone ranks rows. The count of calibration episodes that proves the
budget is one of rows above 1 for whichever reason.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.reasons import ERROR, FLAT
from lstm_anomaly.scoring.seen_range import MEMORY, SeenRange
from lstm_anomaly.scoring.stillness import Stillness
from lstm_anomaly.types import FloatArray, IntArray, Segments

BUDGET_SHARE = 0.05  # of the false-alarm budget, for each of the two
MOST = 10.0  # multiples; more says no more
MOST_ROWS = 100_000  # that the limits are learned from, the last ones


@dataclass(frozen=True)
class Sides:
    """The rules of both, for F sensors that move."""

    stillness: Stillness
    seen: SeenRange

    @classmethod
    def fit(cls, values: FloatArray, scaled: FloatArray, segments: Segments, per_row: float) -> "Sides":
        """Learn from readings (M, F), as they are and scaled; `per_row` is the whole false-alarm budget."""
        first = segments[-1][1] - MOST_ROWS
        recent = tuple((max(a, first), b) for a, b in segments if b > first)
        share = BUDGET_SHARE * per_row
        return cls(
            Stillness.fit(values, recent, share / values.shape[1]),
            SeenRange.fit(np.concatenate([scaled[a:b] for a, b in recent]), share),
        )

    def tolerant(self, values: FloatArray, scaled: FloatArray, segments: Segments) -> "Sides":
        """The same rules, by which no row in the segments, all of them normal, is anomalous."""
        seen = self.seen
        for a, b in segments:
            seen = seen.raised(scaled[a:b])
        return Sides(self.stillness.lowered(values, segments), seen)


class SideReader:
    """Reads the rows of one stretch, in order and in any pieces."""

    def __init__(self, sides: Sides) -> None:
        sensors = len(sides.stillness.resolution)
        self._sides = sides
        self._values = np.empty((0, sensors))  # the rows that the next verdicts look back on
        self._scaled = np.empty((0, sensors))

    def push(self, values: FloatArray, scaled: FloatArray) -> FloatArray:
        """The next rows' readings and scaled readings, (n, F) each; multiples of both limits, (2, n, F)."""
        count, stillness = len(values), self._sides.stillness
        values = np.concatenate([self._values, values])
        scaled = np.concatenate([self._scaled, scaled])
        self._values = values[max(0, len(values) - stillness.reach + 1) :]
        self._scaled = scaled[max(0, len(scaled) - MEMORY + 1) :]
        return np.stack([stillness.multiples(values, count), self._sides.seen.multiples(scaled, count)])


def largest(high: FloatArray, sides: FloatArray) -> tuple[FloatArray, IntArray]:
    """Scores (n,) from multiples of the error threshold (n,) and of both side limits (2, n, F).

    Also which sub-score each is, (n,), as in `lstm_anomaly.reasons`. A NaN, a row that cannot be judged,
    stays one.
    """
    by_rule = np.minimum(sides.max(axis=2), MOST)  # (2, n)
    side = by_rule.max(axis=0)  # (n,)
    fires = side > np.maximum(high, 1.0)  # (n,) not where high is NaN
    return np.where(fires, side, high), np.where(fires, FLAT + by_rule.argmax(axis=0), ERROR)
