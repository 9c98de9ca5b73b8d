"""Work on several processor cores: forked processes that write into shared memory.

Processes, not threads: the network is thousands of calls of a few microseconds each, which threads of one
interpreter would make in turn. Forking needs no copy of the data and no set-up; where the platform cannot,
everything runs in one process with the same results.
"""

import mmap
import os
import signal
import warnings
from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any, NoReturn

import numpy as np

from lstm_anomaly.base.system import CAN_FORK, signals_held
from lstm_anomaly.base.types import Array

_most_cores: list[int] = []  # set in a worker process, which has one


def usable_cores() -> int:
    """How many processor cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if CAN_FORK else os.cpu_count() or 1
    return min([cores, *_most_cores])


def use_one_core() -> None:
    """From now on this process uses one core: it is one of several that work side by side."""
    _most_cores[:] = [1]


def shared_empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of zeros that this process shares with those it forks later."""
    size = prod(shape) * np.dtype(dtype).itemsize
    array: Array = np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype, count=prod(shape))
    return array.reshape(shape)


def fork_worker(work: Callable[[], None], keep_open: tuple[int, ...] = ()) -> int:
    """Run `work` in a forked process, which then ends with status 0, or 1 after an error; its process id.

    The worker lets its parent deal with an interrupt from the keyboard, dies with it, and holds none of its
    files and locks: only the standard streams and the file descriptors to `keep_open`.
    """
    parent = os.getpid()
    with warnings.catch_warnings():
        # Python warns of forking beside other threads, as of a progress bar, for the sake of the locks
        # they may hold; a worker computes and takes none.
        warnings.simplefilter("ignore", DeprecationWarning)
        # An exception that a signal raises while Python forks would be swallowed, and the signal lost.
        with signals_held():
            pid = os.fork()
    if pid == 0:
        _work_and_exit(work, parent, keep_open)
    return pid


def _work_and_exit(work: Callable[[], None], parent: int, keep_open: tuple[int, ...]) -> NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for last, following in pairwise((2, *sorted(keep_open), _MOST_FILES)):
            os.closerange(last + 1, following)
        die_with(parent)
        work()
        status = 0
    finally:
        os._exit(status)  # no clean-up, no traceback: both are the parent's


_MOST_FILES = 1 << 30
_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Let the system kill this forked process when its parent ends, however it ends."""
    import ctypes

    if hasattr(libc := ctypes.CDLL(None), "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:
        os._exit(1)
