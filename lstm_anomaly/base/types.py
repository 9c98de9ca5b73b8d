"""The records that pass from one stage to the next, and the letters their shapes are written in.

Shapes: N rows as read, M rows after cleaning, F sensors, W windows, T window length, B batch,
H hidden size. Arrays that a user sees are rows first, (M, F); inside the network they are
features first, (F, M), so that each gate is one contiguous block.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as

Array = NDArray[Any]  # of a network: float32 for use, float64 for gradient checks; the parameters decide
FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
TimeArray = NDArray[np.datetime64]
Segments = tuple[tuple[int, int], ...]  # half-open row ranges (start, stop)
Resample = Literal["mean", "last", "max"]

MOST_SYMBOLS = 1000  # different ones in a column; more are no states or codes but texts or numbers

# Further from 0 no sensor reads: such a number says that there is no reading, as an infinity does. Sums of
# squares of readings stay finite below it, so that statistics need no care of their own.
MOST_READING = 1e100

# Rows for which a missing reading is filled with the last one.
MAX_FILL = 3


@saved_as("text form")
@dataclass(frozen=True)
class TextForm:
    """How the rows of a file are written: the names of the columns, the delimiter, the decimal sign."""

    names: tuple[str, ...]
    delimiter: str
    decimal: str


@saved_as("codebook")
@dataclass(frozen=True)
class Codebook:
    """The symbols of one column, in the order of their codes. The list grows while new ones are read.

    name   of the column
    texts  of the symbols
    known  how many of them belong to the vocabulary of a model; None: it is still being learned
    """

    name: str
    texts: list[str]
    known: int | None = None


@saved_as("symbol columns")
@dataclass(frozen=True)
class SymbolColumns:
    """Which sensors of a frame hold codes of symbols, and the column whose changes begin new sequences."""

    codebooks: tuple[Codebook, ...]
    session: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(codebook.name for codebook in self.codebooks)


@saved_as("sensor frame")
@dataclass(frozen=True)
class SensorFrame:
    """Sensor readings as they stood in the input: input order, nothing repaired, nothing dropped.

    values        (N, F) float64; NaN where a cell is empty or is not a number
    sensors       F names, in column order
    lines         (N,) line number of each row in its file; the first line of a file is 1
    source_index  (N,) which of `sources` a row came from
    sources       names of the files, `-` for standard input
    stamps        (N,) the time stamps as text, as they stood there, or None without a time column
    times         (N,) the same as UTC datetime64[ns], or None without a time column
    groups        (N,) the machine that each row is from, as text, or None when all are of one
    absent        sensors that are not in the input: their values are NaN throughout
    texts         (N,) the rows as they stood there, without their line ends, or None when not asked for
    form          how those are written
    symbols       which sensors are symbols; where there is a session column, `groups` holds the sessions
    logged        (N,) the times where all sensors are symbols: `times` is None then, as order alone counts
    """

    values: Annotated[FloatArray, "n F"]
    sensors: tuple[str, ...]
    lines: Annotated[IntArray, "n"]
    source_index: Annotated[IntArray, "n"]
    sources: tuple[str, ...]
    stamps: Annotated[NDArray[np.object_], "n"] | None = None
    times: Annotated[TimeArray, "n"] | None = None
    groups: Annotated[NDArray[np.object_], "n"] | None = None
    absent: tuple[str, ...] = ()
    texts: Annotated[NDArray[np.object_], "n"] | None = None
    form: TextForm | None = None
    symbols: SymbolColumns | None = None
    logged: Annotated[TimeArray, "n"] | None = None

    @property
    def told_times(self) -> TimeArray | None:
        """The times (N,) to print beside verdicts, None without a time column."""
        return self.logged if self.times is None else self.times

    def makes_sense(self) -> bool:
        """Whether its parts go together: what a file gave, see `declared.py`."""
        of_sources = (self.source_index >= 0) & (self.source_index < len(self.sources))  # (N,)
        return bool(of_sources.all()) and len(self.sensors) == self.values.shape[1]

    def __len__(self) -> int:
        return len(self.values)

    def place(self, row: int) -> str:
        """`file:line` of one row."""
        return f"{self.sources[self.source_index[row]]}:{self.lines[row]}"


@dataclass(frozen=True)
class Series:
    """Cleaned readings: time order, even steps, and the stretches on which windows may lie.

    values    (M, F) float64, finite inside every segment
    sensors   F names
    times     (M,) UTC datetime64[ns], or None when rows are only counted
    step      sampling step, or None when rows are only counted
    segments  half-open row ranges (start, stop) without a gap or a missing value; no window
              crosses their edges, and rows outside all of them cannot be judged
    row_of    (N,) for each row of the frame its row here, -1 where it was left out
    max_fill  for how many rows a missing reading took the last one
    resample  how the rows of one step were joined, None when they were not
    stamps    (N,) time stamps of the frame's rows as they stood there, None when there are none
    starts    first rows of the stretches without a gap in time, whatever is missing in them
    symbols   which sensors are symbols, None when none is
    """

    values: FloatArray
    sensors: tuple[str, ...]
    times: TimeArray | None
    step: np.timedelta64 | None
    segments: tuple[tuple[int, int], ...]
    row_of: IntArray
    max_fill: int = MAX_FILL
    resample: Resample | None = None
    stamps: NDArray[np.object_] | None = None
    starts: tuple[int, ...] = (0,)
    symbols: SymbolColumns | None = None

    def __len__(self) -> int:
        return len(self.values)
