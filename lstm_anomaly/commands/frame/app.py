"""The command line's frame: finds commands without importing them, and turns errors into exit codes.

Exit status: 0 nothing anomalous, 1 anomalies found, 2 trouble, 130/143
interrupted, 141 the reader of the output went away. Status 1 never means an error: click's and Python's
own 1 are mapped here, in one place.
"""

import errno
import json
import os
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NoReturn

import click

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.base.text import printable
from lstm_anomaly.base.version import __version__
from lstm_anomaly.commands.frame.completing import completing
from lstm_anomaly.commands.frame.config_file import VARIABLE, Defaults, read_defaults
from lstm_anomaly.commands.frame.memory import take_buffers
from lstm_anomaly.commands.frame.process import (
    ClosedOutput,
    Terminated,
    drop_what_cannot_be_written,
    for_results,
    occupy_closed_streams,
    silence,
    unwinding_signals,
)
from lstm_anomaly.commands.frame.shells import register
from lstm_anomaly.commands.frame.streams import is_terminal, remark

COMMANDS = {
    "check": "Say whether sensor CSVs are good enough to train on.",
    "train": "Learn what normal looks like from sensor CSVs.",
    "detect": "Say where new data departs from normal.",
    "forecast": "Say what comes next, and how sure that is.",
    "fleet": "Say which of many machines need a look first.",
    "report": "Write an HTML report of what departs from normal.",
    "evaluate": "Say how well the alarms match known faults.",
    "calibrate": "Learn only the threshold again, from new normal data.",
    "retrain": "Learn a model again from new rows, and keep the better one.",
    "inspect": "Show what is in a model file.",
    "export": "Write a model's networks as ONNX files.",
    "demo": "Train and detect on sample data, which takes a minute.",
    "cron": "Print lines for a crontab and for systemd.",
    "config": "Show which options are set, and where.",
    "completion": "Print a completion script for bash, zsh or fish.",
    "man": "Print the manual page.",
}
COMPLETE_VARIABLE = "_LSTM_ANOMALY_COMPLETE"

EXIT_TROUBLE = 2
EXIT_PLUGIN_UNKNOWN = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141  # as a shell reports SIGPIPE
EXIT_TERMINATED = 143


@dataclass
class Settings:
    """What one run of the program was told about what to print; every command can set it."""

    debug: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    log_format: str = "text"
    defaults: Defaults = field(default_factory=Defaults)  # of options, from files
    plugin: bool = False  # a monitoring plugin: trouble is a line on standard output and status 3


def variable_of(command: str, option: click.Option) -> str:
    """The variable that sets an option: LSTM_ANOMALY_DETECT_MAX_AGE for `detect --max-age`."""
    long = next(name for name in option.opts if name.startswith("--"))
    return f"LSTM_ANOMALY_{command}_{long[2:]}".replace("-", "_").replace(" ", "_").upper()


def _nearest(name: str) -> str:
    """A question after the command that may have been meant, if there is one."""
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


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
        own = command.commands if isinstance(command, click.Group) else {}
        paths = {cmd_name: command, **{f"{cmd_name} {name}": each for name, each in own.items()}}
        for path, param in ((path, param) for path, each in paths.items() for param in each.params):
            if isinstance(param, click.Option) and param.envvar is None:
                param.envvar = variable_of(path, param)
            completing(param)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; suggest the nearest for a misspelt one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(f"No such command '{args[0]}'.{_nearest(args[0])}", ctx) from error

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
        occupy_closed_streams()
        sys.stdout = sys.stdout or ClosedOutput()
        for stream in (sys.stdout, sys.stderr):
            for_results(stream)
        if COMPLETE_VARIABLE in os.environ:
            register()
        try:
            take_buffers()
            with unwinding_signals():
                status = super().main(args, prog_name, standalone_mode=False, obj=settings, **extra)
                sys.stdout.flush()
        except SystemExit as way_out:  # click's own: from completion, or when the reader of a pipe is gone
            status = way_out.code if COMPLETE_VARIABLE in os.environ else EXIT_BROKEN_PIPE
        except Exception as error:
            status = _report(error, settings)
            if settings.plugin and status != EXIT_BROKEN_PIPE:
                status = _say_unknown(error)
        except KeyboardInterrupt:
            status = _say_broken_off("interrupted", EXIT_INTERRUPTED, settings)
        except Terminated:
            status = _say_broken_off("terminated", EXIT_TERMINATED, settings)
        drop_what_cannot_be_written()
        sys.exit(status if isinstance(status, int) else 0)


OUT_OF_MEMORY = "out of memory. Try: fewer rows (--rows), or a higher limit where one is set (ulimit -v)"


def _report(error: Exception, settings: Settings) -> int:
    """One line on standard error for the cause, and the exit status that goes with it."""
    if settings.debug:
        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        return EXIT_BROKEN_PIPE
    if isinstance(error, click.UsageError) and _is_for_a_person(error, settings):
        _show_usage(error)
        return EXIT_TROUBLE
    if isinstance(error, click.Abort):
        return _say_broken_off("interrupted", EXIT_INTERRUPTED, settings)
    status = error.exit_status if isinstance(error, LstmAnomalyError) else EXIT_TROUBLE
    return _say(f"error: {_cause(error)}", status, settings)


def _is_for_a_person(error: click.UsageError, settings: Settings) -> bool:
    """Whether to show usage and a hint beside the cause; a log and cron's mail get one line."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return True
    return settings.log_format == "text" and is_terminal(sys.stderr)


def _show_usage(error: click.UsageError) -> None:
    """The cause, with how the command is used before it."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError) or error.ctx is None:
        error.show()
        return
    usage = [*error.ctx.get_usage().split("\n"), f"Try '{error.ctx.command_path} --help' for help."]
    remark([*usage, "", f"Error: {_one_line(error)}"])


def _one_line(error: click.UsageError) -> str:
    said = " ".join(error.format_message().split())  # choices come one a line
    return said if said.endswith((".", "?", "!", ")")) else f"{said}."


def _cause(error: Exception) -> str:
    match error:
        case click.UsageError():
            said = _one_line(error)
            return f"{said} Try: {error.ctx.command_path} --help" if error.ctx else said
        case click.ClickException():
            return error.format_message()
        case LstmAnomalyError():
            return str(error)
        case MemoryError() | RuntimeError(args=("can't start new thread",)):  # whose stack is memory, too
            return OUT_OF_MEMORY
        case ImportError() if "failed to map" in str(error):
            return OUT_OF_MEMORY
        case OSError(filename=None, errno=errno.ENOENT):
            return "the folder in which this runs does not exist any more. Try: cd to another"
        case OSError():  # without a name it is a stream
            return f"{error.filename or 'standard output'}: {error.strerror or error}"
    kind = type(error).__name__
    return f"unexpected {kind}: {error}. This is a fault in lstm-anomaly: report it with what --debug shows"


def _say_unknown(error: Exception) -> int:
    """Tell monitoring that nothing is known, in the line that it reads, and its exit status for that."""
    said = _cause(error)
    with suppress(OSError, ValueError):
        click.echo(f"LSTM-ANOMALY UNKNOWN - {printable(said).replace('|', '/')}")
    return EXIT_PLUGIN_UNKNOWN


def _say(text: str, status: int, settings: Settings) -> int:
    """Print one line on standard error."""
    line = f"lstm-anomaly: {text}"
    if settings.log_format == "json":
        line = log_record("error", text.removeprefix("error: "))
    remark([line])
    return status


def _say_broken_off(text: str, status: int, settings: Settings) -> int:
    """The same, without waiting for a reader that has stopped reading to take the rest of the output."""
    silence(sys.stdout)
    return _say(text, status, settings)


def log_record(level: str, message: str) -> str:
    """One line of the log as JSON: when, how bad, and what."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps({"time": now, "level": level, "message": message.strip()})


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
@click.option(
    "--config",
    metavar="FILE",
    envvar=VARIABLE,
    help="Read options from this file.  [default: lstm-anomaly.toml]",
)
@click.option("--profile", metavar="NAME", help="Use the options of this profile in that file.")
@click.version_option(__version__, "-V", "--version", prog_name="lstm-anomaly")
@click.pass_context
def app(ctx: click.Context, /, config: str | None, profile: str | None) -> None:
    """Learn what normal looks like from sensor CSVs, and say where new data departs from it.

    Exit status of `detect`: 0 nothing anomalous, 1 anomalies found, 2 trouble.

    Options can also be set in lstm-anomaly.toml and by variables such as LSTM_ANOMALY_DETECT_MODEL.
    """
    defaults = ctx.ensure_object(Settings).defaults = read_defaults(config, profile)
    name = ctx.invoked_subcommand
    for command, option in defaults.places:
        if command.split()[0] not in COMMANDS:
            place = defaults.places[command, option]
            raise click.UsageError(f"{place}: there is no command '{command}'.{_nearest(command)}")
    if name and (found := ctx.command.get_command(ctx, name)):  # type: ignore[attr-defined]
        ctx.default_map = {name: defaults.options_of(name, found)}
    remark(f"lstm-anomaly: {line}" for line in defaults.warnings)
