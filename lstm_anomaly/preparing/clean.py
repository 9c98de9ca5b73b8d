"""From rows as they were read to a series in time order, cut where windows must not reach across.

Nothing here looks ahead: a hole is filled with the last value before it, never with one after it, so that
a row's verdict needs no later row. Nothing is invented between rows either: where up to `max_fill` rows
are lost, the rows around them follow each other; where more are, the series is cut.
"""

from typing import Literal

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import MAX_FILL, FloatArray, IntArray, Resample, SensorFrame, Series
from lstm_anomaly.preparing.fill import carry_forward, finite_runs
from lstm_anomaly.preparing.report import CleanReport, duration
from lstm_anomaly.preparing.resample import aggregate, differs_from_first, group_equal

HOUR = 3_600_000_000_000  # ns
SUMMER_TIME = "time steps back by one hour, as where summer time ends: naming the zone keeps the rows apart"

Duplicates = Literal["first", "mean"]


def clean(
    frame: SensorFrame,
    *,
    step: np.timedelta64 | None = None,
    max_fill: int = MAX_FILL,
    max_gap: float | None = None,
    duplicates: Duplicates = "first",
    resample: Resample | None = None,
) -> tuple[Series, CleanReport]:
    """Sort the rows of a frame by time, join those with one stamp, fill short holes, cut at gaps.

    step        sampling step; None takes the median difference of the stamps
    max_fill    rows for which a missing cell takes the sensor's last value; from there on it is missing
    max_gap     a difference of more than so many steps is a gap; `max_fill + 1.5` when None
    duplicates  of rows with one stamp, use the `first`, or the `mean` of all
    resample    join all rows of one `step` (counted from 1970, named by its begin) into one, by this rule

    Without time stamps rows are counted by their lines and each file is a stretch of its own; so is each
    session, where rows have groups. Returns the
    series and what was noticed. A row of the frame has no row in the series when it has no readable time,
    repeats a stamp with other values that are not used, or holds no reading at all. Raises InputError when
    `resample` is asked for without a step or a time.
    """
    report = CleanReport(len(frame), duplicates_are=duplicates)
    rows, position = _in_order(frame, report)
    if resample is not None:
        width = _bin_width(frame, step)
        position = position // width * width
    group, first = group_equal(position) if frame.times is not None else (rows, rows)
    values = aggregate(frame.values[rows], group, first, resample or duplicates)
    row_of = np.full(len(frame), -1, np.int64)
    row_of[rows] = group
    if resample is None:
        _report_duplicates(report, frame, rows, first)
        if duplicates == "first":
            row_of[rows[differs_from_first(frame.values[rows], group, first)]] = -1
    row_of[np.isnan(frame.values).all(axis=1)] = -1
    rows, position = rows[first], position[first]
    report.step = _learn_step(frame, position, step)
    starts = _stretch_starts(
        frame, rows, position, max_fill + 1.5 if max_gap is None else max_gap, report.step
    )
    filled = carry_forward(values, starts, max_fill)
    segments = finite_runs(filled, starts)
    _report_steps(report, position)
    _report_gaps(report, frame, rows, position, starts)
    _report_missing(report, frame, values, filled, row_of)
    report.segments = len(segments)
    times = None if frame.times is None else position.astype("datetime64[ns]")
    series = Series(
        filled,
        frame.sensors,
        times,
        report.step,
        segments,
        row_of,
        max_fill,
        resample,
        frame.stamps,
        tuple(starts.tolist()),
        frame.symbols,
    )
    return series, report


def _in_order(frame: SensorFrame, report: CleanReport) -> tuple[IntArray, IntArray]:
    """Rows in use, sorted by time, with their positions: ns since 1970, or line numbers without a time."""
    if frame.times is None:
        return np.arange(len(frame)), frame.lines
    rows = np.flatnonzero(~np.isnat(frame.times))
    report.no_time = len(frame) - len(rows)
    position = frame.times[rows].astype(np.int64)
    steps = np.diff(position)
    back = np.flatnonzero(steps < 0)
    if not len(back):
        return rows, position
    report.backward = len(back)
    report.first_backward = frame.place(int(rows[back[0] + 1]))
    if np.any(steps[back] == np.median(steps) - HOUR):
        report.notes.append(SUMMER_TIME)
    order = np.argsort(position, kind="stable")
    return rows[order], position[order]


def _bin_width(frame: SensorFrame, step: np.timedelta64 | None) -> int:
    if step is None or frame.times is None:
        what = (
            "no step to resample to was given" if step is None else "there are no time stamps to resample by"
        )
        raise InputError(what, where=", ".join(frame.sources), hint="a step such as 1min, and a time column")
    return int(step.astype("timedelta64[ns]").astype(np.int64))


def _learn_step(
    frame: SensorFrame, position: IntArray, given: np.timedelta64 | None
) -> np.timedelta64 | None:
    """The step that was given, or the median difference; None without time or without two rows."""
    if frame.times is None:
        return None
    if given is not None:
        return np.timedelta64(given, "ns")
    return np.timedelta64(round(float(np.median(np.diff(position)))), "ns") if len(position) > 1 else None


def _stretch_starts(
    frame: SensorFrame, rows: IntArray, position: IntArray, limit: float, step: np.timedelta64 | None
) -> IntArray:
    """First rows of the stretches without a gap inside: in time, or in lines and files without a time."""
    if not len(rows):
        return np.empty(0, np.int64)
    steps = np.diff(position)
    if frame.times is None:
        same = np.diff(frame.source_index[rows]) == 0
        # The smallest difference so far is the usual one: a row's fate must not hang on later rows.
        usual = np.minimum.accumulate(np.where(same & (steps > 0), steps, np.inf))
        cut = (steps > limit * usual) | ~same
    else:
        cut = steps > limit * (float(step.astype(np.int64)) if step is not None else 1.0)
    if frame.groups is not None:  # sessions
        cut |= frame.groups[rows[1:]] != frame.groups[rows[:-1]]
    return np.concatenate([[0], np.flatnonzero(cut) + 1])


def _report_duplicates(report: CleanReport, frame: SensorFrame, rows: IntArray, first: IntArray) -> None:
    report.duplicates = len(rows) - len(first)
    if report.duplicates:
        again = np.delete(rows, first)
        report.first_duplicate = frame.place(int(again.min()))


def _report_steps(report: CleanReport, position: IntArray) -> None:
    steps = np.diff(position)
    if report.step is None or not len(steps):
        return
    usual = float(np.median(steps))
    report.irregular_share = float(np.mean(np.abs(steps - usual) > 0.5 * usual))
    if not 0.6 <= usual / float(report.step.astype(np.int64)) <= 1.7:
        report.notes.append(
            f"rows come every {duration(np.timedelta64(round(usual), 'ns'))}, but the step is set to"
            f" {duration(report.step)}: the rows do not fit, resampling may help"
        )


def _report_gaps(
    report: CleanReport, frame: SensorFrame, rows: IntArray, position: IntArray, starts: IntArray
) -> None:
    after = starts[1:]  # (gaps,) the rows behind them
    if frame.times is None:
        after = after[frame.source_index[rows[after]] == frame.source_index[rows[after - 1]]]
    if frame.groups is not None:
        after = after[frame.groups[rows[after]] == frame.groups[rows[after - 1]]]
    report.gaps = len(after)
    if len(after):
        sizes = position[after] - position[after - 1]
        report.longest_gap_at = frame.place(int(rows[after[np.argmax(sizes)]]))
        report.longest_gap = None if frame.times is None else np.timedelta64(int(sizes.max()), "ns")


def _report_missing(
    report: CleanReport, frame: SensorFrame, values: FloatArray, filled: FloatArray, row_of: IntArray
) -> None:
    missing = np.isnan(filled)
    report.filled_cells = int(np.isnan(values).sum() - missing.sum())
    report.empty_rows = int(np.isnan(frame.values).all(axis=1).sum())
    counts = missing.sum(axis=0)
    report.missing_by_sensor = {
        name: int(count) for name, count in zip(frame.sensors, counts, strict=True) if count
    }
    usable = np.asarray(~missing.any(axis=1))
    mapped = row_of[row_of >= 0]
    report.judged = int(usable[mapped].sum())
    report.missing_rows = len(mapped) - report.judged
