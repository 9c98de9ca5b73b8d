"""`lstm-anomaly detect`: say where new data departs from what a model knows as normal."""

import io
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.app import Settings
from lstm_anomaly.commands.options import (
    FILES,
    MODEL,
    check_output,
    deviations,
    input_files,
    input_options,
    read_options,
    talk_options,
)
from lstm_anomaly.commands.talk import Talk, is_terminal

if TYPE_CHECKING:
    from lstm_anomaly.detection import Detection

EXIT_ANOMALIES = 1

EPILOG = """\b
Examples:
  lstm-anomaly detect today.csv --model pump.model
  lstm-anomaly detect today.csv --model pump.model --scores scores.csv
  zcat yesterday.csv.gz | lstm-anomaly detect - --model pump.model --format csv
  lstm-anomaly detect today.csv --model pump.model --format jsonl | jq .
\b
Exit status: 0 nothing anomalous, 1 anomalies found, 2 trouble.
"""


@click.command("detect", epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json", "jsonl"]),
    default="table",
    show_default=True,
    help="How events are written to standard output.",
)
@click.option("--scores", metavar="FILE", help="Also write a score for every row; `-` instead of events.")
@click.option(
    "--merge-gap", type=click.IntRange(0), help="Rows between parts of one event.  [default: model's]"
)
@click.option("--min-duration", type=click.IntRange(1), default=1, help="Rows that an event lasts at least.")
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    default="both",
    help="Keep events in which readings are above, or below, what was expected.  [default: both]",
)
@click.option(
    "--min-deviation",
    "min_deviations",
    multiple=True,
    metavar="SENSOR=VALUE",
    help="Keep a sensor's events from this difference on, in its own unit.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 when anomalies were found, too.")
@input_options
@talk_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    reading: dict[str, Any],
    format_: str,
    scores: str | None,
    merge_gap: int | None,
    min_duration: int,
    direction: str,
    min_deviations: tuple[str, ...],
    exit_zero: bool,
) -> int:
    """Judge each row of the CSV files and list the events in which they depart from normal.

    Everything about windows, scaling and threshold is in the model. Off a terminal, with nothing
    found, nothing is printed.
    """
    from lstm_anomaly.commands.load import read_frame
    from lstm_anomaly.decision.events import EventRules
    from lstm_anomaly.decision.filters import filter_events
    from lstm_anomaly.detection import detect
    from lstm_anomaly.model_file import read_model

    talk = Talk(settings)
    files = input_files(files)
    if scores not in (None, "-"):
        check_output(scores, model_path, *files)
    model = read_model(model_path)
    gap = model.threshold.merge_gap if merge_gap is None else merge_gap
    rules = EventRules(merge_gap=gap, min_duration=min_duration)
    frame = read_frame(files, read_options(reading), reading["rows"], talk, model.sensors)
    detection = detect(model, frame, rules)
    kept = filter_events(
        detection.events, direction=direction, min_deviation=deviations(min_deviations, model.sensors)
    )
    detection = replace(detection, events=kept)
    if scores:
        _write_scores(detection, scores, talk)
    if scores != "-":
        _write_events(detection, format_, talk)
    say = talk.note if detection.counts()["judged"] else talk.warn
    say([*detection.cleaning.lines(), _closing(detection)])
    return EXIT_ANOMALIES if detection.events and not exit_zero else 0


def _write_scores(detection: "Detection", path: str, talk: Talk) -> None:
    from lstm_anomaly.detection import states
    from lstm_anomaly.files import atomic_write
    from lstm_anomaly.output.scores import write_scores

    text = io.StringIO()
    row_scores = detection.row_scores()
    write_scores(text, detection.frame, row_scores, states(row_scores), detection.top_sensors())
    if path == "-":
        talk.deliver(text.getvalue())
    else:
        with atomic_write(path) as file:
            file.write(text.getvalue().encode())


def _write_events(detection: "Detection", format_: str, talk: Talk) -> None:
    if not detection.events and not is_terminal(sys.stdout):
        return
    from lstm_anomaly.output import events as output

    rows = detection.frame_rows()
    placed = [output.place(event, detection.frame, rows) for event in detection.events]
    match format_:
        case "csv":
            text = output.csv_table(placed)
        case "jsonl":
            text = output.json_lines(placed)
        case "json":
            text = output.json_document(placed, detection.counts())
        case _:
            text = output.table(placed, **talk.canvas()) if placed else ""
    talk.deliver(text)


def _closing(detection: "Detection") -> str:
    """One sentence that says how it went."""
    from lstm_anomaly.text import count

    counts = detection.counts()
    found = count(len(detection.events), "event") if detection.events else "nothing anomalous"
    unknown = f", {count(counts['unknown'], 'row')} could not be judged" if counts["unknown"] else ""
    return f"{found} in {count(counts['rows'], 'row')} ({counts['anomalous']:,} anomalous{unknown})"
