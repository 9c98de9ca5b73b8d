"""Cleaning of rows as they arrive, piece by piece; `clean.py` sorts what is known whole, and pushes it once.

A row that arrives after later ones cannot be put where it belongs: verdicts
on those may be out already. It is left out, and counted; and when a stretch's worth of rows has come that
are all earlier (a clock set back, files in the wrong order), time goes on from there as a new stretch.
"""

import dataclasses
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import (
    MAX_FILL,
    BoolArray,
    FloatArray,
    IntArray,
    Resample,
    SensorFrame,
    TimeArray,
)
from lstm_anomaly.preparing.fill import carry_forward
from lstm_anomaly.preparing.ordering import NO_ROW, Ordered, Ordering
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.preparing.resample import aggregate
from lstm_anomaly.reading.frames import join_frames, take_rows

LEARNED_FROM = 100  # differences of stamps, where no step is known


@dataclass(frozen=True)
class CleanRows:
    """The next m rows of the series, and where the n rows of a frame went.

    values  (m, F) with short holes filled
    times   (m,) in UTC, None when rows are only counted
    starts  (m,) True for the first row after a gap: no window reaches across
    origin  (m,) the frame's row that gave the values, the first of several; negative for a row of an
            earlier frame, -1 for its last
    row_of  (n,) for each row of the frame its row in the series, counted from the first push, or -1; the
            last of them may come with a later frame
    held    rows before the next frame that may still give a row of the series
    """

    values: FloatArray
    times: TimeArray | None
    starts: BoolArray
    origin: IntArray
    row_of: IntArray
    held: int


@saved_as("cleaner")
class Cleaner:
    """Cleans rows as they come, however they are cut into pieces.

    sensors   number of sensors, F
    step      sampling step; None takes the median of the first differences of stamps
    max_fill, resample   as in `clean`
    patience  late rows that begin a new stretch; at most a window less one row, which could not be judged
    """

    report: CleanReport
    _usual: float | None
    _max_fill: int
    _limit: float
    _resample: Resample | None
    _ordering: Ordering
    _before: SensorFrame | None
    _new: int
    _open: Ordered
    _open_rows: int
    _rows: int
    _first_steps: Annotated[IntArray, "n"]
    _last: int | None
    _steps: int
    _irregular: int
    _context: Annotated[FloatArray, "m F"]
    _was_finite: bool
    _session: str

    def __init__(
        self,
        sensors: int,
        *,
        step: np.timedelta64 | None = None,
        max_fill: int = MAX_FILL,
        resample: Resample | None = None,
        patience: int = 1,
    ) -> None:
        if resample is not None and step is None:
            raise InputError("no step to resample to was given", hint="a step such as 1min")
        self.report = CleanReport(0, step=step)
        width = None if step is None else int(np.timedelta64(step, "ns").astype(np.int64))
        self._usual = None if width is None else float(width)
        self._max_fill = max_fill
        self._limit = max_fill + 1.5  # steps without a row; after more there is a gap
        self._resample = resample
        self._ordering = Ordering(
            sensors, patience, width=None if resample is None else width, usual=float(width or 0)
        )
        self._before: SensorFrame | None = None  # rows of earlier frames that may still matter
        self._new = 0  # where among them the rows of the frame at work begin
        self._open = _empty(sensors)  # rows in order that later ones may have to be joined with
        self._open_rows = 0  # rows of the input that they stand for
        self._rows = 0  # of the series
        self._first_steps = np.empty(0, np.int64)
        self._last: int | None = None  # position of the last row of the series
        self._steps = 0
        self._irregular = 0
        self._context = np.empty((0, sensors))  # the last rows of the stretch as they arrived
        self._was_finite = False
        self._session = ""  # of the last row

    @property
    def row_count(self) -> int:
        """Rows of the series so far."""
        return self._rows

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        before = 0 if self._before is None else len(self._before)
        held = max(self._ordering.held, -min(self._open.origin.tolist(), default=0))
        return held <= before and max(self._open.origin.tolist(), default=-1) < 0

    def push(self, frame: SensorFrame) -> CleanRows:
        """Take the next rows of the input and give the rows of the series that they make.

        Raises InputError when rows are to be resampled and have no times.
        """
        if self._resample is not None and frame.times is None:
            where = ", ".join(frame.sources)
            raise InputError("there are no time stamps to resample by", where=where, hint="a time column")
        self.report.rows += len(frame)
        self._new = 0 if self._before is None else len(self._before)
        self._before = frame if self._before is None else join_frames([self._before, frame])
        ordered = self._ordering.push(frame, self.report)
        row_of = np.where(ordered.of_row == NO_ROW, -1, self._rows + ordered.of_row)
        if self._resample is not None:
            ordered, row_of = self._join(ordered, frame)
        row_of[np.isnan(frame.values).all(axis=1)] = -1
        self.report.empty_rows += int(np.isnan(frame.values).all(axis=1).sum())
        return self._clean(frame, ordered, row_of)

    def finish(self) -> CleanRows:
        """The rows of the series that waited for others to be joined with; call it after a push.

        More rows may be pushed if they come after a gap.
        """
        assert self._before is not None, "rows have been pushed"
        nothing = take_rows(self._before, slice(0, 0))
        self._new = len(self._before)
        ordered, self._open = self._open, _empty(self._open.values.shape[1])
        if len(ordered.positions):
            ordered = _aggregated(ordered, np.zeros(len(ordered.positions), np.int64), self._resample)
        return self._clean(nothing, ordered, np.empty(0, np.int64))

    def is_gap(self, position: int) -> bool:
        """Whether a next row at this time, in ns since 1970, or on this line would come after a gap."""
        usual = float(np.median(self._first_steps)) if len(self._first_steps) else self._usual
        if self._last is None or usual is None:
            return False
        return position - self._last > self._limit * usual

    def _clean(self, frame: SensorFrame, ordered: Ordered, row_of: IntArray) -> CleanRows:
        counted = frame.times is None
        sessions = self._sessions(ordered.origin)
        starts = ordered.jumps | self._gaps(ordered, sessions, counted=counted) | sessions
        filled = self._fill(ordered.values, starts)
        if len(ordered.positions):
            self._last = int(ordered.positions[-1])
        self._rows += len(ordered.positions)
        self._report_missing(frame, ordered.values, filled, starts, row_of)
        held = max(self._ordering.held, -min(self._open.origin.tolist(), default=0))
        self._before = self._last_rows(held)
        times = None if counted else ordered.positions.astype("datetime64[ns]")
        return CleanRows(filled, times, starts, ordered.origin, row_of, held)

    def _join(self, ordered: Ordered, frame: SensorFrame) -> tuple[Ordered, IntArray]:
        """Rows of one step joined into one; those of the last step wait, since more may come."""
        waiting = len(self._open.positions)
        rows = _concatenated(self._open, ordered)
        new = np.asarray(rows.jumps | (np.diff(rows.positions, prepend=rows.positions[:1]) != 0))
        group = np.cumsum(new) - (1 if len(new) and new[0] else 0)  # (m,)
        row_of = np.where(ordered.of_row == NO_ROW, -1, self._rows)
        known = ordered.of_row >= 0
        row_of[known] += group[waiting + ordered.of_row[known]]
        whole = int(np.searchsorted(group, group[-1])) if len(group) else 0
        waits = _rows(rows, slice(whole, None))
        self._open = dataclasses.replace(waits, origin=waits.origin - len(frame))
        return _aggregated(_rows(rows, slice(0, whole)), group[:whole], self._resample), row_of

    def _gaps(self, ordered: Ordered, sessions: BoolArray, *, counted: bool) -> BoolArray:
        """Which rows (m,) come after a gap; what lies between two sessions is none to report."""
        positions, jumps = ordered.positions, ordered.jumps
        if not len(positions):
            return jumps
        steps = np.diff(positions, prepend=positions[:1] if self._last is None else [self._last])
        steps[jumps] = 0
        usual = self._usual_steps(steps, counted=counted)
        gaps = np.asarray(steps > self._limit * usual)
        self._report_gaps(ordered.origin, steps, gaps & ~sessions, counted)
        if not counted:
            self._steps += int((~jumps).sum())
            self._irregular += int((np.abs(steps - usual) > 0.5 * usual)[~jumps].sum())
            self.report.irregular_share = self._irregular / max(1, self._steps)
        return gaps

    def _sessions(self, origin: IntArray) -> BoolArray:
        """Which rows (m,), by where they came from, are of another session than the row before."""
        assert self._before is not None, "rows have been pushed"
        if self._before.groups is None or not len(origin):
            return np.zeros(len(origin), np.bool_)
        sessions = self._before.groups[self._new + origin]  # (m,)
        before = np.concatenate([[self._session], sessions[:-1]])
        self._session = str(sessions[-1])
        return np.asarray(sessions != before, np.bool_)

    def _usual_steps(self, steps: IntArray, *, counted: bool) -> FloatArray:
        """The step that a gap at each row (m,) is measured by, from the rows up to it alone."""
        if counted:  # lines: the smallest difference so far
            known = np.where(steps > 0, steps.astype(np.float64), np.inf)
            least: FloatArray = np.minimum.accumulate(np.append(self._usual or np.inf, known))
            self._usual = float(least[-1])
            return least[1:]
        if self._usual is not None:
            return np.full(len(steps), self._usual)
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
        begins = np.concatenate([[0], before + np.flatnonzero(starts)]).astype(np.int64)
        filled = carry_forward(joined, begins, self._max_fill)[before:]
        reached = max(0, len(joined) - self._max_fill)
        if starts.any():
            reached = max(reached, before + int(np.flatnonzero(starts)[-1]))
        self._context = joined[reached:].copy()
        return filled

    def _last_rows(self, count: int) -> SensorFrame:
        assert self._before is not None, "rows have been pushed"
        return take_rows(self._before, slice(len(self._before) - count, None))

    def _report_gaps(self, origin: IntArray, steps: IntArray, gaps: BoolArray, counted: bool) -> None:
        report = self.report
        report.gaps += int(gaps.sum())
        if not gaps.any():
            return
        assert self._before is not None, "rows have been pushed"
        worst = int(np.where(gaps, steps, 0).argmax())
        size = np.timedelta64(int(steps[worst]), "ns")
        if report.longest_gap is None or size > report.longest_gap:
            report.longest_gap = size
            report.longest_gap_at = self._before.place(self._new + int(origin[worst]))
        if counted:
            report.longest_gap = None

    def _report_missing(
        self, frame: SensorFrame, values: FloatArray, filled: FloatArray, starts: BoolArray, row_of: IntArray
    ) -> None:
        report = self.report
        missing = np.isnan(filled)
        report.filled_cells += int(np.isnan(values).sum() - missing.sum())
        for name, count in zip(frame.sensors, missing.sum(axis=0).tolist(), strict=True):
            if count:
                report.missing_by_sensor[name] = report.missing_by_sensor.get(name, 0) + count
        finite = np.asarray(~missing.any(axis=1))
        known = np.concatenate([[self._was_finite], finite])  # from the row before on, which may be repeated
        mapped = row_of[row_of >= 0] - (self._rows - len(filled)) + 1
        counts = np.bincount(mapped, minlength=len(known) + 1)  # rows of the input for each row
        counts[1] += self._open_rows
        self._open_rows = int(counts[len(known) :].sum())
        report.judged += int(counts[: len(known)][known].sum())
        report.missing_rows += int(counts[: len(known)][~known].sum())
        report.segments += int((finite & (starts | ~known[:-1])).sum())
        self._was_finite = bool(known[-1])


def _empty(sensors: int) -> Ordered:
    nothing = np.empty(0, np.int64)
    return Ordered(nothing, nothing, np.empty((0, sensors)), np.empty(0, np.bool_), nothing)


def _rows(ordered: Ordered, rows: slice) -> Ordered:
    return Ordered(
        ordered.origin[rows],
        ordered.positions[rows],
        ordered.values[rows],
        ordered.jumps[rows],
        ordered.of_row,
    )


def _concatenated(first: Ordered, then: Ordered) -> Ordered:
    return Ordered(
        np.concatenate([first.origin, then.origin]),
        np.concatenate([first.positions, then.positions]),
        np.concatenate([first.values, then.values]),
        np.concatenate([first.jumps, then.jumps]),
        then.of_row,
    )


def _aggregated(rows: Ordered, group: IntArray, how: Resample | None) -> Ordered:
    """One row for each group of rows (m,); the numbers of groups have no gaps."""
    first = np.flatnonzero(np.diff(group, prepend=-1))
    values = aggregate(rows.values, group, first, how or "first")
    return Ordered(rows.origin[first], rows.positions[first], values, rows.jumps[first], rows.of_row)
