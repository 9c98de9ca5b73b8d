"""`lstm-anomaly completion`: a script that makes a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from lstm_anomaly.commands.frame.app import COMPLETE_VARIABLE, Settings
from lstm_anomaly.commands.frame.console import Console, console_options
from lstm_anomaly.commands.frame.help import GroupedCommand
from lstm_anomaly.commands.frame.shells import register

EPILOG = """\b
Examples:
  lstm-anomaly completion bash > ~/.local/share/bash-completion/completions/lstm-anomaly
  lstm-anomaly completion zsh > ~/.zfunc/_lstm-anomaly
  lstm-anomaly completion fish > ~/.config/fish/completions/lstm-anomaly.fish
"""


@click.command("completion", cls=GroupedCommand, epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@console_options
@click.pass_context
def command(ctx: click.Context, /, shell: str) -> None:
    """Print a completion script, which the shell reads when it starts."""
    register()
    found = get_completion_class(shell)
    assert found is not None, "click knows these three"
    program = found(ctx.find_root().command, {}, "lstm-anomaly", COMPLETE_VARIABLE)
    Console(ctx.ensure_object(Settings)).deliver(program.source_template % program.source_vars() + "\n")
