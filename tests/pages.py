"""Commands on pages: taken out of their blocks, checked against what there is, run as a reader would."""

import doctest
import os
import re
import select
import shlex
import signal
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
# Which commands of a page no test runs with the others, each with the reason.
NEVER_END = re.compile(r"^tail .*-F|--follow\b")
REASONS = {
    re.compile(
        r"^make \w"
    ): "it runs the tests, or builds: what has to pass before a commit runs most of them",
    re.compile(r"^pip install"): "it asks a registry; the package is installed by `make package`",
    re.compile(r"^\.venv/bin/python -m pytest"): "it is this",
    re.compile(r"^curl -o machine\.csv"): "no test asks the network; the file is used where it is at hand",
    re.compile(r"^python docs/long_dependency\.py"): "it takes minutes; test_pages.py runs its parts",
    re.compile(r"--engine dask://"): "it needs a cluster, which test_engine.py has",
    NEVER_END: "they never end; a test of their own ends them",
}
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


def is_run(line: str) -> bool:
    """Whether a command is run with the others of its page."""
    return not any(pattern.search(line) for pattern in REASONS)


def shown_until(line: str, awaited: bytes) -> bytes:
    """What a shell's line that never ends shows on a terminal up to some text; then it is ended."""
    screen, end = os.openpty()
    with subprocess.Popen(
        ["sh", "-c", line], env=environment(), stdin=end, stdout=end, stderr=end, start_new_session=True
    ) as shell:
        shown = b""
        while awaited not in shown and select.select([screen], [], [], 20)[0]:
            shown += os.read(screen, 4096)
        os.killpg(shell.pid, signal.SIGKILL)
    os.close(screen)
    os.close(end)
    return shown


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
