"""The bar that a person watches during training: epoch, losses, time left. Drawn on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lstm_anomaly.network.training import EpochReport


@contextmanager
def epoch_bar(title: str) -> Iterator[Callable[[EpochReport], None]]:
    """A bar on the terminal; the yielded function moves it by one epoch."""
    columns = (
        TextColumn(title),
        BarColumn(),
        TextColumn("epoch {task.completed}/{task.total}  {task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def on_epoch(report: EpochReport) -> None:
            losses = f"loss {report.loss:.4f}  validation {report.validation_loss:.4f}"
            bar.update(task, total=report.epochs, completed=report.epoch, description=losses)

        yield on_epoch
