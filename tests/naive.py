"""The autoencoder as slowly and obviously as possible: what the fast versions must equal.

One window at a time in float64, with the package's plain LSTM.
"""

import numpy as np

from lstm_anomaly.network.lstm import LstmParams, plain_forward


def _layers(params, stack):
    names = [f"{stack}.{k}" for k in range(len(params)) if f"{stack}.{k}.b" in params]
    return [layer(params, name) for name in names]


def layer(params, name):
    """Weights of one LSTM layer in float64."""
    return LstmParams(*(params[f"{name}.{part}"].astype(float) for part in ("W_x", "W_h", "b")))


def encode(params, window):
    """The code (H,) of one window (T, F)."""
    sequence = window[:, :, np.newaxis]  # (T, F, 1)
    for weights in _layers(params, "encoder"):
        sequence, _, _ = plain_forward(weights, sequence)
    return sequence[-1, :, 0]


def reconstruct(params, window):
    """What the autoencoder makes of one window (T, F)."""
    sequence = np.repeat(encode(params, window)[np.newaxis, :, np.newaxis], len(window), axis=0)  # (T, H, 1)
    for weights in _layers(params, "decoder"):
        sequence, _, _ = plain_forward(weights, sequence)
    return sequence[::-1, :, 0] @ params["output.W"].T + params["output.b"]
