"""What a run says, and where: results on standard output, everything else on standard error."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.system import READER_GONE
from lstm_anomaly.base.text import printable, wrapped
from lstm_anomaly.commands.frame.app import Settings, log_record
from lstm_anomaly.commands.frame.streams import is_terminal, remark

if TYPE_CHECKING:
    from lstm_anomaly.output.terminal.canvas import Canvas
    from lstm_anomaly.training.fit_networks import OnEpoch


class Console:
    """Prints for one run, by its settings and by what each stream is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def warn(self, lines: Iterable[str]) -> None:
        """Say what the user must know even when nobody watches."""
        if not self._settings.quiet:
            self._log("warning", lines)

    def trouble(self, lines: Iterable[str]) -> None:
        """Say why the exit status is 2 or 3, with --quiet as well: a status alone helps nobody."""
        self._log("error", lines)

    def note(self, lines: Iterable[str], *, else_warn: Iterable[str] = ()) -> None:
        """Say what helps somebody who watches, on a terminal or with -v; else only what must be known."""
        if self._settings.verbose or (is_terminal(sys.stderr) and not self._settings.quiet):
            self._log("info", lines)
        else:
            self.warn(else_warn)

    def _log(self, level: str, lines: Iterable[str]) -> None:
        """Print lines on standard error, each as a record when that is how the log is to be."""
        if self._settings.log_format == "json":
            lines = (log_record(level, line) for line in lines)
        remark(lines)

    def result(self, lines: Iterable[str]) -> None:
        """Print the lines of a summary, unless --quiet."""
        if not self._settings.quiet:
            self.show(lines)

    def show(self, lines: Iterable[str]) -> None:
        """Print lines on standard output, escaped; on a terminal they are wrapped at words."""
        if is_terminal(sys.stdout):
            lines = wrapped(lines, shutil.get_terminal_size().columns)
        self.deliver("".join(f"{printable(line)}\n" for line in lines))

    def deliver(self, text: str) -> None:
        """Write finished text to standard output, all of it or an OutputError."""
        if not text:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            if error.errno in READER_GONE:
                raise BrokenPipeError(*error.args) from None
            raise OutputError(
                f"cannot write the results: {error.strerror}",
                where="standard output",
                hint="see how much room the disk has",
            ) from error

    def deliver_csv(self, text: str) -> None:
        """Write CSV as it is; to a terminal with whatever could drive it shown as an escape."""
        if is_terminal(sys.stdout):
            text = "\n".join(map(printable, text.split("\n")))
        self.deliver(text)

    def canvas(self) -> "Canvas":
        """How a table is to be drawn on standard output: width, colour, and which characters."""
        from lstm_anomaly.output.terminal.canvas import Canvas

        terminal = is_terminal(sys.stdout)
        if self._settings.color == "auto":
            color = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        else:
            color = self._settings.color == "always"
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
        width = shutil.get_terminal_size().columns if terminal else None
        return Canvas(terminal=terminal, color=color, unicode=encoding == "utf8", width=width)

    @contextmanager
    def progress(self) -> Iterator["OnEpoch | None"]:
        """A function to call after each epoch, which draws a bar on a terminal; None elsewhere."""
        if self._settings.quiet or not is_terminal(sys.stderr):
            yield None
            return
        from lstm_anomaly.output.terminal.progress import epoch_bar

        with epoch_bar() as on_epoch:
            yield on_epoch

    @contextmanager
    def counting(self, what: str) -> "Iterator[Callable[[int, int], None] | None]":
        """A function to call with how many are done, and of how many, which draws a bar on a terminal."""
        if self._settings.quiet or not is_terminal(sys.stderr):
            yield None
            return
        from lstm_anomaly.output.terminal.progress import counting_bar

        with counting_bar(what) as on_one:
            yield on_one


def console_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`-q`, `-v`, `--log-format`, `--color` and `--debug`; they are kept in the run's settings."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        settings = ctx.ensure_object(Settings)
        setattr(settings, str(parameter.name), value)

    options: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            callback=keep,
            help="Show where in the program an error comes from.",
        ),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            expose_value=False,
            callback=keep,
            help="Choose when tables have colours; NO_COLOR turns them off, too.  [default: auto]",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            default="text",
            expose_value=False,
            callback=keep,
            help="Write lines on standard error as text or as JSON records.  [default: text]",
        ),
        click.option(
            "-v",
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=keep,
            help="Say more on standard error.",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            expose_value=False,
            callback=keep,
            help="Print results and errors only.",
        ),
    )
    for option in options:
        command = option(command)
    return command
