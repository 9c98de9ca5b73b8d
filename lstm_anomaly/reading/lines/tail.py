"""Which bytes of a growing file are new, also after it was rotated, truncated or replaced.

A file is known by its content, not by its name or inode: by a digest of its first bytes, rows included, and
of the last bytes before the place up to which it was read. What is no longer at its own path is looked for
among its siblings, compressed or not. All files that are to be read are opened before the first is read, and
their names are looked up again afterwards: where a rotation went on meanwhile, that is done anew.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.lines.part import Part, Position, open_part
from lstm_anomaly.reading.lines.rotated_names import Sibling, grouped, hole_in, later_than, siblings

MOST_TRIES = 20  # to open files while they are renamed
PATIENCE = 0.05  # seconds after which names are looked up again: a rotation takes milliseconds


def begin_of(path: str) -> Position | None:
    """The begin of the file at `path`, as a place to remember; None when there is none."""
    try:
        with ExitStack() as opened:
            part = open_part(Path(path), opened, current=True)
            return None if part is None else part.position()
    except InputError:
        return None


def unread(path: str, position: Position | None, rotated: str = "") -> Iterator[Part]:
    """The files that hold bytes that were not read, oldest first, each open at the first of them.

    The last is the file at `path`, unless nothing is there at the moment. `rotated` is a pattern for the
    names of rotated files, if they are no usual ones. Raises InputError when the file cannot be read, or when
    nothing is there and what was is not beside it.
    """
    for tries_left in reversed(range(MOST_TRIES)):
        with ExitStack() as opened:
            parts = _open_unread(Path(path), position, rotated, opened, is_last=not tries_left)
            if parts is not None:
                yield from parts
                return
        time.sleep(PATIENCE)


def _open_unread(
    path: Path, position: Position | None, rotated: str, opened: ExitStack, *, is_last: bool
) -> list[Part] | None:
    """All of these files; None when they were renamed meanwhile, and this is not the last try."""
    current = open_part(path, opened, current=True)
    parts = [] if current is None else [current]
    if position is not None and not (current and position.offset and current.resume(position)):
        found = _others(path, rotated, current)
        chained, has_hole = _chain(found, position, current, opened)

        def is_first_still() -> bool:
            return _names(_others(path, rotated, current)) == _names(found)

        if current is not None:
            current.is_first_still = is_first_still
        is_there = not path.exists() if current is None else current.is_at(os.fspath(path))
        if not is_last and (has_hole or not is_there or not is_first_still()):
            return None
        parts = chained
    if not parts:
        raise InputError("there is no such file", where=os.fspath(path), hint="check the path")
    return parts


def _names(some: Sequence[Sibling]) -> dict[Path, int]:
    return {one.path: one.inode for one in some}


def _others(path: Path, rotated: str, current: Part | None) -> list[Sibling]:
    """Siblings that are not the file at the path under another name."""
    own = None if current is None else (current.device, current.inode)
    return [one for one in siblings(path, rotated) if (one.device, one.inode) != own]


def _chain(
    found: Sequence[Sibling], position: Position, current: Part | None, opened: ExitStack
) -> tuple[list[Part], bool]:
    """What was the file at the path when it was read, and what was since, oldest first; whether one of these
    is missing from among the others. What follows on a gap is marked so.
    """
    hole = None
    if position.offset == 0:
        # Of a file of which no row was read, the content says nothing.
        newer = [one for one in found if one.inode == position.inode or _is_since(one, position.modified - 1)]
        first: list[Part] = []
        later = grouped(newer)
        is_gap = not newer and (current is None or current.inode != position.inode)
    else:
        was, first = _find(found, position, opened)
        is_gap = was is None
        if was is not None and was.form:
            later = later_than(was, found)
            hole = hole_in(was, later)
        else:
            since = position.modified if was is None else was.modified
            later = grouped(one for one in found if _is_since(one, since) and one is not was)
    opening = [[open_part(one.path, opened, current=False) for one in group] for group in later]
    groups = [_fullest([part for part in parts if part]) for parts in opening]  # of one number or date one
    last = [] if current is None else [current]
    if current is not None and groups:  # a copy of it, which is not truncated yet
        groups[-1] = [part for part in groups[-1] if not current.holds(part)]
    after_gap = (
        [*first, *chain(*groups), *last]
        if is_gap
        else []
        if hole is None
        else [*chain(*groups[hole:]), *last]
    )
    for part in after_gap[:1]:
        part.after_gap = True
    return [*first, *chain(*groups), *last], hole is not None


def _is_since(one: Sibling, moment: int) -> bool:
    """Whether a file with a name of a known form was written after a moment, in ns since 1970."""
    return bool(one.form) and one.modified > moment


def _find(
    found: Sequence[Sibling], position: Position, opened: ExitStack
) -> tuple[Sibling | None, list[Part]]:
    """The file that was read, open where reading ended; of several with its content the fullest."""
    likely = sorted(found, key=lambda one: (one.inode != position.inode, not one.form))
    for one in likely:
        twins = [
            other for other in likely if one.order and (other.form, other.order) == (one.form, one.order)
        ]
        parts = [part for file in twins or [one] if (part := open_part(file.path, opened, current=False))]
        if parts := _fullest([part for part in parts if part.resume(position)]):
            return one, parts
    return None, []


def _fullest(parts: list[Part]) -> list[Part]:
    """Without those whose content stands in another, such as one that is being packed and its archive."""
    for part in sorted(
        parts, key=lambda part: not part.is_packed
    ):  # an archive may be cut behind its last row
        if any(other.holds(part) for other in parts if other is not part):
            return _fullest([other for other in parts if other is not part])
    return parts
