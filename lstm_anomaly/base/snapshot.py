"""Writes an object's attributes as JSON and arrays, and restores them, so that a later run can continue.

Only classes that have a name for it (`saved_as`) are written and made again, and only their attributes:
nothing in a file is executed. The names belong to the file, so that modules and classes can be moved and
renamed. What is fixed from outside (the model, the rules) is not written but given again by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

_SHORT = {"b": "<i8", "M": "<i8", "m": "<i8", "i": "<i8", "u": "<i8"}  # how other kinds of arrays are stored
_DTYPES = ("|b1", "<M8[ns]", "<m8[ns]", "<i8", "<f4", "<f8")

UNBOUNDED = "unbounded"  # of an array whose numbers may be infinite, see `declared.py`

Arrays = dict[str, NDArray[Any]]
Given = Mapping[str, object]

Kind = TypeVar("Kind", bound=type)

_CLASSES: dict[str, type] = {}  # by their names in files
_NAMES: dict[type, str] = {}


def saved_as(name: str) -> Callable[[Kind], Kind]:
    """Make a class one that is remembered from run to run, under a name of its own: a decorator.

    The name stays when the class is renamed or moved; where its attributes change, it gets a new one.
    """

    def keep(kind: Kind) -> Kind:
        if name in _CLASSES:
            raise ValueError(f"two classes are saved as {name!r}")
        _CLASSES[name] = kind
        _NAMES[kind] = name
        return kind

    return keep


def is_saved(kind: type) -> bool:
    """Whether objects of a class are remembered from run to run."""
    return kind in _NAMES


def snapshot(value: object, arrays: Arrays, given: Given) -> Any:
    """A JSON-able tree of `value`, whose arrays are put into `arrays`.

    given   objects that are known by name when the tree is read again; they are not written

    Raises TypeError for an object of another class: it needs a name by `saved_as`, or must be given.
    """
    for name, known in given.items():
        if value is known and value is not None:
            return {"given": name}
    match value:
        case None | bool() | str():
            return value
        case np.ndarray():
            return _array(value, arrays)
        case np.datetime64() | np.timedelta64():
            return {"scalar": _array(np.array([value]), arrays)}
        case int() | np.integer():
            return int(value)
        case float():
            return float(value) if np.isfinite(value) else {"float": str(float(value))}
        case bytes():
            return {"bytes": value.decode("latin-1")}
        case ZoneInfo():
            return {"zone": value.key}
    return _container(value, arrays, given)


def _container(value: object, arrays: Arrays, given: Given) -> Any:
    def inner(part: object) -> Any:
        return snapshot(part, arrays, given)

    name = _NAMES.get(type(value))
    if name is not None:
        if isinstance(value, tuple):
            return {"class": name, "items": [inner(item) for item in value]}
        # In the order in which the file's JSON has them, so that what is read and written again is the same.
        return {"class": name, "fields": {key: inner(item) for key, item in sorted(vars(value).items())}}
    match value:
        case list():
            return {"list": [inner(item) for item in value]}
        case tuple():
            return {"tuple": [inner(item) for item in value]}
        case dict():
            return {"dict": [[inner(key), inner(item)] for key, item in value.items()]}
    raise TypeError(f"{type(value).__name__} is not among the classes that are remembered from run to run")


def _array(value: NDArray[Any], arrays: Arrays) -> Any:
    if value.dtype == object:
        return {"texts": [text if isinstance(text, str) else None for text in value.tolist()]}
    if value.dtype.kind in "Mm":
        value = value.astype(f"<{value.dtype.kind}8[ns]")
    elif value.dtype.kind in "iu":
        value = value.astype("<i8")
    name = f"array.{len(arrays)}"
    arrays[name] = (
        np.ascontiguousarray(value).astype(_SHORT.get(value.dtype.kind, value.dtype.str)).reshape(value.shape)
    )
    return {"array": name, "dtype": value.dtype.str}


def restored(tree: Any, arrays: Arrays, given: Given) -> Any:
    """The object that `snapshot` made the tree of. Raises ValueError or KeyError when it makes no sense."""
    if isinstance(tree, list):
        raise ValueError("a bare list")
    return _Reader(arrays, given).read(tree) if isinstance(tree, dict) else tree


class _Reader:
    """Reads trees; one method for each kind of entry, which is named by its first key."""

    def __init__(self, arrays: Arrays, given: Given) -> None:
        self._arrays = arrays
        self._given = given

    def read(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            return restored(tree, self._arrays, self._given)
        kind = next(iter(sorted(tree)), "")
        if kind not in _ENTRIES:
            raise ValueError(f"unknown kind of entry: {kind}")
        return _ENTRIES[kind](self, tree)

    def array(self, tree: Any) -> NDArray[Any]:
        array, dtype = self._arrays[tree["array"]], tree["dtype"]
        if dtype not in _DTYPES:
            raise ValueError(f"unknown kind of array: {dtype}")
        return array.view(dtype).copy() if dtype[1] in "Mm" else array.astype(dtype)

    def texts(self, tree: Any) -> NDArray[np.object_]:
        out = np.empty(len(tree["texts"]), object)
        out[:] = [np.nan if text is None else text for text in tree["texts"]]
        return out

    def object(self, tree: Any) -> Any:
        kind = _CLASSES.get(tree["class"])
        if kind is None:
            raise ValueError(f"{tree['class']} is not among the classes that are remembered")
        if issubclass(kind, tuple):
            return kind(*map(self.read, tree["items"]))
        lacks = [name for name in _needed(kind) if name not in tree["fields"]]
        if lacks:
            raise ValueError(f"{tree['class']} lacks {', '.join(lacks)}")
        made = kind.__new__(kind)
        vars(made).update({key: self.read(item) for key, item in tree["fields"].items()})
        return made


def _needed(kind: type) -> list[str]:
    """The fields of a record that have no default."""
    every = fields(kind) if is_dataclass(kind) else ()
    return [one.name for one in every if one.default is MISSING and one.default_factory is MISSING]


_ENTRIES: dict[str, Callable[[_Reader, Any], Any]] = {
    "array": _Reader.array,
    "bytes": lambda reader, tree: tree["bytes"].encode("latin-1"),
    "class": _Reader.object,
    "dict": lambda reader, tree: {reader.read(key): reader.read(item) for key, item in tree["dict"]},
    "float": lambda reader, tree: float(tree["float"]),
    "given": lambda reader, tree: reader._given[tree["given"]],
    "list": lambda reader, tree: [reader.read(item) for item in tree["list"]],
    "scalar": lambda reader, tree: reader.array(tree["scalar"])[0],
    "texts": _Reader.texts,
    "tuple": lambda reader, tree: tuple(map(reader.read, tree["tuple"])),
    "zone": lambda reader, tree: ZoneInfo(tree["zone"]),
}
