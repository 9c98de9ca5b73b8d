"""`lstm-anomaly calibrate`: learn the threshold of a model again from fresh normal data."""

from typing import Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import check_output, input_files, read_options, threshold_settings
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.options import FILES, IGNORE, input_options, threshold_options

EPILOG = """\b
Examples:
  lstm-anomaly calibrate pump.model april.csv may.csv
  lstm-anomaly calibrate pump.model may.csv --false-alarms 1/day --out b.model
"""


@click.command("calibrate", cls=GroupedCommand, epilog=EPILOG)
@click.argument("model_path", metavar="MODEL", type=click.Path())
@FILES
@click.option(
    "--out", metavar="FILE", help="Write the changed model to this file.  [default: over the old one]"
)
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
    out: str | None,
    reading: dict[str, Any],
    threshold: dict[str, Any],
    ignore: str | None,
) -> None:
    """Learn only the threshold again, from CSVs of normal data. Networks and statistics stay.

    Give it data that the model was not trained on: then every row counts, and four weeks can prove a budget
    of one false alarm a week.
    """
    from lstm_anomaly.base.locks import locked
    from lstm_anomaly.commands.run.load import calibration_series
    from lstm_anomaly.model.file import read_model, write_model
    from lstm_anomaly.output.terminal.summary import strangest_lines, threshold_line
    from lstm_anomaly.training.calibrate import calibrated
    from lstm_anomaly.training.settings import LearningSettings

    console = Console(settings)
    files = input_files(files)
    check_output(out or model_path, *files)
    learning = LearningSettings(**threshold_settings(threshold))
    with locked(out or model_path):
        model = read_model(model_path)
        series = calibration_series(model, files, read_options(reading), reading["rows"], console, ignore)
        model = calibrated(model, series, learning)
        write_model(model, out or model_path)
    console.result([threshold_line(model), *strangest_lines(model), f"Wrote {out or model_path}."])
