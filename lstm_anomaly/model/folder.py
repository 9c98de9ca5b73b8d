"""A folder of models, one for each group of rows: each a model file by itself, and an index that names them.

The index is written last, so a folder whose training was cut short has the old index or none. Files that
the index does not name are left alone.
"""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lstm_anomaly.base.errors import ModelFileError, OutputError
from lstm_anomaly.base.files import atomic_write

INDEX = "groups.json"
FORMAT_VERSION = 1
MOST_GROUPS = 100_000
LONGEST_NAME = 120  # characters of a file name that are taken from the group's name


def model_path(folder: str, group: str) -> str:
    """Where the model of a group belongs: its name, with everything but plain characters as `%41`."""
    text = group.encode("utf-8", "backslashreplace")
    name = re.sub(rb"[^A-Za-z0-9_-]", lambda found: f"%{found[0][0]:02X}".encode(), text).decode()
    if len(name) > LONGEST_NAME:
        name = f"{name[:LONGEST_NAME]}-{hashlib.sha256(text).hexdigest()[:16]}"
    return os.path.join(folder, f"{name}.model")


def make_folder(folder: str) -> None:
    """Make a folder for models, or for a model's graphs, unless it is there. Raises OutputError."""
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot be made a folder: {error.strerror}", where=folder, hint="the name of a folder"
        ) from error


def check_case(folder: str, groups: Sequence[str]) -> None:
    """Raise OutputError for groups that differ in case only, where the disk takes their files for one."""
    paths = {model_path(folder, group).lower() for group in groups}
    if len(paths) == len(groups):
        return
    with tempfile.TemporaryDirectory(prefix="a", dir=folder) as probe:
        is_one = os.path.exists(os.path.join(folder, os.path.basename(probe).upper()))
    if is_one:
        raise OutputError(
            "names of groups differ in case only, and this disk would keep one model for all of them",
            where=folder,
            hint="a folder on another disk, or other names",
        )


def write_index(folder: str, column: str, groups: list[str]) -> None:
    """Write the index of the models that are in the folder, and read it back. Raises OutputError."""
    index = {
        "format_version": FORMAT_VERSION,
        "group_by": column,
        "models": {group: os.path.basename(model_path(folder, group)) for group in groups},
    }
    content, path = (json.dumps(index, indent=1) + "\n").encode(), os.path.join(folder, INDEX)

    def read_back(temporary: Path) -> None:
        if temporary.read_bytes() != content:
            raise OutputError(
                "the index was written but cannot be read back; an index that was there is kept",
                where=path,
                hint="another disk",
            )

    with atomic_write(path, read_back) as file:
        file.write(content)


def read_index(folder: str) -> tuple[str, list[str]]:
    """The column that tells the groups, and the groups that have a model. Raises ModelFileError."""
    path = os.path.join(folder, INDEX)
    try:
        index = json.loads(Path(path).read_bytes())
        column, files = index["group_by"], index["models"]
        sound = index["format_version"] == FORMAT_VERSION and isinstance(column, str)
        sound = sound and len(files) in range(1, MOST_GROUPS + 1)
        sound = sound and all(
            os.path.basename(model_path(folder, group)) == name for group, name in files.items()
        )
    except FileNotFoundError as error:
        raise ModelFileError(
            f"is a folder without {INDEX}, so it holds no models of groups",
            where=folder,
            hint="name a model file in it, or train with --group-by",
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelFileError(
            f"the index of the models cannot be read ({error})",
            where=path,
            hint="train again with --group-by",
        ) from error
    if not sound:
        raise ModelFileError(
            "is not an index of models, or is from a later version", where=path, hint="train again"
        )
    return column, list(files)
