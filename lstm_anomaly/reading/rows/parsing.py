"""Lines that are rows to arrays: pandas parses; what it cannot read as numbers comes back as texts."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.base.types import MOST_READING, BoolArray, FloatArray
from lstm_anomaly.reading.values.numbers import NumberFormat

# Cells of time stamps are read into so many bytes: that takes a tenth of the time that texts take, of which
# pandas keeps a table. No stamp is so long; a column with one that is gets read again as texts.
STAMP_BYTES = 40


@dataclass(frozen=True)
class Table:
    """The cells of a block.

    numbers  (n, P) float64, a column for each of the P number columns; NaN throughout where `texts` has it
    texts    column -> its n cells as they stand in the file, for every column that is not all numbers; NaN
             for "no value" in columns that are not to be numbers
    """

    numbers: FloatArray
    texts: dict[int, NDArray[np.object_]]

    def keep(self, rows: BoolArray) -> "Table":
        """The rows (n,) that are True."""
        return Table(self.numbers[rows], {column: cells[rows] for column, cells in self.texts.items()})


class TableParser:
    """Parses rows of `columns` fields, of which `number_columns` should be numbers in the given format.

    Those of `stamp_columns`, if they are none of these, hold texts that differ from row to row; in those of
    `symbol_columns` a word such as "none" is a text like any other, and so is a null value that a model
    knows as a symbol of the column: one that was found among the numbers of its training.
    """

    def __init__(
        self,
        columns: int,
        number_columns: Sequence[int],
        delimiter: str,
        form: NumberFormat,
        stamp_columns: Sequence[int] = (),
        symbol_columns: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self.columns = columns
        self.number_columns = list(number_columns)
        self.delimiter = delimiter
        self.decimal = form.decimal
        self._nulls = form.nulls()
        nulls = dict.fromkeys(range(columns), self._nulls)
        for column, known in (symbol_columns or {}).items():
            # Of the null value 99, pandas also takes 99.0 for one.
            told = [null for null in form.null_values if {null, f"{null}.0"}.isdisjoint(known)]
            nulls[column] = ["", *told]
        self._na_values: object = nulls if symbol_columns else self._nulls
        numeric = set(number_columns)
        self._as_text: dict[int, object] = {
            column: object for column in range(columns) if column not in numeric
        }
        self._stamps = [column for column in stamp_columns if column not in numeric]
        if any(null[:1].isdigit() for null in self._nulls):
            self._stamps = []  # a null value may look like a stamp
        self._as_bytes = self._as_text | dict.fromkeys(self._stamps, f"S{STAMP_BYTES}")

    def parse(self, data: bytes, row_count: int) -> Table | None:
        """The cells of newline-ended UTF-8 rows; None when they do not come out as so many rows.

        Raises MemoryError also where pandas says so in an error of its own.
        """
        if not data:
            texts = {column: np.empty(0, object) for column in range(self.columns)}
            return Table(np.empty((0, len(self.number_columns))), texts)
        try:
            table = self._read_csv(data, dtype=self._as_bytes, na_values=self._na_values)
            if len(table) != row_count:
                return None
            if any(_codes(table[column].to_numpy())[:, -1].any() for column in self._stamps):
                table = self._read_csv(data, dtype=self._as_text, na_values=self._na_values)
            numbers, odd = self._numbers(table)
            again = self._read_csv(data, dtype=object, na_filter=False, usecols=odd) if odd else table[[]]
        except pd.errors.ParserError as error:
            if "out of memory" in str(error):
                raise MemoryError from error
            return None
        texts = {column: self._texts(table[column].to_numpy()) for column in self._as_text}
        texts |= {column: again[column].to_numpy() for column in odd}
        return Table(numbers, texts)

    def _texts(self, cells: NDArray[Any]) -> NDArray[np.object_]:
        """Cells (n,) as texts, NaN for "no value"; of those read as bytes that is not known yet."""
        if cells.dtype.kind != "S":
            return cells
        # No cell holds a NUL byte, and one text is decoded faster than many.
        texts = np.array(b"\0".join(cells.tolist()).decode().split("\0"), object)
        first = _codes(cells)[:, 0]
        others = np.flatnonzero((first < ord("0")) | (first > ord("9")))
        nulls = frozenset(self._nulls)
        texts[others] = [np.nan if text in nulls else text for text in texts[others]]
        return texts

    def _numbers(self, table: pd.DataFrame) -> tuple[FloatArray, list[int]]:
        """Numbers (n, P), and the number columns in which there is anything else."""
        numbers = np.empty((len(table), len(self.number_columns)))
        odd = []
        for place, column in enumerate(self.number_columns):
            cells = table[column].to_numpy()
            if cells.dtype.kind in "iuf" and not (np.abs(cells) > MOST_READING).any():
                numbers[:, place] = cells
            else:
                numbers[:, place] = np.nan
                odd.append(column)
        return numbers, odd

    def _read_csv(self, data: bytes, **options: object) -> pd.DataFrame:
        table: pd.DataFrame = pd.read_csv(  # type: ignore[call-overload]
            io.BytesIO(data),
            sep=self.delimiter,
            decimal=self.decimal,
            header=None,
            names=range(self.columns),
            index_col=False,
            keep_default_na=False,
            skip_blank_lines=False,
            low_memory=False,
            quoting=csv.QUOTE_MINIMAL if b'"' in data else csv.QUOTE_NONE,
            **options,
        )
        return table


def _codes(cells: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """The bytes of cells (n,), a row each, with zeros behind them."""
    return np.ascontiguousarray(cells).view(np.uint8).reshape(len(cells), -1)
