"""ONNX graphs: ONNX Runtime gives the errors that our own networks give, to 1e-5."""

import json

import numpy as np
import pytest
from small_models import small_model

from lstm_anomaly.model.file import write_model
from lstm_anomaly.network.following import RUN
from lstm_anomaly.network.regression import with_run_up
from lstm_anomaly.output.formats.onnx_graphs import onnx_files
from lstm_anomaly.scoring.networks import NetworkReader

onnxruntime = pytest.importorskip("onnxruntime")
ROWS = RUN - 100  # of one run of the forecaster


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
