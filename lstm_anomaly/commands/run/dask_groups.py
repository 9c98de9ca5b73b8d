"""Groups that are trained by a Dask cluster: its workers read the files and write the models themselves."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from lstm_anomaly.base.system import keep_freed_memory
from lstm_anomaly.base.workers import WorkerDied
from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run.dask_engine import Cluster
from lstm_anomaly.commands.run.group_jobs import Groups, GroupTraining, Trained, read_groups, train_group

MOST_A_TASK = 50  # groups
LEAST_A_TASK = 5  # of the last tasks, which are small so that all workers end together
DIED = "the worker that trained it died, and so did those that tried again; see the log of the engine"


@dataclass(frozen=True)
class _Run:
    """What all tasks of one run have in common; `token` names it, as the files may be others next time."""

    token: str
    training: GroupTraining


_groups: dict[str, Groups] = {}  # in a worker: what it has read for the run that it works for
_reading = Lock()  # a worker may have several threads


@contextmanager
def training_by(
    cluster: Cluster, training: GroupTraining
) -> Iterator[Callable[[tuple[str, ...]], Iterator[Trained]]]:
    """What trains groups, by their names, on the workers of a cluster, which begin to read at once.

    They get paths and settings, no rows, and forget what they have read at the end of the block.
    """
    ignore = None if training.ignore is None else os.path.abspath(training.ignore)
    files, folder = tuple(map(os.path.abspath, training.files)), os.path.abspath(training.folder)
    run = _Run(secrets.token_hex(8), replace(training, files=files, folder=folder, ignore=ignore))
    with cluster.prepared(_read, run, _forget):
        yield lambda names: _train(cluster, run, names)


def _train(cluster: Cluster, run: _Run, names: tuple[str, ...]) -> Iterator[Trained]:
    tasks = []
    while names:
        size = max(LEAST_A_TASK, min(MOST_A_TASK, len(names) // (2 * cluster.workers)))
        tasks.append((run, names[:size]))
        names = names[size:]
    for outcome in cluster.run(_train_some, tasks):
        if isinstance(outcome, WorkerDied):
            yield from (Trained(name, error=DIED) for name in outcome.job[1])
        else:
            yield from outcome


def _train_some(task: tuple[_Run, tuple[str, ...]]) -> list[Trained]:
    """In a worker: train some of the groups."""
    from lstm_anomaly.base.processes import use_one_core

    use_one_core()
    run, names = task
    groups = replace(_read(run), names=names)
    return [train_group(groups[place]) for place in range(len(groups))]


def _read(run: _Run) -> Groups:
    """In a worker: the groups of all files, which are read once in a run."""
    import lstm_anomaly.training.train  # noqa: F401  # beside the reading of the command, not after it

    keep_freed_memory(True)
    with _reading:
        if run.token not in _groups:
            _groups.clear()
            _groups[run.token] = read_groups(run.training, Console(Settings(quiet=True)))
        return _groups[run.token]


def _forget() -> None:
    _groups.clear()
    keep_freed_memory(False)
