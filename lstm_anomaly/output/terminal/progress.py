"""The bars that a person watches, on standard error: of a training, and of whatever else takes its time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lstm_anomaly.network.training.loop import EpochReport
from lstm_anomaly.training.fit_networks import OnEpoch


@contextmanager
def epoch_bar() -> Iterator[OnEpoch]:
    """A bar on the terminal for each network; the yielded function moves it by one epoch."""
    columns = (
        TextColumn("{task.fields[network]:>11}"),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks = {"autoencoder": bar.add_task("begins", total=None, network="autoencoder")}

        def on_epoch(network: str, report: EpochReport) -> None:
            if network not in tasks:
                tasks[network] = bar.add_task("", total=None, network=network)
            told = f"epoch {report.epoch}/{report.epochs}  loss {report.loss:.4f}"
            told += f"  validation {report.validation_loss:.4f}"
            bar.update(tasks[network], total=report.epochs, completed=report.epoch, description=told)

        yield on_epoch


@contextmanager
def counting_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal; the yielded function is told how many are done, and of how many."""
    columns = (TextColumn(f"{what:>11}"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("begins", total=None)

        def on_one(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"{done}/{total}")

        yield on_one
