"""Jobs in worker processes: results in order, errors in their turn, and a dead worker costs its own job."""

import os

import pytest

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.processes import usable_cores
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


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_jobs(workers):
    assert list(run_jobs(square, range(9), workers)) == [k * k for k in range(9)]


def test_a_job_whose_worker_dies_is_named_and_all_others_are_done():
    found = list(run_jobs(die_of_three, range(5), 2))
    assert found == [WorkerDied(3) if k == 3 else k for k in range(5)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_job_is_raised_in_its_turn_with_its_advice(workers):
    results = run_jobs(refuse_two, range(5), workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(OutputError, match=r"m: the disk is full.*another disk"):
        next(results)


def test_each_worker_uses_one_core():
    assert set(run_jobs(cores_here, range(2), 2)) == {1}
