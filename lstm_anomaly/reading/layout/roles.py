"""What each column of a file is: the time, a sensor, or neither and why."""

import copy
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.layout.clocks import check_one_clock
from lstm_anomaly.reading.layout.dialect import find_dialect
from lstm_anomaly.reading.layout.layout import Layout, NoRowsError
from lstm_anomaly.reading.layout.long_columns import find_long_columns
from lstm_anomaly.reading.layout.missing_columns import check_columns, quoted
from lstm_anomaly.reading.layout.names import is_time_name
from lstm_anomaly.reading.layout.not_sensors import (
    GOES_WITH_LINES,
    RISES,
    WITH_UNIT,
    could_be_symbols,
    why_not,
)
from lstm_anomaly.reading.layout.sample import Sample
from lstm_anomaly.reading.layout.time_column import find_time_columns, is_clock
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.numbers import NumberFormat, find_number_format, to_numbers

MOST_KEYS = 20
_LABEL_WORDS = frozenset({"anomaly", "label", "changepoint", "outlier", "attack", "target"})


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
    if not any(line.strip() for line in lines):
        raise NoRowsError("the file holds blank lines only", where=f"{path}:1")
    layout, records = find_dialect(lines, options, path)
    if layout.data_line > len(lines):
        raise NoRowsError("a header but no rows below it", where=f"{path}:{layout.data_line - 1}")
    records = [record for record in records if len(record.fields) == len(layout.names)]
    cells = np.empty((len(records), len(layout.names)), object)
    cells[:] = [record.fields for record in records] if records else None
    where = f"{path}:{layout.data_line}"
    layout.numbers = _number_format(layout.names, cells, options, where)
    if not len(cells):
        return layout
    symbols = () if sensors and options.allow_missing else options.symbols
    header = f"{path}:{max(1, layout.data_line - 1)}"
    told = (*filter(None, (options.group_by, options.session, options.sensor_column, options.value_column)),)
    check_columns([*filter(None, [options.time]), *told, *symbols], layout.names, header)
    values = to_numbers(cells.ravel().tolist(), layout.numbers)[0].reshape(cells.shape)
    places = np.array([record.line for record in records], np.int64)
    sample = Sample(layout.names, cells, values, places, bool(layout.header), options, where)
    no_time = {*sensors, *options.only, *options.exclude, *options.symbols, *told}
    layout.time_columns, layout.time_format = find_time_columns(sample, no_time)
    _find_keys(layout, sample, sensors)
    if layout.name_column is None:  # in a long file these are names of sensors, which show further down
        check_columns([*options.only, *(() if sensors else options.exclude)], layout.names, header)
    _find_sensors(layout, sample, sensors, why_not_others)
    time = layout.time_columns, layout.time_format
    columns = [
        column
        for name, column in zip(layout.sensors, layout.columns, strict=True)
        if column >= 0 and name not in layout.symbols
    ]
    check_one_clock(sample, time, columns)
    layout.may_be_long = not sensors and not options.only and len(columns) == 1
    if not layout.sensors:
        raise _no_sensors(layout, path)
    return layout


def _find_keys(layout: Layout, sample: Sample, sensors: Sequence[str]) -> None:
    """Set the column of groups, and in a long file those of the sensor's name and its reading."""
    names, options = layout.names, sample.options
    key = options.group_by or options.session
    layout.group_column = None if key is None else names.index(key)
    layout.group_kind = "sessions" if options.session else "groups"
    long = find_long_columns(sample, layout.time_columns, sensors)
    if long is not None:
        layout.name_column, layout.columns = long[0], long[1:]
        layout.sensors = (names[long[1]],)
        layout.is_in_order = _is_in_order(layout, sample)
    if layout.group_column is None:
        taken = {*layout.time_columns, layout.name_column, *layout.columns}
        told = {*options.exclude, *options.only, *options.symbols}
        free = [column for column, name in enumerate(names) if column not in taken and name not in told]
        layout.keys = tuple((k, not sample.is_number(k)) for k in free if _may_name_machines(sample, k))[
            :MOST_KEYS
        ]


def _may_name_machines(sample: Sample, column: int) -> bool:
    """Whether a column holds texts or whole numbers that are repeated in many rows."""
    comes_again = 2 * len({*sample.cells[:, column]}) <= max(len(sample.cells), 2)
    known = sample.values[np.isfinite(sample.values[:, column]), column]
    may_be_name = comes_again and not is_time_name(sample.names[column])
    return may_be_name and (not sample.is_number(column) or bool(np.all(known == np.round(known))))


def _find_sensors(layout: Layout, sample: Sample, sensors: Sequence[str], why_not_others: str) -> None:
    """Set which columns are sensors, symbols among them, and why the others are none."""
    keys = {*layout.time_columns, layout.group_column, layout.name_column}
    for column, name in enumerate(layout.names):
        if column in keys:
            continue
        if layout.name_column is not None:
            reason = "" if column in layout.columns else "neither the time nor the sensor nor its reading"
        elif sensors or name in sample.options.symbols:
            reason = "" if name in (*sensors, *sample.options.symbols) else why_not_others
        else:
            is_named = bool(layout.header and layout.header[column].strip())
            reason = why_not(sample, column, is_named=is_named, form=layout.numbers)
            if reason == RISES and not layout.time_columns:
                reason += " but is no time since 1970, so rows are counted instead"
        if reason:
            layout.left_out[name] = reason
    if layout.name_column is not None:
        return
    free = {name: column for column, name in enumerate(layout.names) if column not in keys}
    left_out = layout.left_out
    found = [name for name in free if name not in left_out]
    if not found and not sensors:  # then it is no counter beside readings
        found = [name for name in free if left_out[name] == GOES_WITH_LINES]
    layout.left_out = {name: why for name, why in left_out.items() if name not in found}
    layout.sensors = tuple(sensors) or tuple(found)
    layout.columns = tuple(free[name] if name in found else -1 for name in layout.sensors)
    layout.symbols = tuple(name for name in sample.options.symbols if name in layout.sensors_read)
    labels = [name for name in free if not _LABEL_WORDS.isdisjoint(re.split(r"[^a-z]+", name.casefold()))]
    layout.labels = [] if sensors else [n for n in labels if n in found and n not in layout.symbols]
    layout.states = [
        name
        for name, why in layout.left_out.items()
        if name not in labels and could_be_symbols(why, sample.cells[:, free[name]])
    ]


def _number_format(
    names: Sequence[str], cells: NDArray[np.object_], options: ReadOptions, where: str
) -> NumberFormat:
    decimal, thousands = options.decimal, options.thousands
    if decimal or thousands:
        decimal = decimal or ("," if thousands == "." else ".")
    else:
        columns = [column for name, column in zip(names, cells.T, strict=True) if not is_clock(name, column)]
        decimal, thousands = find_number_format(columns, where)
    return NumberFormat(decimal, thousands or "", options.null_values)


def _is_in_order(layout: Layout, sample: Sample) -> bool:
    """Whether the readings of a long file come in order of time, those of one time together."""
    if layout.time_format is None or layout.name_column is None:
        return False
    form = copy.deepcopy(layout.time_format)  # a wall clock remembers what it has read
    times = form.parse(np.array(sample.texts(*layout.time_columns), object))
    steps = np.diff(times[~np.isnat(times)]).astype(np.int64)
    return bool(len(steps) and (steps >= 0).all() and (steps == 0).any())


def _no_sensors(layout: Layout, path: str) -> InputError:
    reasons = "; ".join(f"{name[:40]!r}: {why}" for name, why in list(layout.left_out.items())[:4])
    if layout.time_columns:
        reasons = "; ".join(filter(None, [f"{layout.time_name!r}: the time", reasons]))
    hint = "check the delimiter and decimal sign with --delimiter and --decimal"
    if WITH_UNIT in reasons:
        hint = "take the units out of the cells, for example with sed, and write them into the header"
    if layout.states:
        hint += f", or read {quoted(layout.states)} as symbols with --symbols {','.join(layout.states)}"
    return InputError(f"no column of numbers ({reasons})", where=f"{path}:{layout.data_line}", hint=hint)
