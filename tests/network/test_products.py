"""Products of a step, cut into tiles that suit the machine, are the products."""

import numpy as np
import pytest

from lstm_anomaly.network import products as tiles
from lstm_anomaly.network.products import StepProduct, fast_rows
from lstm_anomaly.network.weight_gradient import WeightGradient


def test_products_that_are_small_are_not_cut():
    assert StepProduct((32, 12), 64, 64, np.float32).into is np.dot


@pytest.mark.parametrize("shape", [(256, 73), (64, 256), (72, 256), (512, 137), (100, 300), (33, 600)])
@pytest.mark.parametrize(("batch", "width"), [(64, 64), (256, 128), (76, 38), (300, 100)])
@pytest.mark.parametrize("quick", [True, False])  # whether the machine has the kernels to cut for
def test_products_in_tiles_are_the_products(shape, batch, width, quick, monkeypatch):
    monkeypatch.setattr(tiles, "tile_width", lambda shapes, dtype: 32 if quick else 1)
    rng = np.random.default_rng(0)
    W, x = rng.normal(size=shape), rng.normal(size=(shape[1], batch))
    product, out = StepProduct(shape, batch, width, W.dtype), np.zeros((shape[0], batch))
    product.into(product.weights(W), product.columns(x), product.result(out))
    np.testing.assert_allclose(out, W @ x, rtol=0, atol=1e-11)


def test_rows_are_halved_until_a_product_is_small(monkeypatch):
    monkeypatch.setattr(tiles, "tile_width", lambda shapes, dtype: 32)
    assert fast_rows((256, 73), 32, np.float32) == 256
    assert fast_rows((256, 73), 64, np.float32) == 128
    assert fast_rows((100, 300), 64, np.float32) == 50
    assert fast_rows((33, 600), 64, np.float32) == 0  # an odd number of rows cannot be halved


@pytest.mark.parametrize("shape", [(256, 73), (100, 300), (33, 600)])
@pytest.mark.parametrize(("batch", "pieces"), [(32, 1), (64, 2), (128, 1), (256, 2), (76, 2)])
def test_gradients_of_weights_are_sums_over_steps_and_columns(shape, batch, pieces):
    rng = np.random.default_rng(0)
    gradient = WeightGradient(shape, batch, pieces, np.float64)
    gradient.clear()
    expected = np.zeros(shape)
    for n in (gradient.steps, gradient.steps, 1):  # the last chunk may be shorter
        d, x = rng.normal(size=(n, shape[0], batch)), rng.normal(size=(n, shape[1], batch))
        gradient.add(d, x)
        expected += np.einsum("tmb,tkb->mk", d, x)
    np.testing.assert_allclose(gradient.total(), expected, rtol=0, atol=1e-10)
