"""Fixtures that every test file shares."""

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does, before NumPy comes
os.environ.pop("PYTHONUNBUFFERED", None)  # users have none: output waits to be written, and may fail late

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import settings

from lstm_anomaly.commands.frame.app import app

settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("unhurried")

ROOT = Path(__file__).parent.parent
SENSORS = ("temp_c", "pressure_bar", "flow")
QUICK = ("--epochs", "4", "--hidden", "8", "--window", "8", "--preset", "fast")
LSTM = ("--model-kind", "lstm")  # `auto` finds that a linear model does for rows as plain as these


@pytest.fixture
def rng():
    """A seeded generator: the same numbers in every run, whatever the order of tests."""
    return np.random.default_rng(20240229)


@pytest.fixture(params=["as this machine", "sixteen with a margin", "four by four", "one by one"])
def tile_widths(request, monkeypatch):
    """Columns of a tile as this machine's BLAS allows, and as one that treats no wider tile's alike would."""
    if request.param != "as this machine":
        width = {"sixteen with a margin": 16, "four by four": 4, "one by one": 1}[request.param]
        monkeypatch.setattr("lstm_anomaly.network.products.is_safe", lambda shape, wide, dtype: wide <= width)


@pytest.fixture(scope="session")
def root():
    """The project's root folder."""
    return ROOT


def normal_values(rows, seed=0):
    """Three sensors that follow one slow wave, with noise; (rows, 3)."""
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(rows) / 20)
    clean = np.column_stack([20 + 2 * wave, 4 + 0.5 * wave, 100 - 10 * wave])
    return clean + rng.normal(size=(rows, 3)) * [0.1, 0.03, 0.5]


def csv_text(values, sensors=SENSORS, start="2024-03-01T00:00", minutes=1):
    """CSV with a time stamp every so many minutes, or without a time column when `start` is None."""
    names = ",".join(sensors)
    lines = [",".join("" if np.isnan(v) else f"{v:.4f}" for v in row) for row in values]
    if start is None:
        return "\n".join([names, *lines]) + "\n"
    stamps = np.datetime64(start) + np.arange(len(values)) * np.timedelta64(minutes, "m")
    stamped = [f"{str(t).replace('T', ' ')}:00,{line}" for t, line in zip(stamps, lines, strict=True)]
    return "\n".join([f"time,{names}", *stamped]) + "\n"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command line in `tmp_path` and return click's result."""
    monkeypatch.chdir(tmp_path)

    def run_(*args, stdin=None):
        return CliRunner().invoke(app, [str(a) for a in args], input=stdin)

    return run_


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with normal.csv, new.csv (its rows 120 to 139 raised in `temp_c`) and a quick pump.model."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "normal.csv").write_text(csv_text(normal_values(900)))
    new = normal_values(300, seed=1)
    new[120:140, 0] += 6
    (folder / "new.csv").write_text(csv_text(new, start="2024-03-05T00:00"))
    (folder / "quiet.csv").write_text(csv_text(normal_values(100, seed=2), start="2024-03-05T00:00"))
    # A fixed threshold: what these quick models flag is then the same wherever the tests run.
    args = [
        "train",
        folder / "normal.csv",
        "--model",
        folder / "pump.model",
        *QUICK,
        *LSTM,
        "--threshold",
        "3",
        "--horizon",
        "12",
    ]
    result = CliRunner().invoke(app, [str(a) for a in args])
    assert result.exit_code == 0, result.output
    return folder
