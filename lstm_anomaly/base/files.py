"""Writing a file so that a crash, a full disk or a `kill -9` leaves the old one or the new one, never half.

The bytes go to a temporary file in the same folder, are synced, read back where the writer asks for it,
renamed over the target, and the folder is synced (SQLite's "Atomic Commit" explains why each step is needed).
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.system import CLOSED_TO_OTHERS, is_running, keep_owner, sync_folder, user_id

# In a folder that others may write to, a name that can be foreseen can be taken beforehand, as by a link.
_TEMPORARY = ".{name}.{pid}-{token}.tmp"


@contextmanager
def atomic_write(
    path: str | os.PathLike[str], read_back: Callable[[Path], None] | None = None
) -> Iterator[BinaryIO]:
    """Open a binary file for writing that takes `path`'s place when the block ends without an error.

    `read_back` gets the path of the temporary file once that is on the disk: what it raises leaves the old
    file where it is and removes the temporary one.

    A symbolic link is followed, an existing file keeps its permissions and, where that is allowed, its owner,
    and an existing file that is not a regular one (a device, a pipe) is written to directly, since it cannot
    be replaced.

    Raises OutputError, naming the path and the reason, when anything cannot be written.
    """
    target = target_of(path)
    with _as_output_error(path):
        if is_stream(path):  # what a pipe's name stands for is no path
            with open(path, "wb") as device:
                yield device
            return
        token = secrets.token_hex(8)
        temporary = target.with_name(_TEMPORARY.format(name=target.name, pid=os.getpid(), token=token))
        _remove_leftovers(target)
        try:
            with open(temporary, "wb", opener=lambda name, _flags: _new_file(name, like=target)) as file:
                yield file
                sync(file)
                if read_back is not None:
                    _forget_cached(file)
            if read_back is not None:
                read_back(temporary)
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)


@contextmanager
def append_from(path: str | os.PathLike[str], length: int) -> Iterator[BinaryIO]:
    """Open a file to go on writing it behind its first `length` bytes; what stands there is cut off.

    A shorter file, or a new one, is written from its end on. Raises OutputError as `atomic_write` does.
    """
    with _as_output_error(path):
        path = target_of(path)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        with open(descriptor, "r+b") as file:
            if is_new:
                sync_folder(path.parent)
            if file.seek(0, os.SEEK_END) > length:
                file.truncate(length)
                file.seek(length)
            yield file
            sync(file)


def target_of(path: str | os.PathLike[str]) -> Path:
    """The file that a path names, links followed.

    Raises OutputError in a folder that all may write to for what another user may have put there: a link or a
    pipe, or a second name of a file that lies elsewhere.
    """
    if (user := user_id()) is None:
        return Path(os.path.realpath(path))
    try:
        status, folder = os.lstat(path), os.stat(Path(path).parent)
    except OSError:  # there is none, or who opens it says why not
        return Path(os.path.realpath(path))
    is_file = stat.S_ISREG(status.st_mode)
    is_own = status.st_uid in (user, folder.st_uid)
    if folder.st_mode & stat.S_IWOTH and (status.st_nlink > 1 if is_file else not is_own):
        raise OutputError(
            "is a link, a pipe or one of two names of a file, in a folder where all may make such",
            where=os.fspath(path),
            hint="a folder that nobody else may write to",
        )
    return Path(os.path.realpath(path))


def is_stream(file: str | os.PathLike[str] | int) -> bool:
    """Whether a path or a descriptor is of a pipe or a device: what is written there is never cut back."""
    return os.path.exists(file) and not os.path.isfile(file)


def length_of(path: str | os.PathLike[str]) -> int:
    """Bytes of a file, 0 when there is none."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def sync(file: BinaryIO) -> None:
    """Make sure that what was written is on the disk, or has left for where a stream goes."""
    file.flush()
    if not is_stream(file.fileno()):
        os.fsync(file.fileno())


def _forget_cached(file: BinaryIO) -> None:
    """Let the system drop what it holds of the file in memory: it is to be read from the disk."""
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):  # not every file system takes advice
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@contextmanager
def _as_output_error(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # of standard output, which is written to meanwhile
        raise
    except OSError as error:
        raise OutputError(
            f"cannot write: {error.strerror or error}",
            where=os.fspath(path),
            hint="see who may write there and how much room the disk has, or name another file",
        ) from error


def _new_file(path: str, like: Path) -> int:
    """A descriptor of a file that was not there, with owner and permissions of another, if that is there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_TO_OTHERS
    try:
        old = like.stat()
    except FileNotFoundError:
        return os.open(path, flags, 0o666)
    descriptor = os.open(path, flags, 0o600)
    try:
        keep_owner(descriptor, old)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _remove_leftovers(target: Path) -> None:
    """Delete temporary files that killed runs left beside `target`; a living run's file stays."""
    prefix, suffix = f".{target.name}.", ".tmp"
    for stray in target.parent.glob(f"{_glob_escape(prefix)}*{suffix}"):
        pid = stray.name.removeprefix(prefix).removesuffix(suffix).partition("-")[0]
        if pid.isdigit() and (int(pid) == os.getpid() or not is_running(int(pid))):
            with suppress(OSError):
                stray.unlink()


def _glob_escape(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)
