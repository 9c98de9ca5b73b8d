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


def next_symbol_log_p(params, symbols, start):
    """log p (n, K) that a next-symbol LSTM gives each place of one sequence of codes, one by one."""
    read = params["embedding"].astype(float)[[start, *symbols[:-1]]]  # (n, D)
    hs, _, _ = plain_forward(layer(params, "lstm"), read[:, :, np.newaxis])  # (n, H, 1)
    odds = np.exp(hs[:, :, 0] @ params["output.W"].T.astype(float) + params["output.b"].astype(float))
    return np.log(odds / odds.sum(axis=1, keepdims=True))


def witten_bell(sequences, order, unseen, start, history, symbol):
    """p of a symbol after a history, by an n-gram of this order counted on sequences of codes."""
    if order == 1:
        said = [code for sequence in sequences for code in sequence]
        return max((1 - unseen) * said.count(symbol) / len(said), unseen)
    shorter = witten_bell(sequences, order - 1, unseen, start, history, symbol)
    context = ([start] * order + list(history))[1 - order :]
    followers = []
    for sequence in sequences:
        padded = [start] * (order - 1) + list(sequence)
        for at in range(order - 1, len(padded)):
            if padded[at - order + 1 : at] == context:
                followers.append(padded[at])
    if not followers:
        return shorter
    different = len(set(followers))
    return (followers.count(symbol) + different * shorter) / (len(followers) + different)
