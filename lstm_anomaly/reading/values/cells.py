"""What a cell looks like, before it is known how the file writes its numbers."""

import re

from lstm_anomaly.reading.options import NULL_WORDS

_NUMBERLIKE = re.compile(
    "[+\u2212\u2013-]?[\\d.,'\u2019\u00a0\u2009\u202f ]*\\d[\\d.,'\u2019]*([eE][+\u2212-]?\\d+)?", re.ASCII
)
_TIMELIKE = re.compile(
    r"(?:\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d|\d{4})|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})([T ,][^;|\t]*\d[^;|\t]*)?"
    r"|\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?|\d{8}T\d+Z?"
)


def is_value(cell: str) -> bool:
    """Whether a cell looks like a number or a time, in any notation."""
    text = cell.strip()
    return _NUMBERLIKE.fullmatch(text) is not None or _TIMELIKE.fullmatch(text) is not None


def is_null(cell: str) -> bool:
    """Whether a cell says "no value"."""
    return cell.strip().casefold() in NULL_WORDS


def is_word(cell: str) -> bool:
    """Whether a cell is neither a number, nor a time, nor "no value"."""
    return not is_null(cell) and not is_value(cell)


def looks_like_row(line: str, delimiter: str, columns: int) -> bool:
    """Whether a line by itself has the fields of a row, most of them numbers or times."""
    fields = line.split(delimiter)
    return len(fields) >= columns and 2 * sum(is_value(cell.strip(' "')) for cell in fields) > len(fields)
