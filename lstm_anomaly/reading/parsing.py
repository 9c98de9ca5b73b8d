"""Lines that are rows to arrays: pandas parses; what it cannot read as numbers comes back as texts."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.reading.numbers import NumberFormat
from lstm_anomaly.types import BoolArray, FloatArray


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
    """Parses rows of `columns` fields, of which `number_columns` should be numbers in the given format."""

    def __init__(
        self,
        columns: int,
        number_columns: Sequence[int],
        delimiter: str,
        form: NumberFormat,
    ) -> None:
        self.columns = columns
        self.number_columns = list(number_columns)
        self.delimiter = delimiter
        self.decimal = form.decimal
        self._nulls = form.nulls()
        numeric = set(number_columns)
        self._as_text = {column: object for column in range(columns) if column not in numeric}

    def parse(self, data: bytes, row_count: int) -> Table | None:
        """The cells of newline-ended UTF-8 rows; None when they do not come out as so many rows."""
        if not data:
            texts = {column: np.empty(0, object) for column in range(self.columns)}
            return Table(np.empty((0, len(self.number_columns))), texts)
        try:
            table = self._read_csv(data, dtype=self._as_text, na_values=self._nulls)
            if len(table) != row_count:
                return None
            numbers, odd = self._numbers(table)
            again = self._read_csv(data, dtype=object, na_filter=False, usecols=odd) if odd else table[[]]
        except pd.errors.ParserError:
            return None
        texts = {column: table[column].to_numpy() for column in self._as_text if column not in odd}
        texts |= {column: again[column].to_numpy() for column in odd}
        return Table(numbers, texts)

    def _numbers(self, table: pd.DataFrame) -> tuple[FloatArray, list[int]]:
        """Numbers (n, P), and the number columns in which there is anything else."""
        kinds = [dtype.kind for dtype in table.dtypes]
        plain = [column for column in self.number_columns if kinds[column] in "iuf"]
        read = table[plain].to_numpy(np.float64)
        infinite = np.isinf(read).any(axis=0)
        finite = {column for column, beyond in zip(plain, infinite, strict=True) if not beyond}
        odd = [column for column in self.number_columns if column not in finite]
        if not odd:
            return read, odd
        numbers = np.full((len(table), len(self.number_columns)), np.nan)
        numbers[:, [column in finite for column in self.number_columns]] = read[:, ~infinite]
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
