"""Which format a column of time stamps is written in, found from its first rows."""

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.options import SCHEMES_OF_TIME
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.date_order import ORDERS, find_patterns
from lstm_anomaly.reading.values.spellings import ALWAYS, respell, rules_for
from lstm_anomaly.reading.values.timestamps import ISO, OFFSET, TimeFormat, has_offset, is_pattern
from lstm_anomaly.reading.values.wall_clock import WallClock, find_zone

# Share of the stamps looked at that must fit a format; the rest are reported as bad.
ENOUGH = 0.9
MOST_OFFSETS = 4  # that one place has, or a few
# Numbers that are times: name -> in words, ticks a second, origin in seconds after 1970.
_EPOCHS = {
    "epoch": ("seconds since 1970", 1.0, 0),
    "epoch-ms": ("milliseconds since 1970", 1e3, 0),
    "epoch-us": ("microseconds since 1970", 1e6, 0),
    "epoch-ns": ("nanoseconds since 1970", 1e9, 0),
    "filetime": ("100 ns since 1601", 1e7, -11_644_473_600),
    "dotnet": ("100 ns since the year 1", 1e7, -62_135_596_800),
    "labview": ("seconds since 1904", 1.0, -2_082_844_800),
    "excel": ("days since 1899-12-30", 1 / 86_400, -2_209_161_600),
    "julian": ("Julian days", 1 / 86_400, -210_866_760_000),
    "matlab": ("days since the year 0", 1 / 86_400, -62_167_305_600),
    "mjd": ("days since 1858-11-17", 1 / 86_400, -3_506_716_800),
}
# They are known by lying in the years 2000 to 2060, in which no two of them share a number.
_YEARS = (946_684_800, 2_840_140_800)
_DIGITS = {7: "%Y%j", 10: "%Y%m%d%H", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_DIGITS |= {11: "%Y%j%H%M", 13: "%Y%j%H%M%S"}
_ISO = re.compile(
    rf"\d{{4}}-\d{{2}}-\d{{2}}([T ]\d{{2}}(:\d{{2}}(:\d{{2}}([.,]\d+)?)?)?\s?{OFFSET}?)?"
    rf"|(?:19|20)\d\d-(?:0[1-9]|1[0-2])|\d{{8}}T\d{{2,6}}(\.\d+)?{OFFSET}?",
    re.ASCII,
)


def find_time_format(texts: Sequence[str], told: str | None, tz: str | None, where: str) -> TimeFormat | None:
    """The format of a column whose first stamps are `texts`; None when they are not times.

    `told` is a strptime format or one of `options.SCHEMES_OF_TIME`, `tz` the zone of stamps without one.
    Raises InputError at `where` when day and month could be either way round.
    """
    clock = WallClock(find_zone(tz)) if tz else None
    if told in _EPOCHS:
        return _epoch_format(told)
    if told is not None and "%" in told and is_pattern(told):
        return TimeFormat(told, (told,), zoned="%z" in told, clock=clock)
    if told not in (None, *SCHEMES_OF_TIME):
        raise InputError(
            f"{told!r} is no format for time stamps",
            hint=f"--datetime-format '%d/%m/%Y %H:%M', or {', '.join(SCHEMES_OF_TIME)}",
        )
    raw = [text.strip() for text in texts if not is_null(text)]
    samples: list[str] = respell(raw, ALWAYS)[0].tolist()
    offsets = {text[-5:] for text in samples if has_offset(text) and text[-1] not in "Zz"}
    if told is None and len(offsets) > MOST_OFFSETS and len({text[-2:] for text in offsets}) > 2:
        return None  # these are the ends of intervals
    looks_iso = told is None and sum(map(bool, map(_ISO.fullmatch, samples))) >= ENOUGH * len(samples)
    is_iso = (looks_iso and raw) or told == "iso"
    orders = {"day-first": ("dmy",), "month-first": ("mdy",)}.get(told or "", ORDERS)
    patterns = (ISO,) if is_iso else find_patterns(samples, where, orders) if raw else ()
    if patterns:
        form = _make("ISO 8601" if is_iso else patterns[0], patterns, samples, clock)
        return dataclasses.replace(form, rules=rules_for(raw))
    if told is None or not raw:
        return None
    raise InputError(
        f"the time {samples[0]!r} is no date that is written {told}",
        where=where,
        hint="--datetime-format FORMAT as strptime has it, or another --time",
    )


def find_epoch_format(values: FloatArray, *, named_time: bool, in_days: bool = False) -> TimeFormat | None:
    """The epoch unit of a numeric column (n,), or None when it is something else.

    Its numbers must lie within the years 2000 to 2060 in one unit; a column whose name does not speak of
    time must also rise from row to row. Days are only looked for when `in_days`: many readings are so large.
    """
    finite = values[np.isfinite(values)]
    rises = len(finite) > 2 and finite.max() > finite[0] and float(np.mean(np.diff(finite) >= 0)) > ENOUGH
    if not len(finite) or not (named_time or rises):
        return None
    for name, (_, ticks, origin) in _EPOCHS.items():
        low, high = ((seconds - origin) * ticks for seconds in _YEARS)
        if (ticks < 1 and not in_days) or name == "mjd":  # which needs its name
            continue
        if float(np.mean((finite > low) & (finite < high))) >= ENOUGH:
            return _epoch_format(name)
    return None


def find_digits_format(texts: Sequence[str], tz: str | None) -> TimeFormat | None:
    """`20240131`, `202401311530`, `20240131153000`, `2401311530` or the like; or None."""
    samples = [text.strip() for text in texts if not is_null(text)]
    size = Counter(map(len, samples)).most_common(1)[0][0] if samples else 0
    right = [text for text in samples if text.isdecimal() and len(text) == size]
    pattern = _DIGITS.get(size, "")
    if not all(text[:2] in ("19", "20") for text in right):
        # Ten digits may be seconds since 1970, too. Of several hours of them some would be in no minute of an
        # hour, and from 2.1e9 on they would be in 2036 or later.
        several_hours = len({text[:8] for text in right}) > 1
        pattern = "%y%m%d%H%M" if size == 10 and (several_hours or min(right) >= "21") else ""
    if not pattern or len(right) < ENOUGH * len(samples) or not fits(TimeFormat("", (pattern,)), right):
        return None
    return _make(pattern, (pattern,), samples, WallClock(find_zone(tz)) if tz else None)


def fits(form: TimeFormat, texts: Sequence[str], share: float = ENOUGH) -> bool:
    """Whether at least this share of the stamps that say something can be read by a format."""
    alone = dataclasses.replace(form, clock=None)  # a wall clock remembers what it has read
    times = alone.parse(np.array([text for text in texts if not is_null(text)], object))
    return len(times) > 0 and float(np.mean(~np.isnat(times))) >= share


def _make(text: str, patterns: tuple[str, ...], samples: list[str], clock: WallClock | None) -> TimeFormat:
    zoned = 2 * sum(map(has_offset, samples)) > len(samples)
    zone = " with UTC offset" if zoned else f" in {clock.zone.key}" if clock else ""
    return TimeFormat(text + zone, patterns, zoned=zoned, clock=clock)


def _epoch_format(name: str) -> TimeFormat:
    words, ticks, origin = _EPOCHS[name]
    return TimeFormat(words, ticks=ticks, origin=origin)


def scheme_of(form: TimeFormat) -> str:
    """What `--datetime-format` would say of a format that was found."""
    if form.patterns:
        return "iso" if form.patterns[0] == ISO else form.patterns[0]
    return next((name for name, (_, *ticks) in _EPOCHS.items() if ticks == [form.ticks, form.origin]), "")
