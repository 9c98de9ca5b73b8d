"""From rows as they were read to a series in time order, cut where windows must not reach across.

Nothing here looks ahead: a hole is filled with the last value before it, never with one after it, so that
a row's verdict needs no later row. Nothing is invented between rows either: where up to `max_fill` rows
are lost, the rows around them follow each other; where more are, the series is cut.

What is known whole is sorted by time, and its step is learned from all rows. The rest is what
`clean_stream.py` makes of rows as they come.
"""

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import MAX_FILL, IntArray, Resample, SensorFrame, Series
from lstm_anomaly.preparing.clean_stream import Cleaner
from lstm_anomaly.preparing.fill import finite_runs
from lstm_anomaly.preparing.ordering import HOUR, SUMMER_TIME
from lstm_anomaly.preparing.report import CleanReport, duration
from lstm_anomaly.reading.frames import take_rows


def clean(
    frame: SensorFrame,
    *,
    step: np.timedelta64 | None = None,
    max_fill: int = MAX_FILL,
    resample: Resample | None = None,
) -> tuple[Series, CleanReport]:
    """Sort the rows of a frame by time, join those with one stamp, fill short holes, cut at gaps.

    step      sampling step; None takes the median difference of the stamps
    max_fill  rows for which a missing cell takes the sensor's last value; from there on it is missing
    resample  join all rows of one `step` (counted from 1970, named by its begin) into one, by this rule

    A gap is a difference of more than `max_fill + 1.5` steps. Of rows with one stamp the first is used.
    Without time stamps rows are counted by their lines and each file is a stretch of its own; so is each
    session, where rows have groups. Returns the
    series and what was noticed. A row of the frame has no row in the series when it has no readable time,
    repeats a stamp with other values, or holds no reading at all. Raises InputError when
    `resample` is asked for without a step or a time.
    """
    if resample is not None and (step is None or frame.times is None):
        what = (
            "no step to resample to was given" if step is None else "there are no time stamps to resample by"
        )
        raise InputError(what, where=", ".join(frame.sources), hint="a step such as 1min, and a time column")
    order = _order(frame)
    ordered = frame if order is None else take_rows(frame, order)
    cleaner = Cleaner(
        len(frame.sensors), step=_step(ordered, step), max_fill=max_fill, resample=resample, patience=1
    )
    parts = (cleaner.push(ordered), cleaner.finish())
    report = cleaner.report
    values = np.concatenate([part.values for part in parts])  # (M, F)
    starts = np.flatnonzero(np.concatenate([part.starts for part in parts]))
    times = None
    if frame.times is not None:
        times = np.concatenate([part.times for part in parts if part.times is not None])
        _report_steps(report, times.astype(np.int64))
    row_of = parts[0].row_of
    if order is not None:
        _report_order(report, frame, order)
        row_of = np.empty(len(frame), np.int64)
        row_of[order] = parts[0].row_of
    series = Series(
        values,
        frame.sensors,
        times,
        report.step,
        finite_runs(values, starts),
        row_of,
        max_fill,
        resample,
        frame.stamps,
        tuple(starts.tolist()),
        frame.symbols,
    )
    return series, report


def _order(frame: SensorFrame) -> IntArray | None:
    """The rows (n,) in the order of time, those without one last; None where they are in order."""
    if frame.times is None:
        return None
    known = frame.times[~np.isnat(frame.times)]
    return None if np.all(known[1:] >= known[:-1]) else np.argsort(frame.times, kind="stable")


def _step(frame: SensorFrame, given: np.timedelta64 | None) -> np.timedelta64 | None:
    """The step that was given, or the median difference; None without time or without two rows."""
    if frame.times is None:
        return None
    if given is not None:
        return np.timedelta64(given, "ns")
    steps = np.diff(frame.times[~np.isnat(frame.times)].astype(np.int64))
    steps = steps[steps > 0]
    return np.timedelta64(round(float(np.median(steps))), "ns") if len(steps) else None


def _report_order(report: CleanReport, frame: SensorFrame, order: IntArray) -> None:
    """What was put in order: `order` (n,) are rows of the frame."""
    assert frame.times is not None, "rows without time are in order"
    rows = np.flatnonzero(~np.isnat(frame.times))
    steps = np.diff(frame.times[rows].astype(np.int64))
    back = np.flatnonzero(steps < 0)
    report.backward = len(back)
    report.first_backward = frame.place(int(rows[back[0] + 1]))
    if np.any(steps[back] == np.median(steps) - HOUR):
        report.notes.append(SUMMER_TIME)
    if report.duplicates:
        order = order[: len(rows)]
        again = order[1:][np.diff(frame.times[order].astype(np.int64)) == 0]
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
            f" {duration(report.step)}: the rows do not fit; --resample may help"
        )
