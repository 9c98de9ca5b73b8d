"""`lstm-anomaly man`: the manual page, made from the text of `--help`."""

import inspect
from collections.abc import Iterator
from importlib import import_module

import click

from lstm_anomaly.base.version import __version__
from lstm_anomaly.commands.frame.app import COMMANDS, Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.help import GroupedCommand

EPILOG = """\b
Examples:
  lstm-anomaly man | man -l -
  lstm-anomaly man > ~/.local/share/man/man1/lstm-anomaly.1
"""


@click.command("man", cls=GroupedCommand, epilog=EPILOG)
@console_options
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print the manual page in the format that `man` reads."""
    root = ctx.find_root()
    lines = [f'.TH "LSTM-ANOMALY" "1" "" "lstm-anomaly {__version__}"', ".SH NAME"]
    lines += ["lstm-anomaly \\- " + _escaped(root.command.get_short_help_str(200)), ".SH SYNOPSIS"]
    lines += [_escaped("lstm-anomaly [--config FILE] [--profile NAME] COMMAND ...")]
    lines += [".SH DESCRIPTION", *_body(root.command)]
    for name in COMMANDS:
        lines += _section(import_module(f"lstm_anomaly.commands.{name}").command, name, root)
    Console(ctx.ensure_object(Settings)).deliver("".join(f"{line}\n" for line in lines))


def _section(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """A command; behind one that has commands of its own, these."""
    with click.Context(command, parent=parent, info_name=name.split()[-1]) as ctx:
        yield f'.SH "{name.upper()}"'
        yield _escaped(command.get_usage(ctx).removeprefix("Usage: "))
        yield from (*_body(command), *_options(command, ctx))
        for own in command.commands.values() if isinstance(command, click.Group) else ():
            yield from _section(own, f"{name} {own.name}", ctx)


def _body(command: click.Command) -> Iterator[str]:
    """Help and examples, paragraph by paragraph; `\\b` marks one that is not to be filled."""
    for text in (command.help, command.epilog):
        for paragraph in inspect.cleandoc(text or "").split("\n\n"):
            for part in filter(None, paragraph.split("\b\n")):
                is_fixed = "\b" in paragraph or text is command.epilog
                yield ".PP"
                yield from [".nf"] if is_fixed else []
                yield from map(_escaped, part.strip("\n").split("\n"))
                yield from [".fi"] if is_fixed else []


def _options(command: click.Command, ctx: click.Context) -> Iterator[str]:
    for parameter in command.get_params(ctx):
        if (record := parameter.get_help_record(ctx)) and record[1]:
            yield ".TP"
            yield f"\\fB{_escaped(record[0])}\\fR"
            yield _escaped(record[1])


def _escaped(text: str) -> str:
    """Text for roff: no backslash, hyphen, or dot at the begin of a line has a meaning."""
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{text}" if text.startswith((".", "'")) else text
