"""Holds what a file gave for an object to what its class declares: types, and the shapes of arrays.

A right checksum says that a file was not damaged, not who wrote it. So each attribute that is remembered has
a type in its class, and each array a shape, in letters:

    class Follower:
        _seen: int
        _levels: Annotated[FloatArray, "n F"]

A capital letter is a size that the model gives, a small letter is any size, the same in all arrays of one
object; numbers are bounded unless the array is `UNBOUNDED`. Parts of the model tell their sizes in `sizes`.
They hold for the object that has the part and for all within it, and so does the part: what is in there has
no other part of its class, unless a second one beside it. What must go together beside that, a class says in
a method `makes_sense`.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import UNBOUNDED, is_saved

MOST = {np.float64: 1e130, np.float32: 1e9}  # of absolute values: squares of sums of products stay finite
MOST_INT = 2**63 - 2**48  # of absolute values: sums with what rows add still are 64-bit numbers
_ARRAY = get_origin(NDArray[Any])  # ndarray[shape, dtype[kind]], or from NumPy 2.5 on the alias NDArray[kind]
Known = Mapping[str | type, Any]
"""Sizes by their letters, and parts of the model by their classes."""


def known_of(part: object) -> dict[str | type, Any]:
    """What a part of the model makes known: itself, its own parts, and sizes."""
    own = [getattr(part, field.name) for field in fields(part)]  # type: ignore[arg-type]
    parts = {type(one): one for one in (*own, part) if is_dataclass(one)}
    return {**parts, **getattr(part, "sizes", {})}


def check_object(thing: object, known: Known) -> None:
    """Raise ValueError, naming it, for an attribute that is not what the class of the object declares."""
    check_attributes(type(thing), vars(thing), known)
    makes_sense = getattr(thing, "makes_sense", None)
    if makes_sense is not None and not makes_sense():
        raise ValueError(f"the parts of a {type(thing).__name__} do not go together")


def check_attributes(kind: type, values: Mapping[str, Any], known: Known) -> None:
    """The same for attributes of a class before there is an object."""
    hints = _hints(kind)
    odd = sorted(map(str, set(values) ^ set(hints)))
    if odd:
        raise ValueError(f"a {kind.__name__} lacks {', '.join(odd)}, or has it without need")
    inside = {key: what for key, what in known.items() if isinstance(key, type) or key.isupper()}
    outer = dict(inside)
    for _name, value in sorted(values.items()):
        if is_dataclass(value) and not is_saved(type(value)):
            if outer.pop(type(value), value) is not value:
                raise ValueError(f"a {kind.__name__} has a {type(value).__name__} of another model")
            inside |= known_of(value)
    for name, hint in hints.items():
        if not _fits(values[name], hint, inside):
            raise ValueError(f"{name} of a {kind.__name__} is not what belongs there")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _fits(value: Any, hint: Any, known: dict[str | type, Any]) -> bool:
    """Whether a value is of a type; small letters of its shape that are met first are added to `known`."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is None:
        return _is_one(value, hint, known)
    if origin in (Union, UnionType):
        return any(_fits(value, part, known) for part in parts)
    if origin is Annotated:
        is_shaped = _is_array(value, parts[0]) and _has_shape(value.shape, parts[1].split(), known)
        return is_shaped and (UNBOUNDED in parts or _is_bounded(value))
    if origin is Literal:
        return value in parts
    if origin is _ARRAY:
        raise TypeError("an array is declared without its shape")
    if type(value) is not origin:
        return False
    if origin is dict:
        return all(_fits(key, parts[0], known) and _fits(one, parts[1], known) for key, one in value.items())
    if origin is tuple and parts[-1] is not ...:
        return len(value) == len(parts) and all(map(_fits, value, parts, [known] * len(parts)))
    return all(_fits(one, parts[0], known) for one in value)


def _is_array(value: Any, hint: Any) -> bool:
    """Whether a value is an array of numbers of the kind."""
    kind = get_args(hint)[-1]
    kind = get_args(kind)[0] if get_origin(kind) is np.dtype else kind
    kind = np.floating if kind is Any else kind  # of a network
    return type(value) is np.ndarray and issubclass(value.dtype.type, kind)


def _is_one(value: Any, kind: type, known: Known) -> bool:
    """Whether a value is of a plain type, or an object whose attributes are what its class declares."""
    if kind is float:
        return type(value) in (float, int) and not MOST[np.float64] < abs(value) < np.inf
    if kind is int:
        return type(value) is int and abs(value) < MOST_INT
    if kind in (bool, str, bytes, NoneType):
        return type(value) is kind
    if not isinstance(value, kind):
        return False
    if is_saved(type(value)):
        check_object(value, known)
    return True


def _is_bounded(value: NDArray[Any]) -> bool:
    """Whether numbers are NaN, or so small that one can reckon with them."""
    most = MOST.get(value.dtype.type)
    return most is None or not (np.abs(value) > most).any()


def _has_shape(shape: tuple[int, ...], letters: list[str], known: dict[str | type, Any]) -> bool:
    if len(shape) != len(letters):
        return False
    for size, letter in zip(shape, letters, strict=True):
        expected = int(letter) if letter.isdigit() else known.get(letter)
        if expected is None and letter.islower():
            known[letter] = size
        elif expected != size:
            return False
    return True
