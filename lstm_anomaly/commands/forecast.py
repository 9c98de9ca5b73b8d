"""`lstm-anomaly forecast`: what comes after the rows of CSV files, with intervals that hold."""

import math
import re
import sys
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.base.text import listed
from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import input_files, read_options, shares_of
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Percent, Span
from lstm_anomaly.commands.frame.options import FILES, MODEL, input_options
from lstm_anomaly.commands.frame.streams import is_terminal

if TYPE_CHECKING:
    from datetime import tzinfo

    from lstm_anomaly.detecting.forecast import Reached
    from lstm_anomaly.output.formats.forecasts import ForecastView

EXIT_REACHED = 1

EPILOG = """\b
Examples:
  lstm-anomaly forecast week.csv --model pump.model
  lstm-anomaly forecast week.csv --model pump.model --horizon 6h --level 80,95
  lstm-anomaly forecast tank.csv --model tank.model --until-above level=90
  zcat week.csv.gz | lstm-anomaly forecast - --model pump.model --format jsonl
\b
Exit status: 0, 1 a limit is reached with more than --chance, 2 trouble.
"""


@click.command("forecast", cls=GroupedCommand, epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--horizon",
    type=Span(),
    metavar="SPAN|ROWS",
    help="Forecast this far ahead, at most the model's horizon.  [default: model's]",
)
@click.option(
    "--level",
    "levels",
    default="80,95",
    show_default=True,
    metavar="PERCENT,...",
    help="Set how likely a reading is to fall into an interval.",
)
@click.option("--sensors", metavar="A,B", help="Forecast only these sensors.  [default: all]")
@click.option(
    "--method",
    type=click.Choice(["blend", "lstm", "ridge", "seasonal", "weekly", "level", "average", "last"]),
    help="Choose one method.  [default: the best on held-out rows]",
)
@click.option(
    "--until-above",
    multiple=True,
    metavar="SENSOR=VALUE",
    help="Say when a sensor rises above a limit, and how likely that is.",
)
@click.option(
    "--until-below",
    multiple=True,
    metavar="SENSOR=VALUE",
    help="Say when a sensor falls below a limit, and how likely that is.",
)
@click.option(
    "--chance",
    type=Percent(),
    default="50%",
    show_default=True,
    help="Exit with 1 when a limit is reached with a higher probability.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json", "jsonl"]),
    help="Choose how forecasts are printed.  [default: table on a terminal, else csv]",
)
@click.option(
    "--plot",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write a picture of each sensor into this folder, too.",
)
@click.option(
    "--excel-safe", is_flag=True, help="Quote text in CSV that a spreadsheet would run as a formula."
)
@input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    reading: dict[str, Any],
    horizon: Any,
    levels: str,
    sensors: str | None,
    method: str | None,
    until_above: tuple[str, ...],
    until_below: tuple[str, ...],
    chance: float,
    format_: str | None,
    plot: str | None,
    excel_safe: bool,
) -> int:
    """Forecast the rows after those of the CSV files, with intervals for each sensor.

    The model must have been trained with a horizon. Each sensor is forecast by the method that did best on
    rows held out in training.
    """
    from lstm_anomaly.commands.run.load import for_model, read_frame
    from lstm_anomaly.detecting.forecast import forecast, rows_of
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.output.formats.forecasts import ForecastView
    from lstm_anomaly.output.terminal.forecast import interval_lines, limit_line

    console, shares = Console(settings), shares_of(levels)
    limits = [(*_limit(text, "--until-above"), True) for text in until_above]
    limits += [(*_limit(text, "--until-below"), False) for text in until_below]
    model = read_model(model_path)
    frame = read_frame(
        input_files(files), for_model(read_options(reading), model), reading["rows"], console, model.sensors
    )
    wanted = [name.strip() for name in (sensors or "").split(",") if name.strip()]
    missing = [name for name, _value, _above in limits if name not in (wanted or model.sensors)]
    if missing:
        try_ = (
            "add it to --sensors" if missing[0] in model.sensors else f"name one of {listed(model.sensors)}"
        )
        raise click.UsageError(f"'{missing[0]}' has a limit but is not forecast: {try_}.")
    found = forecast(model, frame, rows_of(model, horizon), method, wanted)
    reached = [found.reached(name, value, above=above) for name, value, above in limits]
    view = ForecastView(found, shares, _zone(reading["tz"]))
    console.note(found.cleaning.lines())
    console.warn(found.notes)
    console.note(interval_lines(found, shares))
    _deliver(console, view, reached, format_, excel_safe=excel_safe)
    if plot:
        _draw(view, plot)
    over = [each for each in reached if each.chance > chance]
    console.warn(limit_line(each, view) for each in over)
    console.note(limit_line(each, view) for each in reached if each not in over)
    return EXIT_REACHED if over else 0


def _deliver(
    console: Console, view: "ForecastView", reached: "list[Reached]", format_: str | None, *, excel_safe: bool
) -> None:
    from lstm_anomaly.output.formats import forecasts as formats
    from lstm_anomaly.output.terminal import forecast as terminal

    format_ = format_ or ("table" if is_terminal(sys.stdout) else "csv")
    if format_ == "table":
        console.deliver(terminal.table(view, console.canvas()))
    elif format_ == "csv":
        console.deliver_csv(formats.csv_lines(view, excel_safe=excel_safe))
    elif format_ == "json":
        console.deliver(formats.json_document(view, reached))
    else:
        console.deliver(formats.json_lines(view))


def _draw(view: "ForecastView", folder: str) -> None:
    from lstm_anomaly.commands.frame.extras import needs

    with needs("report"):
        from lstm_anomaly.output.report.forecast_plots import write_fans
    write_fans(view, folder)


def _limit(text: str, option: str) -> tuple[str, float]:
    """`temp=90` as name and value."""
    found = re.fullmatch(r"(.+)=\s*([-+]?\d*\.?\d+(?:[eE][-+]?\d+)?)\s*", text)
    if not found or not math.isfinite(float(found[2])):
        raise click.UsageError(f"{option} {text}: write SENSOR=VALUE, such as level=90.")
    return found[1], float(found[2])


def _zone(name: str | None) -> "tzinfo | None":
    from zoneinfo import ZoneInfo

    return None if name is None else ZoneInfo(name)  # the reader has refused a name that there is not
