"""How long networks are trained, and on which windows: counted, without training any."""

import numpy as np
import pytest

from lstm_anomaly.preparing.windows import Split
from lstm_anomaly.training import fit_networks as fitting
from lstm_anomaly.training.fit_networks import FitRows, fit_networks
from lstm_anomaly.training.settings import LearningSettings


@pytest.fixture
def asked(monkeypatch):
    """What training was asked for: epochs, updates, and windows to fit to and to validate on."""
    found = {}

    def autoencoder_lesson(params, batches, starts, config, cores):
        found["epochs"], found["windows"] = config.epochs, tuple(map(len, starts))

    def forecaster_lesson(params, rows, targets, parts, config):
        found["updates"] = config.updates

    monkeypatch.setattr(fitting, "WindowLesson", autoencoder_lesson)
    monkeypatch.setattr(fitting, "ChunkLesson", forecaster_lesson)
    monkeypatch.setattr(fitting, "train", lambda *_: iter(()))
    monkeypatch.setattr(fitting, "usable_cores", lambda: 1)  # in this process, so that it can be counted
    return found


def fitted(rows, validation=10, window=2):
    """Networks of rows (F, M), or of so many rows of one sensor."""
    if isinstance(rows, int):
        rows = (np.arange(rows + validation) % 7)[np.newaxis].astype(np.float32)
    end = rows.shape[1] - validation
    split = Split(fit=((0, end),), validation=((end, end + validation),), calibration=())
    settings = LearningSettings(kind="lstm")
    given = FitRows(rows, np.ones(len(rows), np.bool_), split, window)
    return fit_networks(given, settings, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("windows", "epochs"),
    [
        (12_800, 3),  # 200 updates an epoch, 600 in all
        (6400, 6),
        (960, 40),  # 15 an epoch
        (959, 40),
        (1024, 38),  # 16 an epoch
        (64, 40),  # few windows would be learned by heart
    ],
)
def test_the_autoencoder_gets_600_updates_in_3_to_40_epochs(asked, windows, epochs):
    fitted(windows + 1)
    assert asked["epochs"] == epochs


@pytest.mark.parametrize(
    ("rows", "updates"),
    [
        (2048, 400),  # chunks of 128 rows, 16 an update, so 400 updates read each row 400 times
        (4096, 400),
        (2040, 398),
        (512, 100),
        (300, 100),  # 75 would be 400 readings
        (518, 101),
    ],
)
def test_the_forecaster_gets_100_to_400_updates_and_reads_a_row_400_times(asked, rows, updates):
    fitted(rows)
    assert asked["updates"] == updates


def test_the_forecaster_has_64_units(asked):
    assert fitted(100).networks.forecaster.params["lstm.W_h"].shape == (4 * 64, 64)


@pytest.mark.parametrize(("windows", "stride"), [(20_000, 1), (20_001, 2), (40_001, 3)])
def test_of_more_than_20_000_windows_every_second_or_third_is_fitted_to(asked, windows, stride):
    assert fitted(windows + 1).stride == stride
    assert asked["windows"][0] == -(-windows // stride)


@pytest.mark.parametrize(("windows", "read"), [(5000, 5000), (5001, 2501)])
def test_of_more_than_5000_windows_every_second_is_validated_on(asked, windows, read):
    fitted(100, validation=windows + 1)
    assert asked["windows"][1] == read


def test_no_sensor_counts_more_than_one_of_a_twentieth_of_the_changes(asked):
    """Two sensors change by 1 from row to row, the third by a thousandth."""
    rows = np.outer([1, 1, 0.001], np.arange(100) % 2).astype(np.float32)
    np.testing.assert_allclose(fitted(rows).networks.forecaster.unit, [1, 1, 0.05], rtol=1e-6)
