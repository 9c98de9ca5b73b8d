"""Why a column is no sensor: it was not wanted, holds texts, counts rows, is part of a date, ..."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.reading.layout.names import CALENDAR, MACHINE_NAMES, is_time_name, plain_name, words
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.report import NOT_NUMBERS
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.numbers import BOOLEAN_WORDS, NumberFormat

_ROW_NUMBERS = words(
    "index idx id row rowid rowno rownumber no nr num number lfdnr laufendenummer unnamed0 record recordno"
    " recno recordid rec scan scanno sample sampleno sampleid entry entryid seq seqno sequence counter obs"
    " line lineno point pointno"
)
_QUALITY_WORDS = words("quality validity qc qf qn qualitycode guete")
_QUALITY_ENDS = re.compile(r"[\W_]*(q|qc|qual|flag)$", re.IGNORECASE)  # behind a sensor's name
_MOST_QUALITIES = 8
MOST_KINDS = 100  # different texts among the first rows
KINDS_SHARE = 0.2  # of those rows, likewise
_ENDLESS = re.compile(r"[+-]?(inf(inity)?|\d[\d.]*e\+?\d{3,})", re.IGNORECASE)
_WITH_UNIT = re.compile(r"[+-]?\d+([.,]\d+)?(?!e[+-]?\d)\s*[^\d\s.,:;/-]\S{0,6}")
# Rows from which a column that goes up by one a row is taken for their number, whatever its name.
_MANY_ROWS = 50
GOES_WITH_LINES = "goes up by one from row to row"
RISES = "rises like a clock"
WITH_UNIT = "without the unit it would be one"


def why_not(sample: Sample, column: int, *, is_named: bool, form: NumberFormat) -> str:
    """Why a column is no sensor, "" when it is one; `is_named` whether the file names it."""
    name, texts, values = sample.names[column], sample.cells[:, column], sample.values[:, column]
    if name in sample.options.exclude:
        return "excluded"
    if sample.options.only:
        return "" if name in sample.options.only else "not among the columns asked for"
    said = np.array([not is_null(text) and text.strip() not in form.null_values for text in texts], bool)
    if column in (1, 2) and tuple(sample.names[:3]) == ("column 1", "result", "table"):
        return "numbers the tables of annotated CSV"
    if not said.any():
        return "" if is_named else "no name and no values"
    if float(np.isfinite(values[said]).mean()) > 0.5:
        known = values[np.isfinite(values)]
        if _QUALITY_ENDS.sub("", name) in {*sample.names} - {name}:
            name = "quality"
        column_of = _Numbers(name, known, np.diff(known), np.diff(sample.lines[np.isfinite(values)]))
        is_whole = bool(np.all(known == np.round(known)))
        return next((why for why, whole, shows in _NO_READINGS if is_whole >= whole and shows(column_of)), "")
    distinct = {text.strip().casefold() for text in texts[said]}
    first = texts[said][0].strip()[:40]
    kind = (
        "infinities"
        if _ENDLESS.fullmatch(first)
        else "true or false"
        if distinct <= BOOLEAN_WORDS
        else "text"
    )
    unit = f"; {WITH_UNIT}" if _WITH_UNIT.fullmatch(first) else ""
    return f"{kind} {NOT_NUMBERS} ({first!r}{unit})"


def could_be_symbols(reason: str, texts: NDArray[np.object_]) -> bool:
    """Whether a column that was left out as text holds few different texts (n,), each many times."""
    said = {text.strip() for text in texts if text is not None and text.strip()}
    return NOT_NUMBERS in reason and 2 <= len(said) <= min(MOST_KINDS, KINDS_SHARE * len(texts))


@dataclass(frozen=True)
class _Numbers:
    """A column's name, its numbers (n,), their steps (n - 1,) and how many lines these go (n - 1,)."""

    name: str
    values: FloatArray
    steps: FloatArray
    apart: IntArray


def _is_row_number(of: _Numbers) -> bool:
    if of.name.startswith("column 1"):
        return len(of.steps) > 1 and bool(np.all(of.steps == of.apart))
    named = of.name.strip() == "#" or plain_name(of.name) in _ROW_NUMBERS
    return named and len(of.steps) > 1 and bool(np.all(of.steps > 0) or np.all(of.steps < 0))


def _goes_with_lines(of: _Numbers) -> bool:
    anew = of.steps < 0  # as for each machine of several
    up = np.all((of.steps == of.apart) | anew) and np.sum(anew) * _MANY_ROWS <= np.sum(of.apart)
    return len(of.steps) >= _MANY_ROWS and bool(up or np.all(of.steps == -of.apart))


def _is_calendar(of: _Numbers) -> bool:
    low, high = CALENDAR.get(plain_name(of.name), (1, 0))
    return bool(low <= of.values.min() and of.values.max() <= high)


def _is_machine(of: _Numbers) -> bool:
    named = MACHINE_NAMES.fullmatch(plain_name(of.name)) or of.name.casefold().endswith("id")
    return bool(named) and not of.steps.any()


def _is_quality(of: _Numbers) -> bool:
    named = not _QUALITY_WORDS.isdisjoint(re.split(r"[\W_]+", of.name.casefold()))
    return named and len(np.unique(of.values)) <= _MOST_QUALITIES


def _is_clock(of: _Numbers) -> bool:
    # A column without a name that goes up by one step is the time of an oscilloscope.
    is_even = (
        of.name.startswith("column ")
        and len(of.steps) > _MANY_ROWS
        and np.ptp(of.steps) < 0.02 * of.steps.max()
    )
    rises = len(of.steps) > 1 and np.all(of.steps >= 0) and of.steps.any()
    return bool(rises and (is_even or is_time_name(of.name)))


# Why a column of numbers is no reading, whether all must be whole, and what shows it; the first counts.
_NO_READINGS: tuple[tuple[str, bool, Callable[[_Numbers], bool]], ...] = (
    ("counts the rows", True, _is_row_number),
    (GOES_WITH_LINES, True, _goes_with_lines),
    ("is part of a date", True, _is_calendar),
    ("is the number of a machine", True, _is_machine),
    ("says how good a reading is", True, _is_quality),
    (RISES, False, _is_clock),
)
