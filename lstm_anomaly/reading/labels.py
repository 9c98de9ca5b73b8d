"""Labels: which rows of the data are known to be anomalous, from a file of 0 and 1 or of starts and ends."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import BoolArray, IntArray, SensorFrame, TimeArray
from lstm_anomaly.reading.lines.sources import Source
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.time_formats import find_epoch_format, find_time_format

START, END = "start", "end"
LABEL_NAMES = ("label", "labels", "anomaly", "is_anomaly", "attack", "outlier")
_VALUES = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}


@dataclass(frozen=True)
class _Table:
    """A small CSV as texts: names of its columns, and rows with their line numbers."""

    path: str
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def column(self, name: str) -> list[str]:
        """The cells of one column, without blanks around them."""
        at = self.names.index(name)
        return [row[at].strip() if at < len(row) else "" for row in self.rows]

    def place(self, row: int) -> str:
        """`file:line` of one row."""
        return f"{self.path}:{self.lines[row]}"


def read_labels(
    path: str, frame: SensorFrame, column: str | None = None, options: ReadOptions | None = None
) -> BoolArray:
    """Which rows of `frame` are labelled anomalous, (N,), by the CSV file at `path`.

    The file holds either the columns `start` and `end`, time stamps or row numbers counted from 1, both
    included; or one 0 or 1 for each row of the data, in the same order, in `column` (when None: a column
    named like a label, or the only one). Without a header the first two columns are start and end, or a time
    and a label. A file that is itself the data goes by its line numbers, so rows refused while reading do not
    matter. Of `options` the time zone and time format are used.

    Raises InputError with `file:line` for anything else.
    """
    options = options or ReadOptions()
    table = _read_table(path, options.encoding)
    if column is None and {START, END} <= {*table.names}:
        return _rows_between(table, frame, options)
    return _row_by_row(table, column or _label_column(table), frame)


def read_spans(path: str, options: ReadOptions) -> tuple[TimeArray, TimeArray, list[str]]:
    """Starts and ends in UTC, (n,) each, and reasons ("" without) of a CSV of `start,end,reason`.

    Raises InputError with `file:line` for anything else.
    """
    table = _read_table(path, options.encoding)
    if not {START, END} <= {*table.names}:
        raise InputError(
            f"has no columns {START} and {END}", where=f"{path}:1", hint="a CSV of start,end,reason"
        )
    first, last = _spans(table, options, None)
    return first, last, table.column("reason") if "reason" in table.names else [""] * len(first)


def _read_table(path: str, encoding: str | None) -> _Table:
    with Source(path, encoding) as source:
        text = b"".join(block.data for block in source.blocks()).decode("utf-8")
    lines = ["" if line.startswith("#") else line for line in text.split("\n")]
    head = next((line for line in lines if line.strip()), "")
    reader = csv.reader(lines, delimiter=max(",;\t|", key=head.count))
    numbered = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    if numbered and len(numbered[0][1]) == 1 and numbered[0][1][0].strip() in _VALUES:
        numbered.insert(0, (0, ["label"]))  # a bare list of 0 and 1
    elif numbered and len(first := numbered[0][1]) > 1 and all(c.strip()[:1].isdigit() for c in first[:2]):
        # There are no names: as times and numbers do, these begin with a digit.
        of_rows = all(len(cells) > 1 and cells[1].strip() in _VALUES for _, cells in numbered)
        numbered.insert(0, (0, ["time", "label"] if of_rows else [START, END]))
    if len(numbered) < 2:
        raise InputError("holds no labels", where=path, hint=f"one 0 or 1 a data row, or {START},{END} pairs")
    names = [cell.strip() for cell in numbered[0][1]]
    names = [name.casefold() if name.casefold() in (START, END, "reason") else name for name in names]
    return _Table(
        path, tuple(names), [cells for _, cells in numbered[1:]], [line for line, _ in numbered[1:]]
    )


def _label_column(table: _Table) -> str:
    named = [name for name in table.names if name.casefold() in LABEL_NAMES or len(table.names) == 1]
    if len(named) == 1:
        return named[0]
    raise InputError(
        f"which column holds the labels is not clear; its columns: {', '.join(map(repr, table.names[:12]))}",
        where=f"{table.path}:1",
        hint=f"--label-column NAME, or columns named {START} and {END}",
    )


def _row_by_row(table: _Table, column: str, frame: SensorFrame) -> BoolArray:
    """One label a data row."""
    if column not in table.names:
        raise InputError(
            f"has no column {column!r}; its columns: {', '.join(map(repr, table.names[:12]))}",
            where=f"{table.path}:1",
            hint="--label-column with one of these",
        )
    cells = [cell.casefold() for cell in table.column(column)]
    odd = next((row for row, cell in enumerate(cells) if cell not in _VALUES), None)
    if odd is not None:
        raise InputError(
            f"{cells[odd][:40]!r} in {column!r} is neither 0 nor 1",
            where=table.place(odd),
            hint="another --label-column",
        )
    labels = np.array([_VALUES[cell] for cell in cells], np.bool_)
    if frame.sources == (table.path,) and np.isin(frame.lines, table.lines).all():
        same_line: BoolArray = labels[np.searchsorted(table.lines, frame.lines)]
        return same_line
    if len(labels) != len(frame):
        raise InputError(
            f"has {len(labels):,} labels, but the data has {len(frame):,} rows that could be read",
            where=table.path,
            hint=f"one label a data row, or a file of {START},{END} pairs",
        )
    return labels


def _rows_between(table: _Table, frame: SensorFrame, options: ReadOptions) -> BoolArray:
    """Rows (N,) from each start to its end, both included."""
    first, last = _spans(table, options, len(frame))
    rows = frame.times if first.dtype.kind == "M" else np.arange(1, len(frame) + 1)
    if rows is None:
        raise InputError(
            f"labels by time ({table.column(START)[0][:40]!r}), but the data has no time column",
            where=table.place(0),
            hint=f"row numbers as {START} and {END}, or name the time column with --time",
        )
    labels = np.zeros(len(frame), np.bool_)
    for start, end in zip(first, last, strict=True):
        labels |= (rows >= start) & (rows <= end)
    return labels


def _spans(table: _Table, options: ReadOptions, row_count: int | None) -> tuple[Any, Any]:
    """Starts and ends (n,) as UTC times, or as row numbers where a row count is given and all are such."""
    starts, ends = table.column(START), table.column(END)
    for row, pair in enumerate(zip(starts, ends, strict=True)):
        if not all(pair):
            raise InputError(
                f"a span needs a {START} and an {END}",
                where=table.place(row),
                hint="fill in both, or remove the line",
            )
    both: Any
    digits = all(text.isascii() and text.isdecimal() for text in starts + ends)
    is_time = digits and find_epoch_format(np.array(starts + ends, float), named_time=True) is not None
    if row_count is not None and digits and not is_time:  # too small to be seconds since 1970
        both = _as_row_numbers(table, starts + ends, row_count)
    else:
        both = _as_times(table, starts + ends, options)
    first, last = both[: len(starts)], both[len(starts) :]
    if (wrong := np.asarray(first > last)).any():
        row = int(wrong.argmax())
        raise InputError(
            "the span ends before it starts", where=table.place(row), hint=f"the earlier one as {START}"
        )
    return first, last


def _as_row_numbers(table: _Table, texts: Sequence[str], row_count: int) -> IntArray:
    numbers = np.array([int(text) for text in texts], np.int64)
    outside = np.flatnonzero((numbers < 1) | (numbers > row_count))
    if len(outside):
        raise InputError(
            f"row {numbers[outside[0]]} is not in the data, which has rows 1 to {row_count:,}",
            where=table.place(int(outside[0]) % len(table.rows)),
            hint="the labels of this very file; rows count from 1, without the header",
        )
    return numbers


def _as_times(table: _Table, texts: list[str], options: ReadOptions) -> TimeArray:
    """UTC times (n,), by the format told for the data if it fits, else by the one that these texts show."""
    stamps: NDArray[np.object_] = np.array(texts, object)
    for told in dict.fromkeys((options.datetime_format, None)):
        form = find_time_format(texts, told, options.tz, f"{table.path}:1")
        if form is None and all(text.isdecimal() for text in texts):
            form = find_epoch_format(np.array(texts, np.float64), named_time=True)
        times = None if form is None else form.parse(stamps)
        if times is not None and not np.isnat(times).any():
            return times
    unread = [find_time_format([text], None, options.tz, "") is None for text in texts]
    bad = unread.index(True) if any(unread) else int(np.isnat(times).argmax()) if times is not None else 0
    raise InputError(
        f"{texts[bad][:40]!r} is no time stamp that can be read",
        where=table.place(bad % len(table.rows)),
        hint="time stamps as in 2024-03-01 12:00:00, or row numbers",
    )
