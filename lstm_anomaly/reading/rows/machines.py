"""Are these the rows of one machine? Rows of several must not be learned as one.

All rows of a file are looked at. Several machines show in times that rows share, and in a column by which
these rows differ; without times, in a column that is named like a machine.
"""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray, IntArray, TimeArray
from lstm_anomaly.reading.layout.layout import Layout
from lstm_anomaly.reading.layout.names import (
    CLOCKS,
    MACHINE_NAMES,
    PARTS,
    SENSOR_NAMES,
    VALUE_NAMES,
    plain_name,
)

# Share of rows whose time other rows span too, or whose machine is another than the row before's.
SHARED = 0.3
FEWEST_ROWS = 4
FEWEST_DAYS = 50  # rows
MOST_STAMPS = 0.4  # different ones, of these rows: a file joined with itself has more
DAY = 86_400 * 10**9  # ns
MOST_MACHINES = 10_000
# Readings, also with a unit, codes and times of day, as no machine is named.
_READING = re.compile(
    r"[+-]?[\d.,]*\d([eE][+-]?\d+|\s\S{1,5}|[%°]\S*|:\d\d(:\d\d)?)?|0[xX][0-9a-fA-F]+", re.ASCII
)
# Share of these that may remain once the machines are told apart: by a text, and by a number.
REMAINS = {True: 0.5, False: 0.02}


@dataclass
class _Key:
    """One column that may say whose row it is; `is_named` like a machine.

    spans    value -> the earliest and latest time of its rows
    inside   rows whose time earlier rows of their value span
    changes  rows with another value than the row before
    """

    column: int
    is_text: bool
    is_named: bool = False
    spans: dict[object, tuple[int, int]] = field(default_factory=dict)
    inside: int = 0
    changes: int = 0


class Machines:
    """Takes all rows of a file, and raises InputError once they are seen to be of several machines."""

    def __init__(self, layout: Layout, source: str) -> None:
        self._layout = layout
        self._source = source
        self._rows = 0
        self._all = _Key(-1, True)
        self._is_wide = layout.name_column is None and layout.group_column is None
        self._are_days = self._is_wide  # at one time of day
        named = {k: MACHINE_NAMES.fullmatch(plain_name(layout.names[k])) for k, _ in layout.keys}
        keys = sorted(layout.keys, key=lambda key: (not named[key[0]], not key[1]))  # likely ones first
        self._keys = [_Key(column, is_text, bool(named[column])) for column, is_text in keys]

    def push(
        self,
        times: TimeArray | None,
        lines: IntArray,
        names: NDArray[np.object_] | None,
        columns: dict[int, NDArray[np.object_] | FloatArray],
    ) -> None:
        """Take the next rows: times and lines (n,), names of sensors (n,) in a file with one reading a row,
        and the cells (n,) of the columns that may name a machine."""
        if times is None:
            for key in self._keys:
                self._judge_untimed(key, lines, columns[key.column])
            return
        known = ~np.isnat(times)
        at = times[known].astype(np.int64)
        self._are_days = self._are_days and bool(np.all(at % DAY == at[:1] % DAY))
        if not len(at) or not (self._keys or self._are_days):
            return
        names = None if names is None else names[known]
        self._rows += len(at)
        _note(self._all, at, np.full(len(at), "", object) if names is None else names)
        for key in list(self._keys):
            cells = columns[key.column][known].astype(object)
            _note(
                key,
                at,
                cells if names is None else pd.Series(list(zip(cells, names, strict=True))).to_numpy(),
            )
            if len(key.spans) > min(MOST_MACHINES, max(self._rows / 2, 1)):
                self._keys.remove(key)
        if self._rows >= FEWEST_ROWS:
            for key in self._keys:
                self._judge(key, int(lines[known][-1]))
            if self._rows >= FEWEST_DAYS and self._all.inside >= SHARED * self._rows:
                self._check_stamps(at, int(lines[known][-1]))

    def _check_stamps(self, at: IntArray, line: int) -> None:
        """Refuse times (n,) ns that most rows share with others, where no single column tells them apart."""
        may_be_named = self._is_wide and any(key.is_text and _are_names(key) for key in self._keys)
        if self._are_days or (may_be_named and len(np.unique(at)) < MOST_STAMPS * len(at)):
            raise InputError(
                "many rows have the same date, and no column is read as their time of day"
                if self._are_days
                else "many rows have the same time, and no single column tells them apart",
                where=f"{self._source}:{line}",
                hint="--time '' to count rows, or name the column of the time of day Time, or, for several"
                " machines, write what tells them apart into one column for --group-by",
            )

    def _judge(self, key: _Key, line: int) -> None:
        layout = self._layout
        name = plain_name(layout.names[key.column])
        if self._are_days and not key.is_named and (not key.is_text or name in CLOCKS or name in PARTS):
            return  # it counts the parts of a day
        shared = self._all.inside >= SHARED * self._rows
        apart = shared and key.inside <= REMAINS[key.is_text] * self._all.inside and _overlap(key)
        if apart and _are_names(key):
            raise self._several(key, "several rows are of the same time", line)
        takes_turns = layout.name_column is None and key.changes > SHARED * self._rows and len(key.spans) > 1
        if takes_turns and (key.is_named or (layout.may_be_long and key.is_text)) and _are_names(key):
            raise self._several(key, "rows take turns", line)

    def _judge_untimed(self, key: _Key, lines: IntArray, cells: NDArray[np.object_] | FloatArray) -> None:
        """Without times a column's name tells, if its values stand one after the other or take turns."""
        codes, distinct = pd.factorize(cells)
        key.spans |= dict.fromkeys(distinct.tolist(), (0, 0))
        changes = np.flatnonzero(np.diff(codes))
        in_blocks, in_turns = len(changes) < len(distinct), len(changes) > SHARED * len(cells)
        are_several = len(key.spans) > 1 and not {*key.spans} <= {0.0, 1.0}  # which is a switch
        may_be_sensors = self._layout.may_be_long and key.is_text and (in_turns or not self._layout.header)
        is_likely = may_be_sensors or (key.is_named and (in_blocks or in_turns))
        if is_likely and are_several and _are_names(key):
            line = lines[changes[0] + 1] if len(changes) else lines[0]
            raise self._several(key, "rows are of several machines", int(line))

    def _several(self, key: _Key, what: str, line: int) -> InputError:
        name = self._layout.names[key.column]
        texts = [f"{v:g}" if isinstance(v, float) else str(v)[:30] for v in dict.fromkeys(_values(key))]
        shown = ", ".join(map(repr, texts[:3])) + (", ..." if len(texts) > 3 else "")
        hints = [f"--group-by '{name}' for a model each"]
        sensors = [sensor for sensor in self._layout.sensors if sensor != name]
        readings = [sensor for sensor in sensors if VALUE_NAMES.fullmatch(plain_name(sensor))]
        if len(readings or sensors) == 1 and self._layout.name_column is None and self._rows:
            long = (
                f"--sensor-column '{name}' --value-column '{(readings or sensors)[0]}' if these are sensors"
            )
            is_first = readings or (SENSOR_NAMES.fullmatch(plain_name(name)) and not key.is_named)
            hints.insert(0 if is_first else 1, long)
        if self._layout.name_column is None:  # else one sensor has several readings at a time
            hints.append(f"--exclude '{name}' if the rows are of one machine")
        return InputError(
            f"{what}, one for each {name!r} ({shown})",
            where=f"{self._source}:{line}",
            hint=", ".join(hints),
        )


def _values(key: _Key) -> list[object]:
    """The values of a key, without the sensors of a file with one reading a row."""
    return [value[0] if isinstance(value, tuple) else value for value in key.spans]


def _note(key: _Key, at: IntArray, values: NDArray[np.object_]) -> None:
    """Add rows at times (n,) ns, each of one of the `values` (n,)."""
    codes, distinct = pd.factorize(values)
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, cuts):
        value = distinct[codes[rows[0]]] if codes[rows[0]] >= 0 else ""
        part = at[rows]
        low, high = key.spans.get(value, (part[0] + 1, part[0]))  # before its first row no time is inside
        below = np.minimum.accumulate(np.concatenate([[low], part]))
        above = np.maximum.accumulate(np.concatenate([[high], part]))
        key.inside += int(np.count_nonzero((part >= below[:-1]) & (part <= above[:-1])))
        key.spans[value] = int(below[1:].min()), int(above[-1])
    key.changes += int(np.count_nonzero(np.diff(codes)))


def _are_names(key: _Key) -> bool:
    """Whether the values are names or whole numbers, rather than readings among which words stand."""
    return not key.is_text or not any(_READING.fullmatch(str(value).strip()) for value in _values(key))


def _overlap(key: _Key) -> bool:
    """Whether the times of the values span each other, rather than follow each other."""
    spans = sorted(key.spans.values())
    together, end = 0, spans[0][0]
    for low, high in spans:
        together += max(high - max(low, end), 0)
        end = max(end, high)
    return sum(high - low for low, high in spans) >= (1 + SHARED) * together
