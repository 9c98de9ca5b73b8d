"""Columns that are asked for and are not there: an error with the names that are, and the nearest one."""

import difflib
from collections.abc import Sequence

from lstm_anomaly.base.errors import SensorsError
from lstm_anomaly.base.text import listed
from lstm_anomaly.reading.layout.names import plain_name


def check_sensors(wanted: Sequence[str], found: Sequence[str], where: str, has_no: str = "no column") -> None:
    """Raise SensorsError, naming both lists, unless every wanted sensor is among those found."""
    missing = [name for name in wanted if name not in found]
    if not missing:
        return
    guesses = [f"{near!r} for {name!r}" for name in missing if (near := _nearest(name, found))]
    hint = "rename the columns to the names that the model knows"
    if guesses:
        hint += f" (perhaps {', '.join(guesses[:3])})"
    if len(missing) < len(wanted):
        hint += ", or detect --allow-missing to judge by the other sensors"
        lacking = f"{has_no} {quoted(missing)}"
    else:
        lacking = "none of the wanted columns"
    raise SensorsError(
        f"has {lacking}; wanted: {quoted(wanted)}; in the file: {quoted(found)}",
        where=where,
        hint=hint,
    )


def check_columns(wanted: Sequence[str], found: Sequence[str], where: str) -> None:
    """Raise SensorsError unless every column that an option names is there: a typing error must not pass."""
    missing = [name for name in wanted if name not in found]
    if missing:
        near = _nearest(missing[0], found)
        raise SensorsError(
            f"has no column {quoted(missing)}; its columns: {quoted(found)}",
            where=where,
            hint=repr(near) if near else "a name from that list",
        )


def quoted(names: Sequence[str]) -> str:
    """The first dozen of these names, in quotes."""
    return listed(repr(name[:60]) for name in names)


def _nearest(name: str, found: Sequence[str]) -> str:
    """The name among those found that is the same but for case, unit or signs, else the most similar."""
    same = [other for other in found if (plain_name(other) or other) == (plain_name(name) or name)]
    return next(iter(same or difflib.get_close_matches(name, found, 1, 0.7)), "")
