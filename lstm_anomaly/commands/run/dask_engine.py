"""`--engine dask://HOST:PORT`: jobs for the workers of a Dask cluster, as `base.workers` has them here."""

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib import metadata
from typing import TYPE_CHECKING, TypeVar

from lstm_anomaly.base.errors import WorkerError
from lstm_anomaly.base.version import __version__
from lstm_anomaly.base.workers import WorkerDied
from lstm_anomaly.commands.frame.extras import needs

if TYPE_CHECKING:
    from distributed import Client

Job = TypeVar("Job")
Result = TypeVar("Result")

SCHEME = "dask://"
SECONDS = 10  # for the scheduler to answer
RETRIES = 2  # of a job that fails on its worker, as where a disk of its own is full


@contextmanager
def connected(engine: str) -> "Iterator[Cluster]":
    """The cluster of an engine, to which this process is connected in the block.

    Raises WorkerError when the engine does not answer, has no workers, or has some of another version, and
    when it goes away in the middle.
    """
    with needs("dask"):
        from distributed import Client
    for name in ("distributed", "distributed.client"):  # this program tells of trouble itself
        logging.getLogger(name).setLevel(logging.CRITICAL)
    address = "tcp://" + engine.removeprefix(SCHEME)
    try:
        asyncio.run(_greet(address))
        with warnings.catch_warnings():  # of other versions of libraries; of its own `_checked` tells
            warnings.simplefilter("ignore")
            client = Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        hint = "start `dask scheduler` there, look at the port, or use -j on this machine"
        raise WorkerError("the engine does not answer", where=engine, hint=hint) from error
    with client:
        yield Cluster(client, engine)


async def _greet(address: str) -> None:
    """Raise OSError when nothing that speaks as a scheduler answers: a client would wait for ever for it."""
    from distributed import rpc

    async with asyncio.timeout(SECONDS), rpc(address, timeout=SECONDS) as scheduler:
        await scheduler.identity()


class Cluster:
    """Workers that have this version of the program."""

    def __init__(self, client: "Client", engine: str) -> None:
        self._client, self._engine = client, engine
        self._addresses = self._checked()

    @property
    def workers(self) -> int:
        """How many worker processes there were in the beginning."""
        return len(self._addresses)

    @contextmanager
    def prepared(self, work: Callable[[Job], object], job: Job, undo: Callable[[], None]) -> Iterator[None]:
        """Let each worker begin with something; whether that goes well its other jobs will tell."""
        begun = [self._client.submit(work, job, workers=[address], pure=False) for address in self._addresses]
        try:
            yield
        finally:
            with suppress(OSError, ValueError):  # the engine is gone, and with it what is to be undone
                self._client.cancel(begun)
                self._client.run(undo, on_error="ignore")

    def run(self, work: Callable[[Job], Result], jobs: Sequence[Job]) -> Iterator[Result | WorkerDied[Job]]:
        """The result of each job, in order.

        A job whose worker dies goes to another one; where that happens again and again the job is given up.
        """
        from distributed import KilledWorker

        futures = self._client.map(work, jobs, retries=RETRIES, pure=False)
        for job, future in zip(jobs, futures, strict=True):
            try:
                yield future.result()
            except KilledWorker:
                yield WorkerDied(job)
            except (OSError, CancelledError) as error:
                hint = "see its log; models that are written are whole"
                raise WorkerError(
                    "the engine does not answer any more", where=self._engine, hint=hint
                ) from error

    def _checked(self) -> list[str]:
        """Addresses of all workers. Raises WorkerError unless there are some, all with this version."""
        versions = self._client.run(metadata.version, "lstm-anomaly", on_error="return")
        if not versions:
            hint = "start `dask worker` on the machines that are to train"
            raise WorkerError("the engine has no workers", where=self._engine, hint=hint)
        for worker, version in versions.items():
            if version != __version__:
                found = f"lstm-anomaly {version}" if isinstance(version, str) else "no lstm-anomaly"
                raise WorkerError(
                    f"its worker {worker} has {found}, and this is {__version__}",
                    where=self._engine,
                    hint=f"pip install lstm-anomaly=={__version__} there",
                )
        return list(versions)
