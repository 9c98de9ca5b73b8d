"""From rows as they were read to a series in time order, cut where windows must not reach across.

Nothing here looks ahead: a hole is filled with the last value before it, never with one after it, so that
a row's verdict needs no later row. Nothing is invented between rows either: where up to `max_fill` rows
are lost, the rows around them follow each other; where more are, the series is cut.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lstm_anomaly.reading.clean_report import CleanReport, duration
from lstm_anomaly.types import BoolArray, FloatArray, IntArray, SensorFrame, Series

NS = np.dtype("timedelta64[ns]")
HOUR = 3_600_000_000_000  # ns
Segments = tuple[tuple[int, int], ...]
Duplicates = Literal["first", "mean"]


@dataclass(frozen=True)
class _Ordered:
    """The rows in use, in order: their numbers in the frame, and their positions in ns or in lines."""

    rows: IntArray
    position: IntArray
    file: IntArray


def clean(
    frame: SensorFrame,
    *,
    step: np.timedelta64 | None = None,
    max_fill: int = 3,
    max_gap: float | None = None,
    duplicates: Duplicates = "first",
) -> tuple[Series, CleanReport]:
    """Sort the rows of a frame by time, drop repeated stamps, fill short holes, cut at gaps.

    step        sampling step; None takes the median difference of the stamps
    max_fill    rows for which a missing cell takes the sensor's last value; from there on it is missing
    max_gap     a difference of more than so many steps is a gap; `max_fill + 1.5` when None
    duplicates  of rows with one stamp, use the `first`, or the `mean` of all

    Without time stamps rows are counted by their lines and each file is a stretch of its own. Returns the
    series and what was noticed. A row of the frame has no row in the series when it has no readable
    time, repeats a stamp with other values, or holds no reading at all.
    """
    report = CleanReport(len(frame), duplicates_are=duplicates)
    order = _in_order(frame, report)
    first_of, kept = _without_duplicates(order, frame, report)
    row_of = np.full(len(frame), -1, np.int64)
    row_of[order.rows] = first_of
    values = frame.values[order.rows[kept]]
    if duplicates == "mean":
        values = _means(frame.values[order.rows], first_of, len(values))
    else:
        row_of[order.rows[_differs_from_first(frame, order, kept, first_of)]] = -1
    position, file = order.position[kept], order.file[kept]
    timed = frame.times is not None
    learned = _step(position, step if timed else None)
    limit = (max_fill + 1.5 if max_gap is None else max_gap) * (learned or 1.0)
    starts = _stretch_starts(position, file if not timed else None, limit)
    _report_gaps(report, frame, order.rows[kept], position, starts)
    if timed and learned:
        _report_steps(report, position, learned)
    row_of[_without_reading(frame, report)] = -1
    values = _carry_forward(values, starts, max_fill, report)
    segments = _finite_runs(values, starts)
    _report_segments(report, frame, values, segments, row_of)
    series = Series(
        values=values,
        sensors=frame.sensors,
        times=position.astype("datetime64[ns]") if timed else None,
        step=report.step,
        segments=segments,
        row_of=row_of,
    )
    return series, report


def _in_order(frame: SensorFrame, report: CleanReport) -> _Ordered:
    """Rows with a position, sorted by time; by file and line when there is none."""
    if frame.times is None:
        rows = np.arange(len(frame))
        return _Ordered(rows, frame.lines.copy(), frame.source_index)
    rows = np.flatnonzero(~np.isnat(frame.times))
    report.no_time = len(frame) - len(rows)
    position = frame.times[rows].astype(np.int64)
    back = np.flatnonzero(np.diff(position) < 0)
    report.backward = len(back)
    if len(back):
        _note_clock_change(report, position)
        report.first_backward = frame.place(int(rows[back[0] + 1]))
        sort = np.argsort(position, kind="stable")
        rows, position = rows[sort], position[sort]
    return _Ordered(rows, position, frame.source_index[rows])


def _note_clock_change(report: CleanReport, position: IntArray) -> None:
    """One step back by an hour, less the usual step, is the end of summer time."""
    steps = np.diff(position)
    if np.any(steps == np.median(steps) - HOUR):
        report.notes.append(
            "time steps back by one hour, as where summer time ends: naming the zone keeps the rows apart"
        )


def _without_duplicates(
    order: _Ordered, frame: SensorFrame, report: CleanReport
) -> tuple[IntArray, IntArray]:
    """For each ordered row the series row that it belongs to, and which ordered rows come first (M,)."""
    if frame.times is None or not len(order.rows):
        rows = np.arange(len(order.rows))
        return rows, rows
    is_first = np.concatenate([[True], np.diff(order.position) > 0])
    kept = np.flatnonzero(is_first)
    again = np.flatnonzero(~is_first)
    report.duplicates = len(again)
    if len(again):
        report.first_duplicate = frame.place(int(order.rows[again].min()))
    return np.cumsum(is_first) - 1, kept


def _differs_from_first(frame: SensorFrame, order: _Ordered, kept: IntArray, first_of: IntArray) -> BoolArray:
    """Ordered rows whose values are not those of the first row with their stamp."""
    if len(kept) == len(order.rows):
        return np.zeros(len(order.rows), bool)
    own = frame.values[order.rows]
    first = own[kept][first_of]
    differs: BoolArray = ((own != first) & ~(np.isnan(own) & np.isnan(first))).any(axis=1)
    return differs


def _means(values: FloatArray, group: IntArray, count: int) -> FloatArray:
    """Mean of the readings of each group (count, F), NaN where a group has none."""
    known = ~np.isnan(values)
    sums = np.zeros((count, values.shape[1]))
    counts = np.zeros((count, values.shape[1]))
    np.add.at(sums, group, np.where(known, values, 0.0))
    np.add.at(counts, group, known)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _step(position: IntArray, given: np.timedelta64 | None) -> float | None:
    """The sampling step in the units of `position`: given, or the median difference; None without any."""
    if given is not None:
        return float(given.astype(NS).astype(np.int64))
    steps = np.diff(position)
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else None


def _stretch_starts(position: IntArray, file: IntArray | None, limit: float) -> IntArray:
    """First rows of the stretches that have no gap inside."""
    if not len(position):
        return np.empty(0, np.int64)
    cut = np.diff(position) > limit
    if file is not None:
        cut |= np.diff(file) != 0
    return np.concatenate([[0], np.flatnonzero(cut) + 1])


def _report_gaps(
    report: CleanReport, frame: SensorFrame, rows: IntArray, position: IntArray, starts: IntArray
) -> None:
    after = starts[1:]  # (gaps,) the rows behind them
    if frame.times is None:
        after = after[frame.source_index[rows[after]] == frame.source_index[rows[after - 1]]]
    report.gaps = len(after)
    if len(after):
        sizes = position[after] - position[after - 1]
        report.longest_gap_at = frame.place(int(rows[after[np.argmax(sizes)]]))
        if frame.times is not None:
            report.longest_gap = np.timedelta64(int(sizes.max()), "ns")


def _report_steps(report: CleanReport, position: IntArray, step: float) -> None:
    report.step = np.timedelta64(round(step), "ns")
    steps = np.diff(position)
    if not len(steps):
        return
    usual = float(np.median(steps))
    report.irregular_share = float(np.mean(np.abs(steps - usual) > 0.5 * usual))
    if not 0.6 <= usual / step <= 1.7:
        report.notes.append(
            f"rows come every {duration(np.timedelta64(round(usual), 'ns'))}, but the step is to be"
            f" {duration(report.step)}: the rows do not fit, resampling may help"
        )


def _without_reading(frame: SensorFrame, report: CleanReport) -> BoolArray:
    empty = np.asarray(np.isnan(frame.values).all(axis=1))
    report.empty_rows = int(empty.sum())
    return empty


def _carry_forward(values: FloatArray, starts: IntArray, max_fill: int, report: CleanReport) -> FloatArray:
    """Values (M, F) with missing cells taken from up to `max_fill` rows before, within one stretch."""
    missing = np.isnan(values)
    if not missing.any() or max_fill == 0:
        return values
    rows = np.arange(len(values))[:, None]
    start = np.zeros(len(values), np.int64)
    start[starts] = starts
    start = np.maximum.accumulate(start)[:, None]  # (M, 1) first row of the stretch
    source = np.maximum.accumulate(np.where(missing, -1, rows), axis=0)  # (M, F) last row with a reading
    fill = missing & (source >= start) & (rows - source <= max_fill)
    filled = values.copy()
    filled[fill] = np.take_along_axis(values, np.maximum(source, 0), axis=0)[fill]
    report.filled_cells = int(fill.sum())
    return filled


def _finite_runs(values: FloatArray, starts: IntArray) -> Segments:
    """Half-open ranges of rows without a missing value, none across the start of a stretch."""
    usable = np.asarray(np.isfinite(values).all(axis=1))
    begins = usable.copy()
    begins[1:] &= ~usable[:-1]
    begins[starts] = usable[starts]
    first = np.flatnonzero(begins)
    unusable = np.flatnonzero(~usable)
    # A run ends at the next unusable row, the next run, or the end, whichever comes first.
    next_run = np.append(first[1:], len(values))
    next_hole = np.append(unusable, len(values))[np.searchsorted(unusable, first)]
    return tuple(zip(first.tolist(), np.minimum(next_run, next_hole).tolist(), strict=True))


def _report_segments(
    report: CleanReport, frame: SensorFrame, values: FloatArray, segments: Segments, row_of: IntArray
) -> None:
    missing = np.isnan(values)
    report.segments = len(segments)
    report.missing_by_sensor = {
        name: int(count) for name, count in zip(frame.sensors, missing.sum(axis=0), strict=True) if count
    }
    usable = np.asarray(~missing.any(axis=1))
    mapped = row_of[row_of >= 0]
    report.judged = int(usable[mapped].sum())
    report.missing_rows = len(mapped) - report.judged
