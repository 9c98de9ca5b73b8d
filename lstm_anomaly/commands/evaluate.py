"""`lstm-anomaly evaluate`: how well a model's alarms and scores match what is known to have happened."""

from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import input_files, read_options, shares_of
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.options import FILES, MODEL, TABLE_OR_JSON, input_options

if TYPE_CHECKING:
    from lstm_anomaly.model.model import Model

EPILOG = """\b
Examples:
  lstm-anomaly evaluate week.csv --model pump.model --labels faults.csv
  lstm-anomaly evaluate a.csv -m pump.model --labels a.csv --label-column bad
  lstm-anomaly evaluate a.csv -m pump.model --labels faults.csv --format json
  lstm-anomaly evaluate new.csv --model pump.model --forecast
\b
PASS: the data proves that the false-alarm budget was kept;
FAIL: that it was not.
"""


@click.command("evaluate", cls=GroupedCommand, epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--labels",
    "labels_path",
    metavar="FILE",
    help="Read what happened: a CSV of `start,end` (both included), or with 0 or 1 for each data row.",
)
@click.option("--label-column", metavar="COLUMN", help="Name the column of 0 and 1.  [default: found]")
@click.option(
    "--forecast",
    "of_forecasts",
    is_flag=True,
    help="Test the model's forecasts instead; this needs no labels.",
)
@click.option(
    "--level",
    "levels",
    default="80,95",
    show_default=True,
    metavar="PERCENT,...",
    help="Set the levels of the forecasts' intervals.",
)
@TABLE_OR_JSON
@input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    labels_path: str | None,
    of_forecasts: bool,
    levels: str,
    label_column: str | None,
    format_: str,
    reading: dict[str, Any],
) -> None:
    """Judge CSV files whose anomalies are known, and count those found, those missed and false alarms.

    Prints the share of labelled events that were found, the false alarms with an exact interval, whether the
    model's budget was kept, the delay, and how well the scores rank the rows. With --forecast no labels are
    needed: it forecasts from many rows of the files, and says how far off the forecasts were.
    """
    from lstm_anomaly.commands.run.load import for_model, read_frame, select_marked
    from lstm_anomaly.detecting.batch import detect
    from lstm_anomaly.evaluation.labelled import evaluate
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.output.terminal import evaluation as output
    from lstm_anomaly.reading.labels import read_labels

    console = Console(settings)
    model = read_model(model_path)
    options = for_model(read_options(reading), model)
    if of_forecasts:
        _evaluate_forecasts(console, model, files, reading, shares_of(levels), format_)
        return
    if labels_path is None:
        raise click.UsageError(
            "Name what happened with --labels FILE, or use --forecast, which needs no labels."
        )
    frame = read_frame(input_files(files), options, None, console, model.sensors)
    labels = read_labels(labels_path, frame, label_column, options)
    frame, labels = select_marked(frame, labels, reading["rows"])
    detection = detect(model, frame)
    console.note(detection.cleaning.lines())
    if not labels.any():
        console.warn(
            [
                f"{labels_path}: no row of the data is labelled, so only false alarms can be counted;"
                " if there were events, look at their dates and at the zone (--tz)"
            ]
        )
    results = evaluate(model, detection, labels)
    if format_ == "json":
        console.deliver(output.json_document(results))
    else:
        console.deliver(output.table(results, console.canvas()))


def _evaluate_forecasts(
    console: Console,
    model: "Model",
    files: tuple[str, ...],
    reading: dict[str, Any],
    levels: list[float],
    format_: str,
) -> None:
    from lstm_anomaly.commands.run.load import for_model, read_frame
    from lstm_anomaly.detecting.forecast import horizon_of
    from lstm_anomaly.evaluation.forecasts import backtest
    from lstm_anomaly.output.terminal import backtests as output
    from lstm_anomaly.preparing.clean import clean

    horizon = horizon_of(model)
    frame = read_frame(
        input_files(files), for_model(read_options(reading), model), reading["rows"], console, model.sensors
    )
    series, cleaning = clean(frame, step=model.step, max_fill=0, resample=model.resample)
    console.note(cleaning.lines())
    with console.counting("forecasts") as on_origin:
        found = backtest(horizon, series, levels, on_origin)
    if format_ == "json":
        console.deliver(output.json_document(found))
    else:
        console.deliver(output.table(found, console.canvas()))
    console.note(
        [
            f"{found.origins} forecasts of {found.steps} rows; errors in standard deviations of each"
            " sensor in training"
        ]
    )
