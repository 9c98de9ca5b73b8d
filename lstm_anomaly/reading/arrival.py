"""Cleaning of rows as they arrive, piece by piece, with what `cleaning.py` makes of the whole.

Order is the one difference. A row that arrives after later ones cannot be put where it belongs: verdicts
on those may be out already. It is left out, and counted; and when a stretch's worth of rows has come that
are all earlier (a clock set back, files in the wrong order), time goes on from there as a new stretch.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from lstm_anomaly.reading.clean_report import CleanReport
from lstm_anomaly.reading.cleaning import HOUR, SUMMER_TIME
from lstm_anomaly.reading.filling import carry_forward
from lstm_anomaly.types import BoolArray, FloatArray, IntArray, SensorFrame

LEARNED_FROM = 100  # differences of stamps, where no step is known


@dataclass(frozen=True)
class CleanRows:
    """The next m rows of the series, and where the n rows of a frame went.

    values  (m, F) with short holes filled
    starts  (m,) True for the first row after a gap: no window reaches across
    origin  (m,) the frame's row that gave the values, -1 for a row of an earlier frame
    row_of  (n,) for each row of the frame its row in the series, counted from the first push, or -1
    """

    values: FloatArray
    starts: BoolArray
    origin: IntArray
    row_of: IntArray


@dataclass
class _Late:
    """Rows that came after later ones, in case that time goes on from them."""

    positions: list[int] = field(default_factory=list)
    values: list[FloatArray] = field(default_factory=list)
    origins: list[int] = field(default_factory=list)

    def add(self, origin: int, position: int, values: FloatArray) -> None:
        """Take one more row, which goes on from the others or takes their place."""
        if self.positions and position <= self.positions[-1]:
            if position == self.positions[-1]:
                return
            self.clear()
        self.positions.append(position)
        self.values.append(values.copy())
        self.origins.append(origin)

    def clear(self) -> None:
        """Forget them: time went on without them."""
        self.positions.clear()
        self.values.clear()
        self.origins.clear()


class Cleaner:
    """Cleans rows as they come; equal to `clean` on rows in order, however they are cut into pieces.

    sensors   number of sensors, F
    step      sampling step; None takes the median of the first differences of stamps
    max_fill, max_gap   as in `clean`
    patience  so many rows in a row, each later than the one before but all too late, begin a new stretch;
              at most a window less one: they could not be judged in any case
    """

    def __init__(
        self,
        sensors: int,
        *,
        step: np.timedelta64 | None = None,
        max_fill: int = 3,
        max_gap: float | None = None,
        patience: int = 1,
    ) -> None:
        self.report = CleanReport(0, step=step)
        self._usual = None if step is None else float(np.timedelta64(step, "ns").astype(np.int64))
        self._max_fill = max_fill
        self._limit = max_fill + 1.5 if max_gap is None else max_gap
        self._patience = max(1, patience)
        self._rows = 0  # of the series
        self._first_steps = np.empty(0, np.int64)
        self._last: int | None = None  # position of the last row of the series
        self._steps = 0
        self._irregular = 0
        self._source = -1
        self._leader = np.full(sensors, np.nan)  # readings of the last row as it arrived, (F,)
        self._context = np.empty((0, sensors))  # the last rows of the stretch as they arrived
        self._was_finite = False
        self._late = _Late()

    def push(self, frame: SensorFrame) -> CleanRows:
        """Take the next rows of the input and give the rows of the series that they make."""
        self.report.rows += len(frame)
        origin, positions, values, jumps, row_of = self._in_order(frame)
        starts = jumps | self._gaps(frame, origin, positions, jumps)
        filled = self._fill(values, starts)
        if len(positions):
            self._last = int(positions[-1])
        self._rows += len(positions)
        row_of[np.isnan(frame.values).all(axis=1)] = -1
        self._report_missing(frame, values, filled, starts, row_of)
        return CleanRows(filled, starts, origin, row_of)

    def _in_order(self, frame: SensorFrame) -> tuple[IntArray, IntArray, FloatArray, BoolArray, IntArray]:
        """Rows of the series with their origin, position and values; jumps: where time begins anew."""
        row_of = np.full(len(frame), -1, np.int64)
        if frame.times is None:
            row_of[:] = self._rows + np.arange(len(frame))
            jumps = np.diff(frame.source_index, prepend=self._source) != 0
            self._source = int(frame.source_index[-1]) if len(frame) else self._source
            if len(frame):
                self._leader = frame.values[-1].copy()
            return np.arange(len(frame)), frame.lines, frame.values, jumps, row_of
        rows = np.flatnonzero(~np.isnat(frame.times))
        self.report.no_time += len(frame) - len(rows)
        positions = frame.times[rows].astype(np.int64)
        before = positions[:1] - 1 if self._last is None else np.array([self._last])
        if len(rows) and not self._late.positions and np.all(np.diff(positions, prepend=before) > 0):
            row_of[rows] = self._rows + np.arange(len(rows))
            self._leader = frame.values[rows[-1]].copy()
            jumps = np.zeros(len(rows), np.bool_)
            jumps[0] = self._last is None
            return rows, positions, frame.values[rows], jumps, row_of
        return self._sort_out(frame, rows, positions, row_of)

    def _sort_out(
        self, frame: SensorFrame, rows: IntArray, positions: IntArray, row_of: IntArray
    ) -> tuple[IntArray, IntArray, FloatArray, BoolArray, IntArray]:
        """The same row by row, where some are earlier than, or repeat, the row before them."""
        taken: list[tuple[int, int, FloatArray, bool]] = []  # origin, position, values, jump
        last, late = self._last, self._late
        late.origins = [-1] * len(late.origins)
        for row, position in zip(rows.tolist(), positions.tolist(), strict=True):
            values = frame.values[row]
            if last is None or position > last:
                taken.append((row, position, values, last is None))
                row_of[row] = self._rows + len(taken) - 1
                last, self._leader = position, values.copy()
                late.clear()
            elif position == last:
                self._count_duplicate(frame, row)
                if np.array_equal(values, self._leader, equal_nan=True):
                    row_of[row] = self._rows + len(taken) - 1
            else:
                self._note_late(frame, row, position - last)
                late.add(row, position, values)
                if len(late.positions) == self._patience:
                    taken += self._turn_back()
                    last, self._leader = taken[-1][1], taken[-1][2]
        origins = np.array([one[0] for one in taken], np.int64)
        return (
            origins,
            np.array([one[1] for one in taken], np.int64),
            np.array([one[2] for one in taken]).reshape(len(taken), frame.values.shape[1]),
            np.array([one[3] for one in taken], np.bool_),
            row_of,
        )

    def _note_late(self, frame: SensorFrame, row: int, step: int) -> None:
        report = self.report
        report.late += 1
        report.first_late = report.first_late or frame.place(row)
        if step == (self._usual or 0) - HOUR and SUMMER_TIME not in report.notes:
            report.notes.append(SUMMER_TIME)

    def _turn_back(self) -> Iterator[tuple[int, int, FloatArray, bool]]:
        """The late rows as the begin of a new stretch."""
        late = self._late
        self.report.turned_back += 1
        rows = list(zip(late.origins, late.positions, late.values, strict=True))
        late.clear()
        return ((*row, k == 0) for k, row in enumerate(rows))

    def _gaps(self, frame: SensorFrame, origin: IntArray, positions: IntArray, jumps: BoolArray) -> BoolArray:
        """Which rows (m,) come after a gap."""
        if not len(positions):
            return jumps
        steps = np.diff(positions, prepend=positions[:1] if self._last is None else [self._last])
        steps[jumps] = 0
        usual = self._usual_steps(steps, counted=frame.times is None)
        gaps = np.asarray(steps > self._limit * usual)
        self._report_gaps(frame, origin, steps, gaps)
        if frame.times is not None:
            self._steps += int((~jumps).sum())
            self._irregular += int((np.abs(steps - usual) > 0.5 * usual)[~jumps].sum())
            self.report.irregular_share = self._irregular / max(1, self._steps)
        return gaps

    def _usual_steps(self, steps: IntArray, *, counted: bool) -> FloatArray:
        """The step that a gap at each row (m,) is measured by, from the rows up to it alone."""
        if not counted and self._usual is not None:
            return np.full(len(steps), self._usual)
        if counted:  # lines: the smallest difference so far
            known = np.where(steps > 0, steps.astype(np.float64), np.inf)
            least: FloatArray = np.minimum.accumulate(np.append(self._usual or np.inf, known))
            self._usual = float(least[-1])
            return least[1:]
        usual = np.ones(len(steps))
        for k, step in enumerate(steps.tolist()):
            if step > 0 and len(self._first_steps) < LEARNED_FROM:
                self._first_steps = np.append(self._first_steps, step)
            if len(self._first_steps):
                usual[k] = float(np.median(self._first_steps))
        return usual

    def _fill(self, values: FloatArray, starts: BoolArray) -> FloatArray:
        """Short holes filled, from rows before this piece where they belong to the same stretch."""
        if not len(values):
            return values
        before = len(self._context)
        joined = np.concatenate([self._context, values])
        filled = carry_forward(
            joined, np.concatenate([[0], before + np.flatnonzero(starts)]).astype(np.int64), self._max_fill
        )[before:]
        reached = max(0, len(joined) - self._max_fill)
        if starts.any():
            reached = max(reached, before + int(np.flatnonzero(starts)[-1]))
        self._context = joined[reached:].copy()
        return filled

    def _count_duplicate(self, frame: SensorFrame, row: int) -> None:
        self.report.duplicates += 1
        self.report.first_duplicate = self.report.first_duplicate or frame.place(row)

    def _report_gaps(self, frame: SensorFrame, origin: IntArray, steps: IntArray, gaps: BoolArray) -> None:
        report = self.report
        report.gaps += int(gaps.sum())
        if not gaps.any():
            return
        worst = int(np.where(gaps, steps, 0).argmax())
        size = np.timedelta64(int(steps[worst]), "ns")
        if frame.times is None:
            report.longest_gap_at = report.longest_gap_at or frame.place(int(origin[worst]))
        elif report.longest_gap is None or size > report.longest_gap:
            report.longest_gap = size
            report.longest_gap_at = frame.place(int(origin[worst]))

    def _report_missing(
        self, frame: SensorFrame, values: FloatArray, filled: FloatArray, starts: BoolArray, row_of: IntArray
    ) -> None:
        report = self.report
        missing = np.isnan(filled)
        report.filled_cells += int(np.isnan(values).sum() - missing.sum())
        report.empty_rows += int(np.isnan(frame.values).all(axis=1).sum())
        for name, count in zip(frame.sensors, missing.sum(axis=0).tolist(), strict=True):
            if count:
                report.missing_by_sensor[name] = report.missing_by_sensor.get(name, 0) + count
        finite = np.asarray(~missing.any(axis=1))
        known = np.concatenate([[self._was_finite], finite])  # from the row before on, which may be repeated
        mapped = row_of[row_of >= 0] - (self._rows - len(filled)) + 1
        report.judged += int(known[mapped].sum())
        report.missing_rows += int((~known[mapped]).sum())
        report.segments += int((finite & (starts | ~known[:-1])).sum())
        self._was_finite = bool(known[-1])
