"""Which format a column of time stamps is written in, found from its first rows."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.date_order import is_parted, parted_patterns
from lstm_anomaly.reading.values.timestamps import ISO, OFFSET, TimeFormat, has_offset
from lstm_anomaly.reading.values.wall_clock import WallClock, find_zone

# Share of the stamps looked at that must fit a format; the rest are reported as bad.
ENOUGH = 0.9
# Seconds since 1970 for the years 2000 to 2100, and ticks per second in each unit.
_EPOCH_YEARS = (9.4e8, 4.1e9)
_EPOCH_TICKS = {"epoch": 1.0, "epoch-ms": 1e3, "epoch-us": 1e6, "epoch-ns": 1e9}
_EPOCH_NAMES = {
    "epoch": "seconds",
    "epoch-ms": "milliseconds",
    "epoch-us": "microseconds",
    "epoch-ns": "nanoseconds",
}
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_ISO = re.compile(
    rf"\d{{4}}-\d{{2}}-\d{{2}}([T ]\d{{2}}(:\d{{2}}(:\d{{2}}([.,]\d+)?)?)?\s?{OFFSET}?)?"
    rf"|\d{{8}}T\d{{2,6}}(\.\d+)?{OFFSET}?",
    re.ASCII,
)


def find_time_format(texts: Sequence[str], told: str | None, tz: str | None, where: str) -> TimeFormat | None:
    """The format of a column whose first stamps are `texts`; None when they are not times.

    `told` is a strptime format or one of `options.SCHEMES_OF_TIME`, `tz` the zone of stamps without one.
    Raises InputError at `where` when day and month could be either way round.
    """
    samples = [text.strip() for text in texts if not is_null(text)]
    clock = WallClock(find_zone(tz)) if tz else None
    if told is not None:
        return _told_format(samples, told, clock, where)
    if not samples:
        return None
    if _share(_ISO.fullmatch(text) is not None for text in samples) >= ENOUGH:
        return _make("ISO 8601", (ISO,), samples, clock)
    if _share(map(is_parted, samples)) >= ENOUGH:
        patterns = parted_patterns(samples, ("dmy", "mdy", "ymd"), where)
        return _make(patterns[0], patterns, samples, clock)
    return _worded_format(samples, clock)


def find_epoch_format(values: FloatArray, *, named_time: bool) -> TimeFormat | None:
    """The epoch unit of a numeric column (n,), or None when it is something else.

    Its numbers must lie within the years 2000 to 2100 in one unit; a column whose name does not speak of
    time must also rise from row to row.
    """
    finite = values[np.isfinite(values)]
    rises = len(finite) > 2 and float(np.mean(np.diff(finite) > 0)) > ENOUGH
    if not len(finite) or not (named_time or rises):
        return None
    low, high = _EPOCH_YEARS
    for name, ticks in _EPOCH_TICKS.items():
        if float(np.mean((finite > low * ticks) & (finite < high * ticks))) >= ENOUGH:
            return _epoch_format(name)
    return None


def find_digits_format(texts: Sequence[str], tz: str | None) -> TimeFormat | None:
    """`20240131`, `202401311530` or `20240131153000`, or None."""
    samples = [text.strip() for text in texts if not is_null(text)]
    sizes = {len(text) for text in samples}
    pattern = _DIGITS.get(sizes.pop()) if len(sizes) == 1 else None
    if pattern is None or not all(text.isdecimal() and text[:2] in ("19", "20") for text in samples):
        return None
    if pd.to_datetime(pd.Series(samples), format=pattern, errors="coerce").isna().any():
        return None
    return _make(pattern, (pattern,), samples, WallClock(find_zone(tz)) if tz else None)


def _make(text: str, patterns: tuple[str, ...], samples: list[str], clock: WallClock | None) -> TimeFormat:
    zoned = _share(map(has_offset, samples)) > 0.5
    zone = " with UTC offset" if zoned else f" in {clock.zone.key}" if clock else ""
    return TimeFormat(text + zone, patterns, zoned=zoned, clock=clock)


def _epoch_format(name: str) -> TimeFormat:
    return TimeFormat(f"{_EPOCH_NAMES[name]} since 1970", ticks=_EPOCH_TICKS[name])


def _told_format(samples: list[str], told: str, clock: WallClock | None, where: str) -> TimeFormat:
    if told in _EPOCH_TICKS:
        return _epoch_format(told)
    if told == "iso":
        return _make("ISO 8601", (ISO,), samples, clock)
    if told in ("day-first", "month-first"):
        patterns = parted_patterns(samples, ("dmy",) if told == "day-first" else ("mdy",), where)
        return _make(patterns[0], patterns, samples, clock)
    if "%" not in told:
        raise InputError(
            f"{told!r} is no format for time stamps",
            hint="--datetime-format '%d/%m/%Y %H:%M', or iso, epoch, epoch-ms, day-first, month-first",
        )
    return TimeFormat(told, (told,), zoned="%z" in told, clock=clock)


def _worded_format(samples: list[str], clock: WallClock | None) -> TimeFormat | None:
    """`05-Jan-2024 10:00`: month names leave no doubt, so pandas may guess the format."""
    if not re.search(r"[A-Za-z]{3}", samples[0]) or len(samples[0]) > 60:
        return None
    pattern = guess_datetime_format(samples[0])
    if pattern is None or not re.search("%[bB]", pattern):
        return None
    fits = ~np.isnat(TimeFormat("", (pattern,), zoned="%z" in pattern).parse(np.array(samples, object)))
    return _make(pattern, (pattern,), samples, clock) if float(fits.mean()) >= ENOUGH else None


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / len(values) if values else 0.0
