"""`lstm-anomaly retrain`: learn a model again from new rows, and keep the better one of the two."""

from typing import Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import check_output, input_files, read_options, threshold_settings
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Duration
from lstm_anomaly.commands.frame.options import FILES, IGNORE, TABLE_OR_JSON, input_options, threshold_options

EPILOG = """\b
Examples:
  lstm-anomaly retrain pump.model april.csv may.csv
  lstm-anomaly retrain pump.model plant.csv --forget 60d --all-rows
"""


@click.command("retrain", cls=GroupedCommand, epilog=EPILOG)
@click.argument("model_path", metavar="MODEL", type=click.Path())
@FILES
@click.option("--all-rows", is_flag=True, help="Learn also from rows that the old model finds anomalous.")
@click.option(
    "--forget",
    type=Duration(),
    metavar="SPAN",
    help="Learn only from the latest rows, such as those of the last 60d.",
)
@click.option(
    "--keep",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    metavar="N",
    help="Keep this many old models beside the new one, as MODEL.1, MODEL.2 and so on.",
)
@click.option(
    "--model-kind",
    "kind",
    type=click.Choice(["auto", "lstm", "pure", "linear"]),
    help="Choose the kind of the new model.  [default: the old one's]",
)
@TABLE_OR_JSON
@IGNORE
@threshold_options
@input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    model_path: str,
    files: tuple[str, ...],
    all_rows: bool,
    forget: float | None,
    keep: int,
    kind: str | None,
    format_: str,
    reading: dict[str, Any],
    threshold: dict[str, Any],
    ignore: str | None,
) -> None:
    """Train a new model on new CSVs, compare it with the old one on held-out rows, and keep the better one.

    Learns from the rows that the old model finds normal; its LSTMs start from the old weights. The exit
    status is 0 whichever model is kept. A replaced model is kept as MODEL.1.
    """
    from lstm_anomaly.base.locks import locked
    from lstm_anomaly.commands.run.load import calibration_series
    from lstm_anomaly.model.backups import keep_old
    from lstm_anomaly.model.file import read_model, write_model
    from lstm_anomaly.output.terminal.retraining import retraining_document, retraining_lines
    from lstm_anomaly.training.retrain import last_rows, retrained, settings_of

    console = Console(settings)
    files = input_files(files)
    check_output(model_path, *files)
    with locked(model_path), console.progress() as on_epoch:
        model = read_model(model_path)
        given = threshold_settings(threshold) | ({"kind": kind} if kind else {})
        series = calibration_series(model, files, read_options(reading), reading["rows"], console, ignore)
        series = series if forget is None else last_rows(series, forget)
        outcome = retrained(model, series, settings_of(model, **given), all_rows=all_rows, on_epoch=on_epoch)
        if outcome.is_new:
            keep_old(model_path, keep)
            write_model(outcome.model, model_path)
    if format_ == "json":
        console.deliver(retraining_document(outcome))
    else:
        console.result(retraining_lines(outcome, model_path))
