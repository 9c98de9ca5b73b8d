"""What each column of a file is: the time, a sensor, or neither and why."""

import copy
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import FloatArray, TextForm
from lstm_anomaly.reading.layout.dialect import DELIMITER_NAMES, Dialect, find_dialect
from lstm_anomaly.reading.layout.long_columns import check_one_machine, find_long_columns
from lstm_anomaly.reading.layout.not_sensors import could_be_symbols, why_not
from lstm_anomaly.reading.layout.time_column import find_time_columns
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.numbers import NumberFormat, find_number_format, to_numbers
from lstm_anomaly.reading.values.timestamps import TimeFormat

_LABEL_WORDS = frozenset({"anomaly", "label", "changepoint", "outlier", "attack", "target"})


@saved_as("layout")
@dataclass
class Layout:
    """How to read the rows of one file.

    names         all columns; `len(names)` is the number of fields that a row has
    header        the header's own fields, to know it again when it is repeated further down
    sensors       names of the sensors, and `columns` where each stands (-1: not in this file)
    group_column  column that says whose row it is, None when all are of one machine
    group_kind    what it tells apart: groups, or sessions
    name_column   column with the name of the sensor, in a file with one reading a row; its one sensor
                  in `columns` is then the column of the readings
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
    numbers: NumberFormat
    data_line: int
    sensors: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    group_column: int | None = None
    group_kind: str = "groups"
    name_column: int | None = None
    is_in_order: bool = False
    time_columns: tuple[int, ...] = ()
    time_format: TimeFormat | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)
    symbols: tuple[str, ...] = ()
    states: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def form(self) -> TextForm:
        """How rows are written, for one who gives them back."""
        return TextForm(self.names, self.delimiter, self.numbers.decimal)

    @property
    def time_name(self) -> str | None:
        """Name of the time column, both names when date and time stand apart."""
        return " ".join(self.names[column] for column in self.time_columns) or None

    @property
    def sensors_read(self) -> tuple[str, ...]:
        """The sensors that have a column here."""
        return tuple(name for name, column in zip(self.sensors, self.columns, strict=True) if column >= 0)

    def describe(self) -> str:
        """Delimiter, decimal sign and header in a few words."""
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
        return ", ".join(parts)


def find_layout(
    lines: Sequence[str],
    options: ReadOptions,
    path: str,
    sensors: Sequence[str] = (),
    why_not_others: str = "not a sensor of the model",
) -> Layout:
    """Find the dialect and the columns' roles from the first lines of a file.

    `sensors`, when there are any, are the only sensors, whatever their cells hold; the others are left out
    for the reason given. Raises InputError or SensorsError, with the option that settles what was not clear.
    """
    dialect = find_dialect(lines, options, path)
    cells = _cells(dialect)
    where = f"{path}:{dialect.data_line}"
    layout = Layout(
        dialect.delimiter,
        dialect.names,
        dialect.header,
        _number_format(dialect, cells, options, path),
        dialect.data_line,
        notes=dialect.notes,
    )
    if not len(cells):
        return layout
    _check_names(layout, options, path, sensors)
    values = to_numbers(cells.ravel().tolist(), layout.numbers)[0].reshape(cells.shape)
    layout.time_columns, layout.time_format = find_time_columns(
        layout.names,
        cells,
        values,
        options,
        where,
        no_time={*sensors, *options.only, *options.exclude, *options.symbols, *_keys_told(options)},
    )
    _find_keys(layout, cells, values, options, sensors, where)
    keys = {*layout.time_columns, layout.group_column, layout.name_column}
    for column, name in enumerate(layout.names):
        if column not in keys:
            if layout.name_column is not None:
                reason = "" if column in layout.columns else "neither the time nor the sensor nor its reading"
            elif sensors or name in options.symbols:
                reason = "" if name in (*sensors, *options.symbols) else why_not_others
            else:
                is_named = bool(layout.header and layout.header[column].strip())
                first_cells = cells[:, column], values[:, column]
                reason = why_not(name, is_named, *first_cells, layout.numbers, options)
            if reason:
                layout.left_out[name] = reason
    if layout.name_column is None:
        _set_sensors(layout, sensors)
        layout.symbols = tuple(name for name in options.symbols if name in layout.sensors_read)
        layout.labels = [name for name in layout.labels if name not in layout.symbols]
        layout.states = _states(layout, cells)
    if not layout.sensors:
        raise _no_sensors(layout, path)
    return layout


def _states(layout: Layout, cells: NDArray[np.object_]) -> list[str]:
    """Columns that were left out as texts, with few texts in their first cells (n, columns)."""
    texts = {name: cells[:, layout.names.index(name)] for name in layout.left_out}
    return [
        name
        for name, reason in layout.left_out.items()
        if could_be_symbols(reason, texts[name]) and not _is_label_name(name)
    ]


def _keys_told(options: ReadOptions) -> set[str]:
    return {name for name in _told(options) if name}


def _told(options: ReadOptions) -> tuple[str | None, ...]:
    """Columns that are named for what they are."""
    return options.group_by, options.session, options.sensor_column, options.value_column


def _find_keys(
    layout: Layout,
    cells: NDArray[np.object_],
    values: FloatArray,
    options: ReadOptions,
    sensors: Sequence[str],
    where: str,
) -> None:
    """Set the columns that say whose row it is, and which sensor's reading in a file with one a row."""
    names = layout.names
    key = options.group_by or options.session
    layout.group_column = None if key is None else names.index(key)
    layout.group_kind = "sessions" if options.session else "groups"
    long = find_long_columns(names, values, layout.time_columns, options, sensors, where)
    if long is not None:
        layout.name_column, layout.columns = long.sensor, (long.value,)
        layout.sensors = (names[long.value],)
        layout.is_in_order = _is_in_order(layout, cells)
    elif layout.time_columns and layout.group_column is None:
        others = [
            column
            for column in range(len(names))
            if column not in layout.time_columns
            and names[column] not in (*options.exclude, *options.only, *options.symbols)
        ]
        check_one_machine(names, cells, others, _stamps(layout, cells), where)


def check_sensors(wanted: Sequence[str], found: Sequence[str], where: str) -> None:
    """Raise SensorsError, naming both lists, unless every wanted sensor is among those found."""
    missing = [name for name in wanted if name not in found]
    if not missing:
        return
    guesses = [f"{near!r} for {name!r}" for name in missing if (near := _nearest(name, found))]
    hint = "rename the columns to the names that the model knows"
    if guesses:
        hint += f" (perhaps {', '.join(guesses[:3])})"
    hint += ", or --allow-missing to judge by the other sensors"
    raise SensorsError(
        f"has no column {_listed(missing)}; wanted: {_listed(wanted)}; in the file: {_listed(found)}",
        where=where,
        hint=hint,
    )


def _nearest(name: str, found: Sequence[str]) -> str:
    """The name among those found that is the same but for case, unit or signs, else the most similar."""
    same = [other for other in found if _bare(other) == _bare(name)]
    return next(iter(same or difflib.get_close_matches(name, found, 1, 0.7)), "")


def _bare(name: str) -> str:
    """Letters and digits of a name without a unit in brackets behind it."""
    return re.sub(r"[\W_]+", "", re.sub(r"[\[({].*", "", name).casefold()) or name


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _cells(dialect: Dialect) -> NDArray[np.object_]:
    """The sample as an array of texts (n, columns)."""
    columns = len(dialect.names)
    rows = [record.fields for record in dialect.sample if len(record.fields) == columns]
    cells = np.empty((len(rows), columns), object)
    cells[:] = rows if rows else None
    return cells


def _number_format(
    dialect: Dialect, cells: NDArray[np.object_], options: ReadOptions, path: str
) -> NumberFormat:
    if options.decimal or options.thousands:
        decimal = options.decimal or ("," if options.thousands == "." else ".")
        return NumberFormat(decimal, options.thousands or "", options.null_values)
    found = find_number_format(cells.ravel().tolist()) if len(cells) else (".", "")
    if found is None:
        raise InputError(
            "numbers are written with a comma that may be a decimal sign or may group thousands",
            where=f"{path}:{dialect.data_line}",
            hint="--decimal , or --thousands ,",
        )
    return NumberFormat(found[0], found[1], options.null_values)


def _check_names(layout: Layout, options: ReadOptions, path: str, sensors: Sequence[str]) -> None:
    """Names given in options must exist: a mistyped one must not pass in silence."""
    wanted = [*options.only, *filter(None, (options.time, *_told(options)))]
    if not sensors or not options.allow_missing:
        wanted += options.symbols
    if not sensors:  # a model's sensors are fixed: what is excluded beyond them does not matter
        wanted += options.exclude
    missing = [name for name in wanted if name not in layout.names]
    if missing:
        close = difflib.get_close_matches(missing[0], layout.names, 1)
        raise SensorsError(
            f"has no column {_listed(missing)}; its columns: {_listed(layout.names)}",
            where=f"{path}:{max(1, layout.data_line - 1)}",
            hint=f"{close[0]!r}" if close else "a name from that list",
        )


def _set_sensors(layout: Layout, sensors: Sequence[str]) -> None:
    """The sensors that are wanted, or all columns that are neither the time nor left out."""
    column_of = {
        name: column
        for column, name in enumerate(layout.names)
        if name not in layout.left_out and column not in (*layout.time_columns, layout.group_column)
    }
    layout.sensors = tuple(sensors) or tuple(column_of)
    layout.columns = tuple(column_of.get(name, -1) for name in layout.sensors)
    if not sensors:
        layout.labels = [name for name in column_of if _is_label_name(name)]


def _stamps(layout: Layout, cells: NDArray[np.object_]) -> list[str]:
    return [" ".join(row) for row in cells[:, layout.time_columns]]


def _is_in_order(layout: Layout, cells: NDArray[np.object_]) -> bool:
    """Whether stamps never step back and the readings of one follow each other."""
    if layout.time_format is None or layout.name_column is None:
        return False
    form = copy.deepcopy(layout.time_format)  # a wall clock remembers what it has read
    times = form.parse(np.array(_stamps(layout, cells), object))
    steps = np.diff(times[~np.isnat(times)])
    return bool(
        len(steps) and (steps >= np.timedelta64(0, "ns")).all() and (steps == np.timedelta64(0, "ns")).any()
    )


def _is_label_name(name: str) -> bool:
    return not _LABEL_WORDS.isdisjoint(re.split(r"[^a-z]+", name.casefold()))


def _no_sensors(layout: Layout, path: str) -> InputError:
    reasons = "; ".join(f"{name[:40]!r}: {why}" for name, why in list(layout.left_out.items())[:4])
    if layout.time_columns:
        reasons = "; ".join(filter(None, [f"{layout.time_name!r}: the time", reasons]))
    hint = "check the delimiter and decimal sign with --delimiter and --decimal"
    if layout.states:
        hint += f", or read {_listed(layout.states)} as symbols with --symbols {','.join(layout.states)}"
    return InputError(f"no column of numbers ({reasons})", where=f"{path}:{layout.data_line}", hint=hint)
