"""Completion in real shells where click's falls short: names with spaces or commas, and `--time=ti`."""

import re

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ZshComplete,
    add_completion_class,
)


class _Bash(BashComplete):
    # Without -r bash would take off the backslash that `format_completion` puts before a space.
    source_template = BashComplete.source_template.replace("read type", "read -r type")

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        return [arg for arg in args if arg != "="], incomplete  # bash makes three words of `--time=ti`

    def format_completion(self, item: CompletionItem) -> str:
        quoted = re.sub(r"([^\w,./:=@%+-])", r"\\\1", item.value)
        return f"{item.type},{quoted}"


class _Zsh(ZshComplete):
    # What is completed of `--time=ti` is `ti`; without these zsh would replace the whole word.
    source_template = ZshComplete.source_template.replace(
        "compadd", 'compadd -P "${(M)words[CURRENT]#--*=}"'
    ).replace("_path_files", "compset -P '--*='; _path_files")


class _Fish(FishComplete):
    # A value may hold commas: `temp,flow`. Of `--model=pu` fish replaces the whole word.
    source_template = re.sub(
        r"(__fish_complete_\w+ \S+);",
        r"""\1 | string replace -r "^" -- (string match -r -- "^--[^=]*=|^" (commandline -t));""",
        FishComplete.source_template.replace('split ","', 'split -m 1 ","'),
    )
    _option = ""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        name, sign, _value = incomplete.partition("=")
        self._option = name + sign if sign and name.startswith("--") else ""
        return args, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """The value behind its option: fish replaces the whole word `--time=ti`."""
        value = self._option + item.value if item.type == "plain" else item.value
        return super().format_completion(CompletionItem(value, item.type, item.help))


def register() -> None:
    """Make click use these."""
    for shell in (_Bash, _Zsh, _Fish):
        add_completion_class(shell)
