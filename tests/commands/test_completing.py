"""What a shell is told to complete."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete, get_completion_class

from lstm_anomaly.commands.frame.app import COMPLETE_VARIABLE, app
from lstm_anomaly.commands.frame.shells import register


def completed(*arguments):
    """The values, or kinds of values, that stand for the last argument."""
    *given, incomplete = map(str, arguments)
    found = ShellComplete(app, {}, "lstm-anomaly", COMPLETE_VARIABLE).get_completions(given, incomplete)
    return [item.value if item.type == "plain" else item.type for item in found]


@pytest.fixture
def plant(tmp_path):
    (tmp_path / "plant.csv").write_text("time;flow;flow rate;temp\n1;2;3;4\n")
    return tmp_path / "plant.csv"


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", ""),
        ("detect", "x.csv", "--model", ""),
        ("detect", "--state", ""),
        ("inspect", ""),
        ("train", "--ignore", ""),
        ("evaluate", "--labels", ""),
        ("report", "--out", ""),
        ("fleet", "summary", "--model", ""),
    ],
)
def test_files_are_completed_by_the_shell(arguments):
    assert completed(*arguments) in (["file"], ["dir"])


def test_columns_of_the_csv_on_the_line_are_completed(plant):
    assert completed("train", plant, "--exclude", "") == ["time", "flow", "flow rate", "temp"]
    assert completed("detect", plant, "--time", "ti") == ["time"]
    assert completed("train", plant, "--exclude", "temp,fl") == ["temp,flow", "temp,flow rate"]
    assert completed("detect", plant, "--min-deviation", "te") == ["temp="]


def test_without_a_readable_csv_no_column_is_completed(tmp_path):
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\xfa")
    assert completed("train", "--exclude", "") == []
    for name in ("odd.csv", "missing.csv"):
        assert completed("train", tmp_path / name, "--exclude", "") == []


def test_choices_and_options_are_completed():
    assert completed("train", "--preset", "t") == ["thorough"]
    assert completed("detect", "--max-") == ["--max-age", "--max-bad"]


LINE = "lstm-anomaly train plant.csv --only=temp,fl"
SHELLS = {
    "bash": ("bash --norc -i", f"source ./script\r{LINE}\t"),
    "zsh": ("zsh -f -i", f"autoload -U compinit; compinit -u -D; source ./script\r{LINE}\t"),
    "fish": (f"fish --no-config -c 'source ./script; complete --do-complete \"{LINE}\"'", ""),
}


def typed_into(program, environment, text, awaited):
    """What a shell on a terminal of its own shows up to and with `awaited`, or to the end of its time."""
    screen, end = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), end)
    with subprocess.Popen(shlex.split(program), env=environment, cwd=environment["HOME"], **streams) as child:
        os.write(screen, text.encode())
        shown = b""
        while awaited not in shown and select.select([screen], [], [], 20)[0]:
            shown += os.read(screen, 4096).replace(b"\a", b"")
        child.kill()
    os.close(screen)
    os.close(end)
    return shown


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes_a_column_behind_a_comma(shell, plant, run):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    home = plant.parent
    (home / "lstm-anomaly").write_text(f'#!/bin/sh\nexec {sys.executable} -m lstm_anomaly "$@"\n')
    (home / "lstm-anomaly").chmod(0o755)
    (home / "script").write_text(run("completion", shell).stdout)
    environment = os.environ | {"PATH": f"{home}:{os.environ['PATH']}", "HOME": str(home), "TERM": "dumb"}
    program, typed = SHELLS[shell]
    assert b"temp,flow" in typed_into(program, environment, typed, b"temp,flow")


def test_bash_is_given_names_with_spaces_so_that_they_stay_one_word(monkeypatch, plant):
    monkeypatch.setenv("COMP_WORDS", f"lstm-anomaly train {plant} --only = flow\\ ")
    monkeypatch.setenv("COMP_CWORD", "5")
    register()
    bash = get_completion_class("bash")(app, {}, "lstm-anomaly", COMPLETE_VARIABLE)
    assert bash.complete() == "plain,flow\\ rate"


def test_a_parameter_with_a_type_of_its_own_keeps_it():
    detect = app.get_command(click.Context(app), "detect")
    assert {param.name: type(param.type).__name__ for param in detect.params}["format_"] == "Choice"


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes_a_file_behind_its_option(plant, run):
    (plant.parent / "script").write_text(run("completion", "fish").stdout)
    (plant.parent / "pump two.model").touch()
    (plant.parent / "lstm-anomaly").write_text("#!/bin/sh\necho file,pu\n")  # as it answers both
    (plant.parent / "lstm-anomaly").chmod(0o755)
    asked = "; ".join(f"complete -C 'lstm-anomaly detect --model{sign}pu'" for sign in "= ")
    done = subprocess.run(
        ("fish", "--no-config", "-c", f"source ./script; {asked}"),
        env=os.environ | {"PATH": f"{plant.parent}:{os.environ['PATH']}", "HOME": str(plant.parent)},
        cwd=plant.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["--model=pump two.model", "pump two.model"]
