"""Which columns hold the time, found by what the first rows hold rather than by their names alone."""

import dataclasses
import itertools
import re
import shlex
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.layout.names import (
    CLOCKS,
    DATES,
    MILLISECONDS,
    PARTS,
    RANGES,
    TIMES,
    is_time_name,
    plain_name,
)
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.date_order import suggest_formats
from lstm_anomaly.reading.values.spellings import ALWAYS, respell
from lstm_anomaly.reading.values.time_formats import (
    ENOUGH,
    find_digits_format,
    find_epoch_format,
    find_time_format,
    fits,
)
from lstm_anomaly.reading.values.timestamps import TimeFormat

_MONTH = r"(?:\d{1,2}|[A-Za-z]{3,9})"
_DATE_ONLY = re.compile(rf"\d{{1,4}}[-/. ]{_MONTH}[-/. ]\d{{1,4}}|{_MONTH}/\d{{1,2}}/\d{{2,4}}", re.ASCII)
_CLOCK = re.compile(
    r"\d{1,2}([:h]\d{2}|\.\d{2}(?=\.\d{2}))([:.]\d{2}([.,:]\d+)?)?( ?[AaPp](\.? ?[Mm]\.?)?)?", re.ASCII
)
_LOOSE_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}( ?[AaPp][Mm]?)?", re.ASCII)
_HALF = re.compile(r"[AaPp]\.? ?[Mm]\.?", re.ASCII)
_LOOKS_LIKE_TIME = re.compile(
    r".*(\d:\d\d:\d\d|\d[-/.](\d{1,2}|[A-Za-z]{3,9})[-/.]\d{2}|\d{4}.*\d:\d\d|[A-Za-z]{3,9}.*\d:\d\d).*",
    re.ASCII,
)

# Parts that make a date -> the spelling rules by which they do.
_DATES = {("%Y", "%m", "%d"): ("months", "date"), ("%Y", "%j"): ("day",)}
_CLOCK_PARTS = ("%H", "%M", "%S")
# Seconds after which no logger begins to count; digits of a date make larger numbers.
_LATEST_START = 1e8

FEW_STAMPS = 2  # a column of no more different ones is the date of something else

TimeColumns = tuple[tuple[int, ...], TimeFormat | None]


def find_time_columns(sample: Sample, no_time: Collection[str] = ()) -> TimeColumns:
    """The time column, or those of a date and a time of day or of year, month, day, ..., and its format.

    ((), None) without one. `no_time` are the names of columns that are something else. Raises InputError when
    what was told of the time fits no column, when day and month may be either way round, and when a column is
    named or looks like a time and cannot be read.
    """
    options, names = sample.options, sample.names
    if options.time == "":
        return (), None
    is_told, form = options.time is not None, options.datetime_format
    free = [k for k, name in enumerate(names) if is_told or name not in no_time]
    if not is_told and form is None and (parts := _part_columns(sample, free)):
        return _with_rest(sample, parts, free)
    likely = sorted(free, key=lambda column: not is_time_name(names[column]))
    for column in [names.index(options.time)] if options.time is not None else likely:
        is_whole = is_told and form is not None and "%" in form  # a second column joins a date alone
        found = _single(sample, column, told=True) if is_whole else None
        found = found or _pair(sample, column, free) or _single(sample, column, told=is_told)
        if found is not None:
            return found if is_whole else _with_rest(sample, found, free)
        if is_told:
            raise _unread(sample, column)
    if form is not None:
        raise InputError(
            f"no column holds time stamps written as {form!r}",
            where=sample.where,
            hint="correct --datetime-format, or name the column with --time",
        )
    for column in free:
        _check_no_time(sample, column)
    return (), None


def _single(sample: Sample, column: int, *, told: bool = False) -> TimeColumns | None:
    """A column that is the time by itself.

    One of numbers must be named like a time, or be the first and rise like one.
    """
    options, texts, name = sample.options, sample.texts(column), sample.names[column]
    named = told or is_time_name(name) or plain_name(name) in DATES
    if options.datetime_format is not None:
        if sample.is_number(column) and not named:
            return None
        form = find_time_format(texts, options.datetime_format, options.tz, sample.where)
        form = form if form and fits(form, texts, 0.5) else None
    elif not sample.is_number(column):
        form = find_time_format(texts, None, options.tz, sample.where)
    else:
        named_or_first = named or (not sample.header and column <= 1)  # behind the number of the row
        form = find_digits_format(texts, options.tz) if named_or_first else None
        form = find_time_format(texts, "mjd", None, "") if plain_name(name) == "mjd" else form
        values = sample.values[:, column]
        steps = np.diff(values[np.isfinite(values)])
        is_even = len(steps) > 2 and float(np.mean(steps == np.median(steps))) >= ENOUGH
        if form is None and (named_or_first or column == 0 or is_even):
            form = find_epoch_format(values, named_time=named, in_days=named_or_first)
            _check_resolution(sample, column, form)
    return ((column,), form) if form else None


def _with_rest(sample: Sample, found: TimeColumns, free: Collection[int]) -> TimeColumns:
    """The time columns with those of AM and PM and of milliseconds, where stamps go on in them."""
    columns, form = found
    for column in free if form is not None and form.patterns else ():
        is_named = plain_name(sample.names[column]) in MILLISECONDS and sample.is_whole(column, 0, 999)
        if form is not None and (is_named or _match(_HALF, sample.cells[:, column])):
            found = _joined(sample, (*columns, column), ("milliseconds", *form.rules)) or found
    return found


def _pair(sample: Sample, column: int, free: Collection[int]) -> TimeColumns | None:
    """A date in this column and a time of day in another one; its neighbours are tried first."""
    named = plain_name(sample.names[column]) in DATES
    digits = named and sample.is_number(column)
    if digits and find_digits_format(sample.texts(column), None) is None:
        return None
    if not digits and not _match(_DATE_ONLY, respell(sample.texts(column), ALWAYS)[0]):
        return None
    others = sorted(
        (other for other in free if other != column), key=lambda other: (abs(other - column), -other)
    )
    for other in others:
        rule = _clock_rule(sample, other, [column], near=other - column in (-1, 1))
        if rule is not None and (found := _joined(sample, (column, other), rule)):
            return found
    for other in others:
        if named and plain_name(sample.names[other]) in CLOCKS and sample.options.datetime_format is None:
            raise _unread(sample, other)
    return None


def _joined(sample: Sample, columns: tuple[int, ...], rules: tuple[str, ...]) -> TimeColumns | None:
    """These columns, if their texts put together are stamps after these spelling rules."""
    options, texts = sample.options, sample.texts(*columns)
    texts = respell(texts, rules)[0].tolist() if rules else texts
    form = find_time_format(texts, options.datetime_format, options.tz, sample.where)
    return (
        (columns, dataclasses.replace(form, rules=(*dict.fromkeys((*rules, *form.rules)),)))
        if form and fits(form, texts, 0.5)
        else None
    )


def _clock_rule(sample: Sample, column: int, dates: Sequence[int], *, near: bool) -> tuple[str, ...] | None:
    """The spelling rule of a column of times of day: () for `10:00`, None when it holds no times of day.

    `dates` are the columns of the date, and `near` whether it stands beside them.
    """
    name, cells = plain_name(sample.names[column]), sample.cells[:, column]
    named = name in CLOCKS or (not sample.header and column == dates[-1] + 1)
    days = sample.cells[:, dates].sum(axis=1)
    again = days[1:] == days[:-1]
    may_be_hours = len(days) > 2 and not again.any()  # of a day a row these may be hours that something ran
    near = near and not (may_be_hours and sample.header and not is_time_name(sample.names[column]))
    if ((near or named) and _match(_CLOCK, cells)) or (named and _match(_LOOSE_CLOCK, cells)):
        return ()
    if may_be_hours:
        return None
    if sample.is_whole(column, 0, 24) and (
        PARTS.get(name) == "%H" or (named and not again.all())  # past midnight, and no hhmm beyond 24
    ):
        return ("hour",)
    for rule, most in (("hhmm", 2400), ("hhmmss", 240_000)):
        if named and sample.is_whole(column, 0, most):
            minutes = sample.values[:, column] // (100 if rule == "hhmmss" else 1) % 100
            return (rule,) if np.mean(minutes < 60) >= ENOUGH else None
    return None


def is_clock(name: str, cells: NDArray[np.object_]) -> bool:
    """Whether a column is named like a time of day and holds `10.05` or the like."""
    return plain_name(name) in CLOCKS and _match(_LOOSE_CLOCK, cells)


def _part_columns(sample: Sample, free: Collection[int]) -> TimeColumns | None:
    """Year, month, day, ... in columns of their own."""
    place = _named_parts(sample, free) if sample.header else _unnamed_parts(sample)
    date = next((d for d in _DATES if set(d) <= set(place)), None)
    if date is None or not sample.is_whole(place["%Y"], 0, 2100):
        return None
    columns = tuple(place[part] for part in (*date, *itertools.takewhile(place.__contains__, _CLOCK_PARTS)))
    for clock in [k for k in free if k not in columns] if len(columns) == len(date) else ():
        rule = _clock_rule(sample, clock, columns, near=False)
        if rule is not None and (found := _joined(sample, (*columns, clock), (*_DATES[date], *rule))):
            return found
    found = _joined(sample, columns, (*_DATES[date], "hour"))
    if found is None:
        raise _unread(sample, *columns)
    return found


def _named_parts(sample: Sample, free: Collection[int]) -> dict[str, int]:
    """Part of a date -> its column, by the names of columns."""
    place: dict[str, int] = {}
    for column in free:
        part = PARTS.get(plain_name(sample.names[column]), "")
        is_second_mm = part == "%m" and part in place and "%H" in place
        place.setdefault("%M" if is_second_mm else part, column)
    if "%m" not in place and "%d" in place and "%j" not in place:
        place["%j"] = place.pop("%d")
    return place


def _unnamed_parts(sample: Sample) -> dict[str, int]:
    """The same for a file without names: the first columns, or those after a first column of row numbers."""
    for first, date in itertools.product((0, 1), _DATES):
        parts = [*date, *_CLOCK_PARTS]
        fits = [sample.is_whole(first + k, *RANGES[part]) for k, part in enumerate(parts)]
        count = fits.index(False) if False in fits else len(fits)
        columns = tuple(range(first, first + count))
        found = _joined(sample, columns, (*_DATES[date], "hour")) if count >= len(date) else None
        if found is not None and found[1] is not None:
            steps = np.diff(found[1].parse(np.array(sample.texts(*columns), object)).astype(np.int64))
            if float(np.mean(steps >= 0)) >= ENOUGH and (steps > 0).any():
                return dict(zip(parts, columns, strict=False))
    return {}


def _check_resolution(sample: Sample, column: int, form: TimeFormat | None) -> None:
    """Refuse days with so few digits that several rows share one."""
    if form is None or form.ticks >= 1:
        return
    first = sample.values[: min(len(sample.values), 100), column]
    if float(np.mean(np.diff(first) == 0)) > 1 - ENOUGH:
        raise InputError(
            f"column {sample.names[column]!r} holds days since 1899-12-30 as spreadsheets count them"
            f" ({sample.cells[0, column]}), with too few digits: several rows have the same",
            where=sample.where,
            hint="format that column as date and time before the export, or --time '' to count rows",
        )


def looks_like_time(sample: Sample, column: int) -> bool:
    """Whether a column of texts holds what looks like stamps, most of them different."""
    said = [text.strip() for text in sample.cells[:, column] if not is_null(text)]
    looks = sum(_LOOKS_LIKE_TIME.fullmatch(text) is not None for text in said)
    return looks >= ENOUGH * len(said) and len(set(said)) > FEW_STAMPS


def _check_no_time(sample: Sample, column: int) -> None:
    """Refuse a column that is named or looks like a time, but cannot be read as one."""
    exactly_named = plain_name(sample.names[column]) in TIMES
    if sample.is_number(column):
        values = sample.values[np.isfinite(sample.values[:, column]), column]
        is_time = exactly_named and bool((np.diff(values) < 0).any() or (values[:1] > _LATEST_START).any())
    else:
        said = "".join([text for text in sample.cells[:, column] if not is_null(text)][:1])
        is_time = (exactly_named and any(map(str.isdigit, said))) or looks_like_time(sample, column)
    if is_time:
        raise _unread(sample, column)


def _unread(sample: Sample, *columns: int) -> InputError:
    said = [text for text in sample.texts(*columns) if not is_null(text)] or [""]
    name = " ".join(sample.names[column] for column in columns)
    if _match(_CLOCK, np.array(said, object)):
        return InputError(
            f"column {name!r} holds times of day without a date, e.g. {said[0][:60]!r}",
            where=sample.where,
            hint="put the date in front of them, or --time '' to count rows",
        )
    told = f"--time {_quoted(name)} " * (sample.options.time is not None)
    known = " or ".join(f"--datetime-format {_quoted(form)}" for form in suggest_formats(said))
    place = re.search(r" ([A-Z]{3,}|[A-Z]\w+/[\w/]+)$", said[0]) if known else None
    zone = f" and --tz {place[1] if '/' in place[1] else 'ZONE'}" if place else ""
    return InputError(
        f"column {name!r} holds no time stamps that can be read, e.g. {said[0][:60]!r}",
        where=sample.where,
        hint=f"{told}{known}{zone}, another --time, or --time '' to count rows"
        if known
        else "--time '' to count rows, another --time, or --datetime-format FORMAT as strptime has it",
    )


def _quoted(text: str) -> str:
    return shlex.quote(text) if "'" in text else f"'{text}'"


def _match(pattern: re.Pattern[str], texts: NDArray[np.object_]) -> bool:
    said = [text.strip() for text in texts if not is_null(text)]
    return bool(said) and sum(pattern.fullmatch(text) is not None for text in said) >= ENOUGH * len(said)
