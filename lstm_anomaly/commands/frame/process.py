"""What every process owes the system: streams that are closed or full, signals that ask it to end."""

import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TextIO


class Terminated(BaseException):
    """SIGTERM arrived; unwinds the stack so that temporary files are removed."""


class Interrupted(KeyboardInterrupt):
    """SIGINT arrived. A KeyboardInterrupt that passes an `exec` would end `python -m` by the signal."""


_UNWINDS = {signal.SIGINT: Interrupted, signal.SIGTERM: Terminated}


def _unwind(number: int, _frame: FrameType | None) -> None:
    """Unwind the stack, once: what comes after the first signal ends the process at once."""
    for each in _UNWINDS:
        signal.signal(each, signal.SIG_DFL)
    raise _UNWINDS[signal.Signals(number)]


@contextmanager
def unwinding_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM unwind the stack of the block, unless ignored, as SIGINT is by a shell's `&`."""
    before = {number: signal.getsignal(number) for number in _UNWINDS}
    with suppress(ValueError):  # not the main thread: the caller handles signals
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, _unwind)
    try:
        yield
    except Exception as error:
        if (asked_to_end := _signal_behind(error)) is not None:
            raise asked_to_end from None
        raise
    finally:
        with suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)


def _signal_behind(error: BaseException) -> BaseException | None:
    """The exception of a signal, where Python wrapped it into another, as 3.11 does while a class is made."""
    seen: set[int] = set()  # an error that was raised from itself has itself behind it for ever
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, tuple(_UNWINDS.values())):
            return cause
        seen.add(id(cause))
        cause = cause.__cause__
    return None


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that is closed (`>&-`): Python's own None loses what is printed."""

    encoding = "utf-8"
    errors = "strict"

    def write(self, text: str, /) -> int:
        """Raise OSError, as a write to a closed descriptor does."""
        raise OSError(errno.EBADF, "standard output is closed")


def occupy_closed_streams() -> None:
    """Keep the numbers 0, 1 and 2 from the files of this run: nothing meant for a stream may get into one."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one


def for_results(stream: io.TextIOBase | TextIO | None) -> None:
    """Lines end in a newline on every system; what the encoding lacks is shown as an escape."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace", newline="\n")


def drop_what_cannot_be_written() -> None:
    """Let go of output that is known to be lost: the interpreter would try again and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            silence(stream)


def silence(stream: TextIO) -> None:
    """Point standard output or error at nothing."""
    with suppress(OSError, ValueError):  # it is no file: there is nothing to point
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
