"""Do all readings of a row belong to one time? In trend exports each tag may have its own time column."""

import dataclasses
from collections.abc import Collection, Sequence

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.layout.names import is_time_name
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.layout.time_column import TimeColumns, looks_like_time
from lstm_anomaly.reading.values.timestamps import ISO, TimeFormat

# Share of rows in which two clocks may differ by more than a fixed offset and still be one.
_STRAY = 0.01


def check_one_clock(sample: Sample, time: TimeColumns, sensors: Collection[int]) -> None:
    """Refuse pairs of time and value, tag by tag, whose times are not the same in one row.

    time and sensors are the columns found. Raises InputError unless all sensors go by the time.
    """
    columns = range(len(sample.names))
    clocks = [k for k in columns if k in time[0][-1:] or (k not in sensors and _is_clock(sample, k))]
    readings = [k for k in columns if k not in (*time[0], *clocks) and sample.is_number(k)]
    if len(clocks) < 2 or not readings or len(time[0]) > 2:
        return
    behind = clocks[0] > readings[0]  # each clock stands behind its readings
    clock_of = {k: _clock_of(k, clocks, behind) for k in readings}
    used = [clock_of[sensor] for sensor in sensors if sensor in clock_of]
    first = time[0][-1] if time[0] else used[0] if used else clocks[0]
    for sensor in sensors if len({*clock_of.values()}) > 1 else ():
        clock = clock_of.get(sensor, first)
        if clock != first and not _same(_seconds(sample, first, time), _seconds(sample, clock, time)):
            one, other = sample.names[first], sample.names[clock]
            date = sample.names[
                clock - max(len(time[0]) - 1, 0)
            ]  # the clock itself, or the date in front of it
            told = f"--time '{date}' " if time[0] else ""
            raise InputError(
                f"{one!r} and {other!r} hold different times in one row: each value has its own",
                where=sample.where,
                hint=f"a file for each, or one of them at a time: {told}--only '{sample.names[sensor]}'",
            )


def _is_clock(sample: Sample, column: int) -> bool:
    if not sample.is_number(column):
        return looks_like_time(sample, column)
    steps = np.diff(sample.values[np.isfinite(sample.values[:, column]), column])
    return is_time_name(sample.names[column]) and len(steps) > 1 and bool(np.all(steps >= 0))


def _clock_of(column: int, clocks: Sequence[int], behind: bool) -> int:
    """The clock beside a reading, the first one when there is none."""
    left = [clock for clock in clocks if clock < column]
    right = [clock for clock in clocks if clock > column]
    return (right or clocks)[0] if behind else (left or clocks[:1])[-1]


def _seconds(sample: Sample, column: int, time: TimeColumns) -> FloatArray:
    """Times (n,) of a column of stamps in seconds, NaN where they cannot be read."""
    form = time[1]
    if form is None or (form.patterns and sample.is_number(column)):
        return sample.values[:, column]
    dates = [f"1970-01-01 {text}" for text in sample.texts(column)] if len(time[0]) > 1 else None
    form = TimeFormat("", (ISO,)) if dates else dataclasses.replace(form, clock=None)
    times = form.parse(np.array(dates or sample.texts(column), object))
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e9)


def _same(first: FloatArray, second: FloatArray) -> bool:
    apart = second - first
    known = np.isfinite(apart)
    blank = np.isfinite(first) != np.isfinite(second)
    if not known.any() or np.mean(blank) > _STRAY:
        return False
    return bool(np.mean(np.abs(apart[known] - np.median(apart[known])) > 1e-3) <= _STRAY)
