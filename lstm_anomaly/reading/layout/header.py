"""Is the first row a header, and are there units below it? The rows further down show it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.values.cells import is_null, is_value, is_word

# Names, units, kind of processing: no logger writes more rows of words above its numbers.
MAX_UNITS_ROWS = 3


@dataclass(frozen=True)
class Record:
    """One record of the file with the number of its first line and how many lines it spans."""

    line: int
    span: int
    fields: list[str]


def _value_columns(body: list[Record]) -> set[int]:
    """Columns in which more than half of the cells that say something are numbers or times."""
    columns = len(body[0].fields) if body else 0
    found = set()
    for column in range(columns):
        said = [r.fields[column] for r in body if len(r.fields) == columns and not is_null(r.fields[column])]
        if said and sum(map(is_value, said)) > 0.5 * len(said):
            found.add(column)
    return found


def has_header(body: list[Record], path: str) -> bool:
    """Whether the first of these records names the columns. Raises InputError when that is unclear."""
    header, rest = body[0], body[1:]
    values = [cell.strip() for cell in header.fields if is_value(cell)]
    words = [cell for cell in header.fields if is_word(cell)]
    if not values or not words:
        return bool(words)
    columns = _value_columns(rest)
    named = [cell for column, cell in enumerate(header.fields) if column in columns and is_word(cell)]
    valued = [cell for column, cell in enumerate(header.fields) if column in columns and is_value(cell)]
    if not named or not valued:
        return bool(named)
    if len(values) > 1 and values in ([str(first + k) for k in range(len(values))] for first in (0, 1)):
        return True  # `0, 1, 2, ...`: the names that a table without names is written with
    raise InputError(
        f"may be the header or a row: it holds words ({named[0]!r}) and numbers ({valued[0]!r})",
        where=f"{path}:{header.line}",
        hint="--no-header-row if it is a row, --header-row if it names the columns",
    )


def fit_header(leading: list[Record], body: list[Record], columns: int, path: str) -> list[str]:
    """The header when its fields are not as many as the rows'. Raises InputError unless that is harmless."""
    header = leading[-1]
    names = header.fields
    if len(leading) == 1 and len(names) == 1:
        quote = " (a quote is not closed)" if '"' in names[0] else ""
        raise InputError(
            f"is neither a header nor a row: 1 field where the rows have {columns}{quote}",
            where=f"{path}:{header.line}",
            hint=f"--skip-lines {header.line}, with --no-header-row if no header follows",
        )
    full = [record for record in body if len(record.fields) == columns]
    if len(names) == columns - 1 and all(not record.fields[-1].strip() for record in full):
        return [*names, ""]  # every row ends in a delimiter
    if len(names) == columns + 1 and not names[-1].strip():
        return names[:-1]  # only the header does
    raise InputError(
        f"has {len(names)} fields but the rows have {columns} (line {full[0].line} is the first), so which "
        "name belongs to which column is not known",
        where=f"{path}:{header.line}",
        hint=f"correct the header, or pass over it with --skip-lines {header.line} --no-header-row",
    )


def count_units_rows(body: list[Record]) -> int:
    """How many of the first rows hold words only, in columns that hold numbers further down."""
    units = 0
    while units < min(MAX_UNITS_ROWS, len(body) - 1):
        columns = _value_columns(body[units + MAX_UNITS_ROWS :] or body[units + 1 :])
        fields = body[units].fields
        above = [fields[column] for column in columns if column < len(fields)]
        if any(map(is_value, fields)) or not any(map(is_word, above)):
            break
        units += 1
    return units


def join_header(header: list[str], below: list[list[str]]) -> list[str]:
    """The names of columns whose names stand in two lines: where the first line has no name for the time."""
    if not below or len(below[0]) != len(header):
        return header
    blank = [not name.strip() for name in header]
    if not any(blank) or not all(cell.strip() for cell, empty in zip(below[0], blank, strict=True) if empty):
        return header
    return [f"{name.strip()} {cell.strip()}".strip() for name, cell in zip(header, below[0], strict=True)]


def unique_names(header: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names without blanks around them, all different and none empty; and notes on what was changed."""
    plain = [name.strip().strip("\ufeff") for name in header]
    counts = Counter(plain)
    names: list[str] = []
    for number, name in enumerate(plain, start=1):
        unique = name
        if not name or counts[name] > 1:
            unique = f"{name} (column {number})" if name else f"column {number}"
            while unique in {*plain, *names}:
                unique += "'"
        names.append(unique)
    twice = [name for name, count in counts.items() if count > 1 and name]
    notes = [
        f"more than one column is named {', '.join(map(repr, twice[:5]))}: told apart by their numbers, as"
        f" {names[plain.index(name)]!r}"
        for name in twice[:1]
    ]
    return tuple(names), notes
