"""Options of `detect` for runs that nobody watches: state, alerts, monitoring."""

from dataclasses import dataclass
from typing import Any

import click

from lstm_anomaly.commands.frame.option_types import Duration
from lstm_anomaly.commands.frame.options import Command, gathered

_OPTIONS = (
    click.option(
        "--state",
        metavar="FILE",
        help="Keep here how far the CSV was judged; the next run goes on from there.",
    ),
    click.option(
        "--from",
        "begin",
        type=click.Choice(["saved", "beginning", "end"]),
        default="saved",
        help="Choose where in the CSV to begin.  [default: saved, else beginning]",
    ),
    click.option("--follow", is_flag=True, help="Keep running, and judge rows as they are written."),
    click.option(
        "--early/--no-early",
        default=None,
        help="Report an event when it begins, too.  [default: with --state or --follow]",
    ),
    click.option(
        "--snooze",
        type=Duration(),
        metavar="SPAN",
        help="Report nothing for this long after an event, such as 2h.",
    ),
    click.option(
        "--maintenance",
        metavar="FILE",
        help="Raise no alarm in the times listed in this CSV of `start,end,reason`.",
    ),
    click.option(
        "--wait", type=Duration(), metavar="SPAN", help="Wait this long for another run to end, such as 30s."
    ),
    click.option(
        "--max-age",
        type=Duration(),
        metavar="SPAN",
        help="Exit with 3 when the latest row is older than this, such as 15min.",
    ),
    click.option(
        "--on-unknown",
        type=click.Choice(["ignore", "fail"]),
        default="ignore",
        help="Exit with 3 (fail) when no row could be judged.  [default: ignore]",
    ),
    click.option(
        "--on-gap",
        type=click.Choice(["warn", "fail"]),
        default="warn",
        help="Exit with 3 (fail) when rows were lost between two runs.  [default: warn]",
    ),
    click.option(
        "--rotated",
        metavar="PATTERN",
        help="Describe the names of rotated files, if unusual, such as 'old/p-*.csv'.",
    ),
    click.option(
        "--exec",
        "exec_",
        metavar="COMMAND",
        help="Run this command for each event, with JSON on its standard input.",
    ),
    click.option(
        "--exec-timeout",
        type=Duration(),
        default=30.0,
        metavar="SPAN",
        help="Stop that command after this long.  [default: 30s]",
    ),
    click.option(
        "--passthrough", is_flag=True, help="Print the input's rows with score, state and top sensor added."
    ),
    click.option("--prom-textfile", metavar="FILE", help="Write metrics for node_exporter to this file."),
)


@dataclass(frozen=True)
class Unattended:
    """The values of the options above, for a run that nobody watches; spans in seconds."""

    state: str | None
    begin: str
    follow: bool
    early: bool | None
    snooze: float | None
    maintenance: str | None
    wait: float | None
    max_age: float | None
    on_unknown: str
    on_gap: str
    rotated: str | None
    exec_: str | None
    exec_timeout: float
    passthrough: bool
    prom_textfile: str | None

    @property
    def goes_on(self) -> bool:
        """Whether the run goes on where another one ended, or never ends."""
        return bool(self.state or self.follow)


def unattended_options(command: Command) -> Command:
    """All of these options; the command receives them as one record, `unattended`."""
    return gathered(command, _OPTIONS, "unattended", Unattended)


def _check_without_a_place(told: Unattended) -> None:
    """Refuse options about a remembered place where no place is remembered."""
    for name, option, usual in (
        ("begin", "--from", "saved"),
        ("on_gap", "--on-gap", "warn"),
        ("rotated", "--rotated", None),
    ):
        if getattr(told, name) != usual:
            raise click.UsageError(f"{option} needs --state or --follow, which remember a place in the file.")


def check_unattended(
    told: Unattended, files: tuple[str, ...], format_: str, scores: str | None, reading: dict[str, Any]
) -> None:
    """Refuse combinations that make no sense. Raises click.UsageError."""
    name = "--state" if told.state else "--follow" if told.follow else ""
    if name and (len(files) != 1 or files[0] == "-" or reading["input_format"] != "csv"):
        raise click.UsageError(
            f"{name} remembers a place in a file: name one CSV file, not a pipe or several."
        )
    if not name:
        _check_without_a_place(told)
    for option in ("rows", "max_bad", "allow_missing"):
        if name and reading[option] is not None and reading[option] is not False:
            raise click.UsageError(
                f"--{option.replace('_', '-')} is about a whole file, and {name} judges new rows only."
                " Leave one out."
            )
    if told.follow and format_ in ("json", "nagios"):
        raise click.UsageError(
            f"--format {format_} is written at the end of a run, and --follow has none; use jsonl."
        )
    if scores == "-" and format_ in ("nagios", "influx", "lookout"):
        raise click.UsageError(
            f"--scores - and --format {format_} both write to standard output; choose one."
        )
    if told.passthrough and (scores == "-" or format_ != "table" or len(files) > 1):
        raise click.UsageError(
            "--passthrough prints the rows of one input, and nothing else: name one file, and leave"
            " --scores - and --format out."
        )
