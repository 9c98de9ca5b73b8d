"""`lstm-anomaly check`: is this data fit to train on, and with which command?"""

from typing import Any

import click

from lstm_anomaly.commands.frame.app import EXIT_TROUBLE, Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.given import clean_settings, input_files, read_options
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Number
from lstm_anomaly.commands.frame.options import FILES, cleaning_options, grouped_input_options
from lstm_anomaly.commands.run.suggestion import train_command

EPILOG = """\b
Examples:
  lstm-anomaly check plant.csv
  lstm-anomaly check data/ --exclude label
  lstm-anomaly check plant.csv --format json | jq .problems
\b
Exit status: 0 fit to train on, 2 not.
"""


@click.command("check", cls=GroupedCommand, epilog=EPILOG)
@FILES
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Choose how the findings are printed.",
)
@click.option(
    "--false-alarms", metavar="BUDGET", help="Say whether the rows can prove this budget.  [default: 1/week]"
)
@click.option(
    "--confidence",
    type=Number(0.5, 0.999),
    default=0.9,
    show_default=True,
    metavar="CHANCE",
    help="Keep that budget with this probability.",
)
@cleaning_options
@grouped_input_options
@console_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    format_: str,
    false_alarms: str | None,
    confidence: float,
    reading: dict[str, Any],
    cleaning: dict[str, Any],
) -> int:
    """Say what is in CSV files before a model is trained on them, and print the command that trains it.

    Shows the layout, refused rows and cells that are no number (with their lines), time stamps, gaps, the
    range of each sensor and what is odd about it, and whether there are enough rows for the budget of false
    alarms.
    """
    from lstm_anomaly.commands.run.load import checked
    from lstm_anomaly.decision.budget import Budget
    from lstm_anomaly.output.terminal.check import json_document, lines
    from lstm_anomaly.training.check_data import advice_for_all

    files = input_files(files)
    budget = Budget.parse(false_alarms) if false_alarms else None
    how = {"budget": budget, "confidence": confidence, **clean_settings(cleaning)}
    checks = checked(files, read_options(reading), reading["rows"], **how)
    train = train_command(ctx, files, advice_for_all(checks))
    console = Console(ctx.ensure_object(Settings))
    if format_ == "json":
        console.deliver(json_document(checks, train))
    else:
        console.show(lines(checks, train))
    return 0 if all(check.is_usable for check in checks.values()) else EXIT_TROUBLE
