"""Limits NumPy's matrix products to one thread while a network runs, and restores the number afterwards.

The products here are small. Shared among threads they get many times slower, and on a busy machine the
threads wait for each other. The command line sets the limit before NumPy is imported. A program that uses the
Python interface has imported NumPy already, and may want its threads for its own products.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

# OpenBLAS is built with and without 64-bit indices, and NumPy's own build has a prefix.
_SPELLINGS = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}_64", "openblas_{}")
_NUMPY = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")  # before 2.0 the second

_lock = threading.Lock()
_inside = 0  # blocks of `one_thread` that are open, in all threads of this process
_before = 0  # what the count was before the first of them


@contextmanager
def one_thread() -> Iterator[None]:
    """Products inside the block use one thread; afterwards as many as before, also after an error.

    The count is of the whole process: of blocks that overlap in several threads the last one that ends gives
    it back. Where NumPy is not linked to OpenBLAS nothing is changed.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside, _before
    get, limit = openblas("get_num_threads"), openblas("set_num_threads")
    with _lock:
        if get and limit and not _inside:
            _before = get()
            limit(1)
        _inside += 1


def _leave() -> None:
    global _inside
    limit = openblas("set_num_threads")
    with _lock:
        _inside -= 1
        if limit and not _inside:
            limit(_before)


@cache
def openblas(name: str) -> Callable[..., int] | None:
    """A function of the OpenBLAS that NumPy is linked to, such as `get_num_threads`; None without one."""
    for library in _libraries():
        for spelling in _SPELLINGS:
            if function := getattr(library, spelling.format(name), None):
                return function  # type: ignore[no-any-return]
    return None


@cache
def _libraries() -> tuple[ctypes.CDLL, ...]:
    """Where to look: NumPy's own module, in which a symbol is looked up with all that it is linked to.

    Windows looks into the one file only: there it is the OpenBLAS that NumPy brings along.
    """
    paths = [getattr(sys.modules.get(name), "__file__", None) for name in _NUMPY]
    if os.name == "nt":
        paths = [
            str(path) for path in (Path(np.__file__).parent.parent / "numpy.libs").glob("*openblas*.dll")
        ]
    found = []
    for path in paths:
        try:
            found += [ctypes.CDLL(path)] if path else []
        except OSError:  # NumPy 1.26 has a module of Python at the place of 2.0
            continue
    return tuple(found)
