"""Restoring rows without building windows: what window by window would give, however the rows are cut."""

import os
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.products import tile_width, tiled_product
from lstm_anomaly.network.sliding_windows import (
    SHARED,
    context_rows,
    restore_rows,
)


def make(sensors, hidden, layers, count):
    """A float32 autoencoder, and rows (F, M)."""
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, sensors, hidden, layers)
    return params, rng.normal(size=(sensors, count)).astype(np.float32)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("T", [1, 4, 5])
def test_two_rows_are_restored_from_a_window_that_begins_with_an_even_row(T, layers):
    params, rows = make(3, 4, layers, 31)
    restored = restore_rows(params, rows, T, 0, slice(T - 1, 31))
    begins = [(row - T + 1) // 2 * 2 for row in range(T - 1, 31)]
    windows = [rows.T[a : row + 1].astype(float) for row, a in zip(range(T - 1, 31), begins, strict=True)]
    assert {len(window) for window in windows} == {T, T + 1}
    assert SHARED == 2
    expected = [naive.reconstruct(params, window)[-1] for window in windows]
    np.testing.assert_allclose(restored, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("sensors", "hidden", "layers"), [(1, 4, 1), (8, 32, 1), (3, 24, 2), (38, 64, 1)])
@pytest.mark.parametrize("size", [1, 7, 64, 300])
@pytest.mark.usefixtures("tile_widths")
def test_restored_rows_are_bit_identical_however_the_stretch_is_cut(sensors, hidden, layers, size):
    T, count = 9, 700 if size > 1 else 40  # more windows than one block holds
    params, rows = make(sensors, hidden, layers, count)
    whole = restore_rows(params, rows, T, 0, slice(T - 1, count))
    for low in range(T - 1, count, size):
        high, number = min(low + size, count), max(0, low - context_rows(T))
        part = restore_rows(params, rows[:, number:high], T, number, slice(low - number, high - number))
        np.testing.assert_array_equal(part, whole[low - T + 1 : high - T + 1])


def test_rows_after_a_restored_one_do_not_count():
    params, rows = make(3, 4, 1, 30)
    before = restore_rows(params, rows, 5, 0, slice(4, 20))
    rows[:, 20:] = 50
    np.testing.assert_array_equal(restore_rows(params, rows, 5, 0, slice(4, 20)), before)


# Of this file, and of those that tests share.
FOLDERS = [str(folder) for folder in Path(__file__).parents[:2]]
THREADS_SCRIPT = """
import hashlib
from test_sliding_windows import make, restore_rows
params, rows = make(8, 32, 1, 120)
print(hashlib.sha256(restore_rows(params, rows, 9, 0, slice(8, 120)).tobytes()).hexdigest())
"""


def test_results_are_bit_identical_on_one_and_two_threads():
    digests = {
        subprocess.run(
            [sys.executable, "-c", THREADS_SCRIPT],
            env=os.environ
            | {
                "OPENBLAS_NUM_THREADS": threads,
                "PYTHONPATH": os.pathsep.join(FOLDERS),
            },
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_the_rows_given_are_not_changed():
    params, rows = make(3, 4, 1, 20)
    before = rows.copy()
    restore_rows(params, rows, 5, 0, slice(4, 20))
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize("shape", [(4, 1), (16, 3), (128, 8), (128, 32), (256, 64), (38, 64)])
def test_a_column_has_the_same_product_in_every_place_of_a_tiled_product(shape):
    rng = np.random.default_rng(1)
    W, column = rng.normal(size=shape).astype(np.float32), rng.normal(size=(shape[1], 1)).astype(np.float32)
    width = tile_width({shape}, np.float32)
    products = tiled_product(W, np.repeat(column, 3 * width, axis=1), width)
    np.testing.assert_array_equal(products, np.repeat(products[:, :1], 3 * width, axis=1))
    np.testing.assert_allclose(products[:, :1], W @ column, rtol=0, atol=1e-4)
