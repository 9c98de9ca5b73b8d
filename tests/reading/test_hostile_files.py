"""Files made to break a reader end in one line and exit status 2, in little memory.

benchmarks/hostile_inputs.py measures time and memory of each in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from whole_processes import most_memory

from lstm_anomaly.commands.frame.app import app

MAKER = Path(__file__).parent.parent / "hostile_files.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All of them, made in a process of its own, for making them takes memory."""
    path = tmp_path_factory.mktemp("hostile")
    subprocess.run([sys.executable, MAKER, path], check=True)
    return path


def test_each_ends_in_one_line_that_names_it_and_exit_2(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for path in sorted(folder.iterdir()):
        result = CliRunner().invoke(app, ["train", path.name, "--model", "x.model"])
        assert result.exit_code == 2, path.name
        lines = result.stderr.splitlines()
        assert len(lines) == 1, lines
        assert len(lines[0]) < 400
        assert lines[0].startswith("lstm-anomaly: error: ")
        assert path.name in lines[0] or "usable rows are too few" in lines[0]
        assert "This is a fault" not in lines[0]


def test_none_takes_more_than_300_megabytes(folder):
    commands = [["train", name, "--model", "x.model"] for name in sorted(os.listdir(folder))]
    assert most_memory(folder, commands) < 300e6
