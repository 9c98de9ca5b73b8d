"""`lstm-anomaly detect`: say where new data departs from what a model knows as normal."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import (
    check_deviations,
    check_outputs,
    deviations,
    input_files,
    read_options,
)
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Number
from lstm_anomaly.commands.frame.options import FILES, JOBS, MODEL, judged_input_options
from lstm_anomaly.commands.frame.streams import is_terminal
from lstm_anomaly.commands.frame.unattended import Unattended, check_unattended, unattended_options

if TYPE_CHECKING:
    from lstm_anomaly.base.types import Resample
    from lstm_anomaly.detecting.verdicts import Tally

FORMATS = ("table", "csv", "json", "jsonl", "nagios", "influx", "lookout")

EPILOG = """\b
Examples:
  lstm-anomaly detect today.csv --model pump.model
  lstm-anomaly detect today.csv --model pump.model --scores scores.csv
  zcat may.csv.gz | lstm-anomaly detect - --model pump.model --format csv
  lstm-anomaly detect today.csv --model pump.model --format jsonl | jq .
\b
Exit status: 0 nothing anomalous, 1 anomalies found, 2 trouble.
"""


@click.command("detect", cls=GroupedCommand, epilog=EPILOG)
@FILES
@MODEL
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="Choose how results are printed; influx and lookout print a line for each row.",
)
@click.option(
    "--scores",
    metavar="FILE",
    help="Write a score for every row to this file; `-` prints them in place of events.",
)
@click.option(
    "--merge-gap",
    type=click.IntRange(0),
    metavar="ROWS",
    help="Join parts of an event at most this many rows apart.  [default: model's]",
)
@click.option(
    "--min-duration",
    type=click.IntRange(1),
    default=1,
    metavar="ROWS",
    help="Leave out events of fewer rows than this.",
)
@click.option(
    "--hysteresis",
    type=Number(0, 1),
    default=1.0,
    metavar="SCORE",
    help="Let an event that began above 1 last while scores are above this.  [default: 1]",
)
@click.option(
    "--direction",
    type=click.Choice(["up", "down", "both"]),
    default="both",
    help="Report only events in which readings are too high (up), or too low (down).  [default: both]",
)
@click.option(
    "--min-deviation",
    "min_deviations",
    multiple=True,
    metavar="SENSOR=VALUE",
    help="Report a sensor's events only from this deviation on, in its own unit.",
)
@click.option(
    "--silent-after",
    type=click.IntRange(1),
    metavar="ROWS",
    help="Go on without a sensor that was silent for this many rows.  [default: a window, 24 at least]",
)
@click.option(
    "--resample-by",
    type=click.Choice(["mean", "last", "max"]),
    help="Choose how rows closer together than the model's are joined.  [default: as in training]",
)
@click.option(
    "--excel-safe", is_flag=True, help="Quote text in CSV that a spreadsheet would run as a formula."
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when anomalies are found.")
@JOBS
@unattended_options
@judged_input_options
@console_options
@click.pass_obj
def command(
    settings: Settings,
    /,
    files: tuple[str, ...],
    model_path: str,
    reading: dict[str, Any],
    unattended: Unattended,
    format_: str,
    scores: str | None,
    merge_gap: int | None,
    min_duration: int,
    hysteresis: float,
    direction: str,
    min_deviations: tuple[str, ...],
    silent_after: int | None,
    resample_by: "Resample | None",
    excel_safe: bool,
    exit_zero: bool,
    jobs: int,
) -> int:
    """Judge each row of the CSV files, and list the events in which they depart from normal.

    Windows, scaling and threshold come from the model. When nothing is found, and the output does not go to a
    terminal, nothing is printed.
    """
    from lstm_anomaly.commands.run.conclusion import EXIT_ANOMALIES, conclude
    from lstm_anomaly.commands.run.delivery import Wanted
    from lstm_anomaly.commands.run.detect_run import Run
    from lstm_anomaly.commands.run.groups import watcher_of
    from lstm_anomaly.commands.run.load import read_pieces
    from lstm_anomaly.detecting.watch_rules import WatchRules
    from lstm_anomaly.reading import Follower
    from lstm_anomaly.reading.maintenance import NO_MAINTENANCE, read_maintenance

    console = Console(settings)
    settings.plugin = format_ == "nagios"
    if files == ("-",) and not unattended.state:  # a pipe is followed to its end in any case
        unattended = replace(unattended, follow=False)
    check_unattended(unattended, files, format_, scores, reading)
    goes_on = unattended.goes_on
    files = files if goes_on else input_files(files)
    outputs = (None if scores == "-" else scores, unattended.state, unattended.prom_textfile)
    check_outputs(outputs, (model_path, *files, unattended.maintenance))
    views = format_ == "table" and is_terminal(sys.stdout) and not goes_on
    least = deviations(min_deviations)
    rules = WatchRules(
        merge_gap, min_duration, hysteresis, direction, least, views, silent_after, resample_by
    )
    options = replace(read_options(reading), keep_texts=unattended.passthrough)
    watcher, options = watcher_of(model_path, options, rules, jobs)
    check_deviations(least, watcher.sensors)
    wanted = Wanted(format_, scores, unattended.passthrough, excel_safe)
    maintenance = NO_MAINTENANCE
    if unattended.maintenance is not None:
        maintenance = read_maintenance(unattended.maintenance, options)
    run = Run(watcher, model_path, console, unattended, wanted, maintenance)
    if goes_on:
        outcome = run.on(Follower(files[0], options, watcher.sensors, rotated=unattended.rotated or ""))
    else:
        tap = console.deliver if format_ == options.input_format == "influx" else None
        pieces = read_pieces(files, options, reading["rows"], console, watcher.sensors, tap)
        outcome = run.through(pieces, files)
    console.warn(watcher.warnings())
    say = console.note if watcher.tally.judged or goes_on else console.warn
    say([*watcher.report.lines(), _closing(outcome.count, watcher.tally)])
    if not goes_on:
        say([_next_step(outcome.count, watcher.tally, files, model_path)])
    status = conclude(outcome, watcher, unattended, console, files[0], settings.plugin)
    return 0 if status == EXIT_ANOMALIES and exit_zero else status


def _closing(events: int, tally: "Tally") -> str:
    """One sentence that says how it went."""
    from lstm_anomaly.base.text import count

    found = count(events, "event") if events else "nothing anomalous"
    unknown = f", {count(tally.unknown, 'row')} could not be judged" if tally.unknown else ""
    off = f", {count(tally.off, 'row')} off" if tally.off else ""
    return f"{found} in {count(tally.rows, 'row')} ({tally.anomalous:,} anomalous{unknown}{off})"


def _next_step(events: int, tally: "Tally", files: tuple[str, ...], model_path: str) -> str:
    """What to do now."""
    import shlex

    again = f"{shlex.join(files)} --model {shlex.quote(model_path)}"
    if events:
        return f"Next: see each event in a browser: lstm-anomaly report {again} --out report.html"
    if tally.judged:
        return "Next: nothing; run this again on newer rows. From cron it is silent while all is well."
    return (
        "Next: a verdict looks back on a window of rows. Where each file holds fewer, --state FILE goes on"
        f" where the last run ended. Else see what is wrong: lstm-anomaly check {again}"
    )
