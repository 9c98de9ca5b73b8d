"""The LSTM layer: its equations, its gradients, and that nothing is left over from one call to the next."""

from pathlib import Path

import numpy as np
import pytest
from gradcheck import assert_gradients_match

from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmParams, init_lstm, plain_backward, plain_forward

GOLDEN = Path(__file__).parent.parent / "golden" / "lstm.npz"
F, H = 3, 4


def random_layer(rng, inputs=F, hidden=H):
    """Weights large enough to use the bent part of the gates."""
    return LstmParams(
        rng.normal(0, 0.7, (4 * hidden, inputs)),
        rng.normal(0, 0.7, (4 * hidden, hidden)),
        rng.normal(0, 0.7, 4 * hidden),
    )


def run_with_gradients(params, x, h0, c0, factors, T, constant_input=False):
    """A loss that weighs all outputs and last states by `factors`, as a function, and its gradients."""
    _, B = h0.shape
    buffers = LstmBuffers(LayerShape(params.W_x.shape[1], H, T, B), np.float64, constant_input=constant_input)

    def loss():
        results = lstm_forward(params, x, buffers, h0, c0)
        return sum(float(np.sum(result * factor)) for result, factor in zip(results, factors, strict=True))

    loss()
    gradients = lstm_backward(params, buffers, *factors)
    return loss, {
        "W_x": gradients.params.W_x.copy(),
        "W_h": gradients.params.W_h.copy(),
        "b": gradients.params.b.copy(),
        "x": gradients.d_x,
        "h0": gradients.d_h0,
        "c0": gradients.d_c0,
    }


def random_factors(rng, T, B):
    return rng.normal(size=(T, H, B)), rng.normal(size=(H, B)), rng.normal(size=(H, B))


@pytest.mark.parametrize("constant_input", [False, True])
@pytest.mark.parametrize("B", [1, 5])
@pytest.mark.parametrize("T", [1, 2, 7])
def test_gradients_of_weights_input_states_match_finite_differences(T, B, constant_input):
    rng = np.random.default_rng(T * 10 + B)
    params = random_layer(rng)
    x = rng.normal(size=(F, B) if constant_input else (T, F, B))
    h0, c0 = rng.normal(size=(2, H, B))
    loss, gradients = run_with_gradients(params, x, h0, c0, random_factors(rng, T, B), T, constant_input)
    arrays = {"W_x": params.W_x, "W_h": params.W_h, "b": params.b, "x": x, "h0": h0, "c0": c0}
    assert_gradients_match(loss, arrays, gradients)


def test_gradients_are_right_for_a_batch_that_is_worked_on_in_tiles():
    rng = np.random.default_rng(0)
    T, B = 3, 64
    params, x = random_layer(rng), rng.normal(size=(T, F, B))
    h0, c0 = rng.normal(size=(2, H, B))
    loss, gradients = run_with_gradients(params, x, h0, c0, random_factors(rng, T, B), T)
    arrays = {"W_x": params.W_x, "W_h": params.W_h, "b": params.b, "h0": h0}
    assert_gradients_match(loss, arrays, gradients)


def test_plain_steps_are_the_textbooks_worked_out_by_hand():
    """One unit, one input of 1: z is 0 but for g, where it is atanh(1/2). So i, f, o are 1/2 and g is 1/2."""
    params = LstmParams(np.array([[0.0], [0.0], [np.arctanh(0.5)], [0.0]]), np.zeros((4, 1)), np.zeros(4))
    outputs, c, _ = plain_forward(params, np.ones((2, 1, 1)))
    np.testing.assert_allclose(c, [[0.5 * 0.25 + 0.5 * 0.5]])  # c_1 = 0 + 1/4, c_2 = 1/8 + 1/4
    np.testing.assert_allclose(outputs[:, 0, 0], [0.5 * np.tanh(0.25), 0.5 * np.tanh(0.375)])


@pytest.mark.parametrize("T", [1, 2, 7])
def test_plain_gradients_match_finite_differences(T):
    rng = np.random.default_rng(T)
    params, x = random_layer(rng), rng.normal(size=(T, F, 2))
    h0, c0 = rng.normal(size=(2, H, 2))
    of_outputs, _, of_c = random_factors(rng, T, 2)

    def loss():
        outputs, c, _ = plain_forward(params, x, h0, c0)
        return float(np.sum(outputs * of_outputs) + np.sum(c * of_c))

    gradients = plain_backward(params, plain_forward(params, x, h0, c0)[2], of_outputs, of_c)
    found = {**vars(gradients.params), "x": gradients.d_x, "h0": gradients.d_h0, "c0": gradients.d_c0}
    assert_gradients_match(loss, {**vars(params), "x": x, "h0": h0, "c0": c0}, found)


@pytest.mark.parametrize("T", [1, 7])
def test_the_fast_version_equals_the_plain_one_forwards_and_backwards(T):
    rng = np.random.default_rng(1)
    params, x = random_layer(rng), rng.normal(size=(T, F, 5))
    h0, c0 = rng.normal(size=(2, H, 5))
    d_outputs, _, d_c = random_factors(rng, T, 5)
    buffers = LstmBuffers(LayerShape(F, H, T, 5), np.float64)
    fast, h_last, c_last = lstm_forward(params, x, buffers, h0, c0)
    plain, c, steps = plain_forward(params, x, h0, c0)
    found = lstm_backward(params, buffers, d_outputs, d_c_last=d_c)
    expected = plain_backward(params, steps, d_outputs, d_c)
    pairs = [(fast, plain), (h_last, plain[-1]), (c_last, c), (found.d_x, expected.d_x)]
    pairs += [(found.d_h0, expected.d_h0), (found.d_c0, expected.d_c0)]
    pairs += [(vars(found.params)[name], weight) for name, weight in vars(expected.params).items()]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def pytorch_layer(golden, layer):
    """PyTorch's weights are ours but for the second bias, which is added to the first."""
    bias = golden[f"bias_ih_l{layer}"] + golden[f"bias_hh_l{layer}"]
    return LstmParams(golden[f"weight_ih_l{layer}"], golden[f"weight_hh_l{layer}"], bias)


@pytest.mark.parametrize("layers", [1, 2])
def test_outputs_states_and_gradients_equal_pytorch(layers):
    with np.load(GOLDEN) as arrays:
        golden = {key[2:]: arrays[key] for key in arrays.files if key[0] == str(layers)}
    batch_last = {key: value.swapaxes(1, 2) for key, value in golden.items() if value.ndim == 3}
    T, _, B = batch_last["x"].shape
    stack = [pytorch_layer(golden, layer) for layer in range(layers)]
    buffers = [LstmBuffers(LayerShape(p.W_x.shape[1], H, T, B), np.float64) for p in stack]

    def same(ours, theirs):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)

    sequence = batch_last["x"]
    for k, params in enumerate(stack):
        sequence, h_last, c_last = lstm_forward(
            params, sequence, buffers[k], batch_last["h0"][k], batch_last["c0"][k]
        )
        same(h_last, batch_last["h_last"][k])
        same(c_last, batch_last["c_last"][k])
    same(sequence, batch_last["outputs"])

    d_outputs = batch_last["factor.outputs"]
    for k in reversed(range(layers)):
        d_h, d_c = batch_last["factor.h_last"][k], batch_last["factor.c_last"][k]
        gradients = lstm_backward(stack[k], buffers[k], d_outputs, d_h, d_c)
        same(gradients.params.W_x, golden[f"gradient.weight_ih_l{k}"])
        same(gradients.params.W_h, golden[f"gradient.weight_hh_l{k}"])
        same(gradients.params.b, golden[f"gradient.bias_ih_l{k}"])
        same(gradients.d_h0, batch_last["gradient.h0"][k])
        same(gradients.d_c0, batch_last["gradient.c0"][k])
        d_outputs = gradients.d_x
    same(d_outputs, batch_last["gradient.x"])


def test_feeding_the_states_back_continues_the_sequence():
    rng = np.random.default_rng(2)
    params, x = random_layer(rng), rng.normal(size=(7, F, 5))
    whole, h_last, c_last = lstm_forward(params, x, LstmBuffers(LayerShape(F, H, 7, 5), np.float64))
    first, h, c = lstm_forward(params, x[:3], LstmBuffers(LayerShape(F, H, 3, 5), np.float64))
    second, h, c = lstm_forward(params, x[3:], LstmBuffers(LayerShape(F, H, 4, 5), np.float64), h, c)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=0, atol=1e-14)
    np.testing.assert_allclose((h, c), (h_last, c_last), rtol=0, atol=1e-14)


def test_buffers_used_again_leave_nothing_of_the_first_call():
    rng = np.random.default_rng(3)
    params, x, other = random_layer(rng), rng.normal(size=(7, F, 5)), rng.normal(size=(7, F, 5))
    d_outputs = rng.normal(size=(7, H, 5))
    fresh, used = (LstmBuffers(LayerShape(F, H, 7, 5), np.float64) for _ in range(2))
    lstm_forward(params, other, used, *rng.normal(size=(2, H, 5)))
    lstm_backward(params, used, d_outputs, *rng.normal(size=(2, H, 5)))
    results = []
    for buffers in (fresh, used):
        outputs, _, _ = lstm_forward(params, x, buffers)
        gradients = lstm_backward(params, buffers, d_outputs)
        results.append([outputs.copy(), gradients.params.W_x, gradients.params.W_h, gradients.d_x])
    for from_fresh, from_used in zip(*results, strict=True):
        np.testing.assert_array_equal(from_fresh, from_used)


def test_a_constant_input_is_an_input_repeated_at_every_step():
    rng = np.random.default_rng(4)
    T, B = 6, 5
    params, x = random_layer(rng), rng.normal(size=(F, B))
    h0, c0 = rng.normal(size=(2, H, B))
    factors = random_factors(rng, T, B)
    loss, constant = run_with_gradients(params, x, h0, c0, factors, T, constant_input=True)
    repeated_x = np.repeat(x[None], T, axis=0)
    repeated_loss, repeated = run_with_gradients(params, repeated_x, h0, c0, factors, T)
    assert loss() == pytest.approx(repeated_loss(), abs=1e-12)
    repeated["x"] = repeated["x"].sum(axis=0)
    for name, gradient in constant.items():
        np.testing.assert_allclose(gradient, repeated[name], rtol=0, atol=1e-12)


def test_the_lowest_layer_may_leave_out_the_gradient_of_its_input():
    rng = np.random.default_rng(5)
    params, x, buffers = (
        random_layer(rng),
        rng.normal(size=(3, F, 2)),
        LstmBuffers(LayerShape(F, H, 3, 2), np.float64),
    )
    lstm_forward(params, x, buffers)
    d_outputs = rng.normal(size=(3, H, 2))
    with_x = lstm_backward(params, buffers, d_outputs)
    without = lstm_backward(params, buffers, d_outputs, input_gradient=False)
    assert with_x.d_x is not None
    assert without.d_x is None
    np.testing.assert_allclose(without.params.W_h, with_x.params.W_h, rtol=0, atol=1e-14)


def test_float32_weights_give_float32_results_close_to_float64():
    rng = np.random.default_rng(6)
    params, x = random_layer(rng), rng.normal(size=(7, F, 5))
    small = LstmParams(*(weight.astype(np.float32) for weight in (params.W_x, params.W_h, params.b)))
    exact, _, _ = lstm_forward(params, x, LstmBuffers(LayerShape(F, H, 7, 5), np.float64))
    rounded, _, _ = lstm_forward(small, x.astype(np.float32), LstmBuffers(LayerShape(F, H, 7, 5), np.float32))
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, exact, rtol=0, atol=1e-5)


def test_huge_inputs_saturate_the_gates_without_a_warning():
    params, x = random_layer(np.random.default_rng(7)), np.full((2, F, 1), 1e30)
    outputs, _, _ = lstm_forward(params, x, LstmBuffers(LayerShape(F, H, 2, 1), np.float64))
    assert np.all(np.abs(outputs) <= 1)


def test_initial_forget_bias_is_one_and_recurrent_weights_are_orthogonal():
    params = init_lstm(np.random.default_rng(0), 6, 8)
    np.testing.assert_array_equal(params.b, np.repeat([0, 1, 0, 0], 8))
    for gate in np.split(params.W_h, 4):
        np.testing.assert_allclose(gate @ gate.T, np.eye(8), atol=1e-6)
    assert np.abs(params.W_x).max() <= np.sqrt(6 / 14)
    assert not np.array_equal(*np.split(params.W_h, 2)), "the gates must not start identical"


def test_initial_weights_depend_on_the_generator_alone():
    first, same, other = (init_lstm(np.random.default_rng(seed), F, H) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.W_x, same.W_x)
    np.testing.assert_array_equal(first.W_h, same.W_h)
    assert not np.array_equal(first.W_x, other.W_x)
