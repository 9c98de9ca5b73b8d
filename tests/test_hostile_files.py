"""Files made to break a reader end in one line and exit status 2, in little memory.

benchmarks/hostile_inputs.py measures time and memory of each in a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_anomaly.commands.app import app

MAKER = Path(__file__).parent / "hostile_files.py"


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
    code = (
        "import resource, sys\n"
        "from lstm_anomaly.commands.app import app\n"
        "for path in sys.argv[1:]:\n"
        "    try: app.main(['train', path, '--model', 'x.model'])\n"
        "    except SystemExit: pass\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, *sorted(os.listdir(folder))]
    # Started through a shell: a child begins with the memory of the process that it was copied from.
    done = subprocess.run(
        ["sh", "-c", 'exec "$@"', "sh", *command], cwd=folder, capture_output=True, text=True, check=True
    )
    assert int(done.stdout.splitlines()[-1]) < 300 * 1024
