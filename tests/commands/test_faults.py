"""Killed, interrupted, out of disk: files are old or new, and no row is judged twice or never."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import QUICK, csv_text, normal_values
from forked import DIED, dies_at, dies_in_a_save, in_child, moments

from lstm_anomaly.base.files import append_from, atomic_write
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.reading import Follower

SHORT, LONG = 8, 500


def times(short, long):
    """A number of repetitions: few in each run of the suite, many in a soak."""
    return pytest.mark.parametrize("repeats", [short, pytest.param(long, marks=pytest.mark.soak)])


def call(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args]).exit_code


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A folder of its own with the trained model and data."""
    for name in ("pump.model", "new.csv", "normal.csv"):
        shutil.copy(trained / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def leftovers(folder):
    return [file.name for file in folder.iterdir() if file.name.endswith((".tmp", ".lock"))]


DETECT = ("detect", "plant.csv", "--model", "pump.model", "--state", "st", "--scores", "s.csv")
CALIBRATE = ("calibrate", "m", "normal.csv", "--threshold", "3")


class Growing:
    """`plant.csv`, which grows by a few rows of new.csv each time."""

    def __init__(self, folder):
        self.lines = (folder / "new.csv").read_text().splitlines(keepends=True)
        self.path = folder / "plant.csv"
        self.rows = 0

    def grow(self, count):
        self.rows = min(self.rows + count, len(self.lines) - 1)
        self.path.write_text("".join(self.lines[: 1 + self.rows]))

    def assert_each_row_once(self):
        assert call(*DETECT) in (0, 1)
        judged = [line.split(",")[:2] for line in self.path.with_name("s.csv").read_text().splitlines()[1:]]
        assert judged == [["plant.csv", str(line)] for line in range(2, self.rows + 2)]


class TestKilled:
    @times(SHORT, LONG)
    def test_at_any_moment_of_detect_no_row_is_judged_twice_or_never(self, folder, repeats):
        plant, died = Growing(folder), 0
        plant.grow(2)
        began = time.perf_counter()
        in_child(lambda: call(*DETECT))
        whole = (
            time.perf_counter() - began
        )  # of one run on this machine, so that most moments lie within the next
        for moment in (0.001, *moments(repeats, whole)):
            plant.grow(2)
            died += in_child(lambda: call(*DETECT), dies_after=moment) is DIED
        assert died
        plant.assert_each_row_once()
        assert leftovers(folder) == []

    def test_at_any_step_of_the_delivery_no_row_is_judged_twice_or_never(self, folder, monkeypatch):
        plant = Growing(folder)
        plant.grow(20)
        for step in range(1, 40):

            def run(step=step):
                dies_at(monkeypatch, step)
                return call(*DETECT)

            plant.grow(3)
            if in_child(run) is not DIED:
                break
        assert 5 < step < 39
        plant.assert_each_row_once()
        assert leftovers(folder) == []

    @pytest.mark.parametrize("command", ["train", "calibrate"])
    @times(SHORT // 2, LONG)
    def test_at_any_moment_a_model_is_the_old_one_or_the_new_one(self, folder, command, repeats):
        shutil.copy("pump.model", "m")
        old = (folder / "m").read_bytes()
        args = CALIBRATE if command == "calibrate" else ("train", "normal.csv", "--model", "m", *QUICK)
        for moment in moments(repeats, 0.6):
            in_child(lambda: call(*args), dies_after=moment)
            assert (folder / "m").read_bytes() == old or read_model(folder / "m")
        assert call(*args) == 0
        assert leftovers(folder) == []

    def test_at_any_step_of_the_save_a_model_is_the_old_one_or_the_new_one(self, folder, monkeypatch):
        shutil.copy("pump.model", "m")
        old = (folder / "m").read_bytes()
        for step in range(1, 40):

            def run(step=step):
                dies_at(monkeypatch, step)
                return call(*CALIBRATE)

            if in_child(run) is not DIED:
                break
            assert (folder / "m").read_bytes() == old or read_model(folder / "m")
        assert 3 < step < 39
        assert leftovers(folder) == []

    @pytest.mark.parametrize("command", ["train", "calibrate", "detect"])
    @times(SHORT // 2, 100)
    def test_at_any_moment_within_the_save_nothing_is_lost(self, folder, monkeypatch, command, repeats):
        shutil.copy("pump.model", "m")
        plant, died = Growing(folder), 0
        train = ("train", "normal.csv", "--model", "m", *QUICK, "--model-kind", "linear")
        args = {"train": train, "calibrate": CALIBRATE, "detect": DETECT}[command]
        old = (folder / "m").read_bytes()
        began = time.perf_counter()
        write_model(read_model("m"), folder / "other")
        longest = time.perf_counter() - began
        for moment in (0.0001, *moments(repeats, longest)):
            plant.grow(2)

            def run(moment=moment):
                dies_in_a_save(monkeypatch, moment)
                return call(*args)

            died += in_child(run) is DIED
            assert (folder / "m").read_bytes() == old or read_model(folder / "m")
        assert died
        plant.assert_each_row_once()
        assert call(*args) in (0, 1)
        assert leftovers(folder) == []


class TestInterrupted:
    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @times(4, 50)
    def test_at_any_moment_of_training_it_ends_and_leaves_nothing(self, folder, number, status, repeats):
        shutil.copy("pump.model", "m")
        old = (folder / "m").read_bytes()
        for moment in moments(repeats, 0.4, seed=number):
            args = ("train", "normal.csv", "--model", "m", *QUICK)
            found = in_child(lambda args=args: call(*args), signal_after=(number, moment))
            assert found in (status, 0)
            assert leftovers(folder) == []
            assert (folder / "m").read_bytes() == old or read_model(folder / "m")

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    @times(4, 50)
    def test_at_any_moment_of_detect_no_row_is_lost(self, folder, number, status, repeats):
        plant = Growing(folder)
        for moment in moments(repeats, 0.1, seed=number):
            plant.grow(20)
            assert in_child(lambda: call(*DETECT), signal_after=(number, moment)) in (status, 0, 1)
            assert leftovers(folder) == []
        plant.assert_each_row_once()


class TestNoRoom:
    @times(12, 200)
    def test_for_a_model_the_old_one_stays(self, folder, repeats):
        shutil.copy("pump.model", "m")
        old = (folder / "m").read_bytes()
        for step in range(repeats):
            status = in_child(lambda: call(*CALIBRATE), file_limit=step * len(old) // repeats)
            assert (status, (folder / "m").read_bytes() == old) == (2, True)
            assert leftovers(folder) == []

    @times(12, 200)
    def test_for_scores_state_or_metrics_what_was_there_stays(self, folder, repeats):
        plant = Growing(folder)
        plant.grow(100)
        args = (*DETECT, "--prom-textfile", "m.prom")
        call(*args)
        before = (folder / "st").read_bytes()
        plant.grow(200)
        for step in range(repeats):
            status = in_child(lambda: call(*args), file_limit=step * 12_000 // repeats)
            assert (status, (folder / "st").read_bytes() == before) == (2, True)
            assert leftovers(folder) == []
        plant.assert_each_row_once()

    def test_an_unwritable_or_missing_folder_is_named_with_the_reason(self, folder, run):
        for place, why in (
            ("/proc/m", "cannot"),
            ("gone/m", "the folder does not exist"),
            ("/dev/full/m", ""),
        ):
            result = run("calibrate", folder / "pump.model", folder / "normal.csv", "--out", place)
            assert result.exit_code == 2
            assert why in result.stderr
            assert "Traceback" not in result.stderr

    def test_where_the_folder_was_deleted_meanwhile_that_is_said(self, folder, tmp_path, monkeypatch):
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        result = CliRunner().invoke(app, ["detect", str(folder / "new.csv"), "--model", "m", "--state", "st"])
        assert result.exit_code == 2
        assert "the folder in which this runs does not exist any more" in result.stderr


class TestSideBySide:
    def test_of_twenty_runs_one_goes_on_and_the_others_end_with_75(self, folder, monkeypatch):
        plant = Growing(folder)
        plant.grow(50)
        going_on, release = os.pipe()
        frames = Follower.frames

        def slow(self):
            os.read(going_on, 1)  # until the others have ended
            return frames(self)

        monkeypatch.setattr(Follower, "frames", slow)
        children = []
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                os._exit(call(*DETECT))
            children.append(pid)
        ended = [os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]) for _ in range(19)]
        os.write(release, b"go")
        last = os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1])
        os.close(going_on), os.close(release)
        monkeypatch.undo()
        monkeypatch.chdir(folder)
        assert (ended, last) == ([75] * 19, 0)
        plant.assert_each_row_once()


@pytest.fixture
def steps(monkeypatch):
    """What is synced and renamed from now on."""
    steps = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor):
        steps.append("sync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "sync file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", lambda *paths: (steps.append("rename"), replace(*paths)))
    return steps


def test_a_file_is_synced_then_renamed_then_its_folder_is_synced(tmp_path, steps):
    with atomic_write(tmp_path / "m") as file:
        file.write(b"x")
    assert steps == ["sync file", "rename", "sync folder"]


def test_the_folder_of_a_file_to_go_on_with_is_synced_when_the_file_is_new(tmp_path, steps):
    for _ in range(2):
        with append_from(tmp_path / "s.csv", 0) as file:
            file.write(b"x")
    assert steps == ["sync folder", "sync file", "sync file"]


@pytest.mark.soak
def test_an_hour_of_a_thousand_rows_a_second_loses_no_row_nor_grows(trained):
    args = [sys.executable, "-m", "lstm_anomaly", "detect", "-", "--scores", "-"]
    args += ["--model", trained / "pump.model"]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        writer = os.fork()
        if writer == 0:
            write_rows(process.stdin, float(os.environ.get("SOAK_SECONDS", "3600")))
            os._exit(0)
        process.stdin.close()
        sizes, events = [], 0
        for count, line in enumerate(process.stdout):
            events += b"anomaly" in line
            if count and count % 20_000 == 0:
                status = Path(f"/proc/{process.pid}/status").read_text()
                sizes.append(int(status.split("VmRSS:")[1].split()[0]))
        assert line.split(b",")[1] == str(count + 1).encode()
        assert count >= 1000
        assert events > count / 20
        assert max(sizes) < 1.1 * min(sizes[1:])


def write_rows(file, seconds):
    """A thousand rows a second, in batches of a hundred, with an event in each."""
    started, written = time.monotonic(), 0
    file.write(csv_text(normal_values(1)).split("\n", 1)[0].encode() + b"\n")
    while time.monotonic() - started < seconds:
        begin = np.datetime64("2024-01-01T00:00") + np.timedelta64(written, "m")
        values = normal_values(100, seed=written)
        values[40:50, 0] += 6
        rows = csv_text(values, start=str(begin))
        file.write(rows.split("\n", 1)[1].encode())
        file.flush()
        written += 100
        time.sleep(max(0.0, started + written / 1000 - time.monotonic()))
