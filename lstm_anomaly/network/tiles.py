"""Matrix products that give a column the same result, to the last bit, wherever and beside whatever it is.

A BLAS takes another path, and rounds differently, for narrow products and for the columns at the edges of
wide ones (OpenBLAS does the latter with its kernels for AVX2). So products here are made tile by tile, all
tiles of one width at which this machine's BLAS treats every column alike.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from lstm_anomaly.network.cell import Array

WIDTHS = (32, 16, 1)  # the wider, the faster; a single column is always treated like itself


def tile_width(shapes: set[tuple[int, int]], dtype: Any) -> int:
    """The widest tile that is safe for products with weights of all these shapes."""
    return min(_width_for(shape, np.dtype(dtype)) for shape in shapes)


@cache
def _width_for(shape: tuple[int, int], dtype: np.dtype[Any]) -> int:
    """Try it: a tile made of one column again and again has to give one result again and again."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal(shape).astype(dtype)
    columns = rng.standard_normal((16, shape[1], 1)).astype(dtype)
    for width in WIDTHS:
        results = np.matmul(W, np.repeat(columns, width, axis=2))  # (16, M, width)
        if np.array_equal(results, np.repeat(results[:, :, :1], width, axis=2)):
            return width
    raise AssertionError("a tile of one column equals itself")


SMALL_PRODUCT = 1_000_000  # multiply-adds


def fast_tile(shape: tuple[int, int], batch: int, dtype: Any) -> int:
    """How many of `batch` columns a product with weights (M, K) should take at a time; all, or a power of 2.

    OpenBLAS has quicker kernels for products of up to a million multiply-adds where there is AVX-512, by
    10 to 20 % at H = 64. They treat all columns alike, which is how they are told from the others.
    """
    if shape[0] * shape[1] * batch <= SMALL_PRODUCT or tile_width({shape}, dtype) < WIDTHS[0]:
        return batch
    most = SMALL_PRODUCT // (shape[0] * shape[1])
    tile = 1 << most.bit_length() - 1 if most else 0  # the largest power of 2 that is not too large
    return tile if tile >= WIDTHS[0] and batch % tile == 0 else batch


Product = Callable[[Array, Array, Array], object]


def step_product(shape: tuple[int, int], batch: int, piece: int, dtype: Any) -> tuple[Product, int]:
    """How to multiply weights (M, K) by (K, batch) step after step: a function of W, x and out, and the tile
    that x and out have to be cut into for it, `piece` columns at most. `dot` is called in half the time of
    `matmul`.
    """
    tile = fast_tile(shape, piece, dtype)
    return (np.dot, batch) if tile == batch else (np.matmul, tile)


def cut(x: Array, width: int) -> Array:
    """x (K, n) itself, if it is one tile wide, else its tiles."""
    return x if x.shape[1] == width else tiles(x, width)


def tiles(x: Array, width: int) -> Array:
    """The columns of x (..., K, n), n a multiple of width, as tiles (..., n / width, K, width); a view."""
    return x.reshape(*x.shape[:-1], -1, width).swapaxes(-3, -2)


def tiled_product(W: Array, x: Array, width: int) -> Array:
    """W x, of shape (M, n), for W (M, K) and x (K, n)."""
    product = np.empty((len(W), x.shape[1]), W.dtype)
    np.matmul(W, tiles(x, width), out=tiles(product, width))
    return product
