"""Sub-score "reads flat": a sensor moves less than it ever did, over one of several lengths of rows.

A stuck sensor is restored too well rather than badly, so high errors alone do not find it. With r_L the
range (highest less lowest reading) of a sensor over the last L rows, and q_L the range that normal rows
undercut so rarely that the rule keeps its share of the false-alarm budget (`tail_limits.py`, on -log r_L),

    multiple = max over L of  q_L / max(r_L, half the sensor's resolution)

The resolution is the smallest difference of two readings in training. So the rule adapts: a sensor that
repeats readings, because its digits are few or because it moves slowly, is not flat until it has
repeated one for much longer, and a sensor that rests for longer than the longest L is never flat.
After a sensor has come loose it may be called flat until its range over the longest L is usual again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import FloatArray, Segments
from lstm_anomaly.scoring.tail_limits import block_maxima, rare_level

LENGTHS = (16, 64, 256, 1024)  # rows, powers of two
MARGIN = 1.5  # what is flat moves this many times less than any row that is known to be normal
_TINY = 1e-300


@dataclass(frozen=True)
class Stillness:
    """What is flat for each of F sensors.

    least       (L, F) a sensor is flat when its range over one of `LENGTHS` is less; 0: it never is
    resolution  (F,) the smallest difference of two readings
    """

    least: FloatArray
    resolution: FloatArray

    @classmethod
    def fit(cls, values: FloatArray, segments: Segments, per_row: float) -> "Stillness":
        """Learn from rows of values (M, F) in the segments; each sensor may be flat `per_row` times a row."""
        parts = [values[a:b] for a, b in segments]
        rare = per_row / len(LENGTHS)
        seen = [dict(_ranges(part)) for part in parts]
        least = np.zeros((len(LENGTHS), values.shape[1]))
        for k, length in enumerate(LENGTHS):
            ranges = [of_part[length] for of_part in seen if length in of_part]
            for f in range(values.shape[1] if ranges else 0):
                least[k, f] = _rare_range([part[:, f] for part in ranges], length, rare)
        return cls(least, _resolution(np.concatenate(parts))).lowered(values, segments)

    def lowered(self, values: FloatArray, segments: Segments) -> "Stillness":
        """The rule by which none of these normal rows is flat, nor nearly so."""
        least = self.least.copy()
        for a, b in segments:
            for length, ranges in _ranges(values[a:b]):
                seen = ranges.min(axis=0)  # (F,)
                seen[seen < 0.5 * self.resolution] = 0.0
                k = LENGTHS.index(length)
                least[k] = np.minimum(least[k], seen / MARGIN)
        return replace(self, least=least)

    @property
    def reach(self) -> int:
        """How many rows a verdict looks at, at most."""
        return max((length for length, row in zip(LENGTHS, self.least, strict=True) if row.any()), default=1)

    def multiples(self, readings: FloatArray, count: int) -> FloatArray:
        """How many times too still each sensor is on the last `count` of readings (n, F), (count, F).

        A length that reaches back before the first row says nothing.
        """
        floor = np.maximum(0.5 * self.resolution, _TINY)  # (F,)
        out = np.zeros((count, readings.shape[1]))
        context = readings[max(0, len(readings) - count - self.reach + 1) :]
        for length, ranges in _ranges(context, self.reach):
            last = ranges[max(0, len(ranges) - count) :]
            known = out[count - len(last) :]
            np.maximum(known, self.least[LENGTHS.index(length)] / np.maximum(last, floor), out=known)
        return out


def _ranges(values: FloatArray, longest: int = LENGTHS[-1]) -> Iterator[tuple[int, FloatArray]]:
    """Each of `LENGTHS` that fits, and the ranges over that length of values (n, F), (n - length + 1, F)."""
    high = low = values
    width = 1
    while 2 * width <= min(longest, len(values)):
        # Of twice as many rows the maximum is the higher of two of half as many.
        high = np.maximum(high[:-width], high[width:])
        low = np.minimum(low[:-width], low[width:])
        width *= 2
        if width in LENGTHS:
            with np.errstate(over="ignore"):  # infinitely far apart is not still
                ranges = high - low
            yield width, ranges


def _rare_range(ranges: list[FloatArray], length: int, per_row: float) -> float:
    """The range over `length` rows that is undercut `per_row` times a row, 0 when that cannot be told."""
    lowest = [block_maxima(-np.log(np.maximum(part, _TINY)), length) for part in ranges]
    return float(np.exp(-rare_level(np.concatenate(lowest), per_row * length)))


def _resolution(values: FloatArray) -> FloatArray:
    """The smallest difference of two readings of each sensor of values (M, F), (F,); 1 where none is."""
    steps = [np.diff(np.unique(column)) for column in values.T]
    return np.array([step.min() if len(step) else 1.0 for step in steps])
