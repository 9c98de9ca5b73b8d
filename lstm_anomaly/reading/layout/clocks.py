"""Does one column of stamps hold for all readings of a row? In trend exports each tag may have its own."""

from collections.abc import Collection

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.layout.names import is_time_name
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.layout.time_column import TimeColumns, looks_like_time

# Share of rows in which two clocks may differ by more than a fixed offset and still be one.
_STRAY = 0.01


def check_one_clock(sample: Sample, time: TimeColumns, sensors: Collection[int]) -> None:
    """Refuse pairs of time and value, tag by tag, whose times are not the same in one row.

    time and sensors are the columns found. Raises InputError unless all sensors go by the time.
    """
    clocks = [
        k for k in range(len(sample.names)) if k in time[0] or (k not in sensors and _is_clock(sample, k))
    ]
    readings = [k for k in range(len(sample.names)) if k not in clocks and sample.is_number(k)]
    if len(clocks) < 2 or len(time[0]) > 1 or len({_clock_of(k, clocks) for k in readings}) < 2:
        return
    first = (time[0] or clocks)[0]
    for sensor in sensors:
        clock = _clock_of(sensor, clocks)
        if clock != first and not _same(_seconds(sample, first, time), _seconds(sample, clock, time)):
            raise _two_clocks(sample, first, clock, sensor)


def _is_clock(sample: Sample, column: int) -> bool:
    if not sample.is_number(column):
        return looks_like_time(sample, column)
    steps = np.diff(sample.values[np.isfinite(sample.values[:, column]), column])
    return is_time_name(sample.names[column]) and len(steps) > 1 and bool(np.all(steps >= 0))


def _clock_of(column: int, clocks: list[int]) -> int:
    """The clock to the left of a reading, the first one when there is none."""
    return max((clock for clock in clocks if clock < column), default=clocks[0])


def _seconds(sample: Sample, column: int, time: TimeColumns) -> FloatArray:
    """Times (n,) of a column of stamps in seconds, NaN where they cannot be read."""
    form = time[1]
    if form is None or (form.patterns and sample.is_number(column)):
        return sample.values[:, column]
    times = form.parse(np.array(sample.texts(column), object))
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / 1e9)


def _same(first: FloatArray, second: FloatArray) -> bool:
    apart = second - first
    known = np.isfinite(apart)
    blank = np.isfinite(first) != np.isfinite(second)
    if not known.any() or np.mean(blank) > _STRAY:
        return False
    return bool(np.mean(np.abs(apart[known] - np.median(apart[known])) > 1e-3) <= _STRAY)


def _two_clocks(sample: Sample, first: int, clock: int, sensor: int) -> InputError:
    names = sample.names
    return InputError(
        f"{names[first]!r} and {names[clock]!r} hold different times in one row: each value has its own",
        where=sample.where,
        hint=f"a file for each, or one of them at a time: --time '{names[clock]}' --only '{names[sensor]}'",
    )
