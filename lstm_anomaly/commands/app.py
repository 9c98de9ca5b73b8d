"""The command line's frame: finds commands without importing them, and turns errors into exit codes.

Exit status: 0 nothing anomalous, 1 anomalies found, 2 trouble, 130/143
interrupted, 141 the reader of the output went away. Status 1 never means an error: click's and Python's
own 1 are mapped here, in one place.
"""

import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click

from lstm_anomaly.errors import LstmAnomalyError
from lstm_anomaly.text import printable
from lstm_anomaly.version import __version__

COMMANDS = {
    "train": "Learn what normal looks like from sensor CSVs.",
    "detect": "Say where new data departs from normal.",
    "report": "Show what departs from normal as an HTML file.",
    "evaluate": "Say how well alarms match what is known to have happened.",
    "calibrate": "Learn only the threshold again, from fresh normal data.",
    "inspect": "Show what is in a model file.",
    "demo": "Train and detect on sample data, in a minute, offline.",
}

EXIT_TROUBLE = 2
EXIT_PLUGIN_UNKNOWN = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141  # as a shell reports SIGPIPE
EXIT_TERMINATED = 143


@dataclass
class Settings:
    """What one run of the program was told about how to talk; every command can set it."""

    debug: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    plugin: bool = False  # a monitoring plugin: trouble is a line on standard output and status 3


class _Terminated(BaseException):
    """SIGTERM arrived; unwinds the stack so that temporary files are removed."""


def _raise_terminated(_signal: int, _frame: FrameType | None) -> None:
    raise _Terminated


class _ClosedOutput(io.TextIOBase):
    """Stands for a standard output that is closed (`>&-`): Python's own None loses what is printed."""

    encoding = "utf-8"
    errors = "strict"

    def write(self, text: str, /) -> int:
        raise OSError(errno.EBADF, "standard output is closed")


class App(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"lstm_anomaly.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the nearest for a misspelt one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{args[0]}'.{hint}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run a command and exit with the status that the design promises."""
        settings = Settings()
        extra.pop("standalone_mode", None)
        with suppress(ValueError):  # not the main thread: the caller handles signals
            signal.signal(signal.SIGTERM, _raise_terminated)
        sys.stdout = sys.stdout or _ClosedOutput()
        for stream in (sys.stdout, sys.stderr):  # a name that the encoding lacks is shown as an escape
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            status = super().main(args, prog_name, standalone_mode=False, obj=settings, **extra)
            sys.stdout.flush()
        except SystemExit:  # click's own way out when the reader of a pipe is gone
            status = EXIT_BROKEN_PIPE
        except Exception as error:
            status = _report(error, settings.debug)
            if settings.plugin and status != EXIT_BROKEN_PIPE:
                status = _say_unknown(error)
        except KeyboardInterrupt:
            status = _say("interrupted", EXIT_INTERRUPTED)
        except _Terminated:
            status = _say("terminated", EXIT_TERMINATED)
        sys.exit(status if isinstance(status, int) else 0)


def _report(error: Exception, debug: bool) -> int:
    """One line on standard error for the cause, and the exit status that goes with it."""
    if debug:
        traceback.print_exception(error)
    match error:
        case click.Abort():
            return _say("interrupted", EXIT_INTERRUPTED)
        case BrokenPipeError():
            _silence_stdout()
            return EXIT_BROKEN_PIPE
        case click.UsageError():
            error.show()
            return EXIT_TROUBLE
        case click.ClickException():
            return _say(f"error: {error.format_message()}", EXIT_TROUBLE)
        case LstmAnomalyError():
            return _say(f"error: {error}", error.exit_status)
        case MemoryError():
            return _say("error: out of memory. Try: fewer rows (--rows), or a larger --stride", EXIT_TROUBLE)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return _say(f"error: {where}{error.strerror or error}", EXIT_TROUBLE)
    kind = type(error).__name__
    return _say(
        f"error: unexpected {kind}: {error}. This is a fault in lstm-anomaly; --debug shows where",
        EXIT_TROUBLE,
    )


def _say_unknown(error: Exception) -> int:
    """Tell monitoring that nothing is known, in the line that it reads, and its exit status for that."""
    said = error.format_message() if isinstance(error, click.ClickException) else str(error)
    with suppress(OSError, ValueError):
        click.echo(f"LSTM-ANOMALY UNKNOWN - {printable(said).replace('|', '/')}")
    return EXIT_PLUGIN_UNKNOWN


def _say(text: str, status: int) -> int:
    """Print one line, safe for a terminal, on standard error; a closed one is no reason to fail."""
    with suppress(OSError, ValueError):
        click.echo(f"lstm-anomaly: {printable(text)}", err=True)
    return status


def _silence_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


EPILOG = """\b
Examples:
  lstm-anomaly train normal.csv --model pump.model
  lstm-anomaly detect today.csv --model pump.model
  lstm-anomaly detect today.csv --model pump.model --format jsonl | jq .
  lstm-anomaly inspect pump.model
  lstm-anomaly demo
"""


@click.group(
    "lstm-anomaly",
    cls=App,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, "-V", "--version", prog_name="lstm-anomaly")
def app() -> None:
    """Learn what normal looks like from sensor CSVs, and say where new data departs from it.

    Exit status of `detect`: 0 nothing anomalous, 1 anomalies found, 2 trouble.
    """
