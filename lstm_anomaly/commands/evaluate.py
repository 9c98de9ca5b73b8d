"""`lstm-anomaly evaluate`: how well a model's alarms and scores match what is known to have happened."""

from typing import Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Talk
from lstm_anomaly.commands.frame.options import (
    FILES,
    MODEL,
    input_files,
    input_options,
    read_options,
    talk_options,
)

EPILOG = """\b
Examples:
  lstm-anomaly evaluate week.csv --model pump.model --labels faults.csv
  lstm-anomaly evaluate new.csv --model pump.model --labels new.csv --label-column anomaly
  lstm-anomaly evaluate new.csv --model pump.model --labels labels.csv --format json | jq .
\b
PASS: the data proves that the false-alarm budget was kept; FAIL: that it was not.
"""


@click.command("evaluate", epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--labels",
    "labels_path",
    metavar="FILE",
    required=True,
    help="CSV of `start,end` (times or row numbers, both included), or of one 0 or 1 a data row.",
)
@click.option("--label-column", metavar="NAME", help="The column of 0 and 1.  [default: found]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the figures are written to standard output.",
)
@input_options
@talk_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    labels_path: str,
    label_column: str | None,
    format_: str,
    reading: dict[str, Any],
) -> None:
    """Judge CSV files whose anomalies are known, and say how many were found and at what price.

    Prints the share of labelled events that were found, the false alarms with an exact interval and the
    verdict on the model's own budget, the delay, and how well the scores rank the rows.
    """
    from lstm_anomaly.commands.run.load import as_trained, read_frame, select_marked
    from lstm_anomaly.detecting.batch import detect
    from lstm_anomaly.evaluation.labelled import evaluate
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.output.terminal import evaluation as output
    from lstm_anomaly.reading.labels import read_labels

    talk = Talk(settings)
    model = read_model(model_path)
    options = as_trained(read_options(reading), model)
    frame = read_frame(input_files(files), options, None, talk, model.sensors)
    labels = read_labels(labels_path, frame, label_column, options)
    frame, labels = select_marked(frame, labels, reading["rows"])
    detection = detect(model, frame)
    talk.note(detection.cleaning.lines())
    if not labels.any():
        talk.warn([f"{labels_path}: no row of the data is labelled, so only false alarms can be counted"])
    results = evaluate(model, detection, labels)
    if format_ == "json":
        talk.deliver(output.json_document(results))
    else:
        talk.deliver(output.table(results, **talk.canvas()))
