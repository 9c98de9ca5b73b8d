"""Time stamps as text to UTC, all rows of a column by the one format that was found for it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import IntArray, TimeArray
from lstm_anomaly.reading.values.spellings import ALWAYS, RULES, respell
from lstm_anomaly.reading.values.wall_clock import WallClock

NS = np.dtype("datetime64[ns]")
ISO = "ISO8601"
# Seconds after 1970 between which stamps lie, the first where they count from 1970; smaller ones are totals.
_FEWEST_SECONDS, _EARLIEST, _LATEST = 1e8, -1.2e9, 8e9
OFFSET = r"(?:[Zz]|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)"
_ENDS_IN_OFFSET = re.compile(rf"[T ]\d{{1,2}}[\d:.,]*(?: ?[AaPp][Mm])?\s?{OFFSET}\s*", re.ASCII)


@saved_as("time format 2")
@dataclass
class TimeFormat:
    """How one column of time stamps is written, and the conversion of its texts to UTC.

    text      the format in words, for the report
    patterns  strptime formats, or `ISO`, tried in turn; () for epoch numbers
    ticks     ticks per second of epoch numbers, counted from `origin` seconds after 1970
    zoned     whether the stamps carry a UTC offset
    clock     the zone of stamps that carry none; None takes them as UTC
    rules     names of the spellings that all stamps are put into others by
    """

    text: str
    patterns: tuple[str, ...] = ()
    ticks: float = 1.0
    origin: int = 0
    zoned: bool = False
    clock: WallClock | None = None
    rules: tuple[str, ...] = ()

    def makes_sense(self) -> bool:
        """Whether stamps can be read by it: what a file gave, see `base/declared.py`."""
        return all(map(is_pattern, self.patterns)) and 1e-6 < self.ticks < 1e12 and {*self.rules} <= RULES

    def parse(self, texts: NDArray[np.object_]) -> TimeArray:
        """UTC datetime64[ns] (n,) of texts (n,); NaT where one is not in this format, or is NaN.

        Without a zone that was told, stamps with an offset among stamps without one (or the other way
        round) cannot be placed in time, and are NaT too. The pieces of one file must come in order: the
        repeated hour of a clock change is told by it.
        """
        if not self.patterns:
            return _from_epoch(texts, self.ticks, self.origin)
        local, utc = np.full((2, len(texts)), "NaT", NS)
        unread: slice | IntArray = slice(None)
        # All stamps by the rules that most of them need; then the others, by all that there are.
        for rules in (self.rules, ALWAYS):
            late = np.zeros(0, bool)
            if rules and len(texts):
                texts, late = respell(all_texts(texts), rules)
            for pattern in self.patterns if len(texts) else ():
                for times, found in zip((local, utc), _parse(texts, pattern), strict=True):
                    times[unread] = (
                        np.where(late, found + np.timedelta64(1, "D"), found) if late.any() else found
                    )
                left = np.flatnonzero(np.isnat(local[unread]) & np.isnat(utc[unread]))
                unread = np.arange(len(local))[unread][left] if len(left) else left
                texts, late = texts[left], late[left] if len(late) else late
        if self.clock is not None:
            placed = self.clock.to_utc(local)
            return np.where(np.isnat(placed), utc, placed)
        return utc if self.zoned else local


def is_pattern(text: str) -> bool:
    """Whether a text is a format that stamps can be read by, if none may be."""
    try:
        _to_index(np.array([""], object), text)
    except (ValueError, re.error):  # the latter where a part is named twice
        return False
    return True


def all_texts(cells: NDArray[np.object_]) -> NDArray[np.object_]:
    """The cells (n,), with "" for those that are no texts but NaN: no value."""
    return np.array([cell if isinstance(cell, str) else "" for cell in cells], object)


def join_stamps(columns: Sequence[NDArray[np.object_]]) -> NDArray[np.object_]:
    """The stamps (n,) whose parts stand in several columns (n,); those of one column as they are."""
    if len(columns) == 1:
        return columns[0]
    rows = zip(*map(all_texts, columns), strict=True)
    return np.array([" ".join(map(str.strip, row)).strip() for row in rows], object)


def has_offset(text: str) -> bool:
    """Whether a stamp ends in a UTC offset such as `Z` or `+01:00`."""
    return _ENDS_IN_OFFSET.search(text) is not None


def _parse(texts: NDArray[np.object_], pattern: str) -> tuple[TimeArray, TimeArray]:
    """Times (n,) of stamps without an offset, and in UTC of those with one; NaT for the others."""
    local, utc = np.full((2, len(texts)), "NaT", NS)
    try:
        parsed = _to_index(texts, pattern)
    except ValueError:  # offsets differ, or only some stamps have one
        zoned = np.array([has_offset(text) for text in all_texts(texts)], bool)
        utc[zoned] = _as_ns(_to_index(texts[zoned], pattern, utc=True))
        # What `has_offset` does not know as an offset but pandas does is left to be parsed one by one.
        rest = [~zoned] if zoned.any() else [np.array([row]) for row in range(len(texts)) if len(texts) > 1]
        for rows in rest:
            local[rows], utc[rows] = _parse(texts[rows], pattern)
        return local, utc
    return (_as_ns(parsed), utc) if parsed.tz is None else (local, _as_ns(parsed))


def _to_index(texts: NDArray[np.object_], pattern: str, *, utc: bool = False) -> pd.DatetimeIndex:
    parsed = pd.to_datetime(texts, format=pattern, errors="coerce", utc=utc)  # type: ignore[call-overload]
    return pd.DatetimeIndex(parsed)


def _as_ns(times: pd.DatetimeIndex) -> TimeArray:
    """Times, in UTC where they have a zone, as datetime64[ns]; years that do not fit become NaT."""
    values = (times if times.tz is None else times.tz_convert(None)).to_numpy()
    outside = (values < np.datetime64("1700")) | (values > np.datetime64("2250"))
    return (
        np.where(outside, np.datetime64("NaT", "s"), values).astype(NS)
        if outside.any()
        else values.astype(NS)
    )


def _from_epoch(texts: NDArray[np.object_], ticks: float, origin: int) -> TimeArray:
    cells = pd.Series(texts, dtype=object)
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy()
    if np.isnan(numbers).any():  # a decimal comma
        with_points = cells.astype(str).str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(with_points, errors="coerce").to_numpy()
    seconds = numbers / ticks + origin  # NaN, or infinite, is neither
    known = (seconds > (_FEWEST_SECONDS if origin == 0 else _EARLIEST)) & (seconds < _LATEST)
    times = np.full(len(texts), "NaT", NS)
    if numbers.dtype.kind in "iu" and ticks >= 1:
        times[known] = ((numbers[known] + round(origin * ticks)) * round(1e9 / ticks)).astype(NS)
    elif ticks >= 1:  # a float of seconds is exact to a microsecond, not to a nanosecond
        micro = np.round(numbers[known] * (1e6 / ticks)).astype("datetime64[us]")
        times[known] = micro + np.timedelta64(origin, "s")
    else:  # days with a fraction of some digits: the nearest second is what was meant
        times[known] = np.round(seconds[known]).astype("datetime64[s]")
    return times
