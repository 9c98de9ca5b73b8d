"""How wide a tile may be: found by trying, on whatever BLAS there is."""

import numpy as np
import pytest

from lstm_anomaly.network import products as tiles
from lstm_anomaly.network.products import tile_width, tiled_product


def width_of(monkeypatch, product):
    """The width that is found on a machine whose products of tiles are those of `product`."""
    monkeypatch.setattr(tiles, "tiled_product", product)
    monkeypatch.setattr(tiles, "is_safe", tiles.is_safe.__wrapped__)  # which remembers what it found
    return tile_width([(5, 7)], np.float32)


def spoiled(part):
    """Products that are right but for the columns of a tile that `part` (width,) says: a bit off."""

    def product(W, x, width):
        right = tiled_product(W, x, width)
        off = np.flatnonzero(np.tile(part(width), x.shape[1] // width))
        right[-1, off] = np.nextafter(right[-1, off], np.float32(np.inf))
        return right

    return product


def test_a_blas_that_treats_all_columns_alike_gets_the_widest_tiles(monkeypatch):
    assert width_of(monkeypatch, lambda W, x, width: np.einsum("mk,kn->mn", W, x)) == max(tiles.WIDTHS)


@pytest.mark.parametrize("safe", [16, 8, 4, 1])
def test_a_tile_is_no_wider_than_the_columns_treated_alike(monkeypatch, safe):
    assert width_of(monkeypatch, spoiled(lambda width: np.arange(width) >= safe)) == safe


def test_a_single_column_that_is_treated_otherwise_is_enough(monkeypatch):
    assert width_of(monkeypatch, spoiled(lambda width: np.arange(width) == 23)) == 16


def test_a_product_that_depends_on_what_stands_beside_a_column_is_found(monkeypatch):
    def mixing(W, x, width):
        beside = np.roll(x.reshape(len(x), -1, width), 1, axis=2).reshape(x.shape)  # (K, n)
        return tiled_product(W, x, width) + np.float32(1e-6) * (beside - x).sum(axis=0)

    assert width_of(monkeypatch, mixing) == 1


def margin_with(monkeypatch, treated_otherwise):
    """The margin for products of which the columns that `treated_otherwise` (width,) tells are a bit off."""

    def product(W, x, width):
        right = np.einsum("mk,kn->mn", W, x)
        off = treated_otherwise(np.arange(width), width)
        right[-1, off] = np.nextafter(right[-1, off], np.float32(np.inf))
        return right

    monkeypatch.setattr(tiles, "tiled_product", product)
    return tiles.margin_of.__wrapped__((5, 7), 64, np.dtype(np.float32))


def test_columns_at_the_ends_treated_otherwise_are_left_to_a_margin(monkeypatch):
    assert margin_with(monkeypatch, lambda at, width: (at < 8) | (at >= width - 8)) == 8


@pytest.mark.parametrize("column", [8, 40, 71])
def test_there_is_no_margin_where_a_column_between_is_treated_otherwise(monkeypatch, column):
    assert margin_with(monkeypatch, lambda at, width: (at == column) & (width == 80)) == 0


def test_there_is_no_margin_where_products_of_some_width_are_others(monkeypatch):
    assert margin_with(monkeypatch, lambda at, width: (at >= 0) & (width == 48)) == 0


def test_several_weights_share_the_width_that_suits_all_of_them(monkeypatch):
    monkeypatch.setattr(tiles, "is_safe", lambda shape, width, dtype: width <= {3: 32, 5: 8}[shape[0]])
    assert tile_width([(3, 4), (5, 4)], np.float32) == 8
    assert tile_width([(3, 4)], np.float32, most=16) == 16
