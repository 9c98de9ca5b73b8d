"""Networks that train at the same time, each in a process of its own.

Their training shares nothing, so the results are those of training one after the other, to the last bit.
"""

import os
import select
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from time import perf_counter

import numpy as np

from lstm_anomaly.base.processes import fork_worker, shared_empty
from lstm_anomaly.base.system import CAN_FORK
from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.training.loop import EpochReport

Reports = dict[str, list[EpochReport]]


@dataclass(frozen=True)
class Job:
    """A network to train.

    name    of the network
    params  fresh parameters, which hold the trained ones in the end
    train   given parameters, which it changes in place, and a limit in seconds or None: yields reports
    """

    name: str
    params: Params
    train: Callable[[Params, float | None], Iterator[EpochReport]]


def train_side_by_side(
    jobs: Sequence[Job],
    on_epoch: Callable[[str, EpochReport], None] | None = None,
    processes: int = 1,
    seconds: float | None = None,
) -> Reports:
    """Train all networks, each in its own process where there are at least two; reports by name.

    `on_epoch` is called in this process, for each network in the order of its reports. `seconds` is the
    limit for all; one after the other, each may take an equal share of what is left.
    """
    apart = processes > 1 and CAN_FORK
    ends = None if seconds is None else perf_counter() + seconds
    reports: Reports = {job.name: [] for job in jobs}

    def tell(name: str, news: Iterator[EpochReport]) -> None:
        for report in news:
            reports[name].append(report)
            if on_epoch:
                on_epoch(name, report)

    others = [_ForkedJob(job, seconds) for job in jobs[1:]] if apart else []
    try:
        for k, job in enumerate(jobs[:1] if apart else jobs):
            waiting = 1 if apart else len(jobs) - k
            for report in job.train(job.params, None if ends is None else (ends - perf_counter()) / waiting):
                tell(job.name, iter([report]))
                for other in others:
                    tell(other.job.name, other.ready())
        for other in others:
            tell(other.job.name, other.rest())
    finally:
        for other in others:
            other.end()
    return reports


class _ForkedJob:
    """A job at work in a forked process; parameters pass by shared memory, reports by a pipe."""

    def __init__(self, job: Job, seconds: float | None) -> None:
        self.job, self._seconds = job, seconds
        self._shared = {name: shared_empty(value.shape, value.dtype) for name, value in job.params.items()}
        for name, value in job.params.items():
            self._shared[name][...] = value
        self._reports, writes = os.pipe()

        def work() -> None:
            for report in job.train(self._shared, seconds):
                os.write(writes, _packed(report))

        self._last_told = 0
        self._pid: int | None = fork_worker(work, (writes,))
        os.close(writes)

    def ready(self) -> Iterator[EpochReport]:
        """Reports that are there already."""
        while select.select([self._reports], [], [], 0)[0] and (packed := os.read(self._reports, _SIZE)):
            yield self._noted(packed)

    def rest(self) -> Iterator[EpochReport]:
        """All further reports, until the job is done; if its process failed, it is done again here.

        So its error shows, or the result is complete after all.
        """
        while packed := os.read(self._reports, _SIZE):
            yield self._noted(packed)
        if self._wait() == 0:
            for name, value in self.job.params.items():
                value[...] = self._shared[name]
            return
        for report in self.job.train(self.job.params, self._seconds):
            if report.epoch > self._last_told:
                yield report

    def _noted(self, packed: bytes) -> EpochReport:
        report = _unpacked(packed)
        self._last_told = report.epoch
        return report

    def end(self) -> None:
        """Leave no process behind, whatever happened."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()
        os.close(self._reports)

    def _wait(self) -> int:
        assert self._pid is not None
        pid, self._pid = self._pid, None
        return os.waitpid(pid, 0)[1]


_SIZE = 8 * 8  # bytes: the fields of a report as float64


def _packed(report: EpochReport) -> bytes:
    return np.array(astuple(report), dtype=np.float64).tobytes()


def _unpacked(packed: bytes) -> EpochReport:
    epoch, epochs, loss, validation_loss, rate, improved, seconds, timed_out = np.frombuffer(packed).tolist()
    return EpochReport(
        int(epoch), int(epochs), loss, validation_loss, rate, bool(improved), seconds, bool(timed_out)
    )
