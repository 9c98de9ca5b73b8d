"""Is a file long, one reading a row (`time,sensor,value`), or wide?

A long file read as a wide one would be a single sensor made of all of them.
"""

from collections.abc import Collection, Sequence

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.reading.layout.names import SENSOR_NAMES, VALUE_NAMES, plain_name
from lstm_anomaly.reading.layout.sample import Sample


def find_long_columns(
    sample: Sample, time_columns: Collection[int], sensors: Collection[str]
) -> tuple[int, int] | None:
    """Where a long file names the sensor of a reading, and where the reading stands; None for a wide file.

    Without being told, a file is long when one of its text columns is named like a sensor's name and its only
    column of readings like a value, and when that value is none of the `sensors` that are wanted.

    Raises InputError when only one of the two was told, when two columns may name the sensor, or when there
    is no time column.
    """
    options, names = sample.options, sample.names
    told = (options.sensor_column, options.value_column)
    if (told[0] is None) != (told[1] is None):
        raise InputError(
            "of a file with one reading a row both columns must be known",
            where=sample.where,
            hint="--sensor-column NAME together with --value-column NAME",
        )
    if told[0] is not None and told[1] is not None:
        found = names.index(told[0]), names.index(told[1])
    else:
        keys = {options.group_by, options.session, *options.symbols}
        others = [k for k in range(len(names)) if k not in time_columns and names[k] not in keys]
        guess = _by_names(sample, others)
        if guess is None or names[guess[1]] in {*sensors, *options.only}:
            return None
        found = guess
    if not time_columns:
        raise InputError(
            "has one reading a row but no time stamps, so which readings belong together is not known",
            where=sample.where,
            hint="name the time column with --time",
        )
    return found


def _by_names(sample: Sample, columns: Sequence[int]) -> tuple[int, int] | None:
    names, plain = sample.names, [plain_name(name) for name in sample.names]
    numeric = [k for k in columns if np.isfinite(sample.values[:, k]).mean() > 0.5]
    readings = [k for k in numeric if VALUE_NAMES.fullmatch(plain[k])]
    words = [k for k in columns if k not in numeric and SENSOR_NAMES.fullmatch(plain[k])]
    if len(readings) != 1 or not words:
        return None
    if not all(_is_number_of_something(sample.values[:, k]) for k in numeric if k not in readings):
        return None
    varied = [k for k in words if len({*sample.cells[:, k]}) > 1]
    best = [k for k in words if plain[k].startswith("field")] or varied or words
    if len(best) > 1:
        raise InputError(
            f"has one reading a row, and either {names[best[0]]!r} or {names[best[1]]!r} names its sensor",
            where=sample.where,
            hint=f"--sensor-column '{names[best[0]]}' --value-column '{names[readings[0]]}'",
        )
    return best[0], readings[0]


def _is_number_of_something(values: FloatArray) -> bool:
    """Whether numbers are no second reading but those of a table, a quality or a clock: few, or rising."""
    known = values[np.isfinite(values)]
    rises = len(known) > 2 and bool(np.mean(np.diff(known) >= 0) > 0.9)
    return rises or (bool(np.all(known == np.round(known))) and 10 * len(np.unique(known)) <= len(known))
