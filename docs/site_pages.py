"""Makes the pages of the site that are not written by hand, so that they cannot grow old.

The first page is the README, each command has a page made from its help, and the Python reference names the
classes whose docstrings it shows. `site_hooks.py` calls this while the site is built.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path

import click

from lstm_anomaly.commands.frame.app import COMMANDS, app
from lstm_anomaly.commands.frame.help import GROUPS, long_name

ROOT = Path(__file__).parent.parent
REFERENCE = """\
# Python reference

Made from the docstrings. [The guide](../guide.md#from-python) has an example,
[the notebook](../notebook.ipynb) pictures.

::: lstm_anomaly.Detector

::: lstm_anomaly.sklearn.LSTMAnomalyDetector

::: lstm_anomaly.decision.events.EventRules

::: lstm_anomaly.decision.events.Event

::: lstm_anomaly.base.errors
"""


def made_pages() -> dict[str, str]:
    """All pages that are made: their place in the site, and their text."""
    pages = {"index.md": at_the_top("README.md")}
    pages |= {
        f"project/{name.lower()}": at_the_top(name, up="../") for name in ("CHANGELOG.md", "CONTRIBUTING.md")
    }
    pages |= {"reference/commands.md": command_list(), "reference/python.md": REFERENCE}
    for name in COMMANDS:
        pages[f"reference/{name}.md"] = command_page(name)
    return pages


def at_the_top(name: str, *, up: str = "") -> str:
    """A page from the top of the repository, with links as they are from inside docs/."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"(\]\()docs/", rf"\1{up}", text)


def command_list() -> str:
    """The commands with a line for each."""
    rows = [f"| [`{name}`]({name}.md) | {text} |" for name, text in COMMANDS.items()]
    head = [
        "# Commands",
        "",
        inspect.cleandoc(app.help or "").replace("\b", ""),
        "",
        "| command | |",
        "|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def command_page(name: str) -> str:
    """A command's help with all of its options in their groups, and its own commands below it."""
    command: click.Command = import_module(f"lstm_anomaly.commands.{name}").command
    with click.Context(app, info_name="lstm-anomaly") as root:
        parts = [f"# {name}", *_parts(command, click.Context(command, parent=root, info_name=name))]
    return "\n\n".join(parts) + "\n"


def _parts(command: click.Command, ctx: click.Context) -> list[str]:
    """Usage, text, options by group and examples of a command, and then those of its own commands."""
    parts = [f"```\n{command.get_usage(ctx).removeprefix('Usage: ')}\n```", *_paragraphs(command.help)]
    options = {
        long_name(param): param for param in command.get_params(ctx) if isinstance(param, click.Option)
    }
    for group, names in GROUPS.items():
        records = [options[name].get_help_record(ctx) for name in names if name in options]
        rows = [f"| {_cell(record[0], code=True)} | {_cell(record[1])} |" for record in records if record]
        if rows:
            parts.append("\n".join([f"**{group}**", "", "| option | |", "|---|---|", *rows]))
    parts += _paragraphs(command.epilog)
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            parts += [
                f"## {ctx.info_name} {name}",
                *_parts(each, click.Context(each, parent=ctx, info_name=name)),
            ]
    return parts


def _paragraphs(text: str | None) -> list[str]:
    """Paragraphs of help; those behind a `\\b`, which are not to be filled, as blocks."""
    out = []
    for paragraph in inspect.cleandoc(text or "").split("\n\n"):
        if not paragraph.startswith("\b"):
            out.append(paragraph)
            continue
        first, _, lines = paragraph.removeprefix("\b\n").partition("\n")
        out += (
            [first, f"```sh\n{inspect.cleandoc(lines)}\n```"]
            if first.endswith(":")
            else [f"```\n{first}\n{lines}\n```"]
        )
    return [each for each in out if each]


def _cell(text: str, *, code: bool = False) -> str:
    """Text for a cell of a table, in which no sign has a meaning but a backquote."""
    text = re.sub(r"\s+", " ", text).replace("<", "&lt;").replace("|", "&#124;")
    return f"<code>{text}</code>" if code else re.sub(r"([\[*])", r"\\\1", text)
