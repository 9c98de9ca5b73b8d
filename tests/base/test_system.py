"""Without what only Linux has the program still learns and judges: its modules and calls are taken away."""

import errno
import io
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import csv_text, normal_values

from lstm_anomaly.base import files, system
from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.commands.frame import console
from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.frame.process import for_results
from lstm_anomaly.commands.run.hooks import split_command

# A process in which Windows's msvcrt is imitated by a list of locked files, and POSIX's own things are gone.
LACKING = """
import os, signal, sys, types
import click, numpy, pandas, rich.console, subprocess, tempfile  # they ask by themselves
locks = []
def locking(descriptor, mode, size):
    assert (mode, size) == (2, 1)
    locks.append(descriptor)
sys.modules["msvcrt"] = types.SimpleNamespace(locking=locking, LK_NBLCK=2)
for name in ("fcntl", "resource", "pwd", "grp"):
    sys.modules[name] = None
for module, names in (
    (os, "fork O_NOFOLLOW O_CLOEXEC geteuid getuid fchown fchmod pread sched_getaffinity"),
    (os, "killpg posix_fadvise"),
    (signal, "SIGHUP SIGKILL pthread_sigmask"),
):
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
from lstm_anomaly.commands.frame.app import app
def run(*words):
    try:
        app.main(list(words), prog_name="lstm-anomaly")
    except SystemExit as end:
        return end.code
fleet = ("train", "fleet.csv", *"--group-by pump --model-kind linear --horizon 0 -j 2 -q --model".split())
assert run(*fleet, "anew") == 0
open("lstm-anomaly.toml", "w").write("[train]\\nhorizon = 0\\n")
assert run("train", "normal.csv", "--model", "m", *"--epochs 1 --hidden 4 --model-kind lstm -q".split()) == 0
state = ("--model", "m", "--state", "st", "--scores", "scores.csv", "--format", "csv")
first = run("detect", "new.csv", *state)
assert run("detect", "new.csv", *state) == 0, "all rows were judged"
assert len(locks) >= 4
assert os.path.getsize("scores.csv") and not [name for name in os.listdir(".") if name.endswith(".tmp")]
print("status", first)
"""


def test_training_and_judging_need_nothing_that_only_linux_has(tmp_path, run):
    values = normal_values(300, seed=1)
    values[200:, 0] += 6
    (tmp_path / "normal.csv").write_text(csv_text(normal_values(600)))
    (tmp_path / "new.csv").write_text(csv_text(values, start="2024-03-05T00:00"))
    header, *rows = csv_text(normal_values(200)).splitlines()
    fleet = [f"{header},pump", *(f"{row},{pump}" for pump in "ab" for row in rows)]
    (tmp_path / "fleet.csv").write_text("\n".join(fleet) + "\n")
    script = [sys.executable, "-W", "error", "-c", LACKING.replace("\\\\", "\\")]
    result = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "status 1"
    fleet = (
        "train",
        tmp_path / "fleet.csv",
        "--group-by",
        "pump",
        "--model-kind",
        "linear",
        "--horizon",
        "0",
    )
    assert run(*fleet, "-j", "2", "--model", tmp_path / "forked").exit_code == 0
    anew, forked = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("anew", "forked")
    )
    assert sorted(anew) == ["a.model", "b.model", "groups.json"]
    assert anew == forked, "workers that are started anew learn the same"


def test_backslashes_of_a_windows_path_stay_in_the_command_of_a_hook(monkeypatch):
    told = r'"C:\Program Files\page.exe" C:\pumps\a.json'
    assert split_command(r"page.sh a\ b") == ["page.sh", "a b"]
    monkeypatch.setattr(system, "ESCAPE", "")
    assert split_command(told) == [r"C:\Program Files\page.exe", r"C:\pumps\a.json"]


def test_a_reader_that_is_gone_is_no_trouble_on_windows_either(monkeypatch):
    def write(_text):
        raise OSError(errno.EINVAL, "Invalid argument")

    def show():
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", SimpleNamespace(write=write))
            Console(Settings()).deliver("a line\n")

    with pytest.raises(OutputError, match="cannot write the results"):
        show()
    monkeypatch.setattr(console, "READER_GONE", {errno.EINVAL})
    with pytest.raises(BrokenPipeError):
        show()


def test_files_without_owners_are_written_whoever_has_made_them(tmp_path, monkeypatch):
    tmp_path.chmod(0o777)  # as every folder looks on Windows
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    monkeypatch.setattr(files, "user_id", lambda: None)
    assert files.target_of(tmp_path / "b") == (tmp_path / "b").resolve()


def test_lines_end_as_on_linux_where_the_system_has_two_signs_for_it():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="\r\n")
    for_results(stream)
    stream.write("a\n\N{GREATER-THAN OR EQUAL TO}\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"a\n\\u2265\n"
