"""The training loop: what stops it, which weights it keeps, and that chance comes from one generator."""

import os
import signal
import sys

import naive
import numpy as np
import pytest

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.training.autoencoder_training import TrainingConfig, WindowLesson
from lstm_anomaly.network.training.batches import WindowBatches
from lstm_anomaly.network.training.loop import train

WINDOW = 6
FIT, VALIDATION = np.arange(0, 70), np.arange(75, 94)


@pytest.fixture
def rows():
    """Two noisy sines, (F, M) = (2, 100)."""
    t = np.arange(100)
    noise = np.random.default_rng(0).normal(0, 0.05, (2, 100))
    return (np.stack([np.sin(t / 3), np.cos(t / 5)]) + noise).astype(np.float32)


def epochs_of(params, rows, config, rng, starts=(FIT, VALIDATION), processes=1):
    lesson = WindowLesson(params, WindowBatches(rows, WINDOW), starts, config, processes)
    yield from train(lesson, config, rng)


def mean_loss(params, rows, starts, batch_size=128):
    return WindowBatches(rows, WINDOW).mean_loss(params, starts, batch_size)


def run(rows, config, *, seed=0, fit=FIT, validation=VALIDATION, processes=1, hidden=8):
    rng = np.random.default_rng(seed)
    params = init_autoencoder(rng, 2, hidden)
    return params, list(epochs_of(params, rows, config, rng, (fit, validation), processes))


def test_mean_loss_is_the_mean_squared_error_over_the_windows(rows):
    params, starts = init_autoencoder(np.random.default_rng(0), 2, 8), np.array([3, 40, 41, 90, 94])
    windows = [rows.T[start : start + WINDOW].astype(float) for start in starts]
    expected = np.mean([(naive.reconstruct(params, window) - window) ** 2 for window in windows])
    assert mean_loss(params, rows, starts, batch_size=2) == pytest.approx(expected, rel=1e-5)


def test_loss_falls_on_windows_it_is_fitted_to_and_on_others(rows):
    _, reports = run(rows, TrainingConfig(epochs=40, batch_size=16, learning_rate=0.01, patience=0))
    assert reports[-1].loss < 0.2 * reports[0].loss
    assert min(report.validation_loss for report in reports) < 0.5 * reports[0].validation_loss


def test_patience_0_trains_exactly_the_epochs_asked_for(rows):
    """Even when nothing improves: a learning rate of zero."""
    _, reports = run(rows, TrainingConfig(epochs=7, patience=0, learning_rate=0.0))
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5, 6, 7]
    assert [report.improved for report in reports] == [True] + [False] * 6


def test_training_stops_after_patience_epochs_without_improvement(rows):
    _, reports = run(rows, TrainingConfig(epochs=50, patience=3, learning_rate=0.0))
    assert len(reports) == 1 + 3


def test_the_weights_with_the_best_validation_loss_are_kept(rows):
    """With a learning rate so high that the losses jump about, the last epoch is not the best."""
    config = TrainingConfig(epochs=25, batch_size=8, learning_rate=0.2, patience=0)
    params, reports = run(rows, config)
    losses = [report.validation_loss for report in reports]
    assert min(losses) < losses[-1]
    assert mean_loss(params, rows, VALIDATION) == pytest.approx(min(losses), rel=1e-6)


def test_closing_the_iteration_early_leaves_the_best_weights_so_far(rows):
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, 2, 8)
    config = TrainingConfig(epochs=50, batch_size=8, learning_rate=0.2, patience=0)
    epochs = epochs_of(params, rows, config, rng)
    losses = [next(epochs).validation_loss for _ in range(10)]
    while losses[-1] == min(losses):  # which epoch is worse than one before depends on the processor
        losses.append(next(epochs).validation_loss)
    epochs.close()
    assert mean_loss(params, rows, VALIDATION) == pytest.approx(min(losses), rel=1e-6)


def test_without_validation_windows_the_fit_loss_decides(rows):
    config = TrainingConfig(epochs=3, patience=1)
    _, reports = run(rows, config, validation=np.array([], dtype=np.int64))
    assert all(np.isnan(report.validation_loss) for report in reports)
    assert all(report.improved for report in reports)


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(rows):
    config = TrainingConfig(epochs=3, batch_size=16)
    (first, _), (same, _), (other, _) = (run(rows, config, seed=seed) for seed in (1, 1, 2))
    for name, value in first.items():
        assert value.tobytes() == same[name].tobytes(), name
    assert any(value.tobytes() != other[name].tobytes() for name, value in first.items())


@pytest.mark.parametrize(("shards", "batch_size"), [(2, 48), (3, 48), (4, 64)])
@pytest.mark.parametrize("hidden", [8, 64])  # 64: several products to a batch
def test_the_number_of_processes_changes_no_bit_of_the_result(rows, shards, batch_size, hidden):
    """Neither of the batches that can be cut evenly, nor of the last of an epoch, which cannot."""
    config = TrainingConfig(epochs=2, batch_size=batch_size, shards=shards)
    (alone, reports), *others = (
        run(rows, config, processes=processes, hidden=hidden, fit=np.arange(95)) for processes in (1, 2, 8)
    )
    for params, other_reports in others:
        assert [report.loss for report in reports] == [report.loss for report in other_reports]
        for name, value in alone.items():
            assert value.tobytes() == params[name].tobytes(), name


def test_shards_add_up_to_the_whole_batch(rows):
    """Even uneven ones: 64 windows cut in three."""
    (whole, _), (cut, _) = (run(rows, TrainingConfig(epochs=3, batch_size=64, shards=k)) for k in (1, 3))
    for name, value in whole.items():
        np.testing.assert_allclose(value, cut[name], rtol=0, atol=1e-5)


def test_a_loss_that_is_not_finite_in_another_process_is_noticed(rows):
    rows[:] = np.inf
    with pytest.raises(TrainingError, match=r"epoch 1"):
        run(rows, TrainingConfig(epochs=1, shards=2), processes=2)


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms train in one process")
def test_a_process_that_was_killed_is_an_error_and_not_a_wait_for_ever(rows, monkeypatch):
    pids = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: pids.append(fork()) or pids[-1])
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, 2, 8)
    epochs = epochs_of(params, rows, TrainingConfig(shards=2), rng, processes=2)
    next(epochs)
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(TrainingError, match="a worker process of the training ended"):
        list(epochs)


def test_every_window_counts_when_the_last_batch_is_smaller(rows):
    """With a learning rate of zero, the loss of an epoch is the mean loss of all its windows."""
    params, reports = run(rows, TrainingConfig(epochs=1, batch_size=32, learning_rate=0.0))
    assert len(FIT) % 32
    assert reports[0].loss == pytest.approx(mean_loss(params, rows, FIT), rel=1e-5)


def test_rows_outside_the_windows_have_no_influence(rows):
    config = TrainingConfig(epochs=2, batch_size=16)
    params, _ = run(rows, config, fit=np.arange(0, 50))
    rows[:, 50 + WINDOW - 1 : 75] = np.nan
    same, _ = run(rows, config, fit=np.arange(0, 50))
    for name, value in params.items():
        np.testing.assert_array_equal(value, same[name])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_a_loss_that_is_not_finite_is_an_error_that_says_what_to_try(rows, value):
    rows[1, 20] = value
    with pytest.raises(TrainingError, match=r"epoch 1 .* --learning-rate"):
        run(rows, TrainingConfig(epochs=3))


def test_the_learning_rate_falls_to_zero_as_a_cosine_does():
    rates = [TrainingConfig(epochs=10, learning_rate=0.1).rate_at(epoch) for epoch in (0, 5, 10)]
    np.testing.assert_allclose(rates, [0.1, 0.05, 0.0], atol=1e-12)


def test_training_prints_nothing(rows, capsys):
    run(rows, TrainingConfig(epochs=2))
    assert capsys.readouterr() == ("", "")
