"""What a shell completes after an option: names of files, and columns of the CSV on the command line."""

import csv
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem

FILE_METAVARS = ("FILE", "DIR", "[CSV]...", "MODEL")
COLUMN_METAVARS = ("COLUMN", "A,B", "SENSOR=VALUE")


class Columns(type(click.STRING)):  # type: ignore[misc]
    """A text that names a column of the input, or several with commas between."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The columns that begin as the last name does."""
        before, comma, last = incomplete.rpartition(",") if param.metavar == "A,B" else ("", "", incomplete)
        files = (
            ctx.params.get("files") or ctx.args
        )  # click parses no arguments behind an option without value
        found = [name for name in _columns_of(files[0]) if name.startswith(last)] if files else []
        sign = "=" if param.metavar == "SENSOR=VALUE" else ""
        return [CompletionItem(f"{before}{comma}{name}{sign}") for name in found]


def completing(param: click.Parameter) -> None:
    """Make a parameter without a type of its own complete what its metavar says."""
    if not isinstance(param.type, type(click.STRING)):
        return
    if param.metavar in FILE_METAVARS:
        param.type = click.Path(file_okay=param.metavar != "DIR")
    elif param.metavar in COLUMN_METAVARS:
        param.type = Columns()


def _columns_of(path: str) -> list[str]:
    """The names in the first line of a file, none when it cannot be read: a shell shows no errors."""
    with suppress(OSError, UnicodeDecodeError, csv.Error), Path(path).open(encoding="utf-8-sig") as file:
        line = file.readline(1_000_000)
        cells = next(csv.reader([line], delimiter=max(",;\t|", key=line.count)), [])
        return [cell.strip() for cell in cells]
    return []
