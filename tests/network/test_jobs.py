"""Networks trained in processes of their own: the results, reports and errors of one after the other."""

import os
import signal

import numpy as np
import pytest

from lstm_anomaly.base.errors import TrainingError
from lstm_anomaly.base.processes import fork_worker
from lstm_anomaly.base.system import CAN_FORK
from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.training.autoencoder_training import TrainingConfig, WindowLesson
from lstm_anomaly.network.training.batches import WindowBatches
from lstm_anomaly.network.training.jobs import Job, train_side_by_side
from lstm_anomaly.network.training.loop import Limits, train

needs_fork = pytest.mark.skipif(not CAN_FORK, reason="other platforms train one after the other")


def job(name, seed, epochs=3, rows=None):
    """A small autoencoder that trains on 60 random rows."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(2, 60)).astype(np.float32) if rows is None else rows
    config = TrainingConfig(epochs=epochs, batch_size=16, patience=0)

    def start(params, seconds):
        starts = np.arange(40), np.arange(45, 50)
        lesson = WindowLesson(params, WindowBatches(rows, 6), starts, config)
        yield from train(lesson, config, rng, Limits(seconds))

    return Job(name, init_autoencoder(rng, 2, 4), start)


def without_times(reports):
    return {
        name: [(r.epoch, r.epochs, r.loss, r.validation_loss, r.learning_rate, r.improved) for r in made]
        for name, made in reports.items()
    }


def test_processes_change_no_bit_of_the_results_and_no_report():
    alone, apart = ([job("a", 1), job("b", 2, epochs=5)] for _ in range(2))
    first, second = train_side_by_side(alone), train_side_by_side(apart, processes=2)
    assert without_times(first) == without_times(second)
    for ours, theirs in zip(alone, apart, strict=True):
        for name, value in ours.params.items():
            assert value.tobytes() == theirs.params[name].tobytes(), name


@pytest.mark.parametrize("processes", [1, 2])
def test_every_epoch_is_told_in_the_order_of_its_network(processes):
    told = []
    train_side_by_side(
        [job("a", 1), job("b", 2, epochs=5)],
        lambda name, report: told.append((name, report.epoch)),
        processes,
    )
    assert [epoch for name, epoch in told if name == "a"] == [1, 2, 3]
    assert [epoch for name, epoch in told if name == "b"] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("faulty", [0, 1])
def test_an_error_of_either_network_is_raised_here(processes, faulty):
    jobs = [
        job(str(k), k, rows=np.full((2, 60), np.inf, np.float32) if k == faulty else None) for k in (0, 1)
    ]
    with pytest.raises(TrainingError, match="epoch 1"):
        train_side_by_side(jobs, processes=processes)


@needs_fork
def test_a_network_whose_process_was_killed_is_trained_here(monkeypatch):
    expected = job("b", 2)
    list(expected.train(expected.params, None))
    jobs, pids, fork = [job("a", 1), job("b", 2)], [], os.fork
    monkeypatch.setattr(os, "fork", lambda: pids.append(fork()) or pids[-1])

    def kill(name, report):
        if name == "a" and report.epoch == 1:
            os.kill(pids[0], signal.SIGKILL)

    reports = train_side_by_side(jobs, kill, processes=2)
    assert [report.epoch for report in reports["b"]] == [1, 2, 3]
    for name, value in expected.params.items():
        assert value.tobytes() == jobs[1].params[name].tobytes(), name


@needs_fork
def test_no_process_is_left_when_training_is_interrupted(monkeypatch):
    pids, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: pids.append(fork()) or pids[-1])

    def interrupt(name, report):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_side_by_side([job("a", 1), job("b", 2, epochs=10_000)], interrupt, processes=2)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_limit_of_time_ends_every_network_after_an_update(processes):
    jobs = [job("a", 1, epochs=10_000), job("b", 2, epochs=10_000)]
    reports = train_side_by_side(jobs, processes=processes, seconds=1e-9)
    for made in reports.values():
        assert [(report.epoch, report.timed_out) for report in made] == [(1, True)]


@needs_fork
def test_a_worker_dies_with_its_parent_and_holds_none_of_its_files():
    """The parent is killed; then nobody holds the line that it wrote to, nor a worker that waits for ever."""
    (told, tells), (held, holds) = os.pipe(), os.pipe()

    def wait():
        signal.signal(signal.SIGALRM, lambda *_: os.write(tells, b"still here"))
        signal.alarm(30)
        signal.pause()

    pid = os.fork()
    if pid == 0:
        fork_worker(wait, (tells,))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(tells)
    os.close(holds)
    assert os.read(held, 1) == b""
    assert os.read(told, 1) == b""
    os.close(told)
    os.close(held)
