"""The LSTM and the autoencoder as slowly and obviously as possible: what the fast versions must equal.

One window at a time, one step at a time, one gate at a time, in float64, with the textbook's equations.
"""

import numpy as np


def sigma(z):
    return 1 / (1 + np.exp(-z))


def lstm_step(W_x, W_h, b, x, h, c):
    """x (F,), h and c (H,); the weights' rows are those of i, f, g, o. Returns the next h and c."""
    H = len(h)
    of_gate = {name: slice(k * H, (k + 1) * H) for k, name in enumerate("ifgo")}

    def z(gate):
        rows = of_gate[gate]
        return W_x[rows] @ x + W_h[rows] @ h + b[rows]

    i, f, g, o = sigma(z("i")), sigma(z("f")), np.tanh(z("g")), sigma(z("o"))
    c = f * c + i * g
    return o * np.tanh(c), c


def lstm(W_x, W_h, b, xs, h=None, c=None):
    """Run over xs, a list of (F,) arrays. Returns the list of h, and the last h and c."""
    h = np.zeros(W_h.shape[1]) if h is None else h
    c = np.zeros(W_h.shape[1]) if c is None else c
    hs = []
    for x in xs:
        h, c = lstm_step(W_x, W_h, b, x, h, c)
        hs.append(h)
    return hs, h, c


def _layers(params, stack):
    names = [f"{stack}.{k}" for k in range(len(params)) if f"{stack}.{k}.b" in params]
    return [tuple(params[f"{name}.{part}"].astype(float) for part in ("W_x", "W_h", "b")) for name in names]


def encode(params, window):
    """The code (H,) of one window (T, F)."""
    sequence = list(window)
    for weights in _layers(params, "encoder"):
        sequence, code, _ = lstm(*weights, sequence)
    return code


def reconstruct(params, window):
    """What the autoencoder makes of one window (T, F)."""
    sequence = [encode(params, window)] * len(window)
    for weights in _layers(params, "decoder"):
        sequence, _, _ = lstm(*weights, sequence)
    return np.array([params["output.W"] @ h + params["output.b"] for h in reversed(sequence)])
