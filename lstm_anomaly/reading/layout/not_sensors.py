"""Why a column is no sensor: it was not wanted, holds texts, or only counts rows or seconds."""

import re

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.layout.dialect import SAMPLE_ROWS
from lstm_anomaly.reading.layout.time_column import is_time_name
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.report import NOT_NUMBERS
from lstm_anomaly.reading.values.numbers import BOOLEAN_WORDS, NumberFormat, is_null

_ROW_NUMBER_NAMES = {"index", "idx", "id", "row", "no", "nr", "#", "unnamed: 0", "record"}
MOST_KINDS = 100  # different texts among the first rows
KINDS_SHARE = 0.2  # of those rows, likewise
_WITH_UNIT = re.compile(r"[+-]?\d+([.,]\d+)?\s*[^\d\s.,:;/-]\S{0,6}")


def why_not(
    name: str,
    is_named: bool,
    texts: NDArray[np.object_],
    values: FloatArray,
    form: NumberFormat,
    options: ReadOptions,
) -> str:
    """Why a column is no sensor, "" when it is one.

    is_named whether the file names it; texts and values (n,) its first cells
    """
    if name in options.exclude:
        return "excluded"
    if options.only:
        return "" if name in options.only else "not among the columns asked for"
    said = np.array([not is_null(text, form) for text in texts], bool)
    if not said.any():
        return "" if is_named else "no name and no values"
    if float(np.isfinite(values[said]).mean()) > 0.5:
        return _why_counter(name, values)
    words = {text.strip().casefold() for text in texts[said]}
    kind = "true or false" if words <= BOOLEAN_WORDS else "text"
    first = texts[said][0].strip()[:40]
    unit = "; without the unit it would be one" if _WITH_UNIT.fullmatch(first) else ""
    return f"{kind} {NOT_NUMBERS} ({first!r}{unit})"


def could_be_symbols(reason: str, texts: NDArray[np.object_]) -> bool:
    """Whether a column that was left out for a reason holds few texts (n,), again and again."""
    said = {text.strip() for text in texts if text is not None and text.strip()}
    return NOT_NUMBERS in reason and 2 <= len(said) <= min(MOST_KINDS, KINDS_SHARE * len(texts))


def _why_counter(name: str, values: FloatArray) -> str:
    """Why a numeric column only counts rows or seconds; "" when it is a reading."""
    steps = np.diff(values[:SAMPLE_ROWS])
    if len(steps) < 2:
        return ""
    plain = name.casefold().strip()
    if np.all(steps == 1) and (plain in _ROW_NUMBER_NAMES or plain.startswith("column 1")):
        return "counts the rows"
    if is_time_name(name) and np.all(steps > 0):
        return "rises like a clock but is no time since 1970, so rows are counted instead"
    return ""
