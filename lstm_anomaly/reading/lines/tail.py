"""Which bytes of a growing file are new, also after it was rotated, truncated or replaced.

A file is known by its content, not by its name or inode: by a digest of its first bytes, rows included, and
of the last bytes before the place up to which it was read. What is no longer at its own path is looked for
beside it, under names that log rotation gives, compressed or not.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as

SPAN = 4096  # bytes at each end that are compared
MOST_SIBLINGS = 200
_OPENERS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)


@saved_as("fingerprint")
@dataclass(frozen=True)
class Fingerprint:
    """Digests of the first and of the last bytes of what was read, at most `SPAN` of each."""

    head_length: int
    head_digest: str
    tail_length: int
    tail_digest: str


@saved_as("position")
@dataclass(frozen=True)
class Position:
    """How far a file was read: up to `offset`, the end of a line; `next_line` is the number of the next."""

    device: int
    inode: int
    offset: int
    next_line: int
    fingerprint: Fingerprint


class Part:
    """A file that is open at the first byte that was not read; unpacked if it is compressed.

    current  whether it is the file at the path, rather than one that was rotated away
    """

    def __init__(self, path: Path, raw: BinaryIO, *, current: bool) -> None:
        status = os.fstat(raw.fileno())
        self.path = path
        self.current = current
        self.device, self.inode = status.st_dev, status.st_ino
        self.offset, self.next_line = 0, 1
        self._raw = raw
        self._file = _unpacked(raw)
        self._head = self._tail = b""

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def resume(self, position: Position) -> bool:
        """Go to where reading ended, if this is the file that was read; else stay at the begin."""
        mark = position.fingerprint
        try:
            head = self._read_at(0, mark.head_length)
            tail = self._read_at(position.offset - mark.tail_length, mark.tail_length)
        except _UNREADABLE:
            return False
        if (_digest(head), _digest(tail)) != (mark.head_digest, mark.tail_digest):
            self._file.seek(0)
            return False
        self._head, self._tail = head, tail
        self.offset, self.next_line = position.offset, position.next_line
        return True

    def read(self, size: int) -> bytes:
        """Bytes after those that were consumed and those that were read since; b"" at the end."""
        try:
            return self._file.read(size)
        except _UNREADABLE as error:
            raise InputError(f"cannot be read ({error})", where=os.fspath(self.path)) from error

    def consume(self, lines: bytes) -> None:
        """Note that these lines, which follow those consumed before, are done with."""
        self._head += lines[: SPAN - len(self._head)]
        self._tail = (self._tail + lines)[-SPAN:]
        self.offset += len(lines)
        self.next_line += lines.count(b"\n")

    def position(self) -> Position:
        """Where the next run goes on."""
        mark = Fingerprint(len(self._head), _digest(self._head), len(self._tail), _digest(self._tail))
        return Position(self.device, self.inode, self.offset, self.next_line, mark)

    def _read_at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


def unread(path: str, position: Position | None) -> Iterator[Part]:
    """The files that hold bytes that were not read, oldest first, each open at the first of them.

    The last is the file at `path`, unless nothing is there at the moment. Raises InputError when it cannot
    be read, or when nothing is there and what was is not beside it.
    """
    current = _open(Path(path), current=True)
    found = current is not None
    if position is not None and (current is None or not _is_same(current, position)):
        for part in _rotated(Path(path), position):
            found = True
            try:
                yield part
            finally:
                part.close()
    if current is not None:
        try:
            yield current
        finally:
            current.close()
    elif not found:
        raise InputError("there is no such file", where=path, hint="check the path")


def _is_same(part: Part, position: Position) -> bool:
    """Whether a part is what was read, and if so, go on in it."""
    if position.offset == 0:  # nothing to compare, and the begin is where to go on
        return (part.device, part.inode) == (position.device, position.inode)
    return part.resume(position)


def _rotated(path: Path, position: Position) -> Iterator[Part]:
    """What was the file at `path` when it was read, and what was since, oldest first."""
    siblings = _siblings(path)
    siblings.sort(key=lambda file: file.stat().st_ino != position.inode)  # most likely first
    for sibling in siblings:
        part = _open(sibling, current=False)
        if part is None:
            continue
        if not _is_same(part, position):
            part.close()
            continue
        yield part
        for later in _later(path, sibling, siblings):
            if (follower := _open(later, current=False)) is not None:
                yield follower
        return


def _siblings(path: Path) -> list[Path]:
    """Files beside `path` that may have been it, the newest first."""
    try:
        found = [
            file
            for file in path.parent.iterdir()
            if file.name.startswith(path.stem) and file.name != path.name and file.is_file()
        ]
    except OSError:
        return []
    return sorted(found, key=lambda file: -file.stat().st_mtime_ns)[:MOST_SIBLINGS]


def _later(path: Path, found: Path, siblings: list[Path]) -> list[Path]:
    """Files that were rotated away after `found`, by the numbers or dates in their names; oldest first."""
    age = _age(path, found)
    ages = {sibling: _age(path, sibling) for sibling in siblings}
    if age is None:
        return []
    later = [
        (other, sibling)
        for sibling, other in ages.items()
        if other is not None and other[0] == age[0] and other[1] < age[1]
    ]
    return [sibling for _, sibling in sorted(later, reverse=True)]


def _age(path: Path, sibling: Path) -> tuple[str, int] | None:
    """How names are numbered, and a number that is lower the later a file was rotated; None without one."""
    number = re.fullmatch(rf"{re.escape(path.name)}[.-](\d+)(\.(gz|bz2|xz))?", sibling.name)
    if number is None:
        return None
    return ("date", -int(number[1])) if len(number[1]) > 4 else ("count", int(number[1]))


def _open(path: Path, *, current: bool) -> Part | None:
    """The file as a part at its begin; None when there is none (or, of a rotated one, none to read)."""
    if current and path.exists() and not path.is_file():  # a pipe would block here
        raise InputError("is not a regular file, so there is no place in it to remember", where=str(path))
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        if not current:
            return None
        raise InputError(f"cannot be read ({error.strerror})", where=os.fspath(path)) from error
    return Part(path, raw, current=current)


def _unpacked(raw: BinaryIO) -> IO[bytes]:
    sign = raw.read(6)
    raw.seek(0)
    for magic, opener in _OPENERS.items():
        if sign.startswith(magic):
            return cast(IO[bytes], opener(raw))
    return raw


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
