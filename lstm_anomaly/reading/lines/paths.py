"""From what was named on the command line to files: folders and patterns become the files they hold."""

import glob
import os
import re
from collections.abc import Sequence

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.lines.opening import STDIN

# What is read of a folder; a file that is named itself may be called anything.
_TABLE = re.compile(r"[^.].*\.((csv|tsv|txt)(\.(gz|bz2|xz|zip))?|parquet)", re.IGNORECASE)


def expand_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """The files behind paths: of a folder its tables, of a pattern such as `2024-*.csv` what it matches.

    Files of a folder or pattern come in the order of their names, numbers in them by size. A path that
    is a file is taken as it is, whatever characters it has, and so is one that does not exist.

    Raises InputError for a folder without tables, a pattern without files, and a file that is named twice.
    """
    found: list[str] = []
    for path in paths:
        found += _expand(path)
    seen: dict[str, str] = {}
    for path in found:
        real = path if path == STDIN else os.path.realpath(path)
        if path != STDIN and real in seen:
            raise InputError("is named twice, so its rows would count twice", where=path, hint="name it once")
        seen[real] = path
    return tuple(found)


def _expand(path: str) -> list[str]:
    if os.path.isdir(path):
        files = [os.path.join(path, name) for name in os.listdir(path) if _TABLE.fullmatch(name)]
        none = "is a folder without a file *.csv, *.tsv, *.txt (also as .gz, .bz2, .xz, .zip) or *.parquet"
    elif glob.has_magic(path) and not os.path.lexists(path) and "://" not in path:
        files, none = glob.glob(path, recursive=True), "no file matches this pattern"
    else:
        return [path]
    files = sorted(filter(os.path.isfile, files), key=_by_number)
    if not files:
        raise InputError(none, where=path, hint="name the files themselves")
    return files


def _by_number(name: str) -> list[tuple[int, str]]:
    """`log.2.csv` goes before `log.10.csv`."""
    return [(int(part or 0), text) for part, text in re.findall(r"(\d*)(\D*)", name)]
