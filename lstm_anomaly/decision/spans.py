"""Groups rows above the limit into spans of rows, as they come, in pieces of any size.

One state machine serves batch and stream, so both give the same spans. A row is inside from the
moment its score is above 1 until a score is not above `off` (hysteresis). Inside rows with at most
`merge_gap` rows between them are one span. A row without a score (NaN) neither starts nor extends a
span nor ends the hysteresis; it only takes up time, like a quiet row.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray

LIMIT = 1.0
"""Scores are multiples of the threshold."""


@saved_as("span")
@dataclass(frozen=True)
class Span:
    """Rows start..end, both included; `count` of them are inside, and their scores add up to `total`."""

    start: int
    end: int
    peak_row: int
    peak: float
    count: int = 0
    total: float = 0.0

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return 0 <= self.start <= self.peak_row <= self.end and self.count > 0

    def extended(self, rows: IntArray, scores: FloatArray) -> Self:
        """The span with further inside rows (n,) after its end; n is at least 1."""
        highest = int(scores.argmax())
        higher = float(scores[highest]) > self.peak  # the first of equal peaks counts
        return type(self)(
            start=self.start,
            end=int(rows[-1]),
            peak_row=int(rows[highest]) if higher else self.peak_row,
            peak=float(scores[highest]) if higher else self.peak,
            count=self.count + len(rows),
            # A running sum adds in row order, so the last bit does not depend on how rows were cut.
            total=float(np.cumsum(np.append(self.total, scores))[-1]),
        )


@saved_as("span tracker")
class SpanTracker:
    """Finds spans in scores that arrive piece by piece; `open` is the span that may still grow."""

    open: Span | None
    _merge_gap: int
    _off: float
    _row_count: int
    _inside: bool
    _last_judged: int

    def __init__(self, merge_gap: int, off: float) -> None:
        self.open: Span | None = None
        self._merge_gap = merge_gap
        self._off = off
        self._row_count = 0
        self._inside = False
        self._last_judged = -1

    @property
    def row_count(self) -> int:
        """Rows so far."""
        return self._row_count

    def push(self, scores: FloatArray) -> list[Span]:
        """Take the next scores (n,), NaN where unknown; return the spans that cannot grow any more."""
        judged = np.flatnonzero(~np.isnan(scores))  # (j,)
        rows = judged + self._row_count  # (j,)
        inside = self._mark_inside(rows, scores[judged])  # (j,)
        rows, levels = rows[inside], scores[judged][inside]  # (i,), (i,)
        self._row_count += len(scores)

        closed = []
        cuts = np.flatnonzero(np.diff(rows) - 1 > self._merge_gap) + 1
        for part, part_scores in zip(np.split(rows, cuts), np.split(levels, cuts), strict=True):
            if len(part):
                closed += self._close_before(int(part[0]))
                span = self.open or Span(int(part[0]), int(part[0]), int(part[0]), -np.inf)
                self.open = span.extended(part, part_scores)
        # The next row is the first that could still belong.
        return closed + self._close_before(self._row_count)

    def finish(self) -> list[Span]:
        """The open span, if there is one: no further row belongs to it."""
        closed = [] if self.open is None else [self.open]
        self.open = None
        self._inside = False
        return closed

    def _close_before(self, row: int) -> list[Span]:
        """Close the open span if `row` is too far after it to belong to it."""
        if self.open is None or row - self.open.end - 1 <= self._merge_gap:
            return []
        span, self.open = self.open, None
        return [span]

    def _mark_inside(self, rows: IntArray, scores: FloatArray) -> BoolArray:
        """Which judged rows (j,) are inside, going on from the last judged row.

        A row is inside when the last entry up to it is later than the last exit up to it.
        """
        if len(rows) == 0:
            return np.empty(0, dtype=np.bool_)
        order = np.arange(1, len(rows) + 1)  # 0 stands for the last judged row
        stays = scores > self._off  # (j,)
        lost = np.diff(rows, prepend=self._last_judged) - 1 > self._merge_gap  # (j,) too long unknown
        entries = np.where(scores > LIMIT, order, -1)  # (j,)
        exits = np.where(stays, np.where(lost, order - 1, -1), order)  # (j,)
        entries[0] = max(entries[0], 0 if self._inside else -1)
        exits[0] = max(exits[0], -1 if self._inside else 0)
        inside: BoolArray = np.maximum.accumulate(entries) > np.maximum.accumulate(exits)  # (j,)
        self._inside = bool(inside[-1])
        self._last_judged = int(rows[-1])
        return inside
