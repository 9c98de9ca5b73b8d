"""From a path or standard input to plain bytes: files only, unpacked by their content, never a bomb."""

import io
import re
import select
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, Self, cast

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.zip_directory import MOST_OF_A_DIRECTORY, directory_of_zip
from lstm_anomaly.reading.lines.packing import SIGN, UNPACK, UNREADABLE, kind_of, refuse_foreign
from lstm_anomaly.reading.lines.parquet import ParquetLines

STDIN = "-"
# Sensor text shrinks 5 to 50 times. More than this, past the first megabytes, is a decompression bomb.
MAX_RATIO = 250
RATIO_CHECKED_FROM = 8 << 20
MOST_OF_A_PIPE = 64 << 20  # bytes of a zip, which must be known whole

_OFFICE = ("[Content_Types].xml", "META-INF/manifest.xml")  # in every .xlsx, and in every .ods
_READ_ERRORS = (*UNREADABLE, RuntimeError, zipfile.BadZipFile)


class ByteStream:
    """The bytes of one input, unpacked; `packing` names how they were packed, "" when they were not.

    Use as a context manager. Raises InputError for a path with a scheme, and for what cannot be opened
    or unpacked.
    """

    def __init__(self, path: str) -> None:
        refuse_scheme(path)
        self.path = path
        self.packing = ""
        self._stack = ExitStack()
        self._count = 0
        try:
            self._raw = _Counted(self._open())
            self._stream = self._unpack(io.BufferedReader(self._raw))  # type: ignore[type-var]
        except _READ_ERRORS as error:
            self._stack.close()
            raise self._cannot_read(error) from error
        except InputError:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def read(self, size: int, *, live: bool = False) -> bytes:
        """`size` bytes, fewer only at the end; what is there already, at least one byte, when `live`."""
        parts: list[bytes] = []
        read = self._stream.read1 if live else self._stream.read  # type: ignore[attr-defined]
        try:
            while size and (part := read(size)):
                parts.append(part)
                size = 0 if live else size - len(part)
        except _READ_ERRORS as error:
            raise self._cannot_read(error) from error
        if self.packing and self._count == 0 and (kind := kind_of(b"".join(parts)[:SIGN])):
            raise InputError(
                f"its {self.packing} data holds {kind} data, not a CSV",
                where=self.path,
                hint="unpack it, and pass the CSV",
            )
        self._count += sum(map(len, parts))
        if self.packing and self._count > max(RATIO_CHECKED_FROM, MAX_RATIO * self._raw.count):
            raise self._bomb()
        return b"".join(parts)

    def pauses(self, seconds: float) -> bool:
        """Whether nothing more can be read for so long; False at the end, and where that cannot be told."""
        try:
            return not select.select([self._raw.fileno()], [], [], seconds)[0]
        except (OSError, ValueError):
            return False

    def _open(self) -> IO[bytes]:
        if self.path == STDIN:
            if sys.stdin is None:
                raise InputError("standard input is closed", where=self.path, hint="a file, or a pipe")
            return sys.stdin.buffer
        return self._stack.enter_context(Path(self.path).open("rb"))

    def _unpack(self, raw: BinaryIO) -> IO[bytes]:
        kind = kind_of(raw.peek(SIGN))  # type: ignore[attr-defined]
        refuse_foreign(kind, self.path)
        if kind == "Parquet":
            lines = ParquetLines(self._seekable(raw), self.path)
            return io.BufferedReader(cast(io.RawIOBase, lines))
        self.packing = kind
        if kind == "zip":
            return self._open_zip(raw)
        return cast(IO[bytes], self._stack.enter_context(UNPACK[kind](raw))) if kind else raw

    def _open_zip(self, raw: BinaryIO) -> IO[bytes]:
        """The only file in a zip."""
        raw = self._seekable(raw)
        count, size = directory_of_zip(raw)
        if size > MOST_OF_A_DIRECTORY:
            raise self._holds_many(count)
        archive = zipfile.ZipFile(raw)
        self._stack.enter_context(archive)
        files = [member for member in archive.infolist() if not member.is_dir()]
        members = [member for member in files if not member.filename.startswith("__MACOSX/")]
        if any(member.filename in _OFFICE for member in members):
            raise InputError("is a workbook, not a CSV", where=self.path, hint="save its sheet as CSV")
        if len(members) != 1:
            raise self._holds_many(len(members))
        if members[0].file_size > max(RATIO_CHECKED_FROM, MAX_RATIO * members[0].compress_size):
            raise self._bomb()
        return self._stack.enter_context(archive.open(members[0]))

    def _seekable(self, raw: BinaryIO) -> BinaryIO:
        """The file itself, or all that a pipe holds: what is in a file stands at its end."""
        if raw.seekable():
            return raw
        data = raw.read(MOST_OF_A_PIPE + 1)
        if len(data) > MOST_OF_A_PIPE:
            raise InputError(
                f"a zip or Parquet file of more than {MOST_OF_A_PIPE >> 20} MiB cannot be read from a pipe",
                where=self.path,
                hint="name the file itself, or use gzip, which can be read from its begin",
            )
        return io.BytesIO(data)

    def _holds_many(self, count: int) -> InputError:
        return InputError(
            f"the zip holds {count:,} files, so which one is meant is not clear",
            where=self.path,
            hint="unpack it and pass the CSV files",
        )

    def _bomb(self) -> InputError:
        return InputError(
            f"unpacks to more than {MAX_RATIO} times its size, which sensor readings do not",
            where=self.path,
            hint="if you trust it, unpack it yourself and pass the CSV",
        )

    def _cannot_read(self, error: Exception) -> InputError:
        if isinstance(error, FileNotFoundError):
            return InputError("there is no such file", where=self.path, hint="check the path")
        if isinstance(error, IsADirectoryError):
            return InputError("is a directory", where=self.path, hint="name the files in it, e.g. with *.csv")
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        what = (
            f"its {self.packing} data is damaged, locked or cut short" if self.packing else "cannot be read"
        )
        return InputError(f"{what} ({why})", where=self.path, hint="check the file, or copy it again")


class _Counted(io.RawIOBase):
    """A raw stream that counts the bytes read from it."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        # What a pipe holds is passed on at once; its writer may take its time with the next line.
        self._read = getattr(raw, "read1", raw.read)
        self.count = 0

    def fileno(self) -> int:
        return self._raw.fileno()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._raw.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


def refuse_scheme(path: str) -> None:
    """Refuse `http://` and every other `scheme://`: this program reads files only."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path):
        raise InputError(
            "is an address, and only files are read", where=path, hint="download it, then pass the file"
        )
