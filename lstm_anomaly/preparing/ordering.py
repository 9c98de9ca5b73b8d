"""Sorts arriving rows by time, as far as verdicts that are already out allow it."""

from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame
from lstm_anomaly.preparing.report import CleanReport

HOUR = 3_600_000_000_000  # ns
SUMMER_TIME = "time steps back by one hour, as where summer time ends: naming the zone keeps the rows apart"
NO_ROW = -2  # -1 is the row before the first of a piece


@saved_as("rows in order")
@dataclass(frozen=True)
class Ordered:
    """Rows in order, m of them, and where the n rows of a frame are among them.

    origin     (m,) the frame's row, negative for rows of earlier frames: -1 is the last one before this
    positions  (m,) ns since 1970, or line numbers without a time column; they rise
    values     (m, F)
    jumps      (m,) True where time begins anew: at the first row, and where it went back
    of_row     (n,) for each row of the frame the row here, -1 for the last row of the piece before, `NO_ROW`
    """

    origin: Annotated[IntArray, "m"]
    positions: Annotated[IntArray, "m"]
    values: Annotated[FloatArray, "m F"]
    jumps: Annotated[BoolArray, "m"]
    of_row: Annotated[IntArray, "n"]


@saved_as("late rows")
@dataclass
class _Late:
    """Rows that came after later ones, in case that time goes on from them."""

    positions: list[int] = field(default_factory=list)
    values: list[Annotated[FloatArray, "F"]] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        counts = {len(self.positions), len(self.values), len(self.origins)}
        return len(counts) == 1 and max(self.origins, default=-1) < 0

    def clear(self) -> None:
        self.positions.clear()
        self.values.clear()
        self.origins.clear()


@saved_as("ordering")
class Ordering:
    """Orders rows as they come.

    patience  this many rows in a row, each later than the one before but all too late, begin a new stretch
    width     positions are rounded down to a multiple of this, and rows with one position belong together;
              None keeps them, and of several rows with one position the first counts
    usual     the step of the time stamps in ns, 0 when it is not known
    """

    _patience: int
    _width: int | None
    _usual: float
    _last: int | None
    _source: int
    _leader: Annotated[FloatArray, "F"]
    _late: _Late

    def __init__(self, sensors: int, patience: int, *, width: int | None, usual: float) -> None:
        self._patience = max(1, patience)
        self._width = width
        self._usual = usual
        self._last: int | None = None  # position of the last row in order
        self._source = -1
        self._leader = np.full(sensors, np.nan)  # its readings, (F,)
        self._late = _Late()

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return self._width is None or self._width > 0

    @property
    def held(self) -> int:
        """How many rows before the next frame may still be put in order."""
        return -min(self._late.origins, default=0)

    def push(self, frame: SensorFrame, report: CleanReport) -> Ordered:
        """Take the next rows."""
        if frame.times is None:
            return self._by_line(frame)
        rows = np.flatnonzero(~np.isnat(frame.times))
        report.no_time += len(frame) - len(rows)
        positions = frame.times[rows].astype(np.int64)
        if self._width is not None:
            positions = positions // self._width * self._width
        before = positions[:1] - 1 if self._last is None else np.array([self._last])
        steps = np.diff(positions, prepend=before)
        if len(rows) and not self._late.positions and np.all(steps >= 0):
            is_new = steps > 0 if self._width is None else np.ones(len(rows), np.bool_)
            ordered = self._rising(frame, rows, positions, is_new, report)
        else:
            ordered = self._one_by_one(frame, rows, positions, report)
        if len(ordered.positions):
            self._last = int(ordered.positions[-1])
        self._late.origins = [origin - len(frame) for origin in self._late.origins]
        return ordered

    def _by_line(self, frame: SensorFrame) -> Ordered:
        jumps = np.diff(frame.source_index, prepend=self._source) != 0
        self._source = int(frame.source_index[-1]) if len(frame) else self._source
        rows = np.arange(len(frame))
        return Ordered(rows, frame.lines, frame.values, jumps, rows)

    def _rising(
        self,
        frame: SensorFrame,
        rows: IntArray,
        positions: IntArray,
        is_new: BoolArray,
        report: CleanReport,
    ) -> Ordered:
        """Rows of which none is earlier than the one before; one that is not new repeats its position."""
        values = frame.values[rows]  # (n, F)
        place, known = np.cumsum(is_new) - 1, is_new  # (n,) -1 for the last row of the piece before
        if not is_new.all():
            again = rows[~is_new]
            report.duplicates += len(again)
            report.first_duplicate = report.first_duplicate or frame.place(int(again[0]))
            leaders = np.concatenate([self._leader[np.newaxis], values[is_new]])[place + 1]  # (n, F)
            same = (values == leaders) | (np.isnan(values) & np.isnan(leaders))  # (n, F)
            known = is_new | same.all(axis=1)
        of_row = np.full(len(frame), NO_ROW, np.int64)
        of_row[rows[known]] = place[known]
        rows, positions, values = rows[is_new], positions[is_new], values[is_new]
        jumps = np.zeros(len(rows), np.bool_)
        if len(rows):
            jumps[0] = self._last is None
            self._leader = values[-1].copy()
        return Ordered(rows, positions, values, jumps, of_row)

    def _one_by_one(
        self, frame: SensorFrame, rows: IntArray, positions: IntArray, report: CleanReport
    ) -> Ordered:
        """The same row by row, where some are earlier than the row before them."""
        taken: list[tuple[int, int, FloatArray, bool]] = []  # origin, position, values, jump
        of_row = np.full(len(frame), NO_ROW, np.int64)
        last = self._last
        for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
            values = frame.values[row]
            if last is None or position > last or (position == last and self._width is not None):
                taken.append((row, position, values, last is None))
                of_row[row] = len(taken) - 1
                last, self._leader = position, values.copy()
                self._late.clear()
            elif position == last:
                report.duplicates += 1
                report.first_duplicate = report.first_duplicate or frame.place(row)
                if np.array_equal(values, self._leader, equal_nan=True):
                    of_row[row] = len(taken) - 1
            else:
                self._note_late(frame, row, position - last, report)
                if self._is_enough(row, position, values):
                    report.turned_back += 1
                    taken += self._turned_back()
                    last, self._leader = taken[-1][1], taken[-1][2]
        origins, positions, jumps = (np.array([one[k] for one in taken]) for k in (0, 1, 3))
        values = np.array([one[2] for one in taken]).reshape(len(taken), frame.values.shape[1])
        return Ordered(
            origins.astype(np.int64), positions.astype(np.int64), values, jumps.astype(np.bool_), of_row
        )

    def _note_late(self, frame: SensorFrame, row: int, step: int, report: CleanReport) -> None:
        report.late += 1
        report.first_late = report.first_late or frame.place(row)
        if self._usual and step == self._usual - HOUR and SUMMER_TIME not in report.notes:
            report.notes.append(SUMMER_TIME)

    def _is_enough(self, origin: int, position: int, values: FloatArray) -> bool:
        """Keep one more late row; whether there are enough to go on from them."""
        late = self._late
        if late.positions and position <= late.positions[-1]:
            if position == late.positions[-1]:
                if self._width is None:
                    return False
            else:
                late.clear()
        late.positions.append(position)
        late.values.append(values.copy())
        late.origins.append(origin)
        return len(set(late.positions)) >= self._patience

    def _turned_back(self) -> list[tuple[int, int, FloatArray, bool]]:
        """The late rows as the begin of a new stretch."""
        late = self._late
        rows = list(zip(late.origins, late.positions, late.values, strict=True))
        late.clear()
        return [(*row, k == 0) for k, row in enumerate(rows)]
