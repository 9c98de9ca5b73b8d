"""Commands on pages: taken out of their blocks, checked against what there is, run as a reader would."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner
from scripts import ROOT

from lstm_anomaly.commands.frame.app import app

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# What no test can run: it sets up the machine, never ends, or needs a cluster.
NOT_RUN = re.compile(r"\b(make|pip|python|pytest|tail -F|curl)\b|--follow\b|dask://")
_SIGNS = set("|&;<>")
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """A command of a block: where it stands, its line as typed, and what the page shows below it."""

    place: str
    line: str
    shown: str


def blocks(page: Path, language: str) -> Iterator[tuple[int, str]]:
    """The fenced blocks of a page in a language: the number of their first line, and their text."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        if found[2] == language:
            lines = found[3].splitlines(keepends=True)
            first = text.count("\n", 0, found.start()) + 2
            yield first, "".join(line.removeprefix(found[1]) for line in lines)


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page's `console` blocks, whose lines begin with `$ `; a `\\` at the end goes on."""
    for first, text in blocks(page, "console"):
        for found in re.finditer(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            place = f"{page.name}:{first + text.count(chr(10), 0, found.start())}"
            yield Command(place, found[1], found[2])


def words(line: str) -> list[str]:
    """The words of a shell's line without its comment; `|`, `||`, `>` and the like are words of their own."""
    lexer = shlex.shlex(line.replace("\\\n", " "), posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    return list(lexer)


def calls(line: str) -> Iterator[list[str]]:
    """The arguments of each `lstm-anomaly` in a shell's line."""
    own: list[str] | None = None
    for word in [*words(line), ";"]:
        if own is not None and set(word) <= _SIGNS:
            yield own
            own = None
        elif own is not None:
            own.append(word)
        elif word == "lstm-anomaly":
            own = []


def check_options(arguments: list[str]) -> None:
    """Parse a command line without running it. Raises click.UsageError for an option that there is not."""
    group: click.Group = app
    context = click.Context(app)
    rest = group.make_parser(context).parse_args(list(arguments))[1]
    while rest:
        found = group.get_command(context, rest[0])
        if found is None:
            raise click.UsageError(f"there is no command {rest[0]!r}")
        context = click.Context(found, parent=context)
        rest = found.make_parser(context).parse_args(rest[1:])[1]
        if not isinstance(found, click.Group):
            return
        group = found


def check_set_up(line: str) -> None:
    """Of a line that sets up the machine: the targets of `make` and the extras of `pip` exist."""
    program, *rest = words(line)
    if program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert not [target for target in rest if not re.search(rf"^{target}:", makefile, re.MULTILINE)], line
    if program == "pip":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        named = re.findall(r"\[([\w,]+)\]", " ".join(rest))
        extras = {extra for each in named for extra in each.split(",")}
        assert extras <= set(project["optional-dependencies"]), line


def environment(**more: str) -> dict[str, str]:
    """The variables of a shell that finds this program."""
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"], "/usr/sbin"])
    return {**os.environ, **more, "PATH": path}


def run_line(line: str) -> tuple[int, str]:
    """Run a shell's line in the folder where this runs: exit status, and all that it prints.

    `lstm-anomaly` runs in this process, which is quick; what a pipe brings to it or takes from it, in a
    shell.
    """
    stages = stages_of(line)
    own = [k for k, stage in enumerate(stages) if stage[0] == "lstm-anomaly"]
    if len(own) != 1 or any(set(word) <= _SIGNS for stage in stages for word in stage):
        done = _in_a_shell(line, b"")
        return done.returncode, done.stdout.decode()
    before, after = (" | ".join(map(shlex.join, part)) for part in (stages[: own[0]], stages[own[0] + 1 :]))
    given = _in_a_shell(before, b"").stdout if before else None
    result = CliRunner().invoke(app, stages[own[0]][1:], input=given)
    if not after:
        return result.exit_code, result.output
    done = _in_a_shell(after, result.stdout_bytes)
    return done.returncode, result.stderr + done.stdout.decode()


def stages_of(line: str) -> list[list[str]]:
    """The words of each stage of a shell's line with pipes; the first is a program."""
    found = words(line)
    ends = [k for k, word in enumerate(found) if word == "|"]
    return [found[start:end] for start, end in zip([0, *(k + 1 for k in ends)], [*ends, None], strict=True)]


def _in_a_shell(line: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["sh", "-c", line],
        input=given,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )


def is_as_shown(shown: str, printed: str) -> bool:
    """Whether output is what a page shows; `...` there stands for anything, a blank for any white space."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(shown, printed, flags)
