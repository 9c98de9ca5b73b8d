"""Without what only Linux has the program still learns and judges: its modules and calls are taken away."""

import subprocess
import sys

from conftest import csv_text, normal_values

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
open("lstm-anomaly.toml", "w").write("[train]\\nhorizon = 0\\n")
assert run("train", "normal.csv", "--model", "m", *"--epochs 1 --hidden 4 --model-kind lstm -q".split()) == 0
state = ("--model", "m", "--state", "st", "--scores", "scores.csv", "--format", "csv")
first = run("detect", "new.csv", *state)
assert run("detect", "new.csv", *state) == 0, "all rows were judged"
assert len(locks) >= 4
assert os.path.getsize("scores.csv") and not [name for name in os.listdir(".") if name.endswith(".tmp")]
print("status", first)
"""


def test_training_and_judging_need_nothing_that_only_linux_has(tmp_path):
    values = normal_values(300, seed=1)
    values[200:, 0] += 6
    (tmp_path / "normal.csv").write_text(csv_text(normal_values(600)))
    (tmp_path / "new.csv").write_text(csv_text(values, start="2024-03-05T00:00"))
    script = [sys.executable, "-W", "error", "-c", LACKING.replace("\\\\", "\\")]
    result = subprocess.run(script, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "status 1"
