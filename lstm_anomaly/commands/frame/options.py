"""Options that several commands share: how to read the input, and how thresholds are learned."""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import click

from lstm_anomaly.commands.frame.option_types import Duration, Number, Percent

Command = Callable[..., Any]

FILES = click.argument("files", metavar="[CSV]...", nargs=-1)
MODEL = click.option(
    "-m",
    "--model",
    "model_path",
    metavar="FILE",
    required=True,
    help="Name the model file.",
    type=click.Path(),
)


_INPUT_OPTIONS = (
    click.option(
        "--input-format",
        type=click.Choice(["csv", "influx"]),
        default="csv",
        show_default=True,
        help="Choose the format of the input; influx is its line protocol. Parquet is recognized by itself.",
    ),
    click.option(
        "-d", "--delimiter", help="Set the character between fields; `\\t` is a tab.  [default: found]"
    ),
    click.option(
        "-e", "--encoding", help="Set the character encoding, such as latin-1 or utf-16.  [default: found]"
    ),
    click.option("-H", "--no-header-row", is_flag=True, help="Read the first row as data, not as names."),
    click.option(
        "--header-row", is_flag=True, help="Read the first row as names, even if it looks like data."
    ),
    click.option(
        "-K",
        "--skip-lines",
        type=click.IntRange(0),
        default=0,
        metavar="LINES",
        help="Skip this many lines at the start of the file.",
    ),
    click.option("--decimal", type=click.Choice([".", ","]), help="Set the decimal sign.  [default: found]"),
    click.option(
        "--thousands",
        metavar="CHAR",
        help="Set the sign between groups of digits, as in 1,000.  [default: none]",
    ),
    click.option(
        "--null-value",
        "null_values",
        multiple=True,
        metavar="TEXT",
        help="Count this text as a missing reading, such as -999; auto finds such values.",
    ),
    click.option(
        "--time", metavar="COLUMN", help="Name the time column; '' means there is none.  [default: found]"
    ),
    click.option(
        "--datetime-format",
        metavar="FORMAT",
        help="Set the format of time stamps: day-first, epoch, epoch-ms, or a strptime format.",
    ),
    click.option(
        "--tz", metavar="ZONE", help="Set the time zone of time stamps that name none.  [default: UTC]"
    ),
    click.option(
        "--strict-time", is_flag=True, help="Stop when a time stamp is not later than the one before."
    ),
    click.option("--exclude", metavar="A,B", help="Leave out columns that are not sensors, such as labels."),
    click.option("--only", metavar="A,B", help="Use only these columns as sensors."),
    click.option(
        "--sensor-column",
        metavar="COLUMN",
        help="Name the column of sensor names, in files with one reading per row.  [default: found]",
    ),
    click.option(
        "--value-column",
        metavar="COLUMN",
        help="Name the column of readings, in files with one reading per row.  [default: found]",
    ),
    click.option(
        "--rows",
        metavar="FROM:TO",
        help="Use only these data rows, such as 1:400 or 401: to the end; the first is 1.",
    ),
    click.option(
        "--bad-values",
        type=click.Choice(["nan", "skip", "fail"]),
        default="nan",
        show_default=True,
        help="Count a cell that is no number as missing (nan), skip its row, or stop (fail).",
    ),
    click.option(
        "--max-bad",
        type=Percent(),
        metavar="SHARE",
        help="Stop when more than this share of cells is bad, such as 1%.",
    ),
)


_CLEANING_OPTIONS = (
    click.option(
        "--resample",
        type=Duration(),
        metavar="STEP",
        help="Join the rows of each step, such as 1min, into one.",
    ),
    click.option(
        "--resample-by",
        type=click.Choice(["mean", "last", "max"]),
        default="mean",
        show_default=True,
        help="Choose what a joined row holds: the mean, the last or the largest reading.",
    ),
    click.option(
        "--max-fill",
        type=click.IntRange(0),
        default=3,
        show_default=True,
        metavar="ROWS",
        help="Fill missing readings with the last one, for at most this many rows.",
    ),
)


TABLE_OR_JSON = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Choose how the figures are printed.",
)

_THRESHOLD_OPTIONS = (
    click.option(
        "--false-alarms",
        metavar="BUDGET",
        help="Allow this many false alarms, such as 1/week; auto: what rows can prove.  [default: auto]",
    ),
    click.option(
        "--confidence",
        type=Number(0.5, 0.999),
        metavar="CHANCE",
        help="Keep that budget with this probability.  [default: 0.9]",
    ),
    click.option(
        "--threshold-method",
        type=click.Choice(["episodes", "pot", "daily-max", "quantile", "sigma", "fixed"]),
        help="Choose how the threshold is learned; only `episodes` keeps the budget.  [default: episodes]",
    ),
    click.option(
        "--threshold",
        "threshold_level",
        type=Number(0, min_open=True),
        metavar="VALUE",
        help="Set the level: for `quantile` a share, for `sigma` a number, else a raw score.",
    ),
    click.option(
        "--merge-gap",
        type=click.IntRange(0),
        metavar="ROWS",
        help="Join parts of an event at most this many rows apart; a window is the least.",
    ),
)


IGNORE = click.option(
    "--ignore",
    metavar="FILE",
    help="Leave out the times listed in this CSV of `start,end,reason`, such as repairs.",
)
JOBS = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Work on this many groups of --group-by at the same time.  [default: 1]",
)
_GROUP_BY = click.option(
    "--group-by",
    metavar="COLUMN",
    help="Name the column that says which machine a row is from; each gets its own model.",
)
_SYMBOLS = (
    click.option(
        "--symbols",
        metavar="A,B",
        help="Name columns that hold states, alarm codes or kinds of events; see docs/symbols.md.",
    ),
    click.option(
        "--session",
        metavar="COLUMN",
        help="Name the column that says which sequence of symbols a row belongs to.",
    ),
)
_ALLOW_MISSING = click.option(
    "--allow-missing",
    is_flag=True,
    help="Go on when a sensor is missing from the file, and judge by the others.",
)


def input_options(command: Command) -> Command:
    """All options on how to read CSVs; the command receives them as one mapping, `reading`."""
    return gathered(command, _INPUT_OPTIONS, "reading")


def grouped_input_options(command: Command) -> Command:
    """The same, with --group-by and the options of symbols, for commands that have no model yet."""
    return gathered(command, (_GROUP_BY, *_SYMBOLS, *_INPUT_OPTIONS), "reading")


def judged_input_options(command: Command) -> Command:
    """As `input_options`, with --group-by and --allow-missing, for commands that have a model."""
    return gathered(command, (_GROUP_BY, _ALLOW_MISSING, *_INPUT_OPTIONS), "reading")


def cleaning_options(command: Command) -> Command:
    """All options on gaps and steps; the command receives them as one mapping, `cleaning`."""
    return gathered(command, _CLEANING_OPTIONS, "cleaning")


def threshold_options(command: Command) -> Command:
    """All options on the threshold; the command receives them as one mapping, `threshold`."""
    return gathered(command, _THRESHOLD_OPTIONS, "threshold")


def gathered(
    command: Command,
    options: Sequence[Callable[[Command], Command]],
    into: str,
    record: Callable[..., object] = dict,
) -> Command:
    """The command with these options, whose values it receives as one record, or mapping, named `into`."""
    names = [name for option in options for name in _parameter_names(option)]

    def bundled(*args: Any, **given: Any) -> Any:
        return command(*args, **{into: record(**{name: given.pop(name) for name in names})}, **given)

    wrapped: Command = update_wrapper(bundled, command)
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _parameter_names(option: Callable[[Command], Command]) -> list[str]:
    def probe() -> None: ...

    option(probe)
    return [parameter.name for parameter in probe.__click_params__]  # type: ignore[attr-defined]
