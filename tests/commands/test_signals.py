"""SIGINT and SIGTERM, whatever a command is at or waits for: it ends in two seconds, and tidily."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import QUICK, csv_text, normal_values
from forked import moments
from programs import begin, furnish

from lstm_anomaly.base import locks
from lstm_anomaly.base.locks import locked
from lstm_anomaly.base.processes import fork_worker
from lstm_anomaly.commands.frame.process import Terminated, unwinding_signals
from lstm_anomaly.model.file import read_model

LIMIT = 2.0  # seconds from the signal to the end
MISSED = 10  # more tries where a busy machine let the command end before this process could look
TRIES = 3  # of a moment at which the limit was passed: on a busy machine that may happen once

STATE = ("--state", "st", "--scores", "s.csv")
WORKING = {
    "train": ("train", "normal.csv", "--model", "m", *QUICK[2:], "--epochs", "200", "--patience", "0"),
    "calibrate": ("calibrate", "m", "large.csv", "--threshold", "3"),
    "detect": ("detect", "large.csv", "--model", "pump.model", *STATE),
    "evaluate": ("evaluate", "large.csv", "--model", "pump.model", "--labels", "labels.csv"),
    "check": ("check", "large.csv"),
}
WAITING = {
    "a line": ("detect", "-", "--model", "pump.model", "--scores", "s.csv"),
    "a file to grow": ("detect", "new.csv", "--model", "pump.model", *STATE, "--follow"),
    "another run": ("detect", "new.csv", "--model", "pump.model", "--state", "held", "--wait", "5min"),
    "a program": ("detect", "new.csv", "--model", "pump.model", *STATE, "--exec", "sleep 300"),
    "a reader": ("inspect", "pump.model"),
}
NUMBERS = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A folder of its own with what the commands need."""
    furnish(trained, tmp_path)
    (tmp_path / "large.csv").write_text(csv_text(normal_values(20_000, seed=1), start="2024-03-05T00:00"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Child:
    """A command with pipes for its streams; nobody reads what it prints."""

    def __init__(self, arguments, *, anew):
        self.ours, theirs = [], []
        for number in range(3):
            ends = os.pipe()
            theirs.append(ends[number != 0])
            self.ours.append(ends[number == 0])
        if arguments == WAITING["a reader"]:
            os.write(theirs[1], bytes(fcntl.fcntl(theirs[1], fcntl.F_GETPIPE_SZ)))  # no room for more
        self.pid = begin(arguments, theirs, anew=anew)
        for end in theirs:
            os.close(end)

    def has_begun(self):
        """Wait until the command line stands: until it catches SIGTERM. False when it has ended already."""
        while True:
            status = Path(f"/proc/{self.pid}/status").read_text()
            if "State:\tZ" in status:
                return False
            if int(status.split("SigCgt:")[1].split()[0], 16) >> (signal.SIGTERM - 1) & 1:
                return True
            os.sched_yield()  # a command that has to share the core is not to be missed

    def waits(self):
        """Wait until it sleeps and has been on the processor no more for a while."""
        last = None
        while (now := self._stat()) != last or now[0] != "S":
            last = now
            time.sleep(0.1)

    def _stat(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return fields[0], fields[11], fields[12]

    def waited_for_a_core(self):
        """Seconds for which it could have run and other programs did; 0 where nobody counts them."""
        counted = Path(f"/proc/{self.pid}/schedstat")
        return int(counted.read_text().split()[1]) / 1e9 if counted.exists() else 0.0

    def end(self):
        """Its exit status, and what it said on standard error."""
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        with open(self.ours[2], "rb", closefd=False) as pipe:
            said = pipe.read().decode()
        for end in self.ours:
            os.close(end)
        return status, said


def signalled(arguments, number, anew, when):
    """Exit status and errors of a command that gets a signal `when(child)` returns; asserts the limit."""
    for left in reversed(range(TRIES)):
        child = Child(arguments, anew=anew)
        if child.has_begun():
            when(child)
        sent, waited = time.monotonic(), child.waited_for_a_core()
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        took = time.monotonic() - sent - (child.waited_for_a_core() - waited)
        status, said = child.end()
        if took < LIMIT:
            break
        assert left, f"{took:.1f} s"
    return status, said


def is_tidy(folder):
    return not [file.name for file in folder.iterdir() if file.name.endswith((".tmp", ".lock"))]


def some(short, long):
    """So many forks in each run of the suite, so many processes of their own in a soak."""
    cases = [(False, short), pytest.param(True, long, marks=pytest.mark.soak)]
    return pytest.mark.parametrize(("anew", "repeats"), cases, ids=["short", "long"])


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", WORKING)
@some(1, 50)
def test_at_any_moment_of_its_work_a_command_ends_at_once(folder, name, number, anew, repeats):
    met = 0
    wanted = (0.0, *moments(repeats, 1.5 if anew else 0.3, seed=number))
    for tried, moment in enumerate((*wanted, *[0.0] * MISSED)):
        if tried >= len(wanted) and met:
            break
        status, said = signalled(WORKING[name], number, anew, lambda _child, for_=moment: time.sleep(for_))
        assert status in (0, 1, -number, NUMBERS[number])  # by the signal itself: when it had ended already
        assert said.strip() == STATUS_SAYS.get(status, "")
        met += status == NUMBERS[number]
        assert is_tidy(folder)
        assert read_model("m") is not None
    assert met


STATUS_SAYS = {130: "lstm-anomaly: interrupted", 143: "lstm-anomaly: terminated"}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", WAITING)
@some(1, 5)
def test_whatever_it_waits_for_a_command_ends_at_once(folder, name, number, anew, repeats):
    with locked("held"):
        for _ in range(repeats):
            status, said = signalled(WAITING[name], number, anew, Child.waits)
            assert (status, said.strip()) == (NUMBERS[number], STATUS_SAYS[NUMBERS[number]])
            (folder / "s.csv").unlink(missing_ok=True)
            (folder / "st").unlink(missing_ok=True)
    assert is_tidy(folder)


def test_a_signal_just_as_the_lock_is_taken_leaves_no_lock_file(tmp_path, monkeypatch):
    take = locks._take

    def interrupted_take(*args):
        descriptor = take(*args)
        signal.raise_signal(signal.SIGTERM)
        return descriptor

    monkeypatch.setattr(locks, "_take", interrupted_take)
    with pytest.raises(Terminated), unwinding_signals(), locked(tmp_path / "m"):
        pytest.fail("the signal came before")
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_a_class_is_made_is_no_fault_of_the_program():
    """Python 3.11 wraps what is raised in `__set_name__` into an error of its own."""

    class Interrupting:
        def __set_name__(self, owner, name):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Terminated), unwinding_signals():
        type("Owner", (), {"field": Interrupting()})


def test_an_error_that_no_signal_is_behind_stays_itself():
    with pytest.raises(KeyError, match="own"), unwinding_signals():
        raise KeyError("own") from ValueError()


def test_an_error_that_was_raised_from_itself_comes_out():
    error = KeyError("own")
    with pytest.raises(KeyError, match="own"), unwinding_signals():
        raise error from error


def test_a_signal_that_comes_while_a_worker_is_forked_is_not_lost(monkeypatch):
    fork, pids = os.fork, []

    def interrupted_fork():
        pids.append(fork())
        if pids[-1]:
            with suppress(Terminated):  # as the interpreter does with what is raised in its hooks
                signal.raise_signal(signal.SIGTERM)
        return pids[-1]

    monkeypatch.setattr(os, "fork", interrupted_fork)
    with pytest.raises(Terminated), unwinding_signals():
        fork_worker(lambda: None)
    os.waitpid(pids[0], 0)


INTERRUPTED = """
import os, signal, sys
from lstm_anomaly.commands.frame.process import unwinding_signals
try:
    with unwinding_signals():
        exec("os.kill(os.getpid(), signal.SIGINT)")  # as while the class of a dataclass is made
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interrupt_that_passes_code_in_a_string_has_its_status(tmp_path, monkeypatch):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    monkeypatch.chdir(tmp_path)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
    try:
        done = subprocess.run([sys.executable, "-m", "interrupted"], check=False)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert done.returncode == 130
