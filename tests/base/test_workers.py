"""Jobs in worker processes: results in order, errors in their turn, and a dead worker costs its own job."""

import os
import signal
import traceback

import pytest

from lstm_anomaly.base import worker_process, workers
from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.processes import usable_cores
from lstm_anomaly.base.system import is_running
from lstm_anomaly.base.workers import WorkerDied, run_jobs


def square(number):
    return number * number


def die_of_three(number):
    if number == 3:
        os._exit(9)
    return number


def refuse_two(number):
    if number == 2:
        raise OutputError("the disk is full", where="m", hint="another disk")
    return number


def cores_here(_number):
    return usable_cores()


def wait_from_the_second_on(number):
    if number:
        signal.pause()
    return os.getpid()


class Processes:
    """Jobs that are the process in which each was made."""

    def __len__(self):
        return 3

    def __getitem__(self, _place):
        return os.getpid()


def itself(job):
    return job


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_jobs(count):
    assert list(run_jobs(square, range(9), count)) == [k * k for k in range(9)]


def test_a_job_whose_worker_dies_is_named_and_all_others_are_done():
    found = list(run_jobs(die_of_three, range(9), 2))
    assert found == [WorkerDied(3) if k == 3 else k for k in range(9)]


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_of_a_job_is_raised_in_its_turn_with_its_advice(count):
    results = run_jobs(refuse_two, range(5), count)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(OutputError, match=r"m: the disk is full.*another disk"):
        next(results)


def test_an_error_of_a_worker_tells_where_in_the_worker_it_was():
    with pytest.raises(OutputError) as found:
        list(run_jobs(refuse_two, range(5), 2))
    assert "in refuse_two" in "".join(traceback.format_exception(found.value))
    assert "refuse_two" not in str(found.value)


def test_each_worker_uses_one_core():
    assert set(run_jobs(cores_here, range(2), 2)) == {1}


@pytest.mark.skipif(not workers.CAN_FORK, reason="there jobs are passed to workers")
def test_a_forked_worker_makes_its_jobs_itself():
    assert os.getpid() not in run_jobs(itself, Processes(), 2)


def test_workers_started_anew_are_passed_their_jobs(monkeypatch):
    monkeypatch.setattr(worker_process, "START", "spawn")
    monkeypatch.setattr(worker_process, "CAN_FORK", False)
    monkeypatch.setattr(workers, "CAN_FORK", False)
    assert set(run_jobs(itself, Processes(), 2)) == {os.getpid()}


def test_workers_end_in_the_middle_of_a_job_when_no_more_is_asked_for():
    results = run_jobs(wait_from_the_second_on, range(9), 2)
    worker = next(results)
    results.close()
    assert not is_running(worker)
