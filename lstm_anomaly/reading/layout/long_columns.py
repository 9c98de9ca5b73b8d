"""Is a file long, one reading a row (`time,sensor,value`), or wide? And whose rows are they?

A long file read as a wide one would be a single sensor made of all of them; rows of several machines read
as those of one would be one machine that jumps. Neither must happen unnoticed.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.base.text import listed
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.cells import is_value

_SENSOR_NAMES = re.compile(
    r"(sensor|tag|point|series|channel|signal)(_?(id|name))?|variable|metric|parameter|measurement|field|item"
)
_VALUE_NAMES = re.compile(r"(measured_|measurement_)?(value|val|reading)|v|result")
# Share of rows whose time stamp another row has too, from which they are rows of several machines.
SHARED_STAMPS = 0.3


@dataclass(frozen=True)
class LongColumns:
    """Where a long file names the sensor of a reading, and where the reading stands."""

    sensor: int
    value: int


def find_long_columns(
    names: Sequence[str],
    values: FloatArray,
    time_columns: Collection[int],
    options: ReadOptions,
    sensors: Collection[str],
    where: str,
) -> LongColumns | None:
    """The two columns of a long file, None for a wide one.

    values are the sample's cells as numbers, (n, columns). Without being told, a file is long when one of
    its text columns is named like a sensor's name and its only number column like a value, and when that
    value is none of the `sensors` that are wanted.

    Raises InputError at `where` when only one of the two was told, or when there is no time column.
    """
    told = (options.sensor_column, options.value_column)
    if (told[0] is None) != (told[1] is None):
        raise InputError(
            "of a file with one reading a row both columns must be known",
            where=where,
            hint="--sensor-column NAME together with --value-column NAME",
        )
    keys = (options.group_by, options.session, *options.symbols)
    columns = [k for k in range(len(names)) if k not in time_columns and names[k] not in keys]
    numeric = [k for k in columns if np.isfinite(values[:, k]).mean() > 0.5]
    if told[0] is not None and told[1] is not None:
        found = LongColumns(names.index(told[0]), names.index(told[1]))
    else:
        words = [k for k in columns if k not in numeric and _SENSOR_NAMES.fullmatch(_plain(names[k]))]
        named = [k for k in numeric if _VALUE_NAMES.fullmatch(_plain(names[k]))]
        if (
            len(words) != 1
            or named != numeric
            or len(named) != 1
            or names[named[0]] in {*sensors, *options.only}
        ):
            return None
        found = LongColumns(words[0], named[0])
    if not time_columns:
        raise InputError(
            "has one reading a row but no time stamps, so which readings belong together is not known",
            where=where,
            hint="name the time column with --time",
        )
    return found


def _plain(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def check_one_machine(
    names: Sequence[str],
    cells: NDArray[np.object_],
    columns: Collection[int],
    stamps: Sequence[str],
    where: str,
) -> None:
    """Refuse rows of several machines that are about to be read as rows of one.

    cells (n, columns) and stamps (n,) are the sample's. It shows as stamps that several rows share, whose
    rows one of the `columns` tells apart: a text, or a number of the machine.
    """
    distinct, counts = np.unique(np.asarray(stamps, str), return_counts=True)
    shared = int(counts[counts > 1].sum())
    if shared < SHARED_STAMPS * len(stamps) or len(stamps) < 4:
        return
    for column in columns:
        texts = cells[:, column].astype(str)
        machines = np.unique(texts)
        told_apart = len({*zip(stamps, texts.tolist(), strict=True)}) - len(distinct)
        needed = 1.0 if all(text.strip().isdecimal() for text in machines) else 0.5
        is_number = needed == 0.5 and any(map(is_value, machines.tolist()))
        if is_number or len(machines) > len(stamps) / 2:
            continue
        if told_apart >= needed * (len(stamps) - len(distinct)):
            raise _several_machines(names[column], machines.tolist(), where)


def _several_machines(name: str, machines: list[str], where: str) -> InputError:
    return InputError(
        f"several rows have the same time stamp, one for each {name!r} ({_some(machines)})",
        where=where,
        hint=f"--group-by '{name}' for a model each, --sensor-column '{name}' --value-column NAME if these"
        f" are the sensors, or --exclude '{name}' if the rows are of one machine",
    )


def _some(texts: list[str]) -> str:
    return ", ".join(repr(text[:30]) for text in texts[:3]) + (", ..." if len(texts) > 3 else "")


def check_all_read(wanted: Sequence[str], read: Collection[str], where: str) -> None:
    """Raise SensorsError when a long file has no reading of a wanted sensor."""
    missing = [name for name in wanted if name not in read]
    if missing:
        raise SensorsError(
            f"has no reading of {listed(missing)}; wanted: {listed(wanted)};"
            f" in the file: {listed(sorted(read))}",
            where=where,
            hint="--allow-missing to judge the others without it, or check the names of the sensors",
        )
