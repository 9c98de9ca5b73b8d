"""An LSTM that reads row after row, its state carried along, and says how the next row will differ.

    x_t (F,) -> LSTM -> h_t (H,) -> W h_t + b -> forecast of x_{t+1} - x_t for the target sensors, (D,)

It forecasts the change, not the value, so that a level that drifts out of what training showed carries
over. Since the state is carried from row to row the context is not limited to a window; following.py says
how rows are followed. Trained on chunks of rows by back-propagation through each chunk (truncated BPTT:
Williams & Peng 1990).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmParams, init_lstm, lstm_shapes

Array = NDArray[Any]
Params = dict[str, Array]


def init_forecaster(
    rng: np.random.Generator, sensors: int, hidden: int, outputs: int, dtype: Any = np.float32
) -> Params:
    """Fresh parameters. The output weights start at zero: the first forecast is that nothing changes."""
    lstm = init_lstm(rng, sensors, hidden, dtype)
    return {
        **lstm.named(),
        "output.W": np.zeros((outputs, hidden), dtype),
        "output.b": np.zeros(outputs, dtype),
    }


def forecaster_shapes(sensors: int, hidden: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter."""
    return {
        **lstm_shapes(sensors, hidden),
        "output.W": (outputs, hidden),
        "output.b": (outputs,),
    }


def chunk_buffers(params: Params, steps: int, batch: int) -> LstmBuffers:
    """Every array that forward and backward need for chunks of this many steps; made once."""
    hidden, sensors = params["lstm.W_h"].shape[1], params["lstm.W_x"].shape[1]
    return LstmBuffers(LayerShape(sensors, hidden, steps, batch), params["output.W"].dtype)


def forecast_loss_and_gradients(
    params: Params, x: Array, targets: Array, weights: Array, buffers: LstmBuffers
) -> tuple[float, Params]:
    """Weighted mean squared error of the forecasts over chunks, and its gradient by parameter name.

    x (T, F, B) rows, targets (T, D, B) what they should have forecast, weights (T, D, B) at least 0: 0
    where a target is not known or does not count.
    """
    h, _, _ = lstm_forward(LstmParams.of(params), x, buffers)  # (T, H, B)
    error = np.matmul(params["output.W"], h)  # (T, D, B)
    error += params["output.b"][:, None]
    error -= targets
    total = max(float(weights.sum()), 1.0)
    d_output = error * weights  # (T, D, B)
    loss = float(np.vdot(d_output, error)) / total
    d_output *= 2 / total  # undoes loss = sum(weights * error^2) / total
    d_h = np.matmul(params["output.W"].T, d_output)  # (T, H, B), undoes output = W h + b
    lstm = lstm_backward(LstmParams.of(params), buffers, d_h, input_gradient=False)
    return loss, {
        **lstm.params.named(),
        "output.W": np.matmul(d_output, h.transpose(0, 2, 1)).sum(axis=0),
        "output.b": d_output.sum(axis=(0, 2)),
    }
