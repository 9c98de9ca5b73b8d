"""Between which bounds the numbers of a model file lie: a forged one must not make a model blind.

A right checksum says that a file was not damaged, not who wrote it. Numbers far outside what training gives
end in overflows, in rows that cannot be judged, or in a model that never fires. So what is in a sensor's own
unit is held to the range of its training rows, here; what the other arrays may hold is in `schema.py`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

MOST = 1e154  # in a sensor's own unit: its square is still finite
MOST_COUNT = 2**63
STEP_SECONDS = (1e-9, 3.2e9)  # a nanosecond, the finest that time stamps have, to a hundred years
_HEADER = {
    "window": (1, 10**6),
    "max_fill": (0, 2**31),
    "step_seconds": STEP_SECONDS,
    "together": (1e-9, 1e6),
    "unseen_limit": (1e-9, 1e6),
}
_THRESHOLD = {"value": (1e-9, 1e6), "level": (1e-9, 1e6), "margin": (1.0, 1e6), "step_seconds": STEP_SECONDS}
_SLACK = 10.0  # times what the training rows show
_LEAST_OF_RANGE = 1e-120  # of all rows: a fault that was left out may lie as far as a cell can say


def check_bounds(header: Mapping[str, Any], arrays: Arrays) -> None:
    """Raise ValueError, naming it, for a number outside its bounds."""
    _check_numbers(header, "the header")
    for table, part, name in ((_HEADER, header, ""), (_THRESHOLD, header["threshold"], "threshold.")):
        for key, (least, most) in table.items():
            given = part[key]
            check(given is None or least <= given <= most, f"{name}{key} = {_short(given)} is out of bounds")
    check(bool(arrays["components.limits"].any()), "no component has a limit")
    _check_own_units(header["summary"], arrays)


def _check_own_units(summary: Mapping[str, Any], arrays: Arrays) -> None:
    """What is in the sensors' own units goes with the range of their training rows, (F,)."""
    lowest, highest = np.array(summary["lowest"]), np.array(summary["highest"])
    shape = arrays["scaler.scale"].shape
    check(lowest.shape == highest.shape == shape, "there is no range of readings for each sensor")
    check(bool((np.abs([lowest, highest]) <= MOST).all()), "a sensor's readings are out of bounds")
    check(bool((lowest <= highest).all()), "a sensor's lowest reading is above its highest")
    size = np.maximum(np.abs(lowest), np.abs(highest))  # (F,)
    width = highest - lowest
    usual = np.where(width > 0, width, np.where(size > 0, size, 1.0))
    scale, center = arrays["scaler.scale"], arrays["scaler.center"]
    fits = (scale <= _SLACK * usual) & (scale >= _LEAST_OF_RANGE * width)
    check(bool(fits.all()), "a sensor's scale does not go with its readings")
    off = np.maximum(lowest - center, center - highest)
    check(bool((off <= width + 1e-6 * size).all()), "a sensor's centre does not go with its readings")
    _check_rules(arrays, size, usual)


def _check_rules(arrays: Arrays, size: NDArray[Any], usual: NDArray[Any]) -> None:
    """The same of what is known of ruled and of forecast sensors; size and usual range of all, (F,)."""
    ruled, targets = arrays["novelty.sensors"], arrays["roles.targets"].astype(bool)
    unit = np.where(size > 0, size, 1.0)[ruled]  # (R,)
    fits = (arrays["novelty.scale"] <= _SLACK * unit) & (arrays["novelty.scale"] * _SLACK >= unit)
    check(bool(fits.all()), "the size of a ruled sensor does not go with its readings")
    least = arrays["stillness.least"]  # (4, F_t)
    check(bool((least <= _SLACK * usual[targets]).all()), "a sensor reads flat whatever it does")
    resolution = arrays["stillness.resolution"]  # (F_t,)
    fits = resolution <= np.maximum(1.0, _SLACK * usual[targets])
    check(bool(fits.all()), "a sensor's resolution does not go with its readings")


def _check_numbers(value: object, where: str) -> None:
    """Raise ValueError where there is a number that no file has, at any depth."""
    match value:
        case bool() | None | str():
            return
        case int():
            check(abs(value) <= MOST_COUNT, f"{where} has a number out of bounds")
        case float():
            check(abs(value) <= MOST, f"{where} has a number out of bounds")
        case dict():
            for key, part in value.items():
                _check_numbers(part, f"'{key}'")
        case list():
            for part in value:
                _check_numbers(part, where)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 24 else f"{text[:20]}..."


def check(holds: object, otherwise: str) -> None:
    """Raise ValueError, which says what is wrong with a file, unless it holds."""
    if not holds:
        raise ValueError(otherwise)


def is_count(value: object) -> bool:
    """Whether it is a whole number of at least 0."""
    return type(value) is int and value >= 0


def is_text(value: object) -> bool:
    """Whether it is text."""
    return type(value) is str
