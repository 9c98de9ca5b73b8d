"""How the first lines of a file are laid out: delimiter, header, units row, where the data begins."""

import re
from collections import Counter
from collections.abc import Sequence

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.text import count
from lstm_anomaly.reading.layout.header import (
    Record,
    count_units_rows,
    fit_header,
    has_header,
    join_header,
    unique_names,
)
from lstm_anomaly.reading.layout.layout import DELIMITER_NAMES, Layout
from lstm_anomaly.reading.lines.records import take_record
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.cells import is_null, is_value, is_word

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 10_000
SAMPLE_ROWS = 200
SPREAD_ROWS = 300
SAMPLE_CELLS = 50_000
# A delimiter whose reading is nearly as good as the best one's leaves the file ambiguous.
CLEAR_LEAD = 0.05
HEADER_SHARE = 0.06  # what the first line counts for if it has as many fields

_COMMENT = re.compile(r"\s*(#|//|%)")
# What ends a block of descriptions above the names, as in files of LabVIEW.
_END_OF_HEAD = re.compile(r"\W*(end[ _-]?of[ _-]?header|end[ _-]?header|\[data\])\W*", re.IGNORECASE)
MOST_HEAD_LINES = 1000
MOST_ABOVE = 10  # lines of numbers above the names, such as settings of the logger


def find_dialect(lines: Sequence[str], options: ReadOptions, path: str) -> tuple[Layout, list[Record]]:
    """Delimiter and names found from the first lines of a file; rows that show what its columns hold.

    Raises InputError where the lines allow two readings or none, with the option that settles it.
    """
    start = _skip_leading(lines, options.skip_lines)
    if start >= len(lines):
        raise InputError("has no rows", where=f"{path}:{len(lines)}", hint="check that the export finished")
    delimiter = options.delimiter or _find_delimiter(lines, start, path)
    comments = any(line.lstrip().startswith("#") for line in lines[options.skip_lines : start])
    sample = _take_records(lines, start, delimiter, comments=comments)
    columns = _usual_count(sample)
    _check_width(columns, path, start + 1)
    header, above = _find_header(sample, columns, options.header, path)
    if not above and options.header is None:
        header = _commented_header(lines, start, delimiter, columns)
    columns = len(header) or columns
    units = count_units_rows(sample[above:]) if header else 0
    joined = join_header(header, [record.fields for record in sample[above : above + units]])
    names, notes = unique_names(joined or [""] * columns)
    last = sample[-1]
    rows = sample[above + units :] + _spread_records(lines, last, delimiter)
    rows = [record for record in rows if record.fields != header]
    leading = sum(1 for line in lines[options.skip_lines : start] if line.strip())
    data_line = rows[0].line if rows else last.line + last.span
    within = [at + 1 for at in range(start, data_line - 1) if comments and lines[at].startswith("#")]
    notes = [
        *([f"skipped the first {options.skip_lines} lines as told"] if options.skip_lines else []),
        *([count(leading, "leading comment line")] if leading else []),
        *(f"line {r.line} stands before the header and is no row" for r in sample[: max(above - 1, 0)]),
        *(f"line {number} is a comment and is no row" for number in within),
        *(f"line {r.line} holds units or the like, and is no row" for r in sample[above : above + units]),
        *(notes if header else ["no header row: columns are named by their numbers"]),
    ]
    return Layout(delimiter, names, tuple(header), data_line, comments=comments, notes=notes), rows


def _find_header(sample: list[Record], columns: int, told: bool | None, path: str) -> tuple[list[str], int]:
    """The header's fields, or [], and how many of the records come before the rows."""
    first = next(at for at, record in enumerate(sample) if len(record.fields) == columns)
    if (
        sum(2 * sum(map(is_value, record.fields)) > len(record.fields) for record in sample[:first])
        > MOST_ABOVE
    ):
        raise other_header(path, sample[first].line)
    if told is False:
        return [], 0
    if told or has_header(sample[first:], path):
        return sample[first].fields, first + 1
    return (fit_header(sample[:first], sample[first:], columns, path), first) if first else ([], 0)


def other_header(path: str, line: int) -> InputError:
    """For a file in which another header stands among the rows: behind it columns may be others."""
    return InputError(
        "another header stands here, so which columns follow is not known",
        where=f"{path}:{line}",
        hint="cut the file in two there, and read each by itself",
    )


def _skip_leading(lines: Sequence[str], skip: int) -> int:
    ends = [n for n, line in enumerate(lines[:MOST_HEAD_LINES]) if _END_OF_HEAD.fullmatch(line)]
    at = max([skip, *(end + 1 for end in ends)])
    while at < len(lines) and (not lines[at].strip() or _COMMENT.match(lines[at])):
        at += 1
    return at


def _check_width(columns: int, path: str, line: int) -> None:
    if columns > MAX_COLUMNS:
        raise InputError(
            f"has {columns:,} columns; at most {MAX_COLUMNS:,} are read",
            where=f"{path}:{line}",
            hint="keep the columns you need, for example with cut or csvcut",
        )


def _take_records(
    lines: Sequence[str], start: int, delimiter: str, *, comments: bool = False
) -> list[Record]:
    """The first records from `start` on; a line with an unclosed quote counts as one field."""
    records: list[Record] = []
    at, cells = start, 0
    while at < len(lines) and len(records) < SAMPLE_ROWS and (cells < SAMPLE_CELLS or len(records) < 5):
        if not lines[at].strip() or (comments and lines[at].startswith("#")):
            at += 1
            continue
        fields, span = take_record(lines, at, delimiter) or ([lines[at]], 1)
        records.append(Record(at + 1, span, fields))
        cells += len(fields)
        at += span
    return records


def _spread_records(lines: Sequence[str], last: Record, delimiter: str) -> list[Record]:
    """More records, spread evenly behind the `last` one as far as the lines reach."""
    count = min(SPREAD_ROWS, SAMPLE_CELLS // len(last.fields))
    stride = (len(lines) - last.line) // count + 1 if count else 1
    behind = range(last.line + last.span - 1, len(lines), stride)
    plain = [at for at in behind if lines[at].strip() and '"' not in lines[at] and lines[at][0] != "#"]
    return [Record(at + 1, 1, lines[at].split(delimiter)) for at in plain]


def _usual_count(records: list[Record]) -> int:
    """The number of fields that most records have, not counting the first, which may be the header."""
    counts = Counter(len(record.fields) for record in records[1:] or records)
    return max(counts, key=lambda count: (counts[count], count))


def _find_delimiter(lines: Sequence[str], start: int, path: str) -> str:
    widest = max(lines[start].count(sign) for sign in DELIMITERS) + 1
    _check_width(widest, path, start + 1)
    ranked = sorted(
        ((_delimiter_score(lines, start, sign), sign) for sign in DELIMITERS), key=lambda pair: -pair[0]
    )
    (best, sign), (second, other) = ranked[0], ranked[1]
    if best == 0:
        _refuse_blanks(lines[start:], path, start + 1)
        return ","
    if best - second < CLEAR_LEAD:
        raise InputError(
            f"may be separated by {DELIMITER_NAMES[sign]} or by {DELIMITER_NAMES[other]}",
            where=f"{path}:{start + 1}",
            hint=f"--delimiter '{sign}' or --delimiter '{other}'",
        )
    return sign


def _refuse_blanks(lines: Sequence[str], path: str, line: int) -> None:
    """Refuse rows of numbers and times that only blanks keep apart, or only colons below names with them."""
    for sign, name in (" ", "blanks"), (":", "colons"):
        texts = [text for text in lines[sign == " " : SAMPLE_ROWS] if text.strip()]
        rows = [text.split(sign.strip() or None) for text in texts]
        are_rows = len(rows) > 1 and len(rows[0]) > 2 and all(len(row) == len(rows[0]) for row in rows)
        if are_rows and all(sum(map(is_value, row)) > len(row) / 2 for row in rows[sign == ":" :]):
            one = all(text.count(sign) == len(rows[0]) - 1 for text in texts)
            raise InputError(
                f"is separated by {name}",
                where=f"{path}:{line}",
                hint=f"--delimiter '{sign}'" if one else "tr -s ' ' < FILE, and then --delimiter ' '",
            )


def _delimiter_score(lines: Sequence[str], start: int, delimiter: str) -> float:
    """0 when the sign makes one column; up to 1 when all rows agree and all cells can be read."""
    records = _take_records(lines, start, delimiter)
    columns = _usual_count(records)
    if columns == 1:
        return 0.0
    agreeing = [record for record in records if len(record.fields) == columns]
    cells = [cell for record in agreeing[1:] for cell in record.fields]
    readable = sum(is_value(cell) or is_null(cell) for cell in cells) / len(cells) if cells else 1.0
    names = HEADER_SHARE * (len(records[0].fields) == columns)  # other lines may stand above the rows
    return names + len(agreeing) / len(records) * (0.5 + 0.5 * readable)


def _commented_header(lines: Sequence[str], start: int, delimiter: str, columns: int) -> list[str]:
    """`# time,a,b` right above the rows, as numpy.savetxt writes it."""
    above = lines[start - 1] if start else ""
    if not _COMMENT.match(above):
        return []
    record = take_record([_COMMENT.sub("", above, count=1)], 0, delimiter)
    if record is None or len(record[0]) != columns or not all(is_word(cell) for cell in record[0]):
        return []
    return record[0]
