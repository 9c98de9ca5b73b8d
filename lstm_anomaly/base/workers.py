"""Independent jobs in worker processes, one core each: results in the order of the jobs.

Workers are started anew, not forked, so that this works on every platform. What a job needs and gives passes
between processes, so both are to be small.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from lstm_anomaly.base.processes import use_one_core

Job = TypeVar("Job")
Result = TypeVar("Result")

IN_HAND = 4  # jobs for each worker that are given out before their results are asked for
TRIES = 2  # of a job whose worker dies


@dataclass(frozen=True)
class WorkerDied(Generic[Job]):
    """What stands for the result of a job whose worker died each time that it was tried."""

    job: Job


def run_jobs(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int
) -> Iterator[Result | WorkerDied[Job]]:
    """The result of each job, in order; with one worker in this process.

    `work` is a function of a module. What it raises is raised here, in the job's turn. A job whose worker
    dies, for lack of memory for instance, is tried once more alone; the others are not lost.
    """
    if workers <= 1:
        yield from map(work, jobs)
        return
    waiting, ahead = iter(jobs), deque[tuple[Job, Future[Result]]]()
    pool = _pool(workers)
    try:
        for job in waiting:
            ahead.append((job, pool.submit(work, job)))
            if len(ahead) < IN_HAND * workers:
                continue
            result = _first(ahead)
            if isinstance(result, BrokenProcessPool):
                pool.shutdown(wait=True, cancel_futures=True)
                yield from _alone(work, [job for job, _future in ahead])
                ahead.clear()
                pool = _pool(workers)
            else:
                yield result
        while ahead:
            result = _first(ahead)
            if isinstance(result, BrokenProcessPool):
                yield from _alone(work, [job for job, _future in ahead])
                return
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _first(ahead: "deque[tuple[Job, Future[Result]]]") -> Result | BrokenProcessPool:
    """The result of the first job, which is taken off; or that its pool is broken, and the job stays."""
    try:
        result = ahead[0][1].result()
    except BrokenProcessPool as error:
        return error
    ahead.popleft()
    return result


def _alone(work: Callable[[Job], Result], jobs: list[Job]) -> Iterator[Result | WorkerDied[Job]]:
    """Jobs in hand when a worker died, each in a pool of its own, so that the guilty one is known."""
    for job in jobs:
        for _ in range(TRIES):
            with _pool(1) as pool:
                try:
                    yield pool.submit(work, job).result()
                    break
                except BrokenProcessPool:
                    continue
        else:
            yield WorkerDied(job)


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=use_one_core)
