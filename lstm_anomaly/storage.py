"""The model file's container: named arrays and a JSON header in one NumPy `.npz`, checked before use.

Nothing in the file is ever executed: arrays are read with `allow_pickle=False`. Reading checks, in
this order: size, that it is a zip whose members are exactly those that the header lists, each
member's declared size (so that a bomb is refused unread), the format version, each array's dtype
and shape, that numbers are finite, and a SHA-256 over header and arrays. Writing is atomic and,
for the same content, gives the same bytes.

What the arrays mean is the business of `model_file.py`.
"""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.errors import ModelFileError
from lstm_anomaly.files import atomic_write

FORMAT = "lstm-anomaly model"
FORMAT_VERSION = 1
MAX_BYTES = 64 * 2**20  # far above any real model; a cap on what a hostile file can claim
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

Arrays = dict[str, NDArray[Any]]


def save_arrays(
    path: str | os.PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write `header` (JSON-able) and `arrays` (float32, float64 or int64) to `path`, atomically.

    Raises OutputError when the file cannot be written.
    """
    arrays = {name: np.asarray(array, order="C") for name, array in sorted(arrays.items())}
    described = {name: [array.dtype.str, list(array.shape)] for name, array in arrays.items()}
    full = {"format": FORMAT, "format_version": FORMAT_VERSION, **header, "arrays": described}
    full["sha256"] = _digest(full, arrays)
    text = json.dumps(full, sort_keys=True, allow_nan=False).encode()
    buffer = io.BytesIO()
    members = {_HEADER: np.frombuffer(text, dtype=np.uint8), **arrays}
    np.savez(buffer, allow_pickle=False, **members)
    with atomic_write(path) as file:
        file.write(buffer.getvalue())


def load_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """Read what `save_arrays` wrote, or refuse it with the reason.

    Raises ModelFileError for a file that is missing, damaged, foreign, or of a later version.
    """
    where = os.fspath(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelFileError(f"cannot read the model: {error.strerror}", where=where) from error
    if len(content) > MAX_BYTES:
        raise ModelFileError(f"larger than {MAX_BYTES >> 20} MiB; not a model file", where=where)
    try:
        return _parse(content)
    except ModelFileError as error:
        error.where = where
        raise
    except _DAMAGED as error:
        raise ModelFileError(
            f"not a model file, or damaged ({type(error).__name__}: {error})",
            where=where,
            hint="train it again, or restore it from a copy",
        ) from error


def _parse(content: bytes) -> tuple[dict[str, Any], Arrays]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_BYTES:
            raise ModelFileError("its members declare more bytes than a model can have")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ModelFileError("its members are compressed, which a model's never are")
        header = _read_header(archive, [member.filename for member in members])
        arrays = {name: _read_array(archive, name, *kind) for name, kind in header["arrays"].items()}
    claimed = header.pop("sha256")
    if claimed != _digest(header, arrays):
        raise ModelFileError("its checksum does not fit its content; the file was changed or damaged")
    return header, arrays


def _read_header(archive: zipfile.ZipFile, members: list[str]) -> dict[str, Any]:
    text = _read_member(archive, _HEADER, "|u1", None).tobytes()
    header = json.loads(text.decode())
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelFileError("a NumPy file, but not a model of lstm-anomaly")
    version = header.get("format_version")
    if version != FORMAT_VERSION:
        raise ModelFileError(
            f"format version {version!r}; this program reads version {FORMAT_VERSION}",
            hint="upgrade lstm-anomaly, or train the model again",
        )
    described = header.get("arrays")
    if not isinstance(described, dict) or not isinstance(header.get("sha256"), str):
        raise ModelFileError("its header lacks the list of arrays or the checksum")
    expected = [f"{name}.npy" for name in [_HEADER, *described]]
    if sorted(members) != sorted(expected):
        odd = ", ".join(sorted(set(members) ^ set(expected))) or "one is doubled"
        raise ModelFileError(f"its members are not those that the header lists: {odd}")
    return header


def _read_array(archive: zipfile.ZipFile, name: str, dtype: str, shape: list[int]) -> NDArray[Any]:
    if dtype not in _DTYPES:
        raise ModelFileError(f"array '{name}' has the type {dtype!r}, which models do not use")
    array = _read_member(archive, name, dtype, tuple(shape))
    if not np.isfinite(array).all():
        raise ModelFileError(f"array '{name}' holds values that are not finite")
    return array


def _read_member(
    archive: zipfile.ZipFile, name: str, dtype: str, shape: tuple[int, ...] | None
) -> NDArray[Any]:
    """One `.npy` member; its own header is compared before a byte of its data is believed."""
    with archive.open(f"{name}.npy") as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ModelFileError(f"array '{name}' has an unknown layout")
        found_shape, fortran_order, found_dtype = np.lib.format.read_array_header_1_0(member)
        if fortran_order or found_dtype.str != dtype or (shape is not None and found_shape != shape):
            raise ModelFileError(
                f"array '{name}' is {found_dtype.str}{found_shape}, but {dtype}{shape or ''} belongs there"
            )
        data = member.read()  # to the end, so that the zip's own CRC is checked
    return np.frombuffer(data, dtype=dtype).reshape(found_shape)


def _digest(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the header (without its own checksum) and every array's bytes, in name order."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True, allow_nan=False).encode())
    for name in sorted(arrays):
        sha.update(name.encode())
        sha.update(arrays[name].tobytes())
    return sha.hexdigest()
