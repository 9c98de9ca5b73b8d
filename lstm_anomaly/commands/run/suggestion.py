"""The command to run next, as a line that a shell takes: the options given here, and those advised."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import click
from click.core import ParameterSource

from lstm_anomaly.commands.frame.option_types import Duration

_JOINED = ("--exclude", "--symbols")  # names are one list with commas; other options are given again


def train_command(ctx: click.Context, files: Sequence[str], advised: Mapping[str, str]) -> str:
    """`lstm-anomaly train FILES --model NAME.model`, with what was told to this command and is advised."""
    options = list(_given(ctx))
    for option, value in advised.items():
        said = [at for at, (name, _value) in enumerate(options) if name == option]
        if option in _JOINED and said:
            options[said[0]] = (option, f"{options[said[0]][1]},{value}")
        elif option == "--null-value":
            options += [(option, text) for text in value.split(",")]
        elif not said:
            options.append((option, value))
    words = [word for option in options for word in option if word is not None]
    name = "sensors" if files[0] == "-" else PurePath(files[0]).name.split(".")[0] or "sensors"
    model = f"{name}-models" if "--group-by" in words else f"{name}.model"
    return shlex.join(["lstm-anomaly", "train", *files, "--model", model, *words])


def _given(ctx: click.Context) -> list[tuple[str, str | None]]:
    """Options on how to read, as name and value; those on this command's own output are not among them."""
    found: list[tuple[str, str | None]] = []
    for parameter in ctx.command.params:
        name = str(parameter.name)
        is_own = not isinstance(parameter, click.Option) or not parameter.expose_value or name == "format_"
        if not is_own and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = max(parameter.opts, key=len)
            value = ctx.params[name]
            if getattr(parameter, "is_flag", False):
                found.append((option, None))
            else:
                values = value if parameter.multiple else [value]
                found += [(option, _written(parameter, each)) for each in values]
    return found


def _written(parameter: click.Parameter, value: Any) -> str:
    return f"{value:g}s" if isinstance(parameter.type, Duration) else str(value)
