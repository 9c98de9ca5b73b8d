"""How the first lines of a file are laid out: delimiter, header, units row, where the data begins."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from lstm_anomaly.errors import InputError
from lstm_anomaly.reading.options import NULL_WORDS, ReadOptions
from lstm_anomaly.reading.records import take_record

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
MAX_COLUMNS = 10_000
SAMPLE_ROWS = 200
SAMPLE_CELLS = 50_000
# A delimiter whose reading is nearly as good as the best one's leaves the file ambiguous.
CLEAR_LEAD = 0.05

_NUMBERLIKE = re.compile(r"[+-]?[\d.,' ]*\d[\d.,']*([eE][+-]?\d+)?", re.ASCII)
_TIMELIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ,].*\d.*)?|\d{1,2}[:.]\d{2}([:.]\d{2}([.,]\d+)?)?|\d{8}T\d+Z?"
)
_COMMENT = re.compile(r"\s*(#|//|%)")


@dataclass(frozen=True)
class Record:
    """One record of the file with the number of its first line and how many lines it spans."""

    line: int
    span: int
    fields: list[str]


@dataclass
class Dialect:
    """What the first lines show.

    names        the names of all columns, unique, in file order
    header       the header's fields as they stood there, or () without one
    sample       the first data rows, for finding out what the columns hold
    data_line    number of the first line behind header, comments and units
    """

    delimiter: str
    names: tuple[str, ...]
    header: tuple[str, ...]
    sample: list[Record]
    data_line: int
    notes: list[str] = field(default_factory=list)


def find_dialect(lines: Sequence[str], options: ReadOptions, path: str) -> Dialect:
    """Find the dialect from the first lines of a file.

    Raises InputError where the lines allow two readings or none, with the option that settles it.
    """
    start = _skip_leading(lines, options.skip_lines)
    if start >= len(lines):
        raise InputError("has no rows", where=path, hint="check that the export finished")
    delimiter = options.delimiter or _find_delimiter(lines, start, path)
    sample = _take_records(lines, start, delimiter, SAMPLE_ROWS)
    columns = _usual_count(sample)
    _check_width(columns, path, start + 1)
    first = next(at for at, record in enumerate(sample) if len(record.fields) == columns)
    notes = _preamble_notes(lines, start, options.skip_lines)
    body = sample[first:]
    if _has_header(body, options, path):
        header, body = body[0].fields, body[1:]
        notes += _leading_notes(sample[:first])
    elif first and options.header is not False:
        header, columns = _fit_header(sample[:first], body, columns, path)
    else:
        header = _commented_header(lines, start, delimiter, columns) if options.header is None else []
    units = _count_units_rows(body) if header else 0
    notes += [f"line {record.line} holds units or the like, and is no row" for record in body[:units]]
    body = body[units:]
    if body:
        data_line = body[0].line
    else:
        end = sample[-1]
        data_line = end.line + end.span
    names, renamed = _unique_names(header or [""] * columns)
    notes += renamed
    if not header:
        notes.append("no header row: columns are named by their numbers")
    return Dialect(delimiter, names, tuple(header), body, data_line, notes)


def is_value(cell: str) -> bool:
    """Whether a cell looks like a number or a time, in any notation."""
    text = cell.strip()
    return _NUMBERLIKE.fullmatch(text) is not None or _TIMELIKE.fullmatch(text) is not None


def _is_null(cell: str) -> bool:
    return cell.strip().casefold() in NULL_WORDS


def _is_word(cell: str) -> bool:
    return not _is_null(cell) and not is_value(cell)


def _skip_leading(lines: Sequence[str], skip: int) -> int:
    at = skip
    while at < len(lines) and (not lines[at].strip() or _COMMENT.match(lines[at])):
        at += 1
    return at


def _preamble_notes(lines: Sequence[str], start: int, skip: int) -> list[str]:
    comments = sum(1 for line in lines[skip:start] if line.strip())
    notes = [f"skipped the first {skip} lines as told"] if skip else []
    return notes + ([f"{comments} leading comment line{'s' * (comments > 1)}"] if comments else [])


def _leading_notes(records: list[Record]) -> list[str]:
    return [f"line {record.line} stands before the header and is no row" for record in records]


def _check_width(columns: int, path: str, line: int) -> None:
    if columns > MAX_COLUMNS:
        raise InputError(
            f"has {columns:,} columns; at most {MAX_COLUMNS:,} are read",
            where=f"{path}:{line}",
            hint="keep the columns you need, for example with cut or csvcut",
        )


def _take_records(lines: Sequence[str], start: int, delimiter: str, count: int) -> list[Record]:
    """Up to `count` records from `start` on; a line with an unclosed quote counts as one field."""
    records: list[Record] = []
    at, cells = start, 0
    while at < len(lines) and len(records) < count and (cells < SAMPLE_CELLS or len(records) < 5):
        if not lines[at].strip():
            at += 1
            continue
        fields, span = take_record(lines, at, delimiter) or ([lines[at]], 1)
        records.append(Record(at + 1, span, fields))
        cells += len(fields)
        at += span
    return records


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
        return ","
    if best - second < CLEAR_LEAD:
        raise InputError(
            f"may be separated by {DELIMITER_NAMES[sign]} or by {DELIMITER_NAMES[other]}",
            where=f"{path}:{start + 1}",
            hint=f"--delimiter '{sign}' or --delimiter '{other}'",
        )
    return sign


def _delimiter_score(lines: Sequence[str], start: int, delimiter: str) -> float:
    """0 when the sign makes one column; up to 1 when all rows agree and all cells can be read."""
    records = _take_records(lines, start, delimiter, SAMPLE_ROWS)
    columns = _usual_count(records)
    if columns == 1:
        return 0.0
    agreeing = [record for record in records if len(record.fields) == columns]
    cells = [cell for record in agreeing[1:] for cell in record.fields]
    readable = sum(is_value(cell) or _is_null(cell) for cell in cells) / len(cells) if cells else 1.0
    return len(agreeing) / len(records) * (0.5 + 0.5 * readable)


def _value_columns(body: list[Record]) -> set[int]:
    """Columns in which more than half of the cells that say something are numbers or times."""
    columns = len(body[0].fields) if body else 0
    found = set()
    for column in range(columns):
        said = [r.fields[column] for r in body if len(r.fields) == columns and not _is_null(r.fields[column])]
        if said and sum(map(is_value, said)) > 0.5 * len(said):
            found.add(column)
    return found


def _has_header(body: list[Record], options: ReadOptions, path: str) -> bool:
    """Whether the first of these records names the columns. Raises InputError when it may or may not."""
    if options.header is not None:
        return options.header
    first, rest = body[0], body[1:]
    values = [cell.strip() for cell in first.fields if is_value(cell)]
    words = [cell for cell in first.fields if _is_word(cell)]
    if not values or not words:
        return bool(words)
    columns = _value_columns(rest)
    named = [cell for column, cell in enumerate(first.fields) if column in columns and _is_word(cell)]
    valued = [cell for column, cell in enumerate(first.fields) if column in columns and is_value(cell)]
    if not named or not valued:
        return bool(named)
    if _count_up(values):
        return True
    raise InputError(
        f"may be the header or a row: it holds words ({named[0]!r}) and numbers ({valued[0]!r})",
        where=f"{path}:{first.line}",
        hint="--no-header-row if it is a row, --header-row if it names the columns",
    )


def _count_up(values: list[str]) -> bool:
    """`0, 1, 2, ...`: the names that a table without names is written with."""
    if len(values) < 2 or not all(value.isdecimal() for value in values):
        return False
    numbers = [int(value) for value in values]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] in (0, 1)


def _fit_header(leading: list[Record], body: list[Record], columns: int, path: str) -> tuple[list[str], int]:
    """The header when its fields are not as many as the rows'. Raises InputError unless that is harmless."""
    header = leading[-1]
    names = header.fields
    if len(leading) == 1 and len(names) == 1:
        raise _unclear_first_line(header, columns, path)
    full = [record for record in body if len(record.fields) == columns]
    if len(names) == columns - 1 and all(not record.fields[-1].strip() for record in full):
        return [*names, ""], columns  # every row ends in a delimiter
    if len(names) == columns + 1 and not names[-1].strip():
        return names[:-1], columns  # only the header does
    raise InputError(
        f"has {len(names)} fields but the rows have {columns} (line {full[0].line} is the first), so which name "
        f"belongs to which column is not known",
        where=f"{path}:{header.line}",
        hint=f"correct the header, or pass over it with --skip-lines {header.line} --no-header-row",
    )


def _unclear_first_line(first: Record, columns: int, path: str) -> InputError:
    return InputError(
        f"is neither a header nor a row: 1 field where the rows have {columns}",
        where=f"{path}:{first.line}",
        hint=f"--skip-lines {first.line}, with --no-header-row if no header follows",
    )


def _commented_header(lines: Sequence[str], start: int, delimiter: str, columns: int) -> list[str]:
    """`# time,a,b` right above the rows, as numpy.savetxt writes it."""
    above = lines[start - 1] if start else ""
    if not _COMMENT.match(above):
        return []
    record = take_record([_COMMENT.sub("", above, count=1)], 0, delimiter)
    if record is None or len(record[0]) != columns or not all(_is_word(cell) for cell in record[0]):
        return []
    return record[0]


def _count_units_rows(body: list[Record]) -> int:
    """How many of the first rows hold words only, in columns that hold numbers further down."""
    for units in range(min(3, len(body))):
        columns = _value_columns(body[units + 1 :])
        cells = [body[units].fields[column] for column in columns if column < len(body[units].fields)]
        if any(map(is_value, body[units].fields)) or not any(map(_is_word, cells)):
            return units
    return 0


def _unique_names(header: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names without blanks at their ends, none empty, none twice; and what had to be changed."""
    plain = [name.strip().strip("\ufeff") for name in header]
    counts = Counter(plain)
    names: list[str] = []
    notes: list[str] = []
    for number, name in enumerate(plain, start=1):
        unique = name or f"column {number}"
        while counts[name] > 1 and name or unique in names:
            unique = f"{unique} (column {number})"
            if unique not in names and unique not in counts:
                break
        names.append(unique)
    twice = [name for name, count in counts.items() if count > 1 and name]
    if twice:
        shown = ", ".join(repr(name) for name in twice[:5])
        notes.append(f"more than one column is named {shown}: they are told apart as '{twice[0]} (column N)'")
    return tuple(names), notes
