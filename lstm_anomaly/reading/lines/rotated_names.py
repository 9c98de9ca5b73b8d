"""Names that log rotation gives to a file, and which of several were given later.

Known are a number, which is lower the later a file was rotated (`plant.csv.1`, `plant.1.csv`), and a date or
time, behind the name or before its ending (`plant.csv.2026-03-24`, `plant-20260324.csv`), packed or not.
"""

import glob
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

MOST_SIBLINGS = 1000
_PACKED = re.compile(r"\.(gz|bz2|xz)$")
_NUMBERED = re.compile(r"[._-]\d+(?:[._:T-]?\d+)*Z?")
_COUNT = re.compile(r"[.-]\d{1,4}")
_YEAR_FIRST = re.compile(r"(19|20)\d\d([^\d]|(0[1-9]|1[0-2])|$)")
_EPOCH = re.compile(r"1\d{9}(\d{3})?")


@dataclass(frozen=True)
class Sibling:
    """A file that may have been the one at a path.

    modified  when it was written last, in ns since 1970
    form      how its name is made, the same for all names of one rotation; "" when that is not known
    order     higher the later it was rotated, among names of one form; None when the name does not tell
    """

    path: Path
    device: int
    inode: int
    modified: int
    form: str
    order: tuple[int, ...] | None


def siblings(path: Path, pattern: str = "") -> list[Sibling]:
    """Files that may have been the one at `path`, those written last first.

    They are beside it with its name as the begin of theirs, or match `pattern`, which is taken from the
    path's folder.
    """
    if pattern:
        names = [path.parent / name for name in glob.glob(pattern, root_dir=path.parent)]
    else:
        try:
            names = [file for file in path.parent.iterdir() if file.name.startswith(path.stem)]
        except OSError:
            names = []
    found = [one for name in names if name != path and (one := _look_at(path, name, pattern))]
    return sorted(found, key=lambda one: (-one.modified, one.path))[:MOST_SIBLINGS]


def _look_at(path: Path, name: Path, pattern: str) -> Sibling | None:
    try:
        status = name.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    form, order = form_and_order(path.name, name.name)
    if pattern:
        form = f"pattern {form}"
    return Sibling(name, status.st_dev, status.st_ino, status.st_mtime_ns, form, order)


def form_and_order(name: str, rotated: str) -> tuple[str, tuple[int, ...] | None]:
    """How a rotated file's name is made from the file's, and a key that is higher the later it was given.

    >>> form_and_order("plant.csv", "plant.csv.2.gz")
    ('plant.csv.#', (-2,))
    >>> form_and_order("plant.csv", "plant-20260324.csv")
    ('plant-0.csv', (20260324,))
    >>> form_and_order("plant.csv", "plant-2.csv")  # as likely the file of another plant
    ('', None)
    """
    rotated = _PACKED.sub("", rotated)
    stem, ending = os.path.splitext(name)
    if rotated.startswith(name):
        before, numbers, after = name, rotated.removeprefix(name), ""
    elif rotated.startswith(stem) and rotated.endswith(ending):
        before, numbers, after = stem, rotated[len(stem) : len(rotated) - len(ending)], ending
    else:
        return "", None
    if not _NUMBERED.fullmatch(numbers):
        return "", None
    groups = re.findall(r"\d+", numbers)
    if _COUNT.fullmatch(numbers) and not _YEAR_FIRST.fullmatch(groups[0]):
        is_of_this = numbers[0] == "." or not after
        return (f"{before}{numbers[0]}#{after}", (-int(groups[0]),)) if is_of_this else ("", None)
    form = before + re.sub(r"\d+", "0", numbers) + after
    tells = _YEAR_FIRST.match(numbers[1:]) or _EPOCH.fullmatch(groups[0])
    return form, tuple(map(int, groups)) if tells else None


def later_than(found: Sibling, others: Sequence[Sibling]) -> list[list[Sibling]]:
    """Those of its form that were rotated after `found`, oldest first; those of one order stand together."""
    same = [one for one in others if one.form == found.form]
    if any(one.order is None for one in same):
        return [[one] for one in in_order(same) if one.modified > found.modified]
    return grouped(one for one in same if one.order > found.order)  # type: ignore[operator]


def grouped(some: Iterable[Sibling]) -> list[list[Sibling]]:
    """Those of one form and order, of which one is to be read, together; oldest first."""
    groups: dict[object, list[Sibling]] = {}
    for one in in_order(list(some)):
        groups.setdefault((one.form, one.order) if one.order else one.path, []).append(one)
    return list(groups.values())


def in_order(some: Sequence[Sibling]) -> list[Sibling]:
    """Oldest first: by their names, where all are of one form and tell it, else by when they were written."""
    if len({one.form for one in some}) == 1 and all(one.order for one in some):
        return sorted(some, key=lambda one: (one.order, one.modified))
    return sorted(some, key=lambda one: one.modified)


def hole_in(found: Sibling, later: Sequence[Sequence[Sibling]]) -> int | None:
    """Before which of those that follow on `found` a number is missing, as a file that was deleted leaves it.

    As many as there are stands for what follows on the last of them; None when no number is missing.
    """
    if "#" not in found.form or found.order is None:
        return None
    numbers = [-found.order[0], *(-group[0].order[0] for group in later if group[0].order)]
    for place, (older, newer) in enumerate(pairwise([*numbers, min(1, numbers[-1]) - 1])):
        if older - newer > 1:
            return place
    return None
