"""The rows that show what the columns hold: the first ones of a file and some further down."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.cells import is_null
from lstm_anomaly.reading.values.timestamps import join_stamps

MOST = 0.9  # share of the cells of a column that show what it is; a total may stand below them


@dataclass(frozen=True)
class Sample:
    """Cells (n, columns) as texts, and as numbers, NaN where they are none; the lines (n,) of the rows."""

    names: Sequence[str]
    cells: NDArray[np.object_]
    values: FloatArray
    lines: IntArray
    header: bool
    options: ReadOptions
    where: str

    def texts(self, *columns: int) -> list[str]:
        """The stamps (n,) whose parts stand in these columns."""
        return list(join_stamps([self.cells[:, column] for column in columns]))

    def is_number(self, column: int) -> bool:
        """Whether most cells of a column that say something are numbers."""
        said = [row for row, text in enumerate(self.cells[:, column]) if not is_null(text)]
        return bool(said) and float(np.isfinite(self.values[said, column]).mean()) > 0.5

    def is_whole(self, column: int, low: int, high: int) -> bool:
        """Whether a column holds whole numbers from `low` to `high`."""
        if column >= len(self.names) or not self.is_number(column):
            return False
        known = self.values[np.isfinite(self.values[:, column]), column]
        inside = (known >= low) & (known <= high) & (known == np.round(known))
        return float(np.mean(inside)) >= MOST
