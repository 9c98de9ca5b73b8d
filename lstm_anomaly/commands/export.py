"""`lstm-anomaly export`: a model's scaler and networks as ONNX files, for programs that have no Python."""

import os

import click

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.extras import needs
from lstm_anomaly.commands.frame.help import GroupedCommand

EPILOG = """\b
Example:
  lstm-anomaly export pump.model --onnx pump-onnx
"""


@click.command("export", cls=GroupedCommand, epilog=EPILOG)
@click.argument("model_path", metavar="MODEL", type=click.Path())
@click.option(
    "--onnx",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(),
    help="Write the ONNX files into this folder.",
)
@console_options
@click.pass_obj
def command(settings: Settings, /, model_path: str, folder: str) -> None:
    """Write a model's scaler and networks as ONNX graphs, and the rest as JSON.

    `docs/onnx.md` says what each graph takes and returns, and how to compute a score from them.
    """
    from lstm_anomaly.base.files import atomic_write
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.model.folder import make_folder

    with needs("onnx"):
        from lstm_anomaly.output.formats.onnx_graphs import onnx_files

    model = read_model(model_path)
    files = onnx_files(model)
    make_folder(folder)
    for name, content in files.items():
        with atomic_write(os.path.join(folder, name)) as file:
            file.write(content)
    linear = "The model is linear: it has no LSTM to write. With one: train --model-kind lstm"
    has_lstm = model.networks.autoencoder is not None or any(column.lstm for column in model.symbols)
    told = [f"Wrote {', '.join(files)} to {folder}."]
    Console(settings).result(told if has_lstm else [*told, linear])
