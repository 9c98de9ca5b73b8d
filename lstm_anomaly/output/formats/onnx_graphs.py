"""A model's scaler and networks as ONNX graphs, for programs that have no Python; needs the extra `onnx`.

Each graph takes and gives float32, oldest row first. What a score needs beside them (memories, limits, the
threshold) is in the JSON document that is written with them.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from lstm_anomaly.base.version import __version__
from lstm_anomaly.model.model import Model
from lstm_anomaly.network.autoencoder import Params, architecture
from lstm_anomaly.network.following import RUN, RUN_UP
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.lstm import LstmParams
from lstm_anomaly.network.regression import LONGEST_LAG, Regression
from lstm_anomaly.network.tracking import Forecaster
from lstm_anomaly.preparing.scaler import CLIP, Scaler
from lstm_anomaly.scoring.symbols.column import SymbolColumn

OPSET, IR_VERSION = 17, 8  # which ONNX Runtime reads since 1.12, of 2022
_TO_THE_END = np.iinfo(np.int64).max

Array = NDArray[Any]
Sizes = list[int | str]


class _Graph:
    """A graph as it is put together: constants, nodes, inputs and outputs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._ends: tuple[list[Any], list[Any]] = ([], [])

    def constant(self, name: str, value: Array) -> str:
        """A named array."""
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> str:
        """An operator; the name of its last output."""
        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[-1]

    def read(self, name: str, sizes: Sizes, kind: int = TensorProto.FLOAT) -> str:
        """An input of the graph."""
        self._ends[0].append(helper.make_tensor_value_info(name, kind, sizes))
        return name

    def give(self, name: str, sizes: Sizes) -> None:
        """An output of the graph."""
        self._ends[1].append(helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes))

    def give_states(self, h: str, c: str, hidden: int) -> None:
        """An LSTM's last states as outputs, for the next rows."""
        for source, name in ((h, "h_next"), (c, "c_next")):
            self.node("Identity", [source], [name])
            self.give(name, [1, "B", hidden])

    def lstm(self, name: str, weights: LstmParams, states: list[str]) -> tuple[str, str, str]:
        """An LSTM over the sequence `name` (T, B, F): all h (T, B, H), the last h and c (1, B, H)."""
        prefix = f"{name}.lstm"
        kinds = zip("WRB", map(_onnx_gates, (weights.W_x, weights.W_h, weights.b)), strict=True)
        W, R, B = (self.constant(f"{prefix}.{kind}", array) for kind, array in kinds)
        hidden = weights.W_h.shape[1]
        outputs = [f"{prefix}.all4", f"{prefix}.h", f"{prefix}.c"]
        self.node("LSTM", [name, W, R, B, "", *states], outputs, hidden_size=hidden)
        axis = self.constant(f"{prefix}.axis", np.array([1]))
        return self.node("Squeeze", [outputs[0], axis], [f"{prefix}.all"]), outputs[1], outputs[2]

    def affine(self, name: str, weights: Array, offset: Array, out: str) -> str:
        """x W^T + b of `name` (..., D)."""
        W, b = self.constant(f"{out}.W", weights.T), self.constant(f"{out}.b", offset)
        return self.node("Add", [self.node("MatMul", [name, W], [f"{out}.product"]), b], [out])

    def model(self) -> bytes:
        """The file's content. Raises onnx.checker.ValidationError when it makes no sense."""
        graph = helper.make_graph(self._nodes, self._name, *self._ends, self._constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        made.producer_name, made.producer_version = "lstm-anomaly", __version__
        onnx.checker.check_model(made)
        return bytes(made.SerializeToString())


def onnx_files(model: Model) -> dict[str, bytes]:
    """File names and contents: a graph for each part of the model that it has, and `model.json`."""
    networks, needs = model.networks, model.expectations
    files: dict[str, bytes] = {}
    if not model.is_symbols_only:
        files = {
            "scaler.onnx": scaler_graph(model.scaler, np.flatnonzero(model.roles.inputs)),
            "forecast.onnx": regression_graph(needs.forecast, len(networks.targets)),
            "related.onnx": regression_graph(needs.related, len(networks.targets)),
            "linear.onnx": linear_graph(networks.linear),
        }
    if networks.autoencoder is not None:
        files["autoencoder.onnx"] = autoencoder_graph(networks.autoencoder)
    if networks.forecaster is not None:
        files["forecaster.onnx"] = forecaster_graph(networks.forecaster)
    for column in model.symbols:
        if column.lstm is not None:
            files[_symbol_file(column)] = symbol_graph(column.lstm)
    return {**files, "model.json": json.dumps(_document(model), indent=2).encode()}


def scaler_graph(scaler: Scaler, inputs: Array) -> bytes:
    """readings (n, sensors) float64, in their own units -> scaled (n, F), the sensors that networks read."""
    graph = _Graph("scaler")
    graph.read("readings", ["n", len(scaler.center)], TensorProto.DOUBLE)
    graph.node("Sub", ["readings", graph.constant("center", scaler.center)], ["centred"])
    graph.node("Div", ["centred", graph.constant("scale", scaler.scale)], ["divided"])
    bounds = [graph.constant(name, np.array(value)) for name, value in (("low", -CLIP), ("high", CLIP))]
    graph.node("Clip", ["divided", *bounds], ["clipped"])
    graph.node("Gather", ["clipped", graph.constant("inputs", inputs.astype(np.int64))], ["chosen"], axis=1)
    graph.node("Cast", ["chosen"], ["scaled"], to=TensorProto.FLOAT)
    graph.give("scaled", ["n", len(inputs)])
    return graph.model()


def regression_graph(regression: Regression, inputs: int) -> bytes:
    """rows (LONGEST_LAG + n, F) scaled -> expected (n, targets): what the last n rows should read."""
    graph = _Graph("regression")
    graph.read("rows", ["rows", inputs])
    axes = graph.constant("axes", np.array([0]))
    parts = []
    for lag in regression.lags:
        start = graph.constant(f"start.{lag}", np.array([LONGEST_LAG - lag]))
        stop = graph.constant(f"stop.{lag}", np.array([-lag if lag else _TO_THE_END]))
        parts.append(graph.node("Slice", ["rows", start, stop, axes], [f"lag.{lag}"]))
    graph.node("Concat", parts, ["features"], axis=1)
    graph.affine("features", regression.weights, regression.offset[:, 0], "expected")
    graph.give("expected", ["n", len(regression.weights)])
    return graph.model()


def linear_graph(linear: LinearAutoencoder) -> bytes:
    """windows (n, T F), row after row -> restored (n, F): the last row of each."""
    graph, F = _Graph("linear"), linear.components.shape[1] // linear.window
    graph.read("windows", ["n", linear.components.shape[1]])
    graph.node("Sub", ["windows", graph.constant("mean", linear.mean)], ["centred"])
    *first, last = linear.last_factors
    read = "centred"
    for components in first:
        read = graph.node("MatMul", [read, graph.constant("components", components.T)], ["codes"])
    graph.affine(read, last, linear.mean[-F:], "restored")
    graph.give("restored", ["n", F])
    return graph.model()


def autoencoder_graph(params: Params) -> bytes:
    """windows (B, T, F) -> restored (B, F): the last row of each; T is free."""
    sizes, graph = architecture(params), _Graph("autoencoder")
    graph.read("windows", ["B", "T", sizes.sensors])
    sequence = graph.node("Transpose", ["windows"], ["encoder.0"], perm=[1, 0, 2])
    for layer in range(sizes.layers):
        every, last, _c = graph.lstm(sequence, LstmParams.of(params, f"encoder.{layer}"), [])
        sequence = graph.node("Identity", [every], [f"encoder.{layer + 1}"])
    sequence = graph.node("Identity", [last], ["decoder.0"])  # (1, B, H): the decoder's first step is enough
    for layer in range(sizes.layers):
        every, _h, _c = graph.lstm(sequence, LstmParams.of(params, f"decoder.{layer}"), [])
        sequence = graph.node("Identity", [every], [f"decoder.{layer + 1}"])
    first = graph.node("Squeeze", [sequence, graph.constant("axis", np.array([0]))], ["decoded"])
    graph.affine(first, params["output.W"], params["output.b"], "restored")
    graph.give("restored", ["B", sizes.sensors])
    return graph.model()


def forecaster_graph(forecaster: Forecaster) -> bytes:
    """rows (n, B, F) scaled, h and c (1, B, H) -> expected_next (n, B, targets), and the next h and c."""
    params, graph = forecaster.params, _Graph("forecaster")
    F, H = len(forecaster.targets), params["lstm.W_h"].shape[1]
    graph.read("rows", ["n", "B", F])
    states = [graph.read(name, [1, "B", H]) for name in ("h", "c")]
    low = graph.node("Max", ["rows", graph.constant("lowest", forecaster.lowest.astype(np.float32))], ["low"])
    read = graph.node(
        "Min", [low, graph.constant("highest", forecaster.highest.astype(np.float32))], ["read"]
    )
    every, h, c = graph.lstm(read, LstmParams.of(params), states)
    change = graph.affine(every, params["output.W"], params["output.b"], "changes")
    change = graph.node(
        "Mul", [change, graph.constant("unit", forecaster.unit.astype(np.float32))], ["change"]
    )
    targets = graph.constant("targets", np.flatnonzero(forecaster.targets))
    now = graph.node("Gather", ["rows", targets], ["now"], axis=2)
    graph.node("Add", [now, change], ["expected_next"])
    graph.give("expected_next", ["n", "B", int(forecaster.targets.sum())])
    graph.give_states(h, c, H)
    return graph.model()


def symbol_graph(params: Params) -> bytes:
    """codes (n, B) int64, h and c (1, B, H) -> log_p (n, B, K) of each next symbol, and the next h and c."""
    graph, H = _Graph("symbols"), params["lstm.W_h"].shape[1]
    graph.read("codes", ["n", "B"], TensorProto.INT64)
    states = [graph.read(name, [1, "B", H]) for name in ("h", "c")]
    read = graph.node("Gather", [graph.constant("embedding", params["embedding"]), "codes"], ["read"])
    every, h, c = graph.lstm(read, LstmParams.of(params), states)
    logits = graph.affine(every, params["output.W"], params["output.b"], "logits")
    graph.node("LogSoftmax", [logits], ["log_p"], axis=-1)
    graph.give("log_p", ["n", "B", len(params["output.b"])])
    graph.give_states(h, c, H)
    return graph.model()


def _symbol_file(column: SymbolColumn) -> str:
    return f"symbols-{column.place}.onnx"


def _onnx_gates(array: Array) -> Array:
    """Gates i, f, g, o as ONNX wants them: i, o, f, g, for one direction; a bias with a second one of 0."""
    i, f, g, o = np.split(array, 4)
    ours = np.concatenate([i, o, f, g])
    return (np.concatenate([ours, np.zeros_like(ours)]) if array.ndim == 1 else ours)[np.newaxis]


def _document(model: Model) -> dict[str, Any]:
    """What is outside of the graphs, as JSON."""
    sensors = np.array(model.sensors)
    return {
        "made_by": f"lstm-anomaly {__version__}",
        "kind": model.kind,
        "sensors": list(model.sensors),
        "inputs": sensors[model.roles.inputs].tolist(),
        "targets": sensors[model.roles.targets].tolist(),
        "clock": model.clock,
        "calendar": asdict(model.calendar),
        "step_seconds": model.step_seconds,
        "window": model.window,
        "look_ahead": model.look_ahead,
        "rows_before_regressions": LONGEST_LAG,
        "forecaster_begins_anew": {"every_rows": RUN, "after_a_run_up_of": RUN_UP},
        "shares_of_lstm": model.expectations.shares.tolist(),
        "states": {name: _plain(value) for name, value in vars(model.states).items()},
        "components": {name: _plain(value) for name, value in vars(model.components).items()},
        "threshold": model.threshold.to_dict(),
        "symbols": [_symbols(column, model.sensors) for column in model.symbols],
        "session": model.session,
    }


def _symbols(column: SymbolColumn, sensors: Sequence[str]) -> dict[str, Any]:
    """What is outside of the graph of a column of symbols; `file` is null where counts say what is likely."""
    return {
        "sensor": sensors[column.place],
        "file": None if column.lstm is None else _symbol_file(column),
        "texts": list(column.texts),
        "lasts": column.lasts,
        "limits": _plain(column.limits),
        "durations": {name: _plain(value) for name, value in vars(column.durations).items()},
        "lengths": {name: _plain(value) for name, value in vars(column.lengths).items()},
    }


def _plain(value: Any) -> Any:
    """Numbers as JSON has them; null for what is infinite, a limit that does not count."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    return value if np.isfinite(value) else None
