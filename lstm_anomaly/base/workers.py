"""Independent jobs in worker processes, one core each: results in the order of the jobs.

A forked worker makes its jobs from what it shares with this process; elsewhere they are passed to it. Results
always pass between processes, so they are to be small.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Generic, Protocol, TypeVar

from lstm_anomaly.base.system import CAN_FORK
from lstm_anomaly.base.worker_process import Raised, WorkerProcess

Job = TypeVar("Job")
Made = TypeVar("Made", covariant=True)
Result = TypeVar("Result")

IN_HAND = 2  # jobs that a worker has been given: the next one begins when this process is busy, too
TRIES = 2  # of a job whose worker dies


class Jobs(Protocol[Made]):
    """What is to be done: a list, or something that makes each job when it is asked for."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: int, /) -> Made: ...


@dataclass(frozen=True)
class WorkerDied(Generic[Job]):
    """What stands for the result of a job whose worker died each time that it was tried."""

    job: Job


def run_jobs(
    work: Callable[[Job], Result], jobs: Jobs[Job], workers: int
) -> Iterator[Result | WorkerDied[Job]]:
    """The result of each job, in order; with one worker in this process.

    `work` is a function of a module. What it raises is raised here, in the job's turn. A job whose worker
    dies, for lack of memory for instance, is tried once more alone; the others are not lost.
    """
    if workers <= 1:
        yield from (work(jobs[place]) for place in range(len(jobs)))
        return
    crew = _Crew(work, jobs, min(workers, len(jobs)))
    try:
        for place in range(len(jobs)):
            result = crew.result(place)
            if isinstance(result, Raised):
                raise result.error
            yield result
    finally:
        crew.end()


class _Crew:
    """Workers, the jobs that each has in hand, and results that are there before their turn."""

    def __init__(self, work: Callable[[Any], Any], jobs: Jobs[Any], workers: int) -> None:
        self._work, self._jobs = work, jobs
        self._todo = deque(range(len(jobs)))
        self._alone: deque[int] = deque()  # jobs whose worker died, to be tried again
        self._deaths: dict[int, int] = {}
        self._results: dict[int, Any] = {}
        self._in_hand: dict[WorkerProcess, deque[int]] = {self._worker(): deque() for _ in range(workers)}

    def result(self, place: int) -> Any:
        """The result of the job at this place, once it is there."""
        while place not in self._results:
            self._give_out()
            busy = {worker.pipe: worker for worker, in_hand in self._in_hand.items() if in_hand}
            for pipe in wait(list(busy)):
                self._take(busy[pipe])  # type: ignore[index]
        return self._results.pop(place)

    def end(self) -> None:
        """End all workers, whatever they are at."""
        for worker in self._in_hand:
            worker.end()

    def _give_out(self) -> None:
        """Jobs for all that have room; one whose worker died waits until it can be alone."""
        if self._alone:
            if not any(self._in_hand.values()):
                self._give(next(iter(self._in_hand)), self._alone.popleft())
            return
        for _ in range(IN_HAND):
            for worker, in_hand in list(self._in_hand.items()):
                if self._todo and len(in_hand) < IN_HAND and not self._alone:
                    self._give(worker, self._todo.popleft())

    def _give(self, worker: WorkerProcess, place: int) -> None:
        self._in_hand[worker].append(place)
        try:
            worker.send(place if CAN_FORK else self._jobs[place])
        except OSError:  # it is gone, as its end of the pipe will tell
            return

    def _take(self, worker: WorkerProcess) -> None:
        """An answer, or the news that the worker died at the first job that it had in hand."""
        try:
            answer = worker.receive()
        except (EOFError, OSError):
            self._bury(worker)
        else:
            self._results[self._in_hand[worker].popleft()] = answer

    def _bury(self, worker: WorkerProcess) -> None:
        worker.end()
        guilty, *others = self._in_hand.pop(worker)
        self._todo.extendleft(reversed(others))
        self._deaths[guilty] = self._deaths.get(guilty, 0) + 1
        if self._deaths[guilty] < TRIES:
            self._alone.append(guilty)
        else:
            self._results[guilty] = WorkerDied(self._jobs[guilty])
        self._in_hand[self._worker()] = deque()

    def _worker(self) -> WorkerProcess:
        return WorkerProcess(self._at if CAN_FORK else self._work)

    def _at(self, place: int) -> Any:
        """Do the job at a place, in a forked worker."""
        return self._work(self._jobs[place])
