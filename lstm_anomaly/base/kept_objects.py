"""Objects by name that stay where they were made: in this process, or divided among worker processes.

For objects that change with each call, as `base.workers` is for jobs that leave nothing behind. Only calls
and their results pass between processes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lstm_anomaly.base.errors import WorkerError
from lstm_anomaly.base.worker_process import Raised, WorkerProcess

Ask = tuple[Callable[..., Any], tuple[Any, ...]]  # a function, and its arguments after the object
Make = Callable[[str], Any]


class KeptObjects:
    """Objects that are made by name at their first call.

    make     makes the object of a name; with several workers it and all calls pass to other processes, so
             they are functions of a module, or records of plain values
    names    of all objects; neighbours go to different workers
    workers  processes that share them; with one everything stays in this process
    """

    def __init__(self, make: Make, names: Sequence[str], workers: int = 1) -> None:
        self._here = _Objects(make)
        count = min(workers, len(names))
        self._workers = [WorkerProcess(self._here.answers) for _ in range(count)] if count > 1 else []
        self._worker_of = {name: k % count for k, name in enumerate(names)}

    def ask(self, calls: Mapping[str, Ask]) -> dict[str, Any]:
        """What each call gives, by the name of its object, in the order of the calls.

        Each worker gets all of its calls at once, and reads them whole before it answers, so no pipe fills up
        while both ends write. What a call raises is raised here; of several, what the first one raised.
        Raises WorkerError when a worker dies.
        """
        if not self._workers:
            return {name: self._here.call(name, ask) for name, ask in calls.items()}
        shares: list[dict[str, Ask]] = [{} for _ in self._workers]
        for name, ask in calls.items():
            shares[self._worker_of[name]][name] = ask
        asked = [(worker, share) for worker, share in zip(self._workers, shares, strict=True) if share]
        found: dict[str, Any] = {}
        try:
            for worker, share in asked:
                worker.send(share)
            for worker, _share in asked:
                found |= worker.receive()
        except (EOFError, OSError) as error:
            raise _died() from error
        for name in calls:
            if isinstance(found.get(name), Raised):
                raise found[name].error
        return {name: found[name] for name in calls}

    def close(self) -> None:
        """End the workers; the objects are gone."""
        for worker in self._workers:
            worker.end()


class _Objects:
    """The objects of one process."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._made: dict[str, Any] = {}

    def call(self, name: str, ask: Ask) -> Any:
        if name not in self._made:
            self._made[name] = self._make(name)
        function, arguments = ask
        return function(self._made[name], *arguments)

    def answers(self, calls: dict[str, Ask]) -> dict[str, Any]:
        """What each call gives, up to the first one that raises: as in one process, nothing follows that."""
        results: dict[str, Any] = {}
        for name, ask in calls.items():
            try:
                results[name] = self.call(name, ask)
            except Exception as error:
                results[name] = Raised.here(error)
                break
        return results


def _died() -> WorkerError:
    return WorkerError("a worker process died, perhaps for lack of memory", hint="-j 1")
