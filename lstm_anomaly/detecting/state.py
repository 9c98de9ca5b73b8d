"""The state file: how far an input was judged, and what must be remembered to go on there.

It is written after the results were delivered, atomically, and read back before the old one goes: after a
crash a run begins again where the last one that delivered had ended.
"""

import hashlib
import os
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from lstm_anomaly.base.container import STATE, load_arrays, save_arrays
from lstm_anomaly.base.declared import check_attributes, check_object, known_of
from lstm_anomaly.base.errors import StateError
from lstm_anomaly.base.snapshot import Arrays, Given, restored, snapshot
from lstm_anomaly.detecting.alerts import Alerts
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.model.model import Model
from lstm_anomaly.reading import Bookmark, Follower
from lstm_anomaly.scoring.networks import READING

_PLACES = tuple(field_.name for field_ in fields(Bookmark))
_TREES = (*_PLACES, "watcher", "news")  # in the order in which they are written


@dataclass
class State:
    """What one run leaves for the next.

    path           of the input, as it was named
    scheme         of model and rules: memories of another scheme are of no use
    follower       of the input, with the bookmark in it
    watcher        what judging remembers
    alerts         what was told
    scores_length  bytes of the scores file that belong to rows up to the position, None without one
    undelivered    events as JSON that `--exec` did not take
    totals         counts over all runs
    """

    path: str
    scheme: str
    follower: Follower
    watcher: Watcher
    alerts: Alerts = field(default_factory=Alerts)
    scores_length: int | None = None
    undelivered: list[str] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)

    def makes_sense(self) -> bool:
        """Whether what a file gave goes together, see `base/declared.py`."""
        return self.scores_length is None or self.scores_length >= 0


def scheme_of(model_path: str | os.PathLike[str], *rules: object) -> str:
    """A digest of the model file, of how networks read rows, and of the rules that events are made by."""
    with open(model_path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(repr((READING, *rules)).encode())
    return digest.hexdigest()


def write_state(state: State, path: str | os.PathLike[str], model: Model) -> None:
    """Write a state file, atomically, and read it back before the old one goes. Raises OutputError."""
    arrays: Arrays = {}
    given = _given(model, state.watcher)

    def tree(value: object) -> Any:
        return snapshot(value, arrays, given)

    header = {
        "input": state.path,
        "scheme": state.scheme,
        **{name: tree(getattr(state.follower.bookmark, name)) for name in _PLACES},
        "watcher": tree(state.watcher.memory()),
        "news": tree(state.alerts),
        "scores_length": state.scores_length,
        "undelivered": state.undelivered,
        "totals": state.totals,
        "silent": list(state.watcher.left_out),
    }

    def understand(found: dict[str, Any], found_arrays: Arrays) -> None:
        parts = _read_parts(found, found_arrays, model, given)
        check_object(_state_of(found, parts, state.follower, state.watcher), {})
        _check_same_memory(parts, found, found_arrays, given)
        if not state.watcher.makes_sense():
            raise ValueError("what judging remembers does not go together")

    save_arrays(path, header, arrays, STATE, understand)


def read_state(
    path: str | os.PathLike[str], model: Model, scheme: str, follower: Follower, watcher: Watcher
) -> State | None:
    """The state in a file, given to a new `follower` and `watcher`; None when there is no file.

    Where the scheme is another one the watcher stays as it is. Raises StateError when the file is damaged,
    or about another input.
    """
    if not os.path.exists(path):
        return None
    header, arrays = load_arrays(path, STATE)
    where = os.fspath(path)
    if os.path.basename(str(header.get("input", ""))) != os.path.basename(follower.path):
        raise StateError(
            f"belongs to {header.get('input')!r}, and not to {follower.path!r}",
            where=where,
            hint="a --state file for each input",
        )
    try:
        return _from_parts(header, arrays, model, scheme, follower, watcher)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        OSError,
    ) as error:
        reason = f"its content makes no sense ({type(error).__name__}: {error})"
        raise StateError(reason, where=where, hint=STATE.hint) from error


def _from_parts(
    header: dict[str, Any], arrays: Arrays, model: Model, scheme: str, follower: Follower, watcher: Watcher
) -> State:
    given = None
    if header["scheme"] == scheme:
        watcher.leave_out(tuple(map(str, header["silent"])))
        given = _given(model, watcher)
    parts = _read_parts(header, arrays, model, given)
    bookmark = Bookmark(**{name: parts[name] for name in _PLACES})
    if bookmark.position is not None and bookmark.position.offset and bookmark.layout is None:
        raise ValueError("it ends behind a row, and has no layout of rows")
    follower.go_on(bookmark)
    state = _state_of(header | {"scheme": scheme}, parts, follower, watcher)
    check_object(state, {})
    if given is not None:
        watcher.recall(parts["watcher"])
    return state


def _read_parts(header: dict[str, Any], arrays: Arrays, model: Model, given: Given | None) -> dict[str, Any]:
    """What is made of a state file's content; without what is `given`, not what judging remembers.

    Raises ValueError where it is not what the classes declare.
    """
    names = (*_PLACES, "news") if given is None else _TREES
    parts = {name: restored(header[name], arrays, given or {}) for name in names}
    check_attributes(Bookmark, {name: parts[name] for name in _PLACES}, {})
    if given is not None:
        check_attributes(Watcher, parts["watcher"], known_of(model))
    return parts


def _state_of(header: dict[str, Any], parts: dict[str, Any], follower: Follower, watcher: Watcher) -> State:
    return State(
        path=header["input"],
        scheme=header["scheme"],
        follower=follower,
        watcher=watcher,
        alerts=parts["news"],
        scores_length=header["scores_length"],
        undelivered=header["undelivered"],
        totals=header["totals"],
    )


def _check_same_memory(parts: dict[str, Any], header: dict[str, Any], arrays: Arrays, given: Given) -> None:
    """Raise ValueError unless the objects read from a file would be written as they stand in it."""
    again: Arrays = {}
    for name in _TREES:
        if snapshot(parts[name], again, given) != header[name]:
            raise ValueError(f"its {name} is another one when it is read")
    if any(again[name].tobytes() != array.tobytes() for name, array in arrays.items()):
        raise ValueError("its arrays are others when they are read")


def _given(model: Model, watcher: Watcher) -> dict[str, object]:
    """What a run has from the model file and the command line, and a state need not hold."""
    return {"rules": watcher.rules, **_parts("model", model), **_parts("reduced", watcher.judged_by)}


def _parts(name: str, part: object) -> dict[str, object]:
    """A part of the model and all parts of it, by their names."""
    if isinstance(part, tuple):
        return {key: found for k, one in enumerate(part) for key, found in _parts(f"{name}.{k}", one).items()}
    if not is_dataclass(part) or isinstance(part, type):
        return {}
    parts: dict[str, object] = {name: part}
    for field_ in fields(part):
        parts |= _parts(f"{name}.{field_.name}", getattr(part, field_.name))
    return parts
