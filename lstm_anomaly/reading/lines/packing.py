"""How a file is packed, and what else than a CSV it is, by the signs at its begin."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Any, BinaryIO

from lstm_anomaly.base.errors import InputError

SIGN = 16  # bytes that tell
_SIGNS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PAR1": "Parquet",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"SQLite format 3\x00": "an SQLite database",
}
UNPACK: dict[str, Callable[[BinaryIO], Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)  # what unpacking may raise


def kind_of(begin: bytes) -> str:
    """What a file with this begin is, "" for one of plain text."""
    return next((kind for sign, kind in _SIGNS.items() if begin.startswith(sign)), "")


def refuse_foreign(kind: str, path: str) -> None:
    """Raise InputError for a file of this kind that is no CSV, however packed, and no Parquet file."""
    if kind not in ("", "zip", "Parquet", *UNPACK):
        raise InputError(f"is {kind}, not a CSV", where=path, hint="export or unpack it to CSV")


def unpacked(raw: BinaryIO) -> IO[bytes]:
    """A file at its begin, unpacked as it is read; itself where it is not packed, or as a zip."""
    unpack = UNPACK.get(kind_of(raw.read(SIGN)))
    raw.seek(0)
    return raw if unpack is None else unpack(raw)
