"""`lstm-anomaly inspect`: what is in a model file."""

import json

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.help import GroupedCommand


@click.command("inspect", cls=GroupedCommand)
@click.argument("model_path", metavar="MODEL", type=click.Path())
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Choose how the model is printed.",
)
@console_options
@click.pass_obj
def command(settings: Settings, /, model_path: str, format_: str) -> None:
    """Show what is in a model file: sensors, window, training, and the threshold with its promise."""
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.output.terminal.inspection import inspection
    from lstm_anomaly.output.terminal.summary import model_document

    console = Console(settings)
    model = read_model(model_path)
    if format_ == "json":
        console.deliver(json.dumps(model_document(model), indent=2) + "\n")
    else:
        console.deliver(inspection(model, model_path, console.canvas()))
