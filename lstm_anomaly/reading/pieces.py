"""One block of lines to values and times: pandas parses, after every line was judged."""

import csv
import io
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.errors import InputError
from lstm_anomaly.reading.layout import Layout
from lstm_anomaly.reading.numbers import to_numbers
from lstm_anomaly.reading.options import BadValues
from lstm_anomaly.reading.records import Rows, is_regular, scan
from lstm_anomaly.reading.report import FileReport
from lstm_anomaly.reading.sources import Block
from lstm_anomaly.types import BoolArray, FloatArray, IntArray, TimeArray

REPEATED_HEADER = "the header again"


@dataclass
class Piece:
    """The rows of one block.

    values (n, F) float64, lines (n,), stamps (n,) texts and times (n,) UTC, or None without a time column
    """

    values: FloatArray
    lines: IntArray
    stamps: NDArray[np.object_] | None
    times: TimeArray | None

    def keep(self, rows: BoolArray) -> "Piece":
        """The rows (n,) that are True."""
        return Piece(
            self.values[rows],
            self.lines[rows],
            None if self.stamps is None else self.stamps[rows],
            None if self.times is None else self.times[rows],
        )


class BlockParser:
    """Parses the blocks of one file in order, and writes what it notices into the file's report."""

    def __init__(self, layout: Layout, report: FileReport, bad_values: BadValues) -> None:
        self.layout = layout
        self.report = report
        self.bad_values = bad_values
        present = sorted({column for column in layout.columns if column >= 0})
        self._nulls = dict.fromkeys(present, layout.numbers.nulls())
        self._texts = [column for column in range(len(layout.names)) if column not in self._nulls]
        self._one_line = {*present, *layout.time_columns}

    def parse(self, block: Block, *, last: bool) -> tuple[Piece, bytes]:
        """The rows of a block, and the lines at its end that the next block must begin with."""
        columns = len(self.layout.names)
        table: pd.DataFrame | None = None
        rows = Rows(block.data, np.arange(block.first_line, block.first_line + block.line_count))
        if is_regular(block.data, block.line_count, self.layout.delimiter, columns):
            table = self._read(rows)
        if table is None:
            rows = scan(
                block.data, block.first_line, self.layout.delimiter, columns, self._one_line, last=last
            )
            self._note_refused(rows)
            table = self._read(rows)
        if table is None:
            raise InputError(
                "these lines cannot be told apart into fields",
                where=f"{self.report.source}:{block.first_line}",
                hint="look at the quotes around there",
            )
        return self._convert(table, rows), rows.rest

    def _note_refused(self, rows: Rows) -> None:
        self.report.blank_lines += rows.blank
        for line, reason, kind in rows.refused:
            self.report.refuse(line, reason, kind)

    def _read(self, rows: Rows) -> pd.DataFrame | None:
        """Numbers where a whole column is numbers, texts elsewhere; None when the rows do not come out."""
        columns = len(self.layout.names)
        if not rows.good:
            return pd.DataFrame({column: np.empty(0, object) for column in range(columns)})
        try:
            table = self._read_csv(rows.good, dtype=dict.fromkeys(self._texts, object), na_values=self._nulls)
            odd = [column for column in self._nulls if table[column].dtype.kind not in "iuf"]
            odd += [column for column in self._nulls if column not in odd and np.isinf(table[column]).any()]
            if odd:
                texts = self._read_csv(rows.good, dtype=object, na_values=[], usecols=odd)
                table = table.drop(columns=odd).join(texts)
        except pd.errors.ParserError:
            return None
        return table if len(table) == len(rows.lines) else None

    def _read_csv(self, data: bytes, **options: object) -> pd.DataFrame:
        table: pd.DataFrame = pd.read_csv(  # type: ignore[call-overload]
            io.BytesIO(data),
            sep=self.layout.delimiter,
            decimal=self.layout.numbers.decimal,
            header=None,
            names=range(len(self.layout.names)),
            index_col=False,
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
            quoting=csv.QUOTE_MINIMAL if b'"' in data else csv.QUOTE_NONE,
            **options,
        )
        return table

    def _convert(self, table: pd.DataFrame, rows: Rows) -> Piece:
        lines = rows.lines
        kept = ~self._repeated_header(table, lines)
        if not kept.all():
            table, lines = table[kept], lines[kept]
        stamps, times, bad_time = self._times(table)
        values, bad = self._values(table)
        refused = self._note_bad(table, lines, stamps, bad_time, bad)
        piece = Piece(values, lines, stamps, times)
        piece = piece if refused is None else piece.keep(~refused)
        self.report.rows += len(piece.lines)
        self.report.cells += piece.values.size
        self.report.missing_cells += int(np.isnan(piece.values).sum())
        return piece

    def _repeated_header(self, table: pd.DataFrame, lines: IntArray) -> BoolArray:
        """Rows (n,) that are the header once more, as where files were joined end to end."""
        same = np.zeros(len(table), bool)
        texts = [column for column in range(len(self.layout.names)) if table[column].dtype == object]
        if not self.layout.header or not any(column in self._nulls for column in texts):
            return same
        same[:] = True
        for column in texts:
            named = self.layout.header[column].strip()
            same[same] = table.loc[same, column].str.strip().str.strip("\ufeff").to_numpy() == named
        if any(table[column].dtype != object for column in self._nulls):
            same[:] = False  # a header would have made every sensor's column text
        for line in lines[same]:
            self.report.refuse(int(line), REPEATED_HEADER)
        return same

    def _values(self, table: pd.DataFrame) -> tuple[FloatArray, dict[int, BoolArray]]:
        """Values (n, F), and for each column that has any the cells (n,) that are bad."""
        values = np.full((len(table), len(self.layout.columns)), np.nan)
        bad: dict[int, BoolArray] = {}
        for sensor, column in enumerate(self.layout.columns):
            if column < 0:
                continue
            cells = table[column]
            if cells.dtype != object:
                values[:, sensor] = cells.to_numpy()
                continue
            values[:, sensor], is_bad = to_numbers(cells.tolist(), self.layout.numbers)
            if is_bad.any():
                bad[column] = is_bad
        return values, bad

    def _times(
        self, table: pd.DataFrame
    ) -> tuple[NDArray[np.object_] | None, TimeArray | None, BoolArray | None]:
        """Stamps (n,) as texts, times (n,), and which stamps are there but are no times."""
        form = self.layout.time_format
        if form is None:
            return None, None, None
        first, *others = (table[column].to_numpy(object) for column in self.layout.time_columns)
        stamps = first if not others else first + " " + others[0]
        times = form.parse(stamps)
        bad = np.isnat(times)
        if bad.any():
            bad[bad] = [bool(stamp.strip()) for stamp in stamps[bad]]
        return stamps, times, bad

    def _note_bad(
        self,
        table: pd.DataFrame,
        lines: IntArray,
        stamps: NDArray[np.object_] | None,
        bad_time: BoolArray | None,
        bad: dict[int, BoolArray],
    ) -> BoolArray | None:
        """Report bad cells line by line; rows (n,) to refuse because of them, or None."""
        found = [
            (self.layout.names[column], table[column].to_numpy(), is_bad) for column, is_bad in bad.items()
        ]
        if stamps is not None and bad_time is not None and bad_time.any():
            found.insert(0, (self.layout.time_name or "", stamps, bad_time))
        if not found:
            return None
        any_bad: BoolArray = np.logical_or.reduce([is_bad for _, _, is_bad in found])
        for row in np.flatnonzero(any_bad):
            for name, texts, is_bad in found:
                if is_bad[row]:
                    self._note_cell(int(lines[row]), name, str(texts[row]))
            if self.bad_values == "skip":
                self.report.refuse(int(lines[row]), "a cell that is not a number")
        return any_bad if self.bad_values == "skip" else None

    def _note_cell(self, line: int, name: str, text: str) -> None:
        if self.bad_values == "fail":
            is_time = name == self.layout.time_name
            raise InputError(
                f"{text[:60]!r} in column {name!r} is not a {'time' if is_time else 'finite number'}",
                where=f"{self.report.source}:{line}",
                hint="correct it, or name it with --null-value, or --bad-values nan to count it as missing",
            )
        self.report.add_bad(line, name, text)
