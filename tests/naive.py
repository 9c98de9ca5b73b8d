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


def row_errors(params, rows, T):
    """rows (M, F): mean squared error per row (M, F) over the windows covering it, and per window (W, F)."""
    sums, counts, per_window = np.zeros(rows.shape), np.zeros((len(rows), 1)), []
    for start in range(len(rows) - T + 1):
        window = rows[start : start + T]
        squares = (reconstruct(params, window) - window) ** 2
        sums[start : start + T] += squares
        counts[start : start + T] += 1
        per_window.append(squares.mean(axis=0))
    return sums / counts, np.array(per_window)


def next_symbol_log_p(params, symbols, start):
    """log p (n, K) that a next-symbol LSTM gives each place of one sequence of codes, one by one."""
    weights = {name: array.astype(float) for name, array in params.items()}
    read = [weights["embedding"][code] for code in (start, *symbols[:-1])]
    hs, _, _ = lstm(weights["lstm.W_x"], weights["lstm.W_h"], weights["lstm.b"], read)
    found = []
    for h in hs:
        odds = np.exp(weights["output.W"] @ h + weights["output.b"])
        found.append(np.log(odds / odds.sum()))
    return np.array(found)


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
