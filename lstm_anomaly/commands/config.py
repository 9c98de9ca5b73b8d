"""`lstm-anomaly config`: what options are set to, and where each value comes from."""

from typing import Any

import click
from click.core import ParameterSource

from lstm_anomaly.base.text import listed
from lstm_anomaly.commands.frame.app import COMMANDS, Settings, app
from lstm_anomaly.commands.frame.config_file import option_names
from lstm_anomaly.commands.frame.console import Console, console_options

EPILOG = """\b
Examples:
  lstm-anomaly config show
  lstm-anomaly config show detect
  lstm-anomaly --config plant.toml --profile pump2 config show detect
"""
SOURCES = {
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.DEFAULT: "default",
}


@click.group("config", epilog=EPILOG)
def command() -> None:
    """Show which options are set by files and by environment variables."""


@command.command("show", short_help="List options, their values, and where each comes from.")
@click.argument("name", metavar="[COMMAND]", required=False, type=click.Choice(list(COMMANDS)))
@console_options
@click.pass_context
def show(ctx: click.Context, /, name: str | None) -> None:
    """List options with their values, and where each value comes from.

    With COMMAND it lists all options of that command, without it only those that are set. The command line
    comes before variables such as LSTM_ANOMALY_DETECT_MODEL, and these come before a file.
    """
    settings = ctx.ensure_object(Settings)
    lines = [f"# {path}" for path in settings.defaults.files]
    if settings.defaults.profiles:
        lines.append(f"# profiles, for --profile: {listed(settings.defaults.profiles)}")
    for each in [name] if name else COMMANDS:
        lines += _lines(ctx, each, all_of_them=name is not None)
    if not lines:
        lines = ["Nothing is set: there is no lstm-anomaly.toml here, and no variable LSTM_ANOMALY_..."]
    Console(settings).show(lines)


def _lines(ctx: click.Context, name: str, *, all_of_them: bool) -> list[str]:
    found = app.get_command(ctx, name)
    assert found is not None, "all of them exist"
    options = ctx.ensure_object(Settings).defaults.options_of(name, found)
    lines = _of_command(ctx, name, found, options, all_of_them=all_of_them)
    for own, each in found.commands.items() if isinstance(found, click.Group) else ():
        lines += _of_command(ctx, f"{name} {own}", each, options.get(own, {}), all_of_them=all_of_them)
    return lines


def _of_command(
    ctx: click.Context, name: str, found: click.Command, options: dict[str, Any], *, all_of_them: bool
) -> list[str]:
    places, top = ctx.ensure_object(Settings).defaults.places, ctx.find_root()
    with click.Context(
        found, parent=top, info_name=name, resilient_parsing=True, default_map=options
    ) as inner:
        found.parse_args(inner, [])
        lines = []
        by_parameter = {parameter: option for option, parameter in option_names(found).items()}
        for parameter in found.params:
            source = inner.get_parameter_source(str(parameter.name))
            option = by_parameter.get(str(parameter.name))
            if option is None or source is None or (source is ParameterSource.DEFAULT and not all_of_them):
                continue
            value = parameter.consume_value(inner, {})[0]
            where = places.get((name, option), "") if "MAP" in source.name else ""
            if source is ParameterSource.ENVIRONMENT:
                where = str(parameter.envvar)
            shown = f"{name.replace(' ', '.')}.{option} = {_shown(value)}"
            lines.append(f"{shown}  ({where or SOURCES.get(source, source.name)})")
    return lines


def _shown(value: object) -> str:
    return "-" if value is None or "Sentinel" in type(value).__name__ else repr(value)
