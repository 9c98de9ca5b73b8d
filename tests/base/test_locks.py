"""One run at a time: the lock is refused, waited for, left behind and taken over."""

import fcntl
import os
import subprocess
import sys

import pytest

from lstm_anomaly.base.errors import LockedError, OutputError
from lstm_anomaly.base.locks import locked

HOLD = """
import sys
from lstm_anomaly.base.locks import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path):
    """Another process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_lock_leaves_nothing_behind(tmp_path):
    with locked(tmp_path / "st"):
        assert [file.name for file in tmp_path.iterdir()] == [".st.lock"]
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_refused_with_status_75(tmp_path):
    with holder(tmp_path / "st") as process:
        with pytest.raises(LockedError, match="another run") as refused, locked(tmp_path / "st"):
            pass
        assert refused.value.exit_status == 75
        process.stdin.close()
    with locked(tmp_path / "st"):
        pass


def test_a_run_waits_for_another_to_end(tmp_path):
    process = holder(tmp_path / "st")
    process.stdin.close()
    with process, locked(tmp_path / "st", wait=60):
        pass


def test_the_lock_of_a_killed_run_holds_nobody_up(tmp_path):
    with holder(tmp_path / "st") as process:
        process.kill()
    assert (tmp_path / ".st.lock").exists()
    with locked(tmp_path / "st"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_file_that_was_removed_meanwhile_counts_for_nothing(tmp_path, monkeypatch):
    flock, removed = fcntl.flock, []

    def slow(descriptor, how):
        if not removed:
            removed.append(os.unlink(tmp_path / ".st.lock"))
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with locked(tmp_path / "st", wait=5):
        assert (tmp_path / ".st.lock").exists()


def test_where_no_lock_can_be_the_message_names_the_file(tmp_path):
    with (
        pytest.raises(OutputError, match=r"st: cannot lock it: No such file"),
        locked(tmp_path / "no" / "st"),
    ):
        pass


def test_a_link_in_the_place_of_the_lock_makes_no_file_elsewhere(tmp_path):
    (tmp_path / ".st.lock").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OutputError, match="is a symbolic link, which a lock never is"),
        locked(tmp_path / "st"),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()
