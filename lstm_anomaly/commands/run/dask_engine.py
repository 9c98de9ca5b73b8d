"""`--engine dask://HOST:PORT`: jobs for the workers of a Dask cluster, as `base.workers` has them here."""

from collections.abc import Callable, Iterator, Sequence
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


def run_on_dask(
    work: Callable[[Job], Result], jobs: Sequence[Job], engine: str
) -> Iterator[Result | WorkerDied[Job]]:
    """The result of each job, in order.

    A job whose worker dies goes to another one; where that happens again and again the job is given up.
    Raises WorkerError when the engine does not answer, has no workers, or has some of another version.
    """
    with needs("dask"):
        from distributed import Client, KilledWorker
    try:
        client = Client("tcp://" + engine.removeprefix(SCHEME), timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        hint = "start `dask scheduler` there, look at the port, or use -j on this machine"
        raise WorkerError("the engine does not answer", where=engine, hint=hint) from error
    with client:
        _check_workers(client, engine)
        futures = client.map(work, jobs, retries=RETRIES, pure=False)
        for job, future in zip(jobs, futures, strict=True):
            try:
                yield future.result()
            except KilledWorker:
                yield WorkerDied(job)


def _check_workers(client: "Client", engine: str) -> None:
    """Raise WorkerError unless there are workers, all with this version of the program."""
    versions = client.run(metadata.version, "lstm-anomaly", on_error="return")
    if not versions:
        hint = "start `dask worker` on the machines that are to train"
        raise WorkerError("the engine has no workers", where=engine, hint=hint)
    for worker, version in versions.items():
        if version != __version__:
            found = f"lstm-anomaly {version}" if isinstance(version, str) else "no lstm-anomaly"
            raise WorkerError(
                f"its worker {worker} has {found}, and this is {__version__}",
                where=engine,
                hint=f"pip install lstm-anomaly=={__version__} there",
            )
