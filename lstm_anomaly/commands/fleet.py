"""`lstm-anomaly fleet`: many machines at once; `fleet summary` ranks them by what needs a look today."""

import json
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.extras import needs
from lstm_anomaly.commands.frame.given import check_output, input_files, read_options
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Duration
from lstm_anomaly.commands.frame.options import FILES, JOBS, TABLE_OR_JSON, grouped_input_options

if TYPE_CHECKING:
    from lstm_anomaly.detecting.fleet import FleetReview

EPILOG = """\b
Examples:
  lstm-anomaly fleet summary today.csv --model models/
  lstm-anomaly fleet summary today.csv --model models/ -j 2 --out fleet.html
"""


@click.group("fleet", epilog=EPILOG)
def command() -> None:
    """Work with many machines, each with its own model in one folder (train --group-by)."""


@command.command(
    "summary",
    cls=GroupedCommand,
    epilog=EPILOG,
    short_help="Rank many machines by which needs a look first.",
)
@FILES
@click.option(
    "-m",
    "--model",
    "folder",
    metavar="DIR",
    required=True,
    help="Name the folder of models that train --group-by wrote.",
)
@TABLE_OR_JSON
@click.option("--out", metavar="FILE", help="Write an HTML report, too.")
@click.option(
    "--silent-after",
    type=Duration(),
    default="1h",
    metavar="SPAN",
    show_default=True,
    help="Name machines whose last row is this much older than the latest of all.",
)
@click.option(
    "--model-age",
    type=Duration(),
    default="90d",
    metavar="SPAN",
    show_default=True,
    help="Name models whose newest training row is older than this.",
)
@click.option(
    "--together",
    type=Duration(),
    default="5min",
    metavar="SPAN",
    show_default=True,
    help="Report as one what happens to three or more machines within this time.",
)
@JOBS
@grouped_input_options
@console_options
@click.pass_obj
def summary(
    settings: Settings,
    /,
    files: tuple[str, ...],
    folder: str,
    format_: str,
    out: str | None,
    jobs: int,
    reading: dict[str, Any],
    **spans: float,
) -> None:
    """Judge the rows of many machines, and rank the machines by which needs a look first.

    Events that still go on come first, then drift, silence, events that are over, and old models. What
    happens to many machines at the same time is reported as one.
    """
    from lstm_anomaly.base.files import atomic_write
    from lstm_anomaly.commands.run.groups import group_watcher
    from lstm_anomaly.commands.run.load import read_pieces
    from lstm_anomaly.detecting.fleet import FleetLimits, review_fleet
    from lstm_anomaly.detecting.stream import watch
    from lstm_anomaly.detecting.watch_rules import WatchRules

    console, files = Console(settings), input_files(files)
    if out is not None:
        check_output(out, *files)
        with needs("report"):
            from lstm_anomaly.output.report.of_fleet import fleet_report
    watcher, options = group_watcher(folder, read_options(reading), WatchRules(), jobs)
    pieces = read_pieces(files, options, reading["rows"], console, watcher.sensors)
    events = [event for verdicts in watch(watcher, pieces) for event in verdicts.events]
    limits = FleetLimits(**spans)
    review = review_fleet(str(options.group_by), watcher.standings(events), limits)
    console.warn(watcher.warnings())
    if out is not None:
        with atomic_write(out) as file:
            file.write(fleet_report(review, f"Fleet: {', '.join(files)}").encode("utf-8", "replace"))
    _deliver(review, format_, console)


def _deliver(review: "FleetReview", format_: str, console: Console) -> None:
    """Write the summary to standard output."""
    from lstm_anomaly.output.formats.records import SCHEMA_VERSION
    from lstm_anomaly.output.terminal.fleet import fleet_lines, fleet_table

    if format_ == "json":
        document = {"schema_version": SCHEMA_VERSION, **review.as_dict()}
        console.deliver(json.dumps(document, indent=2) + "\n")
        return
    console.show(fleet_lines(review))
    console.deliver(fleet_table(review, console.canvas()))
