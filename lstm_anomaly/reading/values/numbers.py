"""Cells to numbers, strictly: what is not wholly a number is missing, and is named.

The fast path leaves this to `pandas.read_csv`; a column comes here when that saw anything but numbers.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray
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

    def null_numbers(self) -> list[float]:
        """The null values that are numbers, such as -9999."""
        return [float(text) for text in self.null_values if _PLAIN.fullmatch(text)]


def to_numbers(cells: Sequence[str], form: NumberFormat) -> tuple[FloatArray, BoolArray]:
    """Values of a column of texts, and which of them are bad.

    Returns values (n,), NaN where a cell is missing or bad, and bad (n,): cells that are neither a finite
    number nor a text for "no value".
    """
    texts = pd.Series(np.asarray(cells, object), dtype=object).str.strip()
    nulls = [*NULL_WORDS, *(null.casefold() for null in form.null_values)]
    missing = texts.str.casefold().isin(nulls).to_numpy(bool)
    plain = texts.map(_ungrouper(form)) if form.thousands else texts
    if form.decimal != ".":
        other_sign = plain.str.contains(".", regex=False)
        plain = plain.str.replace(form.decimal, ".", regex=False).mask(other_sign, "")
    values: FloatArray = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, copy=True)
    missing = missing | np.isin(values, form.null_numbers())
    bad: BoolArray = ~np.isfinite(values) & ~missing
    values[bad | missing] = np.nan
    return values, bad


def is_null(text: str, form: NumberFormat) -> bool:
    """Whether one cell says "no value"."""
    word = text.strip()
    return word.casefold() in NULL_WORDS or word in form.null_values


def find_number_format(cells: Iterable[str]) -> tuple[str, str] | None:
    """The decimal and the grouping sign that these cells show; None when they allow two readings.

    `1.234,5` shows both signs. `1,5` shows a decimal comma, since a group has three digits. `1,234` by
    itself could be either. One odd cell in a hundred does not count: it will be reported as bad.
    """
    seen = Counter(shown for cell in cells if (shown := _shown_by(cell.strip())))
    comma = seen[","] + seen[",."]
    point = seen["."] + seen[".,"]
    if min(comma, point) > ODD_SHARE * max(comma, point):
        return None
    if comma > point:
        return ",", "." if seen[",."] else ""
    if seen[".,"]:
        return ".", ","
    return None if seen["?"] > ODD_SHARE * point else (".", "")


_SHAPES = (  # the first that fits counts; the plain decimal point, which no other fits, is the commonest
    (re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", re.ASCII), "."),
    (re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?\d{1,3}(,\d{3}){2,}", re.ASCII), ".,"),
    (re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?\d{1,3}(\.\d{3}){2,}", re.ASCII), ",."),
    (re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII), "?"),
    (re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII), ","),
)


def _shown_by(cell: str) -> str:
    """The decimal sign with the grouping sign behind it; `?` for a lone comma before three digits."""
    return next((shown for pattern, shown in _SHAPES if pattern.fullmatch(cell)), "")


def _ungrouper(form: NumberFormat) -> Callable[[str], str]:
    """Takes grouping signs out of well-grouped numbers; makes anything else with one unreadable."""
    sign, decimal = re.escape(form.thousands), re.escape(form.decimal)
    grouped = re.compile(rf"[+-]?\d{{1,3}}({sign}\d{{3}})+({decimal}\d*)?([eE][+-]?\d+)?", re.ASCII)

    def ungroup(text: str) -> str:
        if form.thousands not in text:
            return text
        return text.replace(form.thousands, "") if grouped.fullmatch(text) else "not a number"

    return ungroup
