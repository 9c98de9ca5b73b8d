"""The LSTM that reads a look-back segment by segment, and says all steps of a horizon at once.

    look-back x (L, B), less its last value and by its spread -> n segments of w rows, (n, w, B)
      -> ReLU(W_e segment + b_e) (n, E, B) -> LSTM over the segments -> h, c (H, B)
      -> for each of the m segments of the horizon, side by side, one more step of the same LSTM from h, c,
         whose input is a code of the segment's place plus a code of the sensor, (E, m B)
      -> W_o h + b_o (w, m B) -> m segments one after the other, the first S steps of them (S, B)
    loss = mean of |y^ - y|, which far outliers pull on less than on squares

Nothing is fed back, so errors do not grow from step to step, and an LSTM of 15 steps replaces one of 720:
SegRNN (Lin et al. 2023, arXiv 2308.11200), with this project's LSTM in place of its GRU, and look-backs
brought to one spread. All sensors share the weights; a column is one sensor's look-back.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_anomaly.base.types import Array, IntArray
from lstm_anomaly.network.fast_lstm import LayerShape, LstmBuffers, lstm_backward, lstm_forward
from lstm_anomaly.network.lstm import LstmParams, init_lstm, lstm_shapes

Params = dict[str, Array]

FLOOR = 0.1  # training standard deviations, added to the spread of a look-back: a still one is no noise
CODE = 0.5  # standard deviation of fresh codes


@dataclass(frozen=True)
class SegmentSizes:
    """w rows a segment, n segments of the look-back, m of the horizon; sensors, hidden units, embedding."""

    segment: int
    read: int
    written: int
    sensors: int
    hidden: int
    embedding: int

    @property
    def look_back(self) -> int:
        """L, rows of a look-back."""
        return self.segment * self.read


def init_segment_lstm(rng: np.random.Generator, sizes: SegmentSizes, dtype: Any = np.float32) -> Params:
    """Fresh parameters; see `segment_lstm_shapes`."""
    lstm = init_lstm(rng, sizes.embedding, sizes.hidden, dtype)
    shapes = segment_lstm_shapes(sizes)
    params = lstm.named()
    for name in ("embed", "output"):
        limit = np.sqrt(6 / sum(shapes[f"{name}.W"]))  # Glorot & Bengio 2010
        params[f"{name}.W"] = rng.uniform(-limit, limit, shapes[f"{name}.W"]).astype(dtype)
        params[f"{name}.b"] = np.zeros(shapes[f"{name}.b"], dtype)
    for name in ("place", "sensor"):
        params[name] = (CODE * rng.standard_normal(shapes[name])).astype(dtype)
    return params


def segment_lstm_shapes(sizes: SegmentSizes) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter."""
    w, H, E = sizes.segment, sizes.hidden, sizes.embedding
    return {
        **lstm_shapes(E, H),
        "embed.W": (E, w),
        "embed.b": (E,),
        "output.W": (w, H),
        "output.b": (w,),
        "place": (sizes.written, E),
        "sensor": (sizes.sensors, E),
    }


class SegmentWorkspace:
    """All arrays that forward and backward need for B columns; made once."""

    def __init__(self, params: Params, read: int, batch: int) -> None:
        E, H = params["lstm.W_x"].shape[1], params["lstm.W_h"].shape[1]
        m, dtype = len(params["place"]), params["output.W"].dtype
        self.reader = LstmBuffers(LayerShape(E, H, read, batch), dtype)
        self.writer = LstmBuffers(LayerShape(E, H, 1, m * batch), dtype)
        self.spread = np.empty(batch, dtype)  # (B,)
        self.segments = np.empty((read, params["embed.W"].shape[1], batch), dtype)  # (n, w, B)
        self.embedded = np.empty((read, E, batch), dtype)  # (n, E, B)


def forecast_changes(
    params: Params, x: Array, sensors: IntArray, workspace: SegmentWorkspace, dropout: Array | None = None
) -> Array:
    """The forecasts (m w, B) for look-backs x (L, B) less their last values, of these sensors (B,).

    They are less the last values, too. `dropout` (H, m B) is what the hidden units are multiplied by.
    """
    lstm, B, m = LstmParams.of(params), x.shape[1], len(params["place"])
    w = workspace
    w.spread[:] = _spread(x)
    np.divide(x.reshape(w.segments.shape), w.spread, out=w.segments)
    np.matmul(params["embed.W"], w.segments, out=w.embedded)
    w.embedded += params["embed.b"][:, np.newaxis]
    np.maximum(w.embedded, 0, out=w.embedded)
    _, h, c = lstm_forward(lstm, w.embedded, w.reader)  # (H, B)
    h0, c0 = np.tile(h, (1, m)), np.tile(c, (1, m))  # (H, m B): the horizon's segments one after the other
    _, h, _ = lstm_forward(lstm, _codes(params, sensors)[np.newaxis], w.writer, h0, c0)
    if dropout is not None:
        h = h * dropout  # (H, m B)
    out = params["output.W"] @ h + params["output.b"][:, np.newaxis]  # (w, m B)
    changes: Array = out.reshape(-1, m, B).swapaxes(0, 1).reshape(-1, B)  # (m w, B)
    changes *= w.spread
    return changes


def horizon_loss_and_gradients(
    params: Params,
    x: Array,
    sensors: IntArray,
    targets: tuple[Array, Array],
    workspace: SegmentWorkspace,
    dropout: Array,
) -> tuple[float, Params]:
    """Weighted mean absolute error of the forecasts, and its gradient by parameter name.

    `targets` are y (S, B), less the last values, and weights (S, B) of at least 0: 0 where y is not known.
    """
    y, weights = targets
    changes = forecast_changes(params, x, sensors, workspace, dropout)  # (m w, B)
    error = changes[: len(y)] - y  # (S, B)
    total = max(float(weights.sum()), 1.0)
    loss = float(np.vdot(np.abs(error), weights)) / total
    d_changes = np.zeros_like(changes)  # (m w, B)
    np.multiply(np.sign(error), weights / total, out=d_changes[: len(y)])  # undoes loss = sum |error| / total
    d_changes *= workspace.spread
    return loss, _gradients(params, d_changes, sensors, workspace, dropout)


def _gradients(
    params: Params, d_changes: Array, sensors: IntArray, w: SegmentWorkspace, dropout: Array
) -> Params:
    """Gradients by name, from those of the changes (m w, B) by their spread."""
    lstm, m, B = LstmParams.of(params), len(params["place"]), d_changes.shape[1]
    H, E = w.writer.outputs.shape[1], w.embedded.shape[1]
    d_out = np.ascontiguousarray(d_changes.reshape(m, -1, B).swapaxes(0, 1)).reshape(-1, m * B)  # (w, m B)
    d_h = params["output.W"].T @ d_out * dropout  # (H, m B)
    writer = lstm_backward(lstm, w.writer, d_h_last=d_h)
    assert writer.d_x is not None, "its input gradient was asked for"
    d_codes = writer.d_x[0].reshape(E, m, B)
    d_sensor = np.zeros_like(params["sensor"])
    np.add.at(d_sensor, sensors, d_codes.sum(axis=1).T)
    d_h0, d_c0 = (d.reshape(H, m, B).sum(axis=1) for d in (writer.d_h0, writer.d_c0))  # (H, B)
    reader = lstm_backward(lstm, w.reader, d_h_last=d_h0, d_c_last=d_c0)
    assert reader.d_x is not None, "its input gradient was asked for"
    d_embedded = reader.d_x * (w.embedded > 0)  # (n, E, B), undoes ReLU
    read = reader.params.named()
    return {
        **{name: gradient + read[name] for name, gradient in writer.params.named().items()},
        "embed.W": np.matmul(d_embedded, w.segments.swapaxes(1, 2)).sum(axis=0),
        "embed.b": d_embedded.sum(axis=(0, 2)),
        "output.W": d_out @ (w.writer.outputs[0] * dropout).T,
        "output.b": d_out.sum(axis=1),
        "place": d_codes.sum(axis=2).T,
        "sensor": d_sensor,
    }


def _spread(x: Array) -> Array:
    """How much each look-back x (L, B) moves, (B,)."""
    spread: Array = np.sqrt(x.var(axis=0) + x.dtype.type(FLOOR**2))
    return spread


def _codes(params: Params, sensors: IntArray) -> Array:
    """What the LSTM reads to write: (E, m B), place after place, column after column in each."""
    place, sensor = params["place"].T, params["sensor"][sensors].T  # (E, m), (E, B)
    return (place[:, :, np.newaxis] + sensor[:, np.newaxis]).reshape(len(place), -1)
