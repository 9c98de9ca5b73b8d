"""A training that is broken off goes on to the same model, bit by bit, from what it kept."""

import numpy as np
import pytest
from conftest import QUICK, csv_text, normal_values
from forked import DIED, in_child, moments
from small_models import SMALL, series_of, small_model

from lstm_anomaly.model.file import write_model
from lstm_anomaly.network.training.progress import Progress, digest_of
from lstm_anomaly.training import fit_networks as fitting
from lstm_anomaly.training.checkpoint import Checkpoint
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn


@pytest.fixture(autouse=True)
def _small_forecaster(monkeypatch):
    monkeypatch.setattr(fitting, "FORECASTER_UPDATES", 400)  # of which 4 epochs get 16
    monkeypatch.setattr(fitting, "FORECASTER_HIDDEN", 4)


def rows(count):
    wave = np.sin(np.arange(count)[:, np.newaxis] / 9 + np.arange(2))
    return wave + 0.1 * np.random.default_rng(0).normal(size=(count, 2))


SETTINGS = LearningSettings(
    **{**SMALL, "epochs": 4}, threshold_method="fixed", threshold_level=3.0, kind="lstm"
)


class BrokenOffError(Exception):
    pass


@pytest.mark.parametrize(("network", "epoch"), [("autoencoder", 1), ("autoencoder", 3), ("forecaster", 2)])
def test_an_interrupted_training_resumes_to_the_same_model(tmp_path, network, epoch):
    series = series_of(rows(500))
    write_model(learn(series, SETTINGS), tmp_path / "whole")

    def break_off(name, report):
        if (name, report.epoch) == (network, epoch):
            raise BrokenOffError

    keep = Checkpoint(tmp_path / "kept")
    with pytest.raises(BrokenOffError):
        learn(series, SETTINGS, break_off, keep)
    assert list(tmp_path.glob("kept.*"))
    seen = []
    write_model(
        learn(series, SETTINGS, lambda name, report: seen.append((name, report.epoch)), keep), tmp_path / "m"
    )
    assert (tmp_path / "m").read_bytes() == (tmp_path / "whole").read_bytes()
    assert [at for name, at in seen if name == "autoencoder"] == [1, 2, 3, 4]
    keep.remove()
    assert list(tmp_path.glob("kept.*")) == []


def test_other_data_or_settings_begin_anew(tmp_path):
    keep = Checkpoint(tmp_path / "kept")
    learn(series_of(rows(500)), SETTINGS, keep=keep)
    other = small_model(rows(400), threshold_method="fixed", threshold_level=3.0)
    again = learn(
        series_of(rows(400)),
        LearningSettings(**SMALL, threshold_method="fixed", threshold_level=3.0),
        keep=keep,
    )
    np.testing.assert_array_equal(again.scaler.center, other.scaler.center)
    assert again.summary.losses == other.summary.losses


def test_what_was_kept_comes_back_and_what_is_damaged_does_not(tmp_path):
    keep, progress = (
        Checkpoint(tmp_path / "a*b"),
        Progress({"w": np.arange(3.0)}, {"step": 5, "x": [1, "nan"]}),
    )
    keep.save("f" * 64, progress)
    found = keep.load("f" * 64)
    np.testing.assert_array_equal(found.arrays["w"], [0, 1, 2])
    assert found.numbers == progress.numbers
    assert keep.load("f" * 12 + "0" * 52) is None
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:-9])
    assert keep.load("f" * 64) is None
    keep.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_digest_tells_types_shapes_and_values_apart():
    one = np.zeros((2, 3), np.float32)
    others = [one.T, one.astype(np.float64), one + 1, {"a": one}, "zeros"]
    assert len({digest_of(part) for part in [one, *others]}) == 6


def test_the_command_goes_on_after_a_kill_and_leaves_nothing_behind(run, tmp_path):
    (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
    args = ("train", "normal.csv", *QUICK, "--threshold", "3", "--checkpoint", "kept", "--model")
    assert run(*args, "whole").exit_code == 0
    for moment in moments(3, 0.5):
        died = in_child(lambda: run(*args, "m").exit_code, dies_after=moment) is DIED
    assert died or (tmp_path / "m").exists()
    assert run(*args, "m").exit_code == 0
    assert (tmp_path / "m").read_bytes() == (tmp_path / "whole").read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {"normal.csv", "m", "whole"}
