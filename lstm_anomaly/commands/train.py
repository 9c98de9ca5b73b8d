"""`lstm-anomaly train`: learn what normal looks like from CSVs, and write a model file."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.extras import needs
from lstm_anomaly.commands.frame.given import (
    check_outputs,
    clean_settings,
    input_files,
    read_options,
    threshold_settings,
)
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Duration, Number, Percent, Span
from lstm_anomaly.commands.frame.options import (
    FILES,
    IGNORE,
    JOBS,
    MODEL,
    cleaning_options,
    grouped_input_options,
    threshold_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lstm_anomaly.base.types import Series
    from lstm_anomaly.model.model import Model

    WriteReport = Callable[[Model, Series, list[str]], None]
UNCLEAN = "the training data is not a clean picture of normal: {doubts}"

EPILOG = """\b
Examples:
  lstm-anomaly train normal.csv --model pump.model
  lstm-anomaly train 2024-*.csv --model pump.model --exclude label,comment
  zcat may.csv.gz | lstm-anomaly train - -m pump.model --false-alarms 2/month
"""


@click.command("train", cls=GroupedCommand, epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--model-kind",
    "kind",
    type=click.Choice(["auto", "lstm", "pure", "linear"]),
    help="Choose linear models with LSTMs (lstm), LSTMs alone (pure), or no LSTMs (linear).  [default: auto]",
)
@click.option(
    "--preset",
    type=click.Choice(["fast", "default", "thorough"]),
    help="Train a quarter as long (fast), or four times as long (thorough).  [default: default]",
)
@click.option(
    "--look-ahead",
    type=click.IntRange(0, 1000),
    metavar="ROWS",
    help="Judge a row only when this many later rows are there; 12 finds more.  [default: 0]",
)
@click.option(
    "--window",
    type=click.IntRange(2),
    metavar="ROWS",
    help="Show the networks this many rows at a time.  [default: chosen]",
)
@click.option(
    "--stride",
    type=click.IntRange(1),
    metavar="ROWS",
    help="Begin a training window this many rows after the last.  [default: chosen]",
)
@click.option(
    "--hidden",
    type=click.IntRange(1),
    metavar="N",
    help="Give each LSTM of the autoencoder this many units.  [default: 32]",
)
@click.option(
    "--layers",
    type=click.IntRange(1),
    metavar="N",
    help="Stack this many LSTMs in the autoencoder.  [default: 1]",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    metavar="N",
    help="Train for at most this many epochs, the forecaster in proportion.  [default: chosen]",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    metavar="N",
    help="Update the weights after this many windows.  [default: 64]",
)
@click.option(
    "--learning-rate",
    type=Number(0, min_open=True),
    metavar="RATE",
    help="Start with this learning rate of Adam.  [default: 0.005]",
)
@click.option(
    "--weight-decay",
    type=Number(0),
    metavar="RATE",
    help="Let weights decay at this rate, as in AdamW.  [default: 0]",
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    metavar="N",
    help="Stop after this many epochs without improvement; 0 means never.",
)
@click.option(
    "--max-train-time",
    type=Duration(),
    metavar="TIME",
    help="Stop training after this time, such as 10min, with the best weights so far.  [default: no limit]",
)
@click.option(
    "--horizon",
    type=Span(),
    metavar="SPAN|ROWS",
    help="Let `forecast` look this far ahead, such as 24h; 0 is off.  [default: a day, if rows have times]",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Seed the random numbers: the same seed gives the same model.",
)
@click.option(
    "--checkpoint", metavar="FILE", help="Save progress in FILE.*, from which the same command goes on later."
)
@click.option("--report", metavar="FILE", help="Write an HTML report on the training, too.")
@click.option(
    "--trim",
    type=Percent(),
    metavar="SHARE",
    help="Leave out at most this share of rows, those that stand out; 0 keeps all.  [default: 1%]",
)
@click.option(
    "--holidays",
    metavar="COUNTRY",
    help="Treat public holidays as Sundays: those of a country or state, such as US or DE-BY.",
)
@click.option(
    "--calendar",
    metavar="FILE",
    help="Treat the days in this CSV as Sundays; its first column is named `date`.",
)
@click.option(
    "--strict",
    "is_strict",
    is_flag=True,
    help="Stop when a sensor would spoil the model, in place of a warning.",
)
@click.option(
    "--off",
    multiple=True,
    metavar="CONDITION",
    help="Leave out rows in which the plant is off, such as 'speed_rpm < 10 and valve = 0'.",
)
@IGNORE
@click.option(
    "--write-ignore",
    metavar="FILE",
    help="Write the strangest episodes to a CSV that --ignore can read.",
    type=click.Path(),
)
@JOBS
@click.option(
    "--engine",
    metavar="dask://HOST:PORT",
    help="Train groups on the workers of a Dask cluster; they must see the same files.",
)
@threshold_options
@cleaning_options
@grouped_input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    reading: dict[str, Any],
    threshold: dict[str, Any],
    cleaning: dict[str, Any],
    checkpoint: str | None,
    report: str | None,
    ignore: str | None,
    write_ignore: str | None,
    jobs: int,
    is_strict: bool,
    holidays: str | None,
    calendar: str | None,
    engine: str | None,
    **given: Any,
) -> None:
    """Learn what normal looks like from sensor CSVs that are mostly normal.

    Reads CSV files (`-` is standard input) and writes one model file that holds all that `detect` needs:
    linear regressions, principal components, an LSTM autoencoder, an LSTM forecaster, and the threshold. The
    threshold is learned from scores that each row gets from models not fitted to that row.
    """
    from lstm_anomaly.base.locks import locked
    from lstm_anomaly.commands.run.free_days import free_days
    from lstm_anomaly.commands.run.group_jobs import GroupTraining
    from lstm_anomaly.commands.run.groups import train_groups
    from lstm_anomaly.commands.run.load import training_series, what_spoils
    from lstm_anomaly.model.file import write_model
    from lstm_anomaly.output.terminal.summary import training_lines
    from lstm_anomaly.training.checkpoint import Checkpoint
    from lstm_anomaly.training.settings import LearningSettings
    from lstm_anomaly.training.train import learn

    console = Console(settings)
    files = input_files(files)
    started = time.perf_counter()
    chosen = {name: value for name, value in given.items() if value is not None}
    chosen |= {"tz": reading["tz"], "holidays": free_days(holidays, calendar)}
    learning = LearningSettings(**chosen, **threshold_settings(threshold))
    options, how = read_options(reading), clean_settings(cleaning)
    if engine is not None and not (engine.startswith("dask://") and options.group_by):
        raise click.UsageError(f"--engine {engine}: write dask://HOST:PORT, and --group-by beside it.")
    if options.group_by:
        for name, value in (("report", report), ("checkpoint", checkpoint), ("write-ignore", write_ignore)):
            if value:
                raise click.UsageError(f"--{name} is about one model, and --group-by trains many.")
        rows = reading["rows"]
        groups = GroupTraining(files, options, learning, how, model_path, rows, ignore, is_strict)
        train_groups(groups, console, jobs, engine)
        return
    check_outputs((model_path, write_ignore, checkpoint, report), (*files, ignore))
    write_report = _reporter(report, model_path)
    series, cleaned, nulls = training_series(files, options, reading["rows"], console, ignore, **how)
    console.warn(what_spoils(series, files[0], is_strict=is_strict))
    keep = None if checkpoint is None else Checkpoint(checkpoint)
    with locked(model_path), console.progress() as on_epoch:
        model = replace(learn(series, learning, on_epoch, keep), null_values=nulls)
        write_model(model, model_path)
    if keep:
        keep.remove()
    if write_ignore is not None:
        _write_ignore(model, write_ignore)
    write_report(model, series, cleaned)
    if model.summary.doubts:
        console.warn([UNCLEAN.format(doubts="; ".join(model.summary.doubts))])
    console.result(training_lines(model, model_path, time.perf_counter() - started, cleaned))


def _write_ignore(model: "Model", path: str) -> None:
    """The strangest episodes of the calibration rows; lines of those that were normal are to be deleted."""
    from lstm_anomaly.base.files import atomic_write
    from lstm_anomaly.output.formats.csv_text import csv_text

    rows = [[one.start, one.end, f"{one.score:.2g}x {one.sensor}"] for one in model.strangest]
    with atomic_write(path) as file:
        file.write(csv_text([["start", "end", "reason"], *rows]).encode())


def _reporter(path: str | None, model_path: str) -> "WriteReport":
    """Writes the report when one is asked for; what hinders it is told before the training, not after."""
    if path is None:
        return lambda model, series, notes: None
    with needs("report"):
        from lstm_anomaly.output.report.of_training import training_report

    def write(model: "Model", series: "Series", notes: list[str]) -> None:
        import os

        from lstm_anomaly.base.files import atomic_write
        from lstm_anomaly.training.review import review

        title = f"Training of {os.path.basename(model_path)}"
        text = training_report(review(model, series), notes, title)
        with atomic_write(path) as file:
            file.write(text.encode("utf-8", "replace"))

    return write
