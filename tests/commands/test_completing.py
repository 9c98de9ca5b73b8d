"""What a shell is told to complete."""

import os
import shutil
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete

from lstm_anomaly.commands.frame.app import COMPLETE_VARIABLE, app


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
    ],
)
def test_files_are_completed_by_the_shell(arguments):
    assert completed(*arguments) in (["file"], ["dir"])


def test_columns_of_the_csv_on_the_line_are_completed(plant):
    assert completed("train", plant, "--exclude", "") == ["time", "flow", "flow rate", "temp"]
    assert completed("detect", plant, "--time", "ti") == ["time"]
    assert completed("train", plant, "--exclude", "temp,fl") == ["temp,flow", "temp,flow rate"]


def test_without_a_readable_csv_no_column_is_completed(tmp_path):
    (tmp_path / "odd.csv").write_bytes(b"\xff\xfe\xfa")
    assert completed("train", "--exclude", "") == []
    for name in ("odd.csv", "missing.csv"):
        assert completed("train", tmp_path / name, "--exclude", "") == []


def test_choices_and_options_are_completed():
    assert completed("train", "--preset", "t") == ["thorough"]
    assert completed("detect", "--max-") == ["--max-age", "--max-bad"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_is_given_the_columns(plant):
    environment = os.environ | {
        COMPLETE_VARIABLE: "bash_complete",
        "COMP_WORDS": f"lstm-anomaly train {plant} --exclude fl",
        "COMP_CWORD": "4",
    }
    program = ["bash", "-c", f"exec {sys.executable} -m lstm_anomaly"]
    result = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["plain,flow", "plain,flow rate"]


def test_a_parameter_with_a_type_of_its_own_keeps_it():
    detect = app.get_command(click.Context(app), "detect")
    assert {param.name: type(param.type).__name__ for param in detect.params}["format_"] == "Choice"
