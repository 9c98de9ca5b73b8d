"""The container of model, state and checkpoint files: named arrays and a JSON header in one NumPy `.npz`.

Nothing in the file is ever executed: arrays are read with `allow_pickle=False`. Reading checks, in
this order: size, that it is a zip whose members are exactly those that the header lists, each
member's declared size (so that a bomb is refused unread), the format version, each array's dtype
and shape, that a model's numbers are finite, and a SHA-256 over header and arrays. Writing is atomic,
reads back what it wrote before the old file goes, and gives the same bytes for the same content.

What the arrays mean is the business of `model/file.py` and `detecting/state.py`.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.errors import LstmAnomalyError, ModelFileError, OutputError, StateError
from lstm_anomaly.base.files import atomic_write
from lstm_anomaly.base.zip_directory import MOST_OF_A_DIRECTORY, directory_of_zip

FORMAT_VERSION = 2  # one more whenever a file of before could not be read, or would mean something else
MAX_BYTES = 112 * 2**20  # far above any real model; a cap on what a hostile file can claim
_HEADER = "header"
_DTYPES = {"<f4", "<f8", "<i8"}
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    KeyError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    TokenError,
    MemoryError,
    RecursionError,
    OverflowError,
    TypeError,
)
_SENSELESS = (AttributeError, IndexError)  # from `understand`, beside those

Arrays = dict[str, NDArray[Any]]
Understand = Callable[[dict[str, Any], Arrays], object]


@dataclass(frozen=True)
class Kind:
    """What a file is to hold.

    name    in messages; error, hint: how it is refused
    again   what to do where no copy can help, as it was written by another version
    finite  whether it has finite numbers only
    """

    name: str
    error: type[LstmAnomalyError]
    hint: str
    again: str
    finite: bool = True

    @property
    def format(self) -> str:
        """What the header's `format` says."""
        return f"lstm-anomaly {self.name}"


MODEL = Kind(
    "model", ModelFileError, "check the path, restore it from a copy, or train it again", "train it again"
)
STATE = Kind(
    "state",
    StateError,
    "restore it from a copy, or remove it to start over",
    "remove it to start over",
    finite=False,
)
_UNREAD = {
    FileNotFoundError: "check the path",
    IsADirectoryError: "name a file in that folder",
    PermissionError: "check who may read it",
}
_FROM_THE_START = "remove it to train from the beginning"
CHECKPOINT = Kind("checkpoint", ModelFileError, _FROM_THE_START, _FROM_THE_START)


class _RefusedError(Exception):
    """Why a file is refused."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


def save_arrays(
    path: str | os.PathLike[str],
    header: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    kind: Kind = MODEL,
    understand: Understand | None = None,
) -> None:
    """Write `header` (JSON-able) and `arrays` (float32, float64 or int64) to `path`, atomically.

    Before the file takes the place of an older one it is read back and compared, and `understand(header,
    arrays)`, which makes of it what a reader would, must not raise.

    Raises OutputError when the file cannot be written, or not be read back: the older one then stays.
    """

    def read_back(temporary: Path) -> None:
        hint = "another disk; if that does not help, it is a fault in lstm-anomaly: report it"
        try:
            found = load_arrays(temporary, kind)
            _check_same((header, arrays), found)
            hint = (
                "report it with the rows that it is of: as it is on the disk, this is a fault in lstm-anomaly"
            )
            if understand is not None:
                understand(*found)
        except (LstmAnomalyError, _RefusedError, *_DAMAGED, *_SENSELESS) as error:
            raise _not_read_back(path, kind, error, hint) from error

    with atomic_write(path, read_back) as file:
        write_arrays(file, header, arrays, kind)


def write_arrays(
    file: BinaryIO, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], kind: Kind = MODEL
) -> None:
    """Write the content of a file: an uncompressed `.npz`, the same bytes for the same content.

    Not by `np.savez`: before NumPy 2.2 it takes `allow_pickle=False` for one more array to write.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    described = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    full = {"format": kind.format, "format_version": FORMAT_VERSION, **header, "arrays": described}
    full["sha256"] = _digest(full, arrays)
    text = json.dumps(full, sort_keys=True, allow_nan=False).encode()
    whole: BinaryIO = file if file.seekable() else io.BytesIO()  # to a pipe zipfile writes other bytes
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in {_HEADER: np.frombuffer(text, dtype=np.uint8), **arrays}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
    if whole is not file:
        whole.seek(0)
        file.write(whole.read())


def _check_same(
    given: tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]], found: tuple[dict[str, Any], Arrays]
) -> None:
    """Raise unless header and arrays that were found are those that were to be written, to the last bit."""
    header, arrays = json.loads(json.dumps(given[0])), given[1]
    odd = [name for name, value in header.items() if name not in found[0] or found[0][name] != value]
    odd += [name for name in arrays if name not in found[1] or not _is_same(found[1][name], arrays[name])]
    odd += sorted(set(found[1]) - set(arrays))
    if odd:
        raise _RefusedError(f"it does not read back as written, in {', '.join(odd)}")


def _is_same(found: NDArray[Any], given: NDArray[Any]) -> bool:
    is_alike = (found.dtype.str, found.shape) == (given.dtype.str, given.shape)
    return is_alike and _bytes(found) == _bytes(given)


def _bytes(array: NDArray[Any]) -> memoryview:
    """The bytes of an array, without a copy where they lie together: those of 2,000 sensors are many."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _not_read_back(path: str | os.PathLike[str], kind: Kind, error: Exception, hint: str) -> OutputError:
    match error:
        case LstmAnomalyError():
            why = error.message
        case _RefusedError():
            why = str(error)
        case _:
            why = f"{type(error).__name__}: {error}"
    return OutputError(
        f"the {kind.name} was written but cannot be read back ({why}); a {kind.name} that was there is kept",
        where=os.fspath(path),
        hint="fewer rows" if isinstance(error, MemoryError) else hint,
    )


def load_arrays(path: str | os.PathLike[str], kind: Kind = MODEL) -> tuple[dict[str, Any], Arrays]:
    """Read what `save_arrays` wrote, or refuse it with the reason.

    Raises ModelFileError (StateError for a state) for a file that is missing, damaged, foreign, or of a
    later version.
    """
    where = os.fspath(path)
    try:
        opened = open(path, "rb")  # noqa: SIM115
    except OSError as error:
        hint = _UNREAD.get(type(error), "")
        raise kind.error(f"cannot read the {kind.name}: {error.strerror}", where=where, hint=hint) from error
    try:
        with opened as file:
            # What is a zip stands at its end.
            return _parse(file if file.seekable() else io.BytesIO(file.read(MAX_BYTES + 1)), kind)
    except _RefusedError as error:
        raise kind.error(str(error), where=where, hint=error.hint) from None
    except _DAMAGED as error:
        reason = f"not a {kind.name} file, or damaged ({type(error).__name__}: {error})"
        raise kind.error(reason, where=where, hint=kind.hint) from error


def _parse(file: BinaryIO, kind: Kind) -> tuple[dict[str, Any], Arrays]:
    if file.seek(0, os.SEEK_END) > MAX_BYTES:
        raise _RefusedError(f"larger than {MAX_BYTES >> 20} MiB; not a {kind.name} file")
    if directory_of_zip(file)[1] > MOST_OF_A_DIRECTORY:
        raise _RefusedError(f"holds more members than a {kind.name} can have")
    if file.read(4) != b"PK\x03\x04":  # zipfile alone would look past what stands before
        raise _RefusedError(f"not a {kind.name} file", kind.hint)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_BYTES:
            raise _RefusedError(f"its members declare more bytes than a {kind.name} can have")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise _RefusedError("its members are compressed, which they never are")
        header = _read_header(archive, [member.filename for member in members], kind)
        arrays = {name: _read_array(archive, name, *what) for name, what in header["arrays"].items()}
        if kind.finite:
            _check_finite(arrays)
    claimed = header.pop("sha256")
    if claimed != _digest(header, arrays):
        raise _RefusedError("its checksum does not fit its content; the file was changed or damaged")
    return header, arrays


def _read_header(archive: zipfile.ZipFile, members: list[str], kind: Kind) -> dict[str, Any]:
    text = _read_member(archive, _HEADER, "|u1", None).tobytes()
    header = json.loads(text.decode())
    if not isinstance(header, dict) or header.get("format") != kind.format:
        raise _RefusedError(f"a NumPy file, but not a {kind.name} of lstm-anomaly")
    version = header.get("format_version")
    if version != FORMAT_VERSION:
        earlier = isinstance(version, int) and version < FORMAT_VERSION
        written = "an earlier lstm-anomaly" if earlier else "a later lstm-anomaly"
        raise _RefusedError(
            f"written by {written}: format version {version!r}; this program reads version {FORMAT_VERSION}",
            hint=kind.again if earlier else f"upgrade lstm-anomaly, or {kind.again}",
        )
    described = header.get("arrays")
    if not isinstance(described, dict) or not isinstance(header.get("sha256"), str):
        raise _RefusedError("its header lacks the list of arrays or the checksum")
    expected = [f"{name}.npy" for name in [_HEADER, *described]]
    if sorted(members) != sorted(expected):
        odd = ", ".join(sorted(set(members) ^ set(expected))) or "one occurs twice"
        raise _RefusedError(f"its members are not those that the header lists: {odd}")
    return header


def _read_array(archive: zipfile.ZipFile, name: str, dtype: str, shape: list[int]) -> NDArray[Any]:
    if dtype not in _DTYPES:
        raise _RefusedError(f"array '{name}' has the type {dtype!r}, which these files do not use")
    return _read_member(archive, name, dtype, tuple(shape))


def _check_finite(arrays: Arrays) -> None:
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise _RefusedError(f"array '{name}' holds values that are not finite")


def _read_member(
    archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...] | None
) -> NDArray[Any]:
    """One `.npy` member; its own header is checked before its data is read."""
    with archive.open(f"{name}.npy") as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise _RefusedError(f"array '{name}' has an unknown layout")
        found_shape, fortran_order, found_dtype = np.lib.format.read_array_header_1_0(member)
        if fortran_order or found_dtype.str != dtype or (shape is not None and found_shape != shape):
            raise _RefusedError(
                f"array '{name}' is {found_dtype.str}{found_shape}, but {dtype}{shape or ''} belongs there"
            )
        data = member.read()  # to the end, so that the zip's own CRC is checked
    return np.frombuffer(data, dtype=dtype).reshape(found_shape)


def _digest(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the header (without its own checksum) and every array's bytes, in name order."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True, allow_nan=False).encode())
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(_bytes(arrays[name]))
    return sha.hexdigest()
