"""Which column holds the time, found by what the first rows hold rather than by its name alone."""

import re
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.time_formats import find_digits_format, find_epoch_format, find_time_format
from lstm_anomaly.reading.values.timestamps import TimeFormat

_TIME_WORDS = frozenset(
    {"time", "timestamp", "date", "datetime", "ts", "epoch", "unixtime", "utc", "localtime"}
)
_TIME_WORDS |= {"zeit", "datum", "uhrzeit", "zeitstempel", "fecha", "hora", "heure"}
_DATE_ONLY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", re.ASCII)
_TIME_OF_DAY = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?", re.ASCII)

TimeColumns = tuple[tuple[int, ...], TimeFormat | None]


def is_time_name(name: str) -> bool:
    """Whether a column's name speaks of time."""
    return not _TIME_WORDS.isdisjoint(re.split(r"[^a-z]+", name.casefold()))


def find_time_columns(
    names: Sequence[str],
    cells: NDArray[np.object_],
    values: FloatArray,
    options: ReadOptions,
    where: str,
    no_time: Collection[str] = (),
) -> TimeColumns:
    """The time column, or the two of a date and a time of day, and its format; ((), None) without one.

    cells are the first rows as texts (n, columns), values the same as numbers, `no_time` the names of
    columns that are something else. Raises InputError at `where` when what was told of the time fits no
    column, or when day and month may be either way round.
    """
    if options.time == "":
        return (), None
    if options.time is not None:
        column = names.index(options.time)
        pair = _split_columns(column, cells, options, where)
        return pair or _named_column(column, names, cells, values, options, where)
    named_first = sorted(range(len(names)), key=lambda column: not is_time_name(names[column]))
    for column in named_first:
        if names[column] in no_time:
            continue
        if pair := _split_columns(column, cells, options, where):
            return pair
        named = is_time_name(names[column])
        found = _format_of(cells[:, column].tolist(), values[:, column], options, where, named, column == 0)
        if found is not None:
            return (column,), found
    if options.datetime_format is not None:
        raise InputError(
            f"no column holds time stamps written as {options.datetime_format!r}",
            where=where,
            hint="correct --datetime-format, or name the column with --time",
        )
    return (), None


def _named_column(
    column: int,
    names: Sequence[str],
    cells: NDArray[np.object_],
    values: FloatArray,
    options: ReadOptions,
    where: str,
) -> TimeColumns:
    found = _format_of(cells[:, column].tolist(), values[:, column], options, where, True, True)
    if found is None:
        raise InputError(
            f"column {names[column]!r} holds no time stamps that can be read, e.g. {cells[0, column][:60]!r}",
            where=where,
            hint="--datetime-format with a pattern such as '%d.%m.%Y %H:%M:%S', or another --time",
        )
    return (column,), found


def _format_of(
    texts: list[str], values: FloatArray, options: ReadOptions, where: str, named: bool, first: bool
) -> TimeFormat | None:
    """The format of one column, or None when it is not the time.

    A column of numbers must be `named` like a time, or be the `first` and rise like one.
    """
    mostly_numbers = bool(np.isfinite(values).mean() > 0.5)
    if options.datetime_format is not None:
        if mostly_numbers and not named:
            return None
        return _if_it_fits(find_time_format(texts, options.datetime_format, options.tz, where), texts)
    if not mostly_numbers:
        return find_time_format(texts, None, options.tz, where)
    if named and (digits := find_digits_format(texts, options.tz)):
        return digits
    return find_epoch_format(values, named_time=named) if named or first else None


def _if_it_fits(form: TimeFormat | None, texts: list[str]) -> TimeFormat | None:
    said = np.array([text for text in texts if not is_null(text)], object)
    fits = form is not None and len(said) > 0 and np.mean(~np.isnat(form.parse(said))) > 0.5
    return form if fits else None


def _split_columns(
    column: int, cells: NDArray[np.object_], options: ReadOptions, where: str
) -> TimeColumns | None:
    """This column and the next, when they are a date and a time of day."""
    pair = cells[:, column : column + 2]
    if pair.shape[1] < 2 or not (_all_match(_DATE_ONLY, pair[:, 0]) and _all_match(_TIME_OF_DAY, pair[:, 1])):
        return None
    texts = [f"{date.strip()} {clock.strip()}" for date, clock in pair]
    form = find_time_format(texts, options.datetime_format, options.tz, where)
    return ((column, column + 1), form) if form else None


def _all_match(pattern: re.Pattern[str], texts: NDArray[np.object_]) -> bool:
    said = [text.strip() for text in texts if not is_null(text)]
    return bool(said) and all(pattern.fullmatch(text) for text in said)
