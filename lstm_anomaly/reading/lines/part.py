"""A growing file, or one that was rotated away, open at the first byte not read; places to remember."""

import hashlib
import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.system import pread
from lstm_anomaly.reading.lines.packing import SIGN, UNREADABLE, kind_of, refuse_foreign, unpacked

SPAN = 4096  # bytes at each end that are compared
_COMPARED = 1 << 20


@saved_as("fingerprint")
@dataclass(frozen=True)
class Fingerprint:
    """Digests of the first and of the last bytes of what was read, at most `SPAN` of each."""

    head_length: int
    head_digest: str
    tail_length: int
    tail_digest: str


@saved_as("place in a file")
@dataclass(frozen=True)
class Position:
    """How far a file was read: up to `offset`, the end of a line; `next_line` is the number of the next.

    modified  when the file had been written last, in ns since 1970
    """

    device: int
    inode: int
    offset: int
    next_line: int
    fingerprint: Fingerprint
    modified: int

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        lengths = self.fingerprint.head_length, self.fingerprint.tail_length
        return 0 <= min(lengths) <= max(lengths) <= min(self.offset, SPAN)


class Part:
    """A file that is open at the first byte that was not read; unpacked if it is compressed.

    current     whether it is the file at the path, rather than one that was rotated away
    is_resumed  whether it is the file of a place that was remembered, and open there
    is_first_still  whether no file was rotated away since this one was opened, of which nothing was read
    after_gap   whether what follows on the place that was remembered, and comes before this, was not found
    """

    def __init__(self, path: Path, raw: BinaryIO, *, current: bool) -> None:
        status = os.fstat(raw.fileno())
        self.path = path
        self.current = current
        self.after_gap = False
        self.is_resumed = False
        self.is_first_still: Callable[[], bool] = lambda: True
        self.device, self.inode = status.st_dev, status.st_ino
        self.offset, self.next_line = 0, 1
        self._raw = raw
        self._file = unpacked(raw)
        self._seen = pread(raw.fileno(), SPAN, 0)
        self._head = self._tail = b""

    @property
    def is_packed(self) -> bool:
        """Whether it is an archive."""
        return self._file is not self._raw

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def resume(self, position: Position) -> bool:
        """Go to where reading ended, if this is the file that was read; else stay at the begin."""
        mark = position.fingerprint
        try:
            head = self._read_at(0, mark.head_length)
            is_same = _digest(head) == mark.head_digest
            tail = self._read_at(position.offset - mark.tail_length, mark.tail_length) if is_same else b""
            if not is_same or _digest(tail) != mark.tail_digest:
                self._file.seek(0)
                return False
        except UNREADABLE:
            return False
        self._head, self._tail = head, tail
        self.is_resumed = True
        self.offset, self.next_line = position.offset, position.next_line
        return True

    def read(self, size: int) -> bytes:
        """Bytes after those that were consumed and those that were read since; b"" at the end."""
        try:
            return self._file.read(size)
        except UNREADABLE as error:
            raise InputError(
                f"cannot be read ({error})",
                where=os.fspath(self.path),
                hint="restore it; without it, the next run goes on behind the gap, and tells of it",
            ) from error

    def consume(self, lines: bytes) -> None:
        """Note that these lines, which follow those consumed before, are done with."""
        self._head += lines[: SPAN - len(self._head)]
        self._tail = (self._tail + lines)[-SPAN:]
        self.offset += len(lines)
        self.next_line += lines.count(b"\n")

    def position(self) -> Position:
        """Where the next run goes on."""
        mark = Fingerprint(len(self._head), _digest(self._head), len(self._tail), _digest(self._tail))
        modified = os.fstat(self._raw.fileno()).st_mtime_ns
        return Position(self.device, self.inode, self.offset, self.next_line, mark, modified)

    def is_at(self, path: str) -> bool:
        """Whether this is the file at `path` still, and holds what was read of it."""
        try:
            status = os.stat(path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == (self.device, self.inode) and self.is_intact()

    def is_intact(self) -> bool:
        """Whether what was consumed still stands there, and the file was not truncated meanwhile."""
        if self.is_packed:  # an archive is not written to any more
            return True
        if self.offset == 0:
            return pread(self._raw.fileno(), len(self._seen), 0) == self._seen and self.is_first_still()
        descriptor = self._raw.fileno()
        tail = pread(descriptor, len(self._tail), self.offset - len(self._tail))
        return tail == self._tail and pread(descriptor, len(self._head), 0) == self._head

    def holds(self, other: "Part") -> bool:
        """Whether all that can be read of another file, of which nothing was read yet, stands in this one."""
        try:
            while data := other._readable():
                mine = b""
                while len(mine) < len(data) and (more := self._file.read(len(data) - len(mine))):
                    mine += more
                if mine != data:
                    return False
        except UNREADABLE:
            return False
        finally:
            for part in (self, other):
                part._file.seek(part.offset)
        return True

    def _readable(self) -> bytes:
        """The next bytes; none where they are damaged."""
        try:
            return self._file.read(_COMPARED)
        except UNREADABLE:
            return b""

    def _read_at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


def open_part(path: Path, opened: ExitStack, *, current: bool) -> Part | None:
    """The file as a part at its begin; None when there is none (or, of a rotated one, none to read)."""
    if current and path.exists() and not path.is_file():  # a pipe would block here
        raise InputError(
            "is not a regular file, so there is no place in it to remember",
            where=str(path),
            hint="name a file, or run without --state and --follow",
        )
    try:
        raw = cast(BinaryIO, path.open("rb", buffering=0))  # a buffer would give what was truncated since
    except FileNotFoundError:
        return None
    except OSError as error:
        if not current:
            return None
        raise InputError(
            f"cannot be read ({error.strerror})", where=os.fspath(path), hint="see who may read it"
        ) from error
    part = opened.enter_context(closing(Part(path, raw, current=current)))
    if current:
        kind = kind_of(pread(raw.fileno(), SIGN, 0))
        refuse_foreign(kind, os.fspath(path))
        if kind in ("zip", "Parquet"):
            raise InputError(
                f"is a {kind}{' file' * (kind != 'zip')}, in which no place can be remembered",
                where=os.fspath(path),
                hint="unpack it to CSV, or run without --state and --follow",
            )
    return part


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
