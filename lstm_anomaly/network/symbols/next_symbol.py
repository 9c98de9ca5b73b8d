"""An LSTM that reads symbol after symbol and says how likely each is to be the next.

    s_t -> embedding E[s_t] (D,) -> LSTM -> h_t (H,) -> W h_t + b (K,) -> softmax -> p of s_{t+1}

Of V symbols in the vocabulary, the codes of what it reads are 0 .. V - 1, V for a symbol never seen and V + 1
before the first; what it forecasts is 0 .. V - 1, and V for the end of the sequence: K = V + 1 outputs. The
embedding of a symbol never seen is 0. Trained by the cross-entropy of the next symbol (Bengio et al. 2003;
with an LSTM by Sundermeyer, Schlueter & Ney 2012; on log events by Du et al. 2017, DeepLog).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmParams, init_lstm, lstm_shapes
from lstm_anomaly.network.symbols.softmax import Codes, cross_entropy

Array = NDArray[Any]
Params = dict[str, Array]

LONGEST_MEMORY = 64  # symbols


def init_next_symbol(
    rng: np.random.Generator, vocabulary: int, embedding: int, hidden: int, dtype: Any = np.float32
) -> Params:
    """Fresh parameters for V symbols. The output weights start at zero: at first all are as likely.

    Forget biases are drawn so that units remember for 1 to LONGEST_MEMORY symbols from the start, and input
    biases are their negatives (Tallec & Ollivier 2018): without it nothing that lies 20 to 60 symbols back is
    learned.
    """
    E = rng.standard_normal((vocabulary + 2, embedding)) / np.sqrt(embedding)  # (V + 2, D)
    E[vocabulary] = 0
    lstm = init_lstm(rng, embedding, hidden, dtype)
    memory = np.log(rng.uniform(1, LONGEST_MEMORY, hidden))  # (H,)
    lstm.b[:hidden], lstm.b[hidden : 2 * hidden] = -memory, memory
    return {
        "embedding": E.astype(dtype),
        **lstm.named(),
        "output.W": np.zeros((vocabulary + 1, hidden), dtype),
        "output.b": np.zeros(vocabulary + 1, dtype),
    }


def next_symbol_shapes(vocabulary: int, embedding: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter."""
    return {
        "embedding": (vocabulary + 2, embedding),
        **lstm_shapes(embedding, hidden),
        "output.W": (vocabulary + 1, hidden),
        "output.b": (vocabulary + 1,),
    }


def symbol_buffers(params: Params, steps: int, batch: int) -> LstmBuffers:
    """Every array that forward and backward need for this many steps of this many sequences; made once."""
    (_, D), (_, H) = params["lstm.W_x"].shape, params["lstm.W_h"].shape
    return LstmBuffers(LayerShape(D, H, steps, batch), params["output.W"].dtype)


def next_symbol_loss_and_gradients(
    params: Params, inputs: Codes, targets: Codes, weights: Array, buffers: LstmBuffers
) -> tuple[float, Params]:
    """Weighted mean cross-entropy in nats a symbol, and its gradient by parameter name.

    inputs, targets (T, B) codes, weights (T, B): 0 behind the end of a sequence, and where a target is not
    to count.
    """
    E, W = params["embedding"], params["output.W"]
    x = E[inputs].transpose(0, 2, 1)  # (T, D, B)
    h, _, _ = lstm_forward(LstmParams.of(params), x, buffers)  # (T, H, B)
    logits = np.matmul(W, h)  # (T, K, B)
    logits += params["output.b"][:, np.newaxis]
    loss, d_logits = cross_entropy(logits, targets, weights)
    d_h = np.matmul(W.T, d_logits)  # (T, H, B), undoes logits = W h + b
    lstm = lstm_backward(LstmParams.of(params), buffers, d_h)
    assert lstm.d_x is not None, "asked for"
    return loss, {
        "embedding": embedding_gradient(E, inputs, lstm.d_x),
        **lstm.params.named(),
        "output.W": np.matmul(d_logits, h.transpose(0, 2, 1)).sum(axis=0),
        "output.b": d_logits.sum(axis=(0, 2)),
    }


def embedding_gradient(E: Array, inputs: Codes, d_x: Array) -> Array:
    """Gradient of the embedding (V + 2, D) from that of what was looked up in it, d_x (T, D, B).

    A symbol's row gets the sum over all places where it was read; that of one never seen stays as it is.
    """
    d_E = np.zeros_like(E)  # (V + 2, D)
    np.add.at(d_E, inputs, d_x.transpose(0, 2, 1))
    d_E[-2] = 0
    return d_E
