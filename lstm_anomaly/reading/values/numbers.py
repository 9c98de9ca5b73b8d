"""Cells to numbers, strictly: a cell that is not wholly a number is missing, and is reported.

The fast path leaves this to `pandas.read_csv`; a column comes here when that saw anything but numbers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import MOST_READING, BoolArray, FloatArray
from lstm_anomaly.reading.options import NULL_WORDS

# Cells that contradict the others in so small a share do not make a file ambiguous.
ODD_SHARE = 0.02
BOOLEAN_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "t", "f", "y", "n"})
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@saved_as("number format")
@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: the decimal sign, the sign that groups digits (or ""), texts for "none"."""

    decimal: str = "."
    thousands: str = ""
    null_values: tuple[str, ...] = ()

    def nulls(self) -> list[str]:
        """Every text that means "no value", in the spellings that pandas compares with."""
        words = {spelling for word in NULL_WORDS for spelling in (word, word.upper(), word.capitalize())}
        return sorted(words | {"NaN", "-NaN"} | set(self.null_values))


def to_numbers(cells: Sequence[str], form: NumberFormat) -> tuple[FloatArray, BoolArray]:
    """Values of a column of texts, and which of them are bad.

    Returns values (n,), NaN where a cell is missing or bad, and bad (n,): cells that are neither a
    number of at most `MOST_READING` nor a text for "no value".
    """
    texts = pd.Series([respelled(cell) for cell in cells], dtype=object)
    nulls = [*NULL_WORDS, *(null.casefold() for null in form.null_values)]
    missing = texts.str.casefold().isin(nulls).to_numpy(bool)
    plain = texts.map(_ungrouper(form)) if form.thousands else texts
    if form.decimal != ".":
        other_sign = plain.str.contains(".", regex=False)
        plain = plain.str.replace(form.decimal, ".", regex=False).mask(other_sign, "")
    values: FloatArray = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, copy=True)
    missing = missing | np.isin(values, [float(null) for null in form.null_values if _PLAIN.fullmatch(null)])
    bad: BoolArray = ~(np.abs(values) <= MOST_READING) & ~missing
    values[bad | missing] = np.nan
    return values, bad


def respelled(cell: str) -> str:
    """A cell with its signs as programs write them, where they have one meaning.

    A minus of typography, one behind the digits, and brackets around them become a plain minus in front.
    Spaces, also those that do not break, and apostrophes between digits in groups of three go.
    """
    text = cell.strip()
    if text.isascii() and "'" not in text and " " not in text and text[-1:] not in ("-", ")"):
        return text
    text = _NEGATIVE.sub(r"-\1", _MINUS.sub("-", text))
    return _GAPS.sub("", text) if _GROUPED.fullmatch(text) else text


_MINUS = re.compile("^[\u2212\u2013\ufe63\uff0d](?=[\\d.,])|(?<=[eE])[\u2212\u2013](?=\\d)")
_NEGATIVE = re.compile(r"^(?:- (?=.*\d$)|\((?=.*\)$)|(?=.*-$))(\d[\d.,]*)[)-]?$")
_GAPS = re.compile("[ '\u00a0\u2009\u202f\u2019]")
_GROUPED = re.compile(rf"[+-]?\d{{1,3}}({_GAPS.pattern}\d{{3}})+([.,]\d+)?")


def find_number_format(columns: Iterable[Sequence[str]], where: str) -> tuple[str, str]:
    """The decimal and the grouping sign that the cells of these columns show.

    `1.234,5` shows both signs. `1,5` shows a decimal comma, since a group has three digits. `1,234` by
    itself could be either, and so could `1.234` in a column of whole numbers. One odd cell in a hundred does
    not count: it will be reported as bad. Raises InputError at `where` when they allow two readings.
    """
    each = []
    for column in columns:
        cells = map(respelled, column)
        shown = (next((shown for pattern, shown in _SHAPES if pattern.fullmatch(cell)), "") for cell in cells)
        each.append(Counter(shown))
    seen = sum(each, Counter[str]())
    comma, point = seen[","] + seen[",."], seen["."] + seen["3"] + seen[".,"]
    if seen["quality"] > ODD_SHARE * (comma + point):
        raise _two_meanings("quality", where)
    if min(comma, point) > ODD_SHARE * max(comma, point):
        if comma and all(_groups_by_points(column) for column in each if column["."] + column["3"]):
            return ",", "."
        raise _two_meanings("both", where)
    if comma > point:
        return ",", "." if seen[",."] else ""
    if seen[".,"]:
        return ".", ","
    if any(_groups_by_points(column) and (column["hundreds"] or not seen["."]) for column in each):
        raise _two_meanings("point", where)
    if seen["?"] > ODD_SHARE * point:
        raise _two_meanings("comma", where)
    return ".", ""


def _groups_by_points(column: Counter[str]) -> bool:
    """Whether points stand where they would group thousands, in a column of whole numbers."""
    whole = column["hundreds"] + column["units"]
    return column["3"] > 0 and whole > 0 and not column["."] and not column["thousands"]


_UNCLEAR = {
    "both": ("some numbers have a decimal point and some a decimal comma", "--decimal , or --decimal ."),
    "comma": (
        "numbers are written with a comma that may be a decimal sign or may group thousands",
        "--decimal , or --thousands ,",
    ),
    "point": (
        "numbers such as 1.005 stand beside whole ones such as 998, so the point may group thousands or be a"
        " decimal sign",
        "--thousands . or --decimal .",
    ),
    "quality": (
        "cells such as +0070,1 may be a number with a decimal comma, or a reading in tenths and its quality",
        "--decimal , if it is a decimal comma; else write the readings into a column of their own",
    ),
}


def _two_meanings(kind: str, where: str) -> InputError:
    what, hint = _UNCLEAR[kind]
    return InputError(what, where=where, hint=hint)


_SHAPES = (  # what a cell shows, by the first that fits; the decimal sign has the grouping sign behind it
    (re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}", re.ASCII), "3"),
    (re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", re.ASCII), "."),
    (re.compile(r"[+-]?[1-9]\d{3,}", re.ASCII), "thousands"),
    (re.compile(r"[+-]?[1-9]\d\d", re.ASCII), "hundreds"),
    (re.compile(r"[+-]?[1-9]\d?", re.ASCII), "units"),
    (re.compile(r"[+-]?\d{1,3}(,\d{2,3})*,\d{3}\.\d+|[+-]?\d{1,3}(,\d{2,3})+,\d{3}", re.ASCII), ".,"),
    (re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII), ",."),
    (re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII), "?"),
    (re.compile(r"[+-]0\d{3},\d", re.ASCII), "quality"),
    (re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII), ","),
)


def _ungrouper(form: NumberFormat) -> Callable[[str], str]:
    """Takes grouping signs out of well-grouped numbers; makes anything else with one unreadable."""
    sign, decimal = re.escape(form.thousands), re.escape(form.decimal)
    grouped = re.compile(
        rf"[+-]?\d{{1,3}}({sign}\d{{2,3}})*{sign}\d{{3}}({decimal}\d*)?([eE][+-]?\d+)?", re.ASCII
    )

    def ungroup(text: str) -> str:
        if form.thousands not in text:
            return text
        return text.replace(form.thousands, "") if grouped.fullmatch(text) else "not a number"

    return ungroup
