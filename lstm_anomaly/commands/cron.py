"""`lstm-anomaly cron`: lines for a crontab and units for systemd, printed and not installed."""

import os
import shlex
import shutil
import sys

import click

from lstm_anomaly.base.text import printable
from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.option_types import Duration
from lstm_anomaly.commands.frame.options import MODEL

EPILOG = """\b
Examples:
  lstm-anomaly cron plant.csv --model pump.model
  lstm-anomaly cron plant.csv -m pump.model --every 1h --state pump.state
"""
MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12, 24)


@click.command("cron", cls=GroupedCommand, epilog=EPILOG)
@click.argument("csv", type=click.Path(exists=True, dir_okay=False))
@MODEL
@click.option("--state", metavar="FILE", help="Name the state file.  [default: the model's name with .state]")
@click.option(
    "--every",
    type=Duration(),
    default=600.0,
    metavar="SPAN",
    help="Run once in this time, from 1min to 1d.  [default: 10min]",
)
@click.option("--retrain", is_flag=True, help="Print also a line that retrains the model every Sunday night.")
@console_options
@click.pass_obj
def command(
    settings: Settings, /, csv: str, model_path: str, state: str | None, every: float, retrain: bool
) -> None:
    """Print a crontab line, and a systemd service with its timer, that judge CSV again and again.

    Nothing is installed. A run without news prints nothing, so cron sends no mail. A run in which no row
    could be judged says so, and exits with 3.
    """
    minutes, hours = _clock(every)
    state = os.path.abspath(state or f"{os.path.splitext(model_path)[0]}.state")
    words = [*_program(), "detect", os.path.abspath(csv), "--model", os.path.abspath(model_path)]
    words += ["--state", state, "--on-unknown", "fail"]
    lines = [
        "# for `crontab -e`; mail goes to MAILTO",
        f"{minutes} {hours} * * * {_for_crontab(words)}",
        *(_retraining(csv, model_path) if retrain else []),
        "",
        "# /etc/systemd/system/lstm-anomaly.service",
        "[Unit]",
        "Description=Judge the new rows of a sensor CSV",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={_for_systemd(words)}",
        "# 1: anomalies were found, which is no failure of the service",
        "# 3: no row could be judged",
        "SuccessExitStatus=1",
        "",
        "# /etc/systemd/system/lstm-anomaly.timer",
        "[Timer]",
        f"OnCalendar={_calendar(minutes, hours)}",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    # Not wrapped as other texts are: a line that is copied from a terminal must stay one.
    Console(settings).deliver("".join(f"{printable(line)}\n" for line in lines))


def _retraining(csv: str, model_path: str) -> list[str]:
    """A crontab line, with what to know about it."""
    words = [*_program(), "retrain", os.path.abspath(model_path), os.path.abspath(csv)]
    return [
        "# keeps the better model, and the old one beside a new one; --forget 60d leaves older rows out",
        f"30 3 * * 0 {_for_crontab(words)}",
    ]


def _clock(seconds: float) -> tuple[str, str]:
    """The minutes and hours fields of a crontab line."""
    minutes, rest = divmod(round(seconds), 60)
    if not rest and minutes in MINUTES:
        return ("*" if minutes == 1 else f"*/{minutes}"), "*"
    hours, rest = divmod(minutes * 60 + rest, 3600)
    if not rest and hours in HOURS:
        return "0", "0" if hours == 24 else "*" if hours == 1 else f"*/{hours}"
    raise click.UsageError(
        "cron runs a job at fixed minutes or hours: --every "
        f"{', '.join(f'{n}min' for n in MINUTES)}, {', '.join(f'{n}h' for n in HOURS)}."
    )


def _program() -> list[str]:
    """How to call this program from anywhere: cron and systemd have next to no PATH."""
    found = shutil.which(sys.argv[0]) if os.path.basename(sys.argv[0]) == "lstm-anomaly" else None
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "lstm_anomaly"]


def _for_crontab(words: list[str]) -> str:
    """Quoted for sh; cron itself takes a percent sign for the end of the line."""
    return shlex.join(words).replace("%", r"\%")


def _for_systemd(words: list[str]) -> str:
    """Quoted for a unit file, in which `%` and `$` begin a name."""
    return " ".join(_systemd_word(word) for word in words)


def _systemd_word(word: str) -> str:
    plain = word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$")
    return plain if plain and not set(plain) & set(" \t\"'\\;") else f'"{plain}"'


def _calendar(minutes: str, hours: str) -> str:
    def field(text: str) -> str:
        return "*" if text == "*" else text.replace("*/", "0/").zfill(2)

    return f"*-*-* {field(hours)}:{field(minutes)}:00"
