"""`lstm-anomaly demo`: the whole job on sample data, to see what it looks like."""

import shlex
import tempfile
from contextlib import nullcontext
from pathlib import Path

import click

from lstm_anomaly.commands import detect, train
from lstm_anomaly.commands.frame.console import console_options
from lstm_anomaly.commands.frame.help import GroupedCommand

TRUTH = "\nWhat really happened in that week is in {folder}/faults.csv."
NEXT = "\nNow with your own data: lstm-anomaly train NORMAL.csv --model my.model"


@click.command("demo", cls=GroupedCommand)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Keep the sample data and the model in this folder.",
)
@console_options
@click.pass_context
def command(ctx: click.Context, keep: str | None) -> None:
    """Train on two weeks of a healthy pump, then detect eight faults in another week.

    Needs no network, and takes about a minute.
    """
    from lstm_anomaly.evaluation import sample_pump as sample

    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        sample.main(folder)
        normal, week, model = (str(folder / name) for name in ("normal.csv", "week.csv", "pump.model"))
        _show("train", normal, "--model", model)
        ctx.invoke(train.command, files=(normal,), model_path=model)
        _show("detect", week, "--model", model)
        ctx.invoke(detect.command, files=(week,), model_path=model)
        click.echo((TRUTH.format(folder=folder) if keep else "") + NEXT)


def _show(*arguments: str) -> None:
    click.echo(f"\n$ lstm-anomaly {shlex.join(arguments)}")
