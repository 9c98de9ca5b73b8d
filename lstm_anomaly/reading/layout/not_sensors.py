"""Why a column is no sensor: it was not wanted, holds texts, counts rows, is part of a date, ..."""

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import MOST_READING, FloatArray, IntArray
from lstm_anomaly.reading.layout.names import CALENDAR, MACHINE_NAMES, is_time_name, plain_name, words
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.report import NOT_NUMBERS
from lstm_anomaly.reading.values.numbers import BOOLEAN_WORDS, NumberFormat, is_null

_ROW_NUMBERS = words(
    "index idx id row rowid rowno rownumber no nr num number lfdnr laufendenummer unnamed0 record recordno"
    " recno recordid rec scan scanno sample sampleno sampleid entry entryid seq seqno sequence counter obs"
    " line lineno point pointno"
)
_QUALITY_WORDS = words("quality validity qc qf qn qualitycode guete")
_QUALITY_ENDS = re.compile(r"[\W_]*(q|qual|flag|status|state)$", re.IGNORECASE)  # behind a sensor's name
_MOST_QUALITIES = 8
MOST_KINDS = 100  # different texts among the first rows
KINDS_SHARE = 0.2  # of those rows, likewise
_WITH_UNIT = re.compile(r"[+-]?\d+([.,]\d+)?(?!e[+-]?\d)\s*[^\d\s.,:;/-]\S{0,6}")
# Rows from which a column that goes up by one a row is taken for their number, whatever its name.
_MANY_ROWS = 50
GOES_WITH_LINES = "goes up by one from row to row"
RISES = "rises like a clock"


def why_not(sample: Sample, column: int, *, is_named: bool, form: NumberFormat) -> str:
    """Why a column is no sensor, "" when it is one; `is_named` whether the file names it."""
    name, texts, values = sample.names[column], sample.cells[:, column], sample.values[:, column]
    if name in sample.options.exclude:
        return "excluded"
    if sample.options.only:
        return "" if name in sample.options.only else "not among the columns asked for"
    said = np.array([not is_null(text, form) for text in texts], bool)
    if column in (1, 2) and tuple(sample.names[:3]) == ("column 1", "result", "table"):
        return "numbers the tables of annotated CSV"
    if not said.any():
        return "" if is_named else "no name and no values"
    if float(np.isfinite(values[said]).mean()) > 0.5:
        known = np.isfinite(values)
        args = name, values[known], sample.lines[known]
        if _QUALITY_ENDS.sub("", name) in {*sample.names} - {name}:
            args = "quality", *args[1:]
        return next((reason for reason, shows in _NO_READINGS if shows(*args)), "")
    distinct = {text.strip().casefold() for text in texts[said]}
    first = texts[said][0].strip()[:40]
    kind = "infinities" if _is_endless(first) else "true or false" if distinct <= BOOLEAN_WORDS else "text"
    unit = "; without the unit it would be one" if _WITH_UNIT.fullmatch(first) else ""
    return f"{kind} {NOT_NUMBERS} ({first!r}{unit})"


def could_be_symbols(reason: str, texts: NDArray[np.object_]) -> bool:
    """Whether a column that was left out for a reason holds few texts (n,), again and again."""
    said = {text.strip() for text in texts if text is not None and text.strip()}
    return NOT_NUMBERS in reason and 2 <= len(said) <= min(MOST_KINDS, KINDS_SHARE * len(texts))


def _is_row_number(name: str, values: FloatArray, lines: IntArray) -> bool:
    steps = np.diff(values)
    if len(steps) < 2 or not _are_whole(values):
        return False
    if name.startswith("column 1"):
        return bool(np.all(steps == np.diff(lines)))
    named = name.strip() == "#" or plain_name(name) in _ROW_NUMBERS
    return named and bool(np.all(steps > 0) or np.all(steps < 0))


def _goes_with_lines(name: str, values: FloatArray, lines: IntArray) -> bool:
    steps, apart = np.diff(values), np.diff(lines)
    if not _are_whole(values) or len(steps) < _MANY_ROWS:
        return False
    anew = steps < 0  # as for each machine of several
    up = np.all((steps == apart) | anew) and np.sum(anew) * _MANY_ROWS <= lines[-1] - lines[0]
    return bool(up or np.all(steps == -apart))


def _is_calendar(name: str, values: FloatArray, lines: IntArray) -> bool:
    low, high = CALENDAR.get(plain_name(name), (1, 0))
    return low <= values.min() and values.max() <= high and _are_whole(values)


def _is_quality(name: str, values: FloatArray, lines: IntArray) -> bool:
    return (
        not _QUALITY_WORDS.isdisjoint(re.split(r"[\W_]+", name.casefold()))
        and _are_whole(values)
        and len(np.unique(values)) <= _MOST_QUALITIES
    )


def _is_identity(name: str, values: FloatArray, lines: IntArray) -> bool:
    named = MACHINE_NAMES.fullmatch(plain_name(name)) or name.casefold().endswith("id")
    return bool(named) and _are_whole(values) and bool(np.all(values == values[0]))


def _is_clock(name: str, values: FloatArray, lines: IntArray) -> bool:
    steps = np.diff(values)
    return is_time_name(name) and len(steps) > 1 and bool(np.all(steps >= 0) and np.any(steps > 0))


# Why a column of numbers is no reading, and what shows it; the first that does counts.
_NO_READINGS: tuple[tuple[str, Callable[[str, FloatArray, IntArray], bool]], ...] = (
    ("counts the rows", _is_row_number),
    (GOES_WITH_LINES, _goes_with_lines),
    ("is part of a date", _is_calendar),
    ("is the number of a machine", _is_identity),
    ("says how good a reading is", _is_quality),
    (RISES, _is_clock),
)


def _is_endless(text: str) -> bool:
    """Whether a text is a number that no sensor reads."""
    try:
        return abs(float(text)) > MOST_READING
    except ValueError:
        return False


def _are_whole(values: FloatArray) -> bool:
    return bool(np.all(values == np.round(values)))
