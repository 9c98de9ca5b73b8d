"""One block of lines to values and times; what is odd about it goes into the report."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import (
    MOST_READING,
    BoolArray,
    FloatArray,
    IntArray,
    SensorFrame,
    SymbolColumns,
    TimeArray,
)
from lstm_anomaly.reading.layout.dialect import other_header
from lstm_anomaly.reading.layout.layout import Layout
from lstm_anomaly.reading.lines.records import RecordForm, is_regular, scan
from lstm_anomaly.reading.lines.sources import Block
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.report import FileReport
from lstm_anomaly.reading.rows.machines import Machines
from lstm_anomaly.reading.rows.parsing import Table, TableParser
from lstm_anomaly.reading.values.numbers import to_numbers
from lstm_anomaly.reading.values.symbols import split_times, to_codes
from lstm_anomaly.reading.values.timestamps import all_texts, has_offset, join_stamps

REPEATED_HEADER = "the header again"
BAD_CELL = "a cell that is not a number"


@dataclass(frozen=True)
class Piece:
    """The rows of one block.

    values (n, F) float64, lines (n,), stamps (n,) texts and times (n,) UTC, or None without a time column;
    groups (n,) and names (n,) of the sensors are texts, or None where no column tells them; whole (n,) are
    the rows' own texts, or None when not asked for
    """

    values: FloatArray
    lines: IntArray
    stamps: NDArray[np.object_] | None
    times: TimeArray | None
    groups: NDArray[np.object_] | None = None
    names: NDArray[np.object_] | None = None
    whole: NDArray[np.object_] | None = None

    def keep(self, rows: BoolArray | IntArray) -> "Piece":
        """The rows (n,) that are True, or those of these numbers."""
        columns: list[Any] = [getattr(self, field.name) for field in fields(self)]
        kept: list[Any] = [None if column is None else column[rows] for column in columns]
        return Piece(*kept)


def join_pieces(pieces: Sequence[Piece]) -> Piece:
    """The rows of pieces of one file, one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    columns = [[getattr(piece, field.name) for piece in pieces] for field in fields(Piece)]
    joined: list[Any] = [None if parts[0] is None else np.concatenate(parts) for parts in columns]
    return Piece(*joined)


@dataclass(frozen=True)
class _BadCells:
    """Cells (n,) of one column as texts, and which of them are bad."""

    name: str
    texts: NDArray[np.object_]
    is_bad: BoolArray


class BlockParser:
    """Parses the blocks of one file in order, and writes what it notices into the file's report."""

    def __init__(
        self, layout: Layout, report: FileReport, options: ReadOptions, symbols: SymbolColumns | None = None
    ) -> None:
        self.layout = layout
        self.keep_texts = options.keep_texts
        self._symbols = symbols
        books = {} if symbols is None else {book.name: book for book in symbols.codebooks}
        self._codebooks = {
            column: books[name]
            for name, column in zip(layout.sensors, layout.columns, strict=True)
            if name in layout.symbols
        }
        self.report = report
        self.bad_values = options.bad_values
        self._present = sorted({column for column in layout.columns if column >= 0})
        self._keys = [column for column in (layout.group_column, layout.name_column) if column is not None]
        one_line = frozenset({*self._present, *layout.time_columns, *self._keys})
        self._form = RecordForm(layout.delimiter, len(layout.names), one_line, layout.comments)
        self._without_reading = list(range(len(layout.sensors)))
        self._machines = Machines(layout, report.source)
        self._numeric = [column for column in self._present if column not in self._codebooks]
        self._parser = TableParser(
            len(layout.names),
            self._numeric,
            layout.delimiter,
            layout.numbers,
            layout.time_columns,
            {column: book.texts[: book.known or 0] for column, book in self._codebooks.items()},
        )

    def parse(self, block: Block, *, last: bool) -> tuple[Piece, bytes]:
        """The rows of a block, and the lines at its end that the next block must begin with."""
        if is_regular(block.data, block.line_count, self._form):
            table = self._parser.parse(block.data, block.line_count)
            if table is not None:
                lines = np.arange(block.first_line, block.first_line + block.line_count)
                texts = block.data.decode("utf-8").split("\n")[:-1] if self.keep_texts else []
                return self._convert(table, lines, texts), b""
        rows = scan(block.data, block.first_line, self._form, last=last)
        self.report.blank_lines += rows.blank
        whole = block.data.split(b"\n") if rows.refused else []
        for refused in rows.refused:
            self._refuse_other_header(whole[refused[0] - block.first_line], refused[0])
            self.report.refuse(*refused)
        table = self._parser.parse(rows.good, len(rows.lines))
        if table is None:
            raise InputError(
                "these lines cannot be split into fields",
                where=f"{self.report.source}:{block.first_line}",
                hint="look at the quotes around there",
            )
        return self._convert(table, rows.lines, rows.texts), rows.rest

    def frame(
        self, piece: Piece, sensors: tuple[str, ...], sources: tuple[str, ...], index: int = 0
    ) -> SensorFrame:
        """The rows of a piece of the source of this number, as readings of these sensors."""
        times, logged = split_times(piece.times, sensors, self._symbols)
        return SensorFrame(
            values=piece.values,
            sensors=sensors,
            lines=piece.lines,
            source_index=np.full(len(piece.lines), index, np.int64),
            sources=sources,
            stamps=piece.stamps,
            times=times,
            logged=logged,
            groups=piece.groups,
            texts=piece.whole,
            form=self.layout.form if self.keep_texts else None,
            symbols=self._symbols,
        )

    def sensors_without_reading(self) -> list[str]:
        """Sensors that had no reading in any row so far."""
        return [self.layout.sensors[place] for place in self._without_reading]

    def _convert(self, table: Table, lines: IntArray, texts: list[str]) -> Piece:
        whole = np.array(texts, object) if self.keep_texts else None
        repeated = self._repeated_header(table, len(lines))
        if repeated.any():
            for line in lines[repeated]:
                self.report.refuse(int(line), REPEATED_HEADER)
            table, lines = table.keep(~repeated), lines[~repeated]
            whole = None if whole is None else whole[~repeated]
        stamps, times, bad_stamps = self._times(table)
        for cells in bad_stamps:  # as another header of as many fields has them
            for row in np.flatnonzero(cells.is_bad):
                if cells.texts[row] in self.layout.header:
                    raise other_header(self.report.source, int(lines[row]))
        values, bad_values = self._values(table, lines)
        groups, names = self._key_texts(table)
        self._machines.push(times, lines, names, self._key_cells(table))
        piece = Piece(values, lines, stamps, times, groups, names, whole)
        bad = bad_stamps + bad_values
        if bad:
            any_bad = self._note_bad(bad, piece)
            piece = piece.keep(~any_bad) if self.bad_values == "skip" else piece
        if self._without_reading:
            still = np.isnan(piece.values[:, self._without_reading]).all(axis=0)
            self._without_reading = np.array(self._without_reading)[still].tolist()
        self.report.rows += len(piece.lines)
        self.report.cells += piece.values.size
        self.report.missing_cells += int(np.count_nonzero(np.isnan(piece.values)))
        return piece

    def _key_cells(self, table: Table) -> dict[int, NDArray[np.object_] | FloatArray]:
        """The cells (n,) of columns that may say whose row it is."""
        place = {column: k for k, column in enumerate(self._numeric)}
        texts = table.texts
        return {
            k: all_texts(texts[k]) if k in texts else table.numbers[:, place[k]] for k, _ in self.layout.keys
        }

    def _key_texts(self, table: Table) -> list[NDArray[np.object_] | None]:
        """Groups (n,) and names of sensors (n,), blanks around them taken off."""
        found: list[NDArray[np.object_] | None] = []
        for column in (self.layout.group_column, self.layout.name_column):
            texts = None if column is None else all_texts(table.texts[column])
            found.append(None if texts is None else np.array([text.strip() for text in texts], object))
        return found

    def _repeated_header(self, table: Table, row_count: int) -> BoolArray:
        """Rows (n,) that repeat the header, as where files were joined end to end."""
        same = np.zeros(row_count, bool)
        if not self.layout.header or any(column not in table.texts for column in self._numeric):
            return same  # a header would have made a text of every sensor's column
        rows = np.arange(row_count)
        for column, cells in table.texts.items():
            name = self.layout.header[column].strip()
            rows = rows[[cell.strip(" \t\ufeff") == name for cell in all_texts(cells[rows])]]
        same[rows] = True
        return same

    def _values(self, table: Table, lines: IntArray) -> tuple[FloatArray, list[_BadCells]]:
        """Values (n, F), and the columns that have bad cells."""
        numbers = table.numbers
        bad: list[_BadCells] = []
        for place, column in enumerate(self._numeric):
            if column in table.texts:
                texts = table.texts[column]
                numbers[:, place], is_bad = to_numbers(texts.tolist(), self.layout.numbers)
                if is_bad.any():
                    bad.append(_BadCells(self.layout.names[column], texts, is_bad))
        if list(self.layout.columns) == self._numeric:
            return numbers, bad
        for column, codebook in self._codebooks.items():
            where = f"{self.report.source}:{lines[-1] if len(lines) else self.layout.data_line}"
            codes = to_codes(table.texts[column], codebook, where)  # (n,)
            numbers = np.column_stack([numbers, codes])
        place_of = {column: place for place, column in enumerate([*self._numeric, *self._codebooks])}
        places = np.array([place_of.get(column, -1) for column in self.layout.columns])
        values = np.full((len(numbers), len(places)), np.nan)
        values[:, places >= 0] = numbers[:, places[places >= 0]]
        return values, bad

    def _times(self, table: Table) -> tuple[NDArray[np.object_] | None, TimeArray | None, list[_BadCells]]:
        """Stamps (n,) as texts, times (n,), and the stamps that are there but are no times."""
        form = self.layout.time_format
        if form is None:
            return None, None, []
        stamps = join_stamps([table.texts[column] for column in self.layout.time_columns])
        times = form.parse(stamps)
        bad = np.isnat(times)
        if bad.any():
            stamps = all_texts(stamps)
            bad[bad] = [bool(stamp.strip()) for stamp in stamps[bad]]
            if form.patterns and form.clock is None:
                self.report.offsets_are_mixed |= any(has_offset(s) != form.zoned for s in stamps[bad])
        return stamps, times, [_BadCells(self.layout.time_name or "", stamps, bad)] if bad.any() else []

    def _refuse_other_header(self, text: bytes, line: int) -> None:
        """Refuse a file with another header that has more fields, or fewer."""
        fields = text.decode("utf-8").strip().split(self.layout.delimiter)
        names = {name for name in self.layout.header if name.strip()}
        if len(fields) != len(self.layout.names) and len(names.intersection(fields)) >= 2:
            raise other_header(self.report.source, line)

    def _note_bad(self, columns: list[_BadCells], piece: Piece) -> BoolArray:
        """Report bad cells line by line; which rows (n,) have any."""
        any_bad: BoolArray = np.logical_or.reduce([cells.is_bad for cells in columns])
        for row in np.flatnonzero(any_bad):
            line = int(piece.lines[row])
            for cells in columns:
                if cells.is_bad[row]:
                    of_sensor = piece.names is None or cells.name == self.layout.time_name
                    name = cells.name if of_sensor or piece.names is None else str(piece.names[row])
                    self._note_cell(line, name, str(cells.texts[row]))
            if self.bad_values == "skip":
                self.report.refuse(line, BAD_CELL)
        return any_bad

    def _note_cell(self, line: int, name: str, text: str) -> None:
        if self.bad_values == "fail":
            what = "time" if name == self.layout.time_name else f"number of at most {MOST_READING:.0e}"
            raise InputError(
                f"{text[:60]!r} in column {name!r} is not a {what}",
                where=f"{self.report.source}:{line}",
                hint="correct it, or name it with --null-value, or --bad-values nan to count it as missing",
            )
        self.report.add_bad(line, name, text)
