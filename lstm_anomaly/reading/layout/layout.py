"""How the rows of one file are read: what its lines and columns are."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import TextForm
from lstm_anomaly.reading.layout.missing_columns import check_sensors
from lstm_anomaly.reading.report import FileReport
from lstm_anomaly.reading.values.numbers import NumberFormat
from lstm_anomaly.reading.values.timestamps import TimeFormat

DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}


class NoRowsError(InputError):
    """A file has no data row, which does no harm as long as another file has some."""

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(message, where=where, hint="check that the export finished")


@saved_as("layout 2")
@dataclass
class Layout:
    """How to read the rows of one file.

    names         all columns, unique; `len(names)` is the number of fields that a row has
    header        the header's own fields, to know it again when it is repeated further down; () without
    data_line     number of the first line behind header, comments and units
    comments      whether lines that begin with # are no rows, since some stand above the header
    sensors       names of the sensors, and `columns` where each stands (-1: not in this file)
    group_column  column that says whose row it is, None when all are of one machine
    group_kind    what it tells apart: groups, or sessions
    name_column   column with the name of the sensor, in a file with one reading a row; its one sensor
                  in `columns` is then the column of the readings
    may_be_long   whether the only sensor may hold the readings of several
    keys          columns that may say whose row it is, and whether each holds texts
    is_in_order   whether the first readings of such a file come time step after time step
    time_columns  none, one, or a date column and a time-of-day column
    left_out      column -> why it is neither
    labels        sensors that are named like labels
    symbols       sensors whose cells are symbols
    states        columns left out as texts that could be read as symbols
    """

    delimiter: str
    names: tuple[str, ...]
    header: tuple[str, ...]
    data_line: int
    numbers: NumberFormat = field(default_factory=NumberFormat)
    comments: bool = False
    sensors: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    group_column: int | None = None
    group_kind: str = "groups"
    name_column: int | None = None
    may_be_long: bool = False
    keys: tuple[tuple[int, bool], ...] = ()
    is_in_order: bool = False
    time_columns: tuple[int, ...] = ()
    time_format: TimeFormat | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    symbols: tuple[str, ...] = ()
    states: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def makes_sense(self) -> bool:
        """Whether rows can be read by it: what a file gave, see `base/declared.py`."""
        keys = [column for column in (self.group_column, self.name_column) if column is not None]
        columns = [*self.time_columns, *keys, *(column for column, _is_text in self.keys)]
        is_timed = (self.time_format is not None) == bool(self.time_columns)
        return is_timed and all(0 <= column < len(self.names) for column in columns)

    def for_sensors(self, sensors: tuple[str, ...], symbols: Sequence[str], path: str) -> "Layout":
        """The same rows, read for these sensors. Raises SensorsError where one has no column of its own."""
        taken = {*self.time_columns, self.group_column, self.name_column}
        column_of = {name: column for column, name in enumerate(self.names) if column not in taken}
        check_sensors(sensors, tuple(column_of), path)
        columns = tuple(column_of[name] for name in sensors)
        of_symbols = tuple(name for name in symbols if name in sensors)
        return replace(self, sensors=sensors, columns=columns, symbols=of_symbols)

    @property
    def form(self) -> TextForm:
        """How rows are written, for output in the form of the input."""
        return TextForm(self.names, self.delimiter, self.numbers.decimal)

    @property
    def time_name(self) -> str | None:
        """Name of the time column, both names when date and time stand apart."""
        return " ".join(self.names[column] for column in self.time_columns) or None

    @property
    def sensors_read(self) -> tuple[str, ...]:
        """The sensors that have a column here."""
        return tuple(name for name, column in zip(self.sensors, self.columns, strict=True) if column >= 0)

    def check_timed(self, timed: bool | None, other: str, path: str) -> None:
        """Raise InputError unless this file has a time column as the `other` one has, where that is known."""
        is_timed = self.time_format is not None
        if timed is not None and timed != is_timed:
            one, two = ("has a", "has none") if is_timed else ("has no", "has one")
            raise InputError(
                f"{one} time column but {other} {two}, so the files do not go together",
                where=f"{path}:{self.data_line}",
                hint="name the time column with --time, or read the files apart",
            )

    def note_in(self, found: FileReport, *told: str) -> None:
        """Note in a file's report how it is read: delimiter, decimal sign, ..., and what else is told."""
        parts = [f"{DELIMITER_NAMES.get(self.delimiter, repr(self.delimiter))}-separated"]
        if self.numbers.decimal != ".":
            parts.append("decimal comma")
        if self.numbers.thousands:
            parts.append(f"{self.numbers.thousands!r} between thousands")
        parts.append("header" if self.header else "no header")
        if self.name_column is not None:
            value = self.names[self.columns[0]]
            parts.append(f"long: the sensor in {self.names[self.name_column]!r}, its reading in {value!r}")
        if self.group_column is not None:
            parts.append(f"{self.group_kind} in {self.names[self.group_column]!r}")
        found.dialect = ", ".join([*parts, *filter(None, told)])
        found.time_column = self.time_name
        found.time_format = self.time_format.text if self.time_format else None
