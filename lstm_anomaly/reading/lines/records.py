"""Which lines are rows: every line of a block becomes a row, a refused row or a blank line, by number.

`pandas.read_csv` pads short rows, may shift long ones, and lets one stray quote swallow lines. So the
lines are judged here first; pandas then parses only those that hold exactly the right number of fields.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lstm_anomaly.base.types import IntArray
from lstm_anomaly.reading.lines.sources import count_byte
from lstm_anomaly.reading.values.cells import looks_like_row

# A quote that is not closed within so many lines was a stray character, not the start of a long cell.
MAX_SPAN = 50
# Python's own limit, 128 KiB, would refuse the row of a long note as one whose quote is not closed.
csv.field_size_limit(max(csv.field_size_limit(), 512 << 10))
UNCLOSED = "a quote is opened and not closed"
COMMENT = "a comment"
NUL = "a NUL byte in a cell"


@dataclass
class Rows:
    """What the lines of one block are.

    good     the lines that are rows, as UTF-8 CSV text ready to be parsed
    texts    the same, a text for each of the n rows
    lines    (n,) line number of each of those rows
    refused  (line, reason, kind of reason) for each row left out
    blank    number of blank lines
    rest     lines at the end whose quote may be closed in the next block
    """

    good: bytes
    texts: list[str]
    lines: IntArray
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    blank: int = 0
    rest: bytes = b""


@dataclass(frozen=True)
class RecordForm:
    """How a row is written.

    columns   fields that a row has
    one_line  those of them that cannot span lines: what looks like one that does is a stray quote
    comments  whether lines that begin with # are no rows
    """

    delimiter: str
    columns: int
    one_line: frozenset[int] = frozenset()
    comments: bool = False


def is_regular(data: bytes, line_count: int, form: RecordForm) -> bool:
    """Whether a glance shows that every line may be a row of plain fields.

    True needs no comment, no quote, no NUL, and as many delimiters in all as so many rows have. A parser that
    refuses rows longer than the first then proves that no row is shorter either.
    """
    sign, columns = form.delimiter.encode(), form.columns
    if b'"' in data or b"\0" in data or _has_comments(data, form):
        return False
    if columns == 1:
        return sign not in data and not data.startswith(b"\n") and b"\n\n" not in data
    first = data[: data.index(b"\n")]
    return first.count(sign) == columns - 1 and count_byte(data, sign) == (columns - 1) * line_count


def _has_comments(data: bytes, form: RecordForm) -> bool:
    return form.comments and (data.startswith(b"#") or b"\n#" in data)


def take_record(lines: Sequence[str], start: int, delimiter: str) -> tuple[list[str], int] | None:
    """Fields of the record that starts at `lines[start]`, and how many lines it spans.

    None when a quote opened there is not closed within `MAX_SPAN` lines, or only behind lines that are
    rows by themselves: then it was no quote but a stray character.
    """
    if '"' not in lines[start]:
        return lines[start].split(delimiter), 1
    record = _take_quoted(lines[start : start + 1], delimiter)
    if record is None:
        record = _take_quoted(lines[start : start + MAX_SPAN], delimiter)
    if record is None:
        return None
    fields, span = record
    swallowed = any(looks_like_row(line, delimiter, len(fields)) for line in lines[start + 1 : start + span])
    return None if swallowed else record


def _take_quoted(lines: Sequence[str], delimiter: str) -> tuple[list[str], int] | None:
    reader = csv.reader((f"{text}\n" for text in lines), delimiter=delimiter)
    try:
        fields = next(reader)
    except csv.Error:
        return None
    # Only a quote that is still open at the end keeps the line end inside the last field.
    still_open = reader.line_num == len(lines) and fields[-1].endswith("\n")
    return None if still_open else (fields, reader.line_num)


def scan(data: bytes, first_line: int, form: RecordForm, *, last: bool) -> Rows:
    """Judge every line of a block (UTF-8, newline-ended); see `Rows`. `last` says that no block follows."""
    delimiter, columns = form.delimiter, form.columns
    lines = data.decode("utf-8").split("\n")[:-1]
    comments = _has_comments(data, form)
    if not comments and b"\0" not in data and _all_are_rows(lines, delimiter, columns):
        return Rows(data, lines, np.arange(first_line, first_line + len(lines)))
    numbers: list[int] = []
    rows = Rows(b"", [], np.empty(0, np.int64))
    at = 0
    while at < len(lines):
        number = first_line + at
        line = lines[at]
        if comments and line.startswith("#"):
            rows.refused.append((number, COMMENT, COMMENT))
            at += 1
            continue
        if not line or (columns > 1 and delimiter not in line and not line.strip()):
            rows.blank += 1
            at += 1
            continue
        record = take_record(lines, at, delimiter)
        if record is None and not last and len(lines) - at < MAX_SPAN:
            rows.rest = "".join(f"{text}\n" for text in lines[at:]).encode()
            break
        span = record[1] if record else 1
        fault = _fault(record, form)
        if fault is None:
            rows.texts.append("\n".join(lines[at : at + span]))
            numbers.append(number)
        else:
            rows.refused.append((number, *fault))
        at += 1 if fault else span
    rows.good = "".join(f"{text}\n" for text in rows.texts).encode()
    rows.lines = np.array(numbers, np.int64)
    return rows


def _all_are_rows(lines: Sequence[str], delimiter: str, columns: int) -> bool:
    """Whether every line is one record of so many fields: the usual case where everything is quoted."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return all(
            len(fields) == columns and reader.line_num == at for at, fields in enumerate(reader, start=1)
        )
    except csv.Error:
        return False


def _fault(record: tuple[list[str], int] | None, form: RecordForm) -> tuple[str, str] | None:
    """Why a record is no row, in full and without its numbers; None when it is one."""
    if record is None:
        return UNCLOSED, UNCLOSED
    fields, span = record
    if span > 1 and (len(fields) != form.columns or any("\n" in fields[k] for k in form.one_line)):
        return UNCLOSED, UNCLOSED
    if len(fields) != form.columns:
        kind = "too few fields" if len(fields) < form.columns else "too many fields"
        return f"{kind}: {len(fields)} instead of {form.columns}", kind
    if any("\0" in cell for cell in fields):
        return NUL, NUL
    return None
