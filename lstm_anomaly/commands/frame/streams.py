"""Standard streams as a person sees them: whether one is a terminal, and lines on standard error."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, TextIO

from lstm_anomaly.base.text import printable, wrapped

_ANY_TERMINAL = 80  # columns of one that does not say how many it has


def is_terminal(stream: TextIO | Any) -> bool:
    """Whether somebody looks at this stream."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def remark(lines: Iterable[str]) -> None:
    """Print lines on standard error; a closed or full one must not cost the results.

    On a terminal they are wrapped between words.
    """
    if sys.stderr is None:
        return
    with suppress(OSError, ValueError):
        if is_terminal(sys.stderr):
            lines = wrapped(lines, _width_of(sys.stderr), indent=2)
        for line in lines:
            sys.stderr.write(f"{printable(line)}\n")
        sys.stderr.flush()


def _width_of(stream: TextIO) -> int:
    """Columns of the terminal that a stream is: standard output may be a file meanwhile."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or _ANY_TERMINAL
    except (OSError, ValueError):
        return _ANY_TERMINAL
