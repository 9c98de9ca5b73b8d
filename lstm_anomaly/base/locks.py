"""One run at a time for a state or a model: a lock that the system releases when its holder dies.

The lock is held on a hidden file beside the target, since the target itself is replaced by a rename. The
file goes when the lock is released; one that a killed run left behind locks nothing. A run that got the
lock on a file which was removed meanwhile tries again: two runs never hold locks on different files.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstm_anomaly.base.errors import LockedError, OutputError
from lstm_anomaly.base.files import target_of
from lstm_anomaly.base.system import CLOSED_TO_OTHERS, lock_file, signals_held

RETRY_SECONDS = 0.1


@contextmanager
def locked(path: str | os.PathLike[str], wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of `path`, which need not exist, for the block.

    wait    seconds to wait for another run to end

    Raises LockedError (exit status 75) when another run still holds it, OutputError when there is no
    folder to put the lock file into.
    """
    target = target_of(path)
    lock = target.with_name(f".{target.name}.lock")
    deadline = time.monotonic() + wait
    descriptor = None
    try:
        while True:
            with signals_held():
                descriptor = _take(path, lock)
            if descriptor is not None:
                break
            left = deadline - time.monotonic()
            if left <= 0:
                raise LockedError(
                    "another run of lstm-anomaly is at work on it",
                    where=os.fspath(path),
                    hint="again later, or --wait 5min",
                )
            time.sleep(min(RETRY_SECONDS, left))
        yield
    finally:
        if descriptor is not None:
            with signals_held():
                with suppress(OSError):
                    lock.unlink()
                os.close(descriptor)


def _take(path: str | os.PathLike[str], lock: Path) -> int | None:
    """A descriptor that holds the lock, or None when another run does."""
    try:
        # Not through a link: in a shared folder anybody could have the lock made somewhere else.
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | CLOSED_TO_OTHERS, 0o644)
    except OSError as error:
        link = error.errno == errno.ELOOP
        why = f"{lock} is a symbolic link, which a lock never is" if link else error.strerror
        hint = "remove the link, and ask who made it" if link else "a folder that this user may write to"
        raise OutputError(f"cannot lock it: {why}", where=os.fspath(path), hint=hint) from error
    try:
        lock_file(descriptor)
        if os.path.samestat(os.fstat(descriptor), os.lstat(lock)):
            return descriptor
    except FileNotFoundError:  # removed by its holder between opening and locking
        pass
    except BlockingIOError:
        pass
    except OSError as error:
        os.close(descriptor)
        raise OutputError(
            f"cannot lock it: {error.strerror}",
            where=os.fspath(path),
            hint="a folder on a disk that knows locks",
        ) from error
    os.close(descriptor)
    return None
