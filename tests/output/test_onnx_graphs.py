"""ONNX graphs: ONNX Runtime gives the errors that our own networks give, to 1e-5."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_models import small_model

from lstm_anomaly.base.types import Codebook, SensorFrame, SymbolColumns
from lstm_anomaly.model.file import write_model
from lstm_anomaly.network.following import RUN
from lstm_anomaly.network.regression import with_run_up
from lstm_anomaly.network.symbols.following_symbols import begin, follow_symbols
from lstm_anomaly.network.symbols.next_symbol import init_next_symbol
from lstm_anomaly.output.formats.onnx_graphs import onnx_files
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.scoring.networks import NetworkReader
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

onnxruntime = pytest.importorskip("onnxruntime")
ROWS = RUN - 100  # of one run of the forecaster
TEXTS = ("IDLE", "PUMP", "FILL")
JOB = (0, 1, 1, 2)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(ROWS) / 9)
    return np.column_stack([20 + wave, 5 - wave, np.full(ROWS, 3.0)]) + rng.normal(size=(ROWS, 3)) * [
        0.1,
        0.1,
        0,
    ]


@pytest.fixture(scope="module", params=["lstm", "linear"])
def model(rows, request):
    return small_model(np.tile(rows, (2, 1)), kind=request.param, epochs=2, layers=2)


@pytest.fixture(scope="module")
def graphs(model):
    """Runs a graph of the model by its name, on one thread."""
    files = onnx_files(model)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1

    def run_graph(name, **inputs):
        session = onnxruntime.InferenceSession(files[name], settings, providers=["CPUExecutionProvider"])
        return session.run(None, inputs)

    run_graph.files = files
    return run_graph


@pytest.fixture(scope="module")
def scaled(model, rows):
    return model.network_rows(rows, None)  # (F, M)


def test_scaled_readings_are_ours(graphs, model, rows, scaled):
    rows = np.concatenate([rows, rows * 1e6])  # far outside: clipped
    np.testing.assert_array_equal(graphs("scaler.onnx", readings=rows)[0], model.network_rows(rows, None).T)


@pytest.mark.parametrize("name", ["forecast", "related"])
def test_regressions_expect_what_ours_do(graphs, model, scaled, name):
    context = with_run_up(scaled)
    expected = getattr(model.expectations, name).expected(context)
    (found,) = graphs(f"{name}.onnx", rows=np.ascontiguousarray(context.T))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_rows_are_restored_as_ours_are(graphs, model, scaled):
    T = model.window
    windows = np.lib.stride_tricks.sliding_window_view(scaled, T, axis=1).transpose(1, 2, 0)  # (W, T, F)
    readings = NetworkReader(model.networks).push(scaled)
    seen = readings.level[0][T - 1 :]
    (linear,) = graphs("linear.onnx", windows=windows.reshape(len(windows), -1))
    np.testing.assert_allclose(
        seen - linear[:, model.networks.targets], readings.errors[-1][T - 1 :], atol=1e-5
    )
    if model.kind == "linear":
        assert "autoencoder.onnx" not in graphs.files
        return
    even = np.arange(0, len(windows), 2)  # of two rows that share a window, the one whose window is T rows
    (restored,) = graphs("autoencoder.onnx", windows=np.ascontiguousarray(windows[even]))
    ours = readings.errors[1][T - 1 :][even]
    np.testing.assert_allclose(seen[even] - restored[:, model.networks.targets], ours, rtol=0, atol=1e-5)


def test_the_forecaster_follows_rows_as_ours_does_in_pieces(graphs, model, scaled):
    if model.kind == "linear":
        assert "forecaster.onnx" not in graphs.files
        return
    hidden = model.networks.forecaster.params["lstm.W_h"].shape[1]
    state = np.zeros((2, 1, 1, hidden), np.float32)
    parts = []
    for first in range(0, ROWS, 100):
        piece = np.ascontiguousarray(scaled[:, first : first + 100].T[:, np.newaxis])  # (n, 1, F)
        part, *state = graphs("forecaster.onnx", rows=piece, h=state[0], c=state[1])
        parts.append(part[:, 0])
    expected = np.concatenate(parts)[:-1]  # of the rows after the first
    readings = NetworkReader(model.networks).push(scaled)
    np.testing.assert_allclose(readings.level[0][1:] - expected, readings.errors[0][1:], rtol=0, atol=1e-5)


def test_what_stays_outside_is_valid_json(graphs, model):
    document = json.loads(graphs.files["model.json"], parse_constant=lambda name: pytest.fail(name))
    assert document["window"] == model.window
    assert document["targets"] == ["s0", "s1"]
    assert document["threshold"]["value"] == model.threshold.value


@pytest.mark.parametrize("model", ["linear"], indirect=True)
def test_a_linear_model_is_written_without_lstms_and_says_so(run, model, tmp_path):
    write_model(model, tmp_path / "m")
    result = run("export", tmp_path / "m", "--onnx", tmp_path / "out")
    assert result.exit_code == 0
    assert "linear: it has no LSTM to write" in result.stdout
    names = ["forecast.onnx", "linear.onnx", "model.json", "related.onnx", "scaler.onnx"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


@pytest.fixture(scope="module")
def of_jobs():
    """A model of jobs alone, with an LSTM whose weights nobody has trained."""
    sessions = np.repeat([f"job {k}" for k in range(40)], len(JOB)).astype(object)
    frame = SensorFrame(
        values=np.tile(JOB, 40)[:, np.newaxis].astype(float),
        sensors=("state",),
        lines=np.arange(160) + 2,
        source_index=np.zeros(160, np.int64),
        sources=("jobs.csv",),
        groups=sessions,
        symbols=SymbolColumns((Codebook("state", list(TEXTS)),), "job"),
    )
    model = learn(clean(frame)[0], LearningSettings(kind="linear", window=6))
    rng = np.random.default_rng(0)
    params = init_next_symbol(rng, 3, 4, 5)
    params["output.W"][...] = rng.normal(size=(4, 5))
    return replace(model, symbols=(replace(model.symbols[0], lstm=params),))


def test_a_model_of_symbols_alone_has_the_graph_of_their_lstm(of_jobs):
    files = onnx_files(of_jobs)
    assert sorted(files) == ["model.json", "symbols-0.onnx"]
    (column,) = json.loads(files["model.json"])["symbols"]
    assert (column["sensor"], column["file"]) == ("state", "symbols-0.onnx")
    assert column["texts"] == list(TEXTS)


def test_the_next_symbol_is_as_surprising_as_ours_in_pieces(of_jobs):
    params = of_jobs.symbols[0].lstm
    symbols = np.array([*JOB, 3, 2, 1])  # 3 was never seen
    ours = follow_symbols(params, begin(params), [symbols], np.array([True]))[0].nats
    session = onnxruntime.InferenceSession(onnx_files(of_jobs)["symbols-0.onnx"])
    state = np.zeros((2, 1, 1, 5), np.float32)
    read, found = np.array([4, *symbols]), []  # what comes before the first is V + 1
    for piece in (read[:3], read[3:]):
        inputs = {"codes": piece[:, np.newaxis], "h": state[0], "c": state[1]}
        log_p, *state = session.run(None, inputs)
        found.append(log_p[:, 0])
    wanted = np.array([*symbols, 3])  # the end is output V
    nats = -np.concatenate(found)[np.arange(8), wanted]
    nats[4] = np.inf  # of a symbol never seen it says nothing
    np.testing.assert_allclose(nats, ours, rtol=0, atol=1e-5)
