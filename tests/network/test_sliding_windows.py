"""Scoring rows without building windows: the same numbers as window by window, however the rows are cut."""

import os
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest

from lstm_anomaly.base.processes import CAN_FORK, run_parts, shared_empty
from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.products import tile_width, tiled_product
from lstm_anomaly.network.sliding_windows import (
    PART,
    SHARED,
    context_rows,
    reconstruct_at,
    restore_rows,
    row_errors,
)


def make(sensors, hidden, layers, count):
    """A float32 autoencoder, and rows (F, M)."""
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, sensors, hidden, layers)
    return params, rng.normal(size=(sensors, count)).astype(np.float32)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("T", [1, 5])
def test_errors_equal_the_naive_version(T, layers):
    params, rows = make(3, 4, layers, 30)
    errors = row_errors(params, rows, T)
    by_row, by_window = naive.row_errors(params, rows.T.astype(float), T)
    np.testing.assert_allclose(errors.rows, by_row, rtol=0, atol=1e-5)
    np.testing.assert_allclose(errors.windows, by_window, rtol=0, atol=1e-5)


@pytest.mark.parametrize("position", [0, 2, -1])
def test_expected_values_and_codes_equal_the_naive_version(position):
    params, rows = make(3, 4, 1, 30)
    expected, codes = reconstruct_at(params, rows, 5, position)
    windows = [rows.T[start : start + 5].astype(float) for start in range(26)]
    reconstructions = [naive.reconstruct(params, window)[position] for window in windows]
    np.testing.assert_allclose(expected, reconstructions, rtol=0, atol=1e-6)
    np.testing.assert_allclose(codes, [naive.encode(params, window) for window in windows], rtol=0, atol=1e-6)


def pieces(rows, T, size):
    """The rows in pieces of `size` windows, each with the rows its windows share with the next piece."""
    count = rows.shape[1] - T + 1
    return [(start, rows[:, start : start + size + T - 1]) for start in range(0, count, size)]


# Widths around those at which a matrix product takes another path, and more windows than one block holds.
@pytest.mark.parametrize(("sensors", "hidden", "layers"), [(1, 4, 1), (8, 32, 1), (3, 24, 2), (38, 64, 1)])
@pytest.mark.parametrize("size", [1, 7, 64, 300])
@pytest.mark.usefixtures("tile_widths")
def test_results_are_bit_identical_however_the_rows_are_cut(sensors, hidden, layers, size):
    T, count = 9, 400 if size > 1 else 40
    params, rows = make(sensors, hidden, layers, count)
    expected, codes = reconstruct_at(params, rows, T)
    errors = row_errors(params, rows, T)
    for start, piece in pieces(rows, T, size):
        part_expected, part_codes = reconstruct_at(params, piece, T)
        part = row_errors(params, piece, T)
        np.testing.assert_array_equal(part_expected, expected[start : start + size])
        np.testing.assert_array_equal(part_codes, codes[start : start + size])
        np.testing.assert_array_equal(part.windows, errors.windows[start : start + size])
        inner = slice(T - 1, piece.shape[1] - T + 1)  # rows that have all their windows in this piece
        np.testing.assert_array_equal(part.rows[inner], errors.rows[start:][inner])


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


def test_results_are_bit_identical_on_several_processes():
    params, rows = make(3, 4, 1, 3 * PART)
    for ours, theirs in zip(
        reconstruct_at(params, rows, 4), reconstruct_at(params, rows, 4, processes=8), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    alone, shared = row_errors(params, rows, 4), row_errors(params, rows, 4, processes=8)
    np.testing.assert_array_equal(alone.rows, shared.rows)
    np.testing.assert_array_equal(alone.windows, shared.windows)


@pytest.mark.skipif(not CAN_FORK, reason="other platforms work in one process")
def test_a_part_whose_process_failed_is_done_again():
    here, done = os.getpid(), shared_empty((3,), np.int64)

    def work(part):
        if os.getpid() != here and part == 2:
            raise MemoryError
        done[part] += 1

    run_parts(work, 3)
    np.testing.assert_array_equal(done, [1, 1, 1])


FOLDERS = [
    str(folder) for folder in Path(__file__).parents[:2]
]  # of this file, and of those that tests share
THREADS_SCRIPT = """
import hashlib
from test_sliding_windows import make, reconstruct_at, row_errors
params, rows = make(8, 32, 1, 120)
results = [*reconstruct_at(params, rows, 9), row_errors(params, rows, 9).rows]
print(hashlib.sha256(b"".join(result.tobytes() for result in results)).hexdigest())
"""


def test_results_are_bit_identical_on_one_and_two_threads():
    digests = {
        subprocess.run(
            [sys.executable, "-c", THREADS_SCRIPT],
            env=os.environ
            | {
                "OPENBLAS_NUM_THREADS": threads,
                "PYTHONPATH": os.pathsep.join(
                    [os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))]
                ),
            },
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(digests) == 1


def test_fewer_rows_than_a_window_are_refused():
    params, rows = make(3, 4, 1, 4)
    for function in (reconstruct_at, row_errors):
        with pytest.raises(ValueError, match=r"window of 5 rows .* got 4"):
            function(params, rows, 5)


def test_the_rows_given_are_not_changed():
    params, rows = make(3, 4, 1, 20)
    before = rows.copy()
    row_errors(params, rows, 5)
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize("shape", [(4, 1), (16, 3), (128, 8), (128, 32), (256, 64), (38, 64)])
def test_a_column_has_the_same_product_in_every_place_of_a_tiled_product(shape):
    rng = np.random.default_rng(1)
    W, column = rng.normal(size=shape).astype(np.float32), rng.normal(size=(shape[1], 1)).astype(np.float32)
    width = tile_width({shape}, np.float32)
    products = tiled_product(W, np.repeat(column, 3 * width, axis=1), width)
    np.testing.assert_array_equal(products, np.repeat(products[:, :1], 3 * width, axis=1))
    np.testing.assert_allclose(products[:, :1], W @ column, rtol=0, atol=1e-4)
