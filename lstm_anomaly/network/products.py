"""Matrix products in which a column's result is the same to the last bit, whatever its place and neighbours.

A BLAS takes another path, and rounds differently, for narrow products and for the columns at the edges of
wide ones (OpenBLAS does the latter with its kernels for AVX2). So products here are made tile by tile, all
tiles of one width at which this machine's BLAS treats every column alike; or whole, with a margin of columns
that are not used, where all columns between are treated alike.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from lstm_anomaly.base.types import Array

WIDTHS = (32, 16, 8, 4, 1)  # the wider, the faster; a single column is always treated like itself
SEEDS = 3  # weights that a width is tried with
TRIED = 16  # columns that a width is tried with, each at every place of a tile


def tile_width(shapes: Iterable[tuple[int, int]], dtype: Any, most: int = WIDTHS[0]) -> int:
    """The widest tile, of `most` columns, that is safe for products with weights of all these shapes.

    Where a BLAS treats columns alike only in narrow tiles, or one by one, the width is 8, 4 or 1: products
    are slower then, and results just as much the same wherever a column stands.
    """
    for width in WIDTHS[:-1]:
        if width <= most and all(is_safe(shape, width, np.dtype(dtype)) for shape in shapes):
            return width
    return WIDTHS[-1]


@cache
def is_safe(shape: tuple[int, int], width: int, dtype: np.dtype[Any]) -> bool:
    """Try it, with tiles cut and laid out as `tiled_product` does."""
    return all(_columns_alike(shape, width, dtype, seed) for seed in range(SEEDS))


def _columns_alike(shape: tuple[int, int], width: int, dtype: np.dtype[Any], seed: int) -> bool:
    """Whether a column gets the same product at every place of a tile, whatever stands beside it."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal(shape).astype(dtype)  # (M, K)
    columns = rng.standard_normal((shape[1], TRIED)).astype(dtype)  # (K, 16)
    alone = tiled_product(W, np.repeat(columns, width, axis=1), width)  # (M, 16 w): each fills a tile
    mixed = tiled_product(W, np.tile(columns[:, ::-1], width), width)  # (M, 16 w): tiles of different ones
    first = alone[:, ::width]  # (M, 16)
    single = tiled_product(W, np.repeat(columns[:, :1], width, axis=1), width)  # (M, w): as of a stream
    pairs = (
        (alone, np.repeat(first, width, axis=1)),
        (mixed, np.tile(first[:, ::-1], width)),
        (single, np.repeat(first[:, :1], width, axis=1)),
    )
    return all(np.array_equal(found, expected) for found, expected in pairs)


MARGIN = 8  # columns at each end that OpenBLAS's kernels for AVX2 treat otherwise than those between
WITH_MARGIN = 16  # width of tiles for which a margin is tried, and of what is between, or a multiple
MOST_WHOLE = 256  # columns between; OpenBLAS cuts products of more than 320 in two, with ends of their own


@cache
def margin_of(shape: tuple[int, int], most: int, dtype: np.dtype[Any]) -> int:
    """Columns to leave unused at both ends of products that are made whole, on one thread; or 0.

    Between them are WITH_MARGIN columns, or a multiple, `most` at most. With a margin each of these gets the
    same result at every place, in products of all widths, and one product takes two thirds of the time of its
    tiles. 0 where that is not so.
    """
    return MARGIN if all(_alike_between(shape, most, dtype, seed) for seed in range(SEEDS)) else 0


def _alike_between(shape: tuple[int, int], most: int, dtype: np.dtype[Any], seed: int) -> bool:
    """Try it, for every width, with each column at every place."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal(shape).astype(dtype)  # (M, K)
    # (K, 15): a number that no block of a BLAS is a multiple of, so that each comes to stand at every place
    columns = rng.standard_normal((shape[1], TRIED - 1)).astype(dtype)
    expected = np.empty((shape[0], TRIED - 1), dtype)  # (M, 15)
    for width in range(WITH_MARGIN, most + 1, WITH_MARGIN):
        which = np.arange(width + 2 * MARGIN) % (TRIED - 1)  # (n,)
        product = tiled_product(W, columns[:, which], len(which))  # (M, n)
        between, found = which[MARGIN:-MARGIN], product[:, MARGIN:-MARGIN]  # (width,), (M, width)
        if width == WITH_MARGIN:
            expected[:, between] = found
        if not np.array_equal(found, expected[:, between]):
            return False
    return True


SMALL_PRODUCT = 1_000_000  # multiply-adds
LEAST_ROWS = 16  # of a tile; with fewer, the calls take longer than the products


def fast_rows(shape: tuple[int, int], columns: int, dtype: Any) -> int:
    """How many rows of weights (M, K) to multiply by these columns at once: M, M / 2, ...; 0 if none helps.

    OpenBLAS has quicker kernels for products of up to a million multiply-adds where there is AVX-512, by
    10 to 20 %. They treat all columns alike, which is how they are told from the others. Elsewhere the answer
    is 0, and products are made with all rows at once, in pieces of a batch that depend on its shape alone.
    """
    rows, K = shape
    while rows * K * columns > SMALL_PRODUCT and rows % 2 == 0 and rows >= 2 * LEAST_ROWS:
        rows //= 2
    is_fast = rows * K * columns <= SMALL_PRODUCT and tile_width({(rows, K)}, dtype) == WIDTHS[0]
    return rows if is_fast else 0


class StepProduct:
    """W x for weights W (M, K), made step after step, B columns at a time, in tiles for the quick kernels.

    The columns are pieces of `width`, and no tile has columns of two of them. What is multiplied is cut once,
    by `weights`, `columns` and `result`, then given to `into(W, x, out)`: `dot` for a single tile, because
    it is called in half the time of `matmul`.
    """

    def __init__(self, shape: tuple[int, int], batch: int, width: int, dtype: Any) -> None:
        M, K = shape
        widths = [fast for fast in (width, 128, 64) if width % fast == 0]
        fast = next((fast for fast in widths if M * K * fast <= SMALL_PRODUCT), widths[-1])
        rows = fast_rows(shape, fast, dtype)
        self._rows, self._width = (rows, fast) if rows else (M, width)
        self._whole = (self._rows, self._width) == (M, batch)
        self.into: Callable[[Array, Array, Array], object] = np.dot if self._whole else np.matmul

    def weights(self, W: Array) -> Array:
        """W (M, K) as it is, or as (M / m, 1, m, K)."""
        return W if self._whole else W.reshape(-1, 1, self._rows, W.shape[1])

    def columns(self, x: Array) -> Array:
        """x (K, B) as it is, or as (B / b, K, b); a view."""
        return x if self._whole else tiles(x, self._width)

    def result(self, z: Array) -> Array:
        """z (M, B) as it is, or as (M / m, B / b, m, b); a view."""
        return z if self._whole else tiles(z.reshape(-1, self._rows, z.shape[1]), self._width)


def round_up(columns: int, width: int) -> int:
    """The columns of as many whole tiles as hold this many columns."""
    return -(-columns // width) * width


def cut(x: Array, width: int) -> Array:
    """x (K, n) itself, if it is one tile wide, else its tiles."""
    return x if x.shape[1] == width else tiles(x, width)


def tiles(x: Array, width: int) -> Array:
    """The columns of x (..., K, n), n a multiple of width, as tiles (..., n / width, K, width); a view."""
    return x.reshape(*x.shape[:-1], -1, width).swapaxes(-3, -2)


def tiled_product(W: Array, x: Array, width: int) -> Array:
    """W x, of shape (..., M, n), for W (M, K) and x (..., K, n), n a multiple of width."""
    if len(W) == 1:  # with a single row NumPy asks for another routine where tiles lie apart in memory
        return tiled_product(np.repeat(W, 2, axis=0), x, width)[..., :1, :]
    product = np.empty((*x.shape[:-2], len(W), x.shape[-1]), W.dtype)  # (..., M, n)
    np.matmul(W, tiles(x, width), out=tiles(product, width))
    return product
