"""What Windows and macOS lack of Linux, and what takes its place; no other module asks which system this is.

| Linux                             | elsewhere                                                            |
|-----------------------------------|----------------------------------------------------------------------|
| a lock by `flock`                 | Windows: of the file's first byte, by `msvcrt.locking`               |
| workers by `fork`                 | macOS, Windows: those of `-j` are started anew; a network learns in  |
|                                   | one process; results are the same                                    |
| `O_NOFOLLOW`, `O_CLOEXEC`         | Windows: left out; nothing is inherited there by default             |
| owner and permissions kept        | Windows: a new file has those of its folder                          |
| a folder is synced after a rename | Windows: left out; NTFS logs renames                                 |
| leftovers of killed runs removed  | Windows: they stay, as a process cannot be asked whether it lives    |
| signals held for some lines       | Windows: left out; a lock file may stay behind, which locks nothing  |
| the owner of a config file        | Windows: not checked                                                 |
| access lists of a config file     | macOS, Windows: not looked at                                        |
| a memory limit is noticed         | Windows: there is none                                               |
| reading at a place, by `pread`    | Windows: by a seek, and back                                         |
| `EPIPE` where a reader is gone    | Windows: EINVAL                                                      |
| files told apart by case          | macOS, Windows: groups that differ in case only are refused          |
| a file that is read can be moved  | Windows: not while it is followed                                    |
| a hook ends with its children     | Windows: alone                                                       |
| `\\` in the command of a hook      | Windows: is a sign as others, as paths have it                       |
"""

import errno
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# macOS can fork, but its BLAS and system libraries do not survive it.
CAN_FORK = sys.platform == "linux" and hasattr(os, "fork")
CLOSED_TO_OTHERS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
"""Flags with which a file is opened not through a link, and not for programs that are started meanwhile."""

ESCAPE = "" if os.name == "nt" else "\\"
"""What takes the next sign's meaning away in a command line."""

READER_GONE = {errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE}
"""What writing to a pipe fails with that nobody reads any more."""


def lock_file(descriptor: int) -> None:
    """Lock an open file against other processes. Raises BlockingIOError when one of them has it."""
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]  # of Windows
        except PermissionError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def keep_owner(descriptor: int, old: os.stat_result) -> None:
    """Give a new file the permissions of an old one and, where that is allowed, its owner."""
    if not hasattr(os, "fchown"):
        return
    new = os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make sure that a rename in a folder is on the disk."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_running(pid: int) -> bool:
    """Whether there is such a process, or that cannot be told."""
    if os.name != "posix":  # there `os.kill(pid, 0)` would be a Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


@contextmanager
def signals_held() -> Iterator[None]:
    """SIGINT and SIGTERM of this thread arrive after the block: between making a thing and recording it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def signals_let_through() -> None:
    """What `signals_held` held arrives from now on: a process that was forked in its block has it held."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})


_M_TRIM_THRESHOLD = -1  # of glibc's mallopt
_KEPT = 64 << 20  # bytes
_RETURNED = 128 << 10  # what glibc does unless told


def keep_freed_memory(is_kept: bool) -> None:
    """Whether freed arrays stay with this process for the next ones, as far as glibc is asked.

    Dask asks it to return all above 64 KiB at once: each small training then gets its pages anew, which takes
    one part in twenty of its time.
    """
    import ctypes

    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        told = int(os.environ.get("MALLOC_TRIM_THRESHOLD_", _RETURNED))
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT if is_kept else told)


def user_id() -> int | None:
    """The user for whom this process works; None where files have no such owners."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def has_access_list(path: str | os.PathLike[str]) -> bool:
    """Whether users that are named beside the owner may have rights on a file: then a group's are a mask."""
    if not hasattr(os, "listxattr"):
        return False
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:  # a disk that knows no such lists
        return False


def is_memory_limited() -> bool:
    """Whether this process may have only so much address space."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def pread(descriptor: int, size: int, offset: int) -> bytes:
    """Bytes of a file at a place; where it is read from next stays as it was."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)
    finally:
        os.lseek(descriptor, before, os.SEEK_SET)


def words_of(command: str) -> list[str]:
    """A command line as its words, quotes honoured, nothing expanded. Raises ValueError for half a pair."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ESCAPE
    return list(lexer)


def end_program(program: "subprocess.Popen[bytes]") -> None:
    """End a program that was started in a session of its own, and what it started."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(program.pid, signal.SIGKILL)
    else:
        program.kill()
    program.wait()
