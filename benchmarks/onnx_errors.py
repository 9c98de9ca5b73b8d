"""Do exported graphs give the errors that the program gives? Largest differences, by family and graph.

    pip install 'lstm-anomaly[onnx]' onnxruntime
    python benchmarks/onnx_errors.py DATA [--symbols hdfs-train.csv] [--only FAMILY] [--epochs 5] [--linear]

DATA holds FAMILY/SERIES/{train.csv,test.csv,labels.csv}. On each series a model with both LSTMs is trained
(in a few epochs: how well it learned is no matter here) and exported, and both read the longest stretch of
test rows without a hole; with `--linear` a model without LSTMs, in a tenth of the time. `--symbols` is a CSV
of `session,event`: the LSTM of symbols learns it and reads it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from accuracy import Labelled, series_in

from lstm_anomaly import Detector
from lstm_anomaly.model.model import Model
from lstm_anomaly.network.following import RUN, RUN_UP
from lstm_anomaly.network.regression import with_run_up
from lstm_anomaly.network.sliding_windows import SHARED
from lstm_anomaly.network.symbols.following_symbols import begin, follow_symbols
from lstm_anomaly.output.formats.onnx_graphs import onnx_files, symbol_graph
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.fill import finite_runs
from lstm_anomaly.reading import ReadOptions, read_csvs, settle_empty
from lstm_anomaly.scoring.networks import NetworkReader, lstm_errors
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

Array = np.ndarray[Any, Any]
Run = Callable[..., list[Array]]
AT_ONCE = 4096  # windows
SESSIONS = 500  # that are compared


def runner(files: dict[str, bytes]) -> Run:
    """Runs a graph by its name."""
    sessions = {
        name: onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        for name, content in files.items()
        if name.endswith(".onnx")
    }
    return lambda name, **inputs: sessions[f"{name}.onnx"].run(None, inputs)


def differences(model: Model, values: Array) -> dict[str, float]:
    """The largest difference of errors on rows (M, F) of one stretch, by graph."""
    run, networks = runner(onnx_files(model)), model.networks
    scaled = model.network_rows(values, None)  # (F, M)
    (theirs,) = run("scaler", readings=values)
    out = {"scaler": np.abs(theirs.T - scaled).max()}
    context = np.ascontiguousarray(with_run_up(scaled).T)
    for name in ("forecast", "related"):
        ours = getattr(model.expectations, name).expected(context.T)
        out[name] = np.abs(run(name, rows=context)[0] - ours).max()
    readings = NetworkReader(networks).push(scaled)
    level = readings.level[0]  # (M, F_t)
    T, targets = networks.window, networks.targets
    restored = {name: np.full_like(level, np.nan) for name in ("linear", "autoencoder")}
    lengths = [(T, "linear")]
    if networks.autoencoder is not None:
        lengths += [(T, "autoencoder"), (T + SHARED - 1, "autoencoder")]
    for length, graph in lengths:
        for rows, windows in _windows(scaled, length, graph == "autoencoder"):
            if graph == "linear":
                windows = windows.reshape(len(windows), -1)
            restored[graph][rows] = run(graph, windows=windows)[0][:, targets]
    errors, expected = {"linear": readings.errors[-1]}, restored
    if networks.forecaster is not None:
        expected = {**restored, "forecaster": _forecasts(run, model, scaled)}
        errors |= {name: lstm_errors(networks, readings, name) for name in ("autoencoder", "forecaster")}
    for name, ours in errors.items():
        found = level - expected[name]
        assert ours is not None
        assert np.array_equal(np.isnan(found), np.isnan(ours)), name
        out[name] = np.nanmax(np.abs(found - ours))
    return {name: float(value) for name, value in out.items()}


def _windows(scaled: Array, length: int, shared: bool) -> list[tuple[Array, Array]]:
    """Windows (n, length, F) of rows (F, M), some at a time, with the rows (n,) that they end with.

    `shared`: those that begin at each second row alone.
    """
    begins = np.arange(0, scaled.shape[1] - length + 1, SHARED if shared else 1)
    views = np.lib.stride_tricks.sliding_window_view(scaled, length, axis=1).transpose(1, 2, 0)
    parts = np.split(begins, np.arange(AT_ONCE, len(begins), AT_ONCE))
    return [(part + length - 1, np.ascontiguousarray(views[part])) for part in parts]


def _forecasts(run: Run, model: Model, scaled: Array) -> Array:
    """What the forecaster, begun anew each RUN rows after a run-up, expects of rows (F, M): (M, F_t)."""
    forecaster = model.networks.forecaster
    assert forecaster is not None
    rows = np.ascontiguousarray(scaled.T[:, np.newaxis])  # (M, 1, F)
    zero = np.zeros((1, 1, forecaster.params["lstm.W_h"].shape[1]), np.float32)
    parts = []
    for start in range(0, len(rows), RUN):
        first = max(start - RUN_UP, 0)
        part, *_ = run("forecaster", rows=rows[first : start + RUN], h=zero, c=zero)
        parts.append(part[start - first :, 0])
    expected = np.concatenate(parts)
    return np.concatenate([np.full((1, expected.shape[1]), np.nan), expected[:-1]])


def of_series(series: Labelled, epochs: int, kind: str) -> dict[str, float]:
    """The differences on the longest stretch of a series' test rows."""
    model = Detector(model_kind=kind, preset="fast", epochs=epochs).fit(series.train).model_
    starts = finite_runs(series.test, np.zeros(1, np.int64))
    first, stop = max(starts, key=lambda part: part[1] - part[0])
    return differences(model, series.test[first:stop])


def of_symbols(path: Path, epochs: int) -> float:
    """The largest difference in nats on the first sessions of a CSV of `session,event`, ends included."""
    rows = read_csvs([str(path)], ReadOptions(symbols=("event",), session="session"))[0]
    model = learn(clean(settle_empty(rows))[0], LearningSettings(kind="lstm", epochs=epochs))
    params = model.symbols[0].lstm
    assert params is not None
    codes, V = rows.values[:, 0].astype(np.int64), len(params["output.b"]) - 1
    parts = np.split(codes, np.flatnonzero(rows.groups[1:] != rows.groups[:-1]) + 1)[:SESSIONS]
    ours = follow_symbols(params, begin(params), parts, np.ones(len(parts), np.bool_))[0].nats
    session = onnxruntime.InferenceSession(symbol_graph(params))
    zero = np.zeros((1, 1, params["lstm.W_h"].shape[1]), np.float32)
    theirs = []
    for part in parts:
        read, came = np.append(V + 1, part), np.append(part, V)
        log_p, *_ = session.run(None, {"codes": read[:, np.newaxis], "h": zero, "c": zero})
        theirs.append(-log_p[np.arange(len(came)), 0, came])
    return float(np.abs(np.concatenate(theirs) - ours).max())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--symbols", type=Path, action="append", default=[])
    parser.add_argument("--only", action="append", default=[], help="a family, or FAMILY/SERIES")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--linear", action="store_true", help="of models without LSTMs")
    given = parser.parse_args(arguments)
    rows, kind = [], "linear" if given.linear else "lstm"
    for series in series_in(given.data, given.only):
        print(series, file=sys.stderr)
        rows.append({"family": series.dataset, **of_series(series, given.epochs, kind)})
    if rows:
        print(pd.DataFrame(rows).groupby("family").max().to_string(float_format=lambda value: f"{value:.1e}"))
    for path in given.symbols:
        print(f"symbols of {path.name}: {of_symbols(path, given.epochs):.1e} nats")


if __name__ == "__main__":
    main()
