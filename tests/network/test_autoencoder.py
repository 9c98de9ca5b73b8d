"""The autoencoder as a whole: its gradients, its parity with PyTorch and the naive version, and learning."""

from pathlib import Path

import naive
import numpy as np
import pytest
from gradcheck import assert_gradients_match

from lstm_anomaly.network.autoencoder import (
    Architecture,
    Workspace,
    architecture,
    init_autoencoder,
    loss_and_gradients,
    parameter_shapes,
    reconstruct,
)
from lstm_anomaly.network.training.optim import adam_step, init_adam

GOLDEN = Path(__file__).parent.parent / "golden" / "autoencoder.npz"


def random_autoencoder(rng, layers, sensors=3, hidden=4):
    params = init_autoencoder(rng, sensors, hidden, layers, np.float64)
    for value in params.values():
        value += rng.normal(0, 0.3, value.shape)
    return params


def loss_of(params, x):
    """The loss by its definition, from the way forward alone."""
    workspace = Workspace(params, len(x), x.shape[2])
    return lambda: float(((reconstruct(params, x, workspace) - x) ** 2).mean())


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("B", [1, 5])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_gradients_of_all_parameters_are_those_of_finite_differences(T, B, layers):
    rng = np.random.default_rng(T * 100 + B * 10 + layers)
    params, x = random_autoencoder(rng, layers), rng.normal(size=(T, 3, B))
    workspace = Workspace(params, T, B)
    _, gradients = loss_and_gradients(params, x, workspace)
    assert_gradients_match(loss_of(params, x), params, gradients)


@pytest.mark.parametrize("layers", [1, 2])
def test_gradients_are_right_again_after_a_training_step(layers):
    rng = np.random.default_rng(layers)
    params, x = random_autoencoder(rng, layers), rng.normal(size=(5, 3, 4))
    workspace, state = Workspace(params, 5, 4), init_adam(params)
    _, gradients = loss_and_gradients(params, x, workspace)
    adam_step(params, gradients, state, 0.05)
    _, gradients = loss_and_gradients(params, x, workspace)
    assert_gradients_match(loss_of(params, x), params, gradients)


def pytorch_parameters(golden, prefix=""):
    """Our names for PyTorch's arrays; its two biases count as their sum, and so share one gradient."""
    params = {}
    for stack in ("encoder", "decoder"):
        for k in range(2):
            if f"{prefix}{stack}.weight_ih_l{k}" in golden:
                params[f"{stack}.{k}.W_x"] = golden[f"{prefix}{stack}.weight_ih_l{k}"]
                params[f"{stack}.{k}.W_h"] = golden[f"{prefix}{stack}.weight_hh_l{k}"]
                params[f"{stack}.{k}.b"] = golden[f"{prefix}{stack}.bias_ih_l{k}"]
                if not prefix:
                    params[f"{stack}.{k}.b"] = params[f"{stack}.{k}.b"] + golden[f"{stack}.bias_hh_l{k}"]
    return params | {"output.W": golden[f"{prefix}output.weight"], "output.b": golden[f"{prefix}output.bias"]}


@pytest.mark.parametrize("layers", [1, 2])
def test_reconstruction_loss_and_gradients_equal_pytorch(layers):
    with np.load(GOLDEN) as arrays:
        golden = {key[2:]: arrays[key] for key in arrays.files if key[0] == str(layers)}
    params, x = pytorch_parameters(golden), golden["x"].swapaxes(1, 2)
    T, _, B = x.shape
    workspace = Workspace(params, T, B)
    reconstruction = reconstruct(params, x, workspace).swapaxes(1, 2)
    np.testing.assert_allclose(reconstruction, golden["reconstruction"], rtol=0, atol=1e-12)
    loss, gradients = loss_and_gradients(params, x, workspace)
    assert loss == pytest.approx(float(golden["loss"]), abs=1e-12)
    expected = pytorch_parameters(golden, "gradient.")
    assert list(gradients) == list(expected)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("T", [1, 6])
def test_reconstruction_equals_the_naive_version(T, layers):
    rng = np.random.default_rng(0)
    params, x = random_autoencoder(rng, layers), rng.normal(size=(T, 3, 4))
    reconstruction = reconstruct(params, x, Workspace(params, T, 4))
    for k in range(4):
        expected = naive.reconstruct(params, x[:, :, k])
        np.testing.assert_allclose(reconstruction[:, :, k], expected, rtol=0, atol=1e-13)


def test_one_batch_can_be_learned_by_heart():
    rng = np.random.default_rng(0)
    params, x = init_autoencoder(rng, 2, 16), rng.normal(size=(6, 2, 4)).astype(np.float32)
    workspace, state = Workspace(params, 6, 4), init_adam(params)
    losses = []
    for _ in range(1500):
        loss, gradients = loss_and_gradients(params, x, workspace)
        adam_step(params, gradients, state, 0.01)
        losses.append(loss)
    assert losses[-1] < 1e-3 * losses[0]


def test_each_window_is_reconstructed_for_itself():
    """Whatever lies beside it in the batch, a window gives the same result."""
    rng = np.random.default_rng(1)
    params, x = random_autoencoder(rng, 1), rng.normal(size=(5, 3, 6))
    together = reconstruct(params, x, Workspace(params, 5, 6)).copy()
    x[:, :, 1:] = rng.normal(size=(5, 3, 5))
    np.testing.assert_array_equal(reconstruct(params, x, Workspace(params, 5, 6))[:, :, 0], together[:, :, 0])


@pytest.mark.parametrize("layers", [1, 2])
def test_parameters_have_the_promised_names_and_shapes(layers):
    params = init_autoencoder(np.random.default_rng(0), 3, 5, layers)
    assert {name: value.shape for name, value in params.items()} == parameter_shapes(3, 5, layers)
    assert list(params) == list(parameter_shapes(3, 5, layers))
    assert all(value.dtype == np.float32 for value in params.values())
    assert architecture(params) == Architecture(sensors=3, hidden=5, layers=layers)


def test_a_batch_in_pieces_gives_the_bits_of_the_pieces_alone():
    """For products in tiles of several sizes, and weight gradients of several steps at once."""
    for hidden, width in ((8, 16), (64, 32), (64, 128), (128, 128)):
        rng = np.random.default_rng(0)
        params = init_autoencoder(rng, 3, hidden, layers=2)
        x = rng.normal(size=(5, 3, 2 * width)).astype(np.float32)
        loss, gradients = loss_and_gradients(params, x, Workspace(params, 5, 2 * width, pieces=2))
        alone = [
            loss_and_gradients(params, np.ascontiguousarray(part), Workspace(params, 5, width))
            for part in np.split(x, 2, axis=2)
        ]
        assert loss == 0.5 * alone[0][0] + 0.5 * alone[1][0]
        for name, gradient in gradients.items():
            expected = np.float32(0.5) * alone[0][1][name] + np.float32(0.5) * alone[1][1][name]
            np.testing.assert_array_equal(gradient, expected, err_msg=name)


def test_a_batch_in_pieces_is_the_batch():
    rng = np.random.default_rng(0)
    params, x = random_autoencoder(rng, 2), rng.normal(size=(5, 3, 48))
    (loss, whole), (same, pieces) = (
        loss_and_gradients(params, x, Workspace(params, 5, 48, p)) for p in (1, 3)
    )
    assert same == pytest.approx(loss, rel=1e-13)
    for name, gradient in whole.items():
        np.testing.assert_allclose(pieces[name], gradient, rtol=0, atol=1e-13, err_msg=name)
