"""Streams that are closed, full or left by their reader: commands end cleanly and lose nothing in silence."""

import importlib
import os

import numpy as np
import pytest
from conftest import QUICK, csv_text, normal_values
from programs import CLOSED, begin, furnish, status_of

from lstm_anomaly.commands.frame.app import COMMANDS
from lstm_anomaly.model.file import read_model

NEW = ("new.csv", "--model", "pump.model")
RUNS = {
    "train": ("train", "normal.csv", "--model", "m", *QUICK, "--model-kind", "linear"),
    "calibrate": ("calibrate", "pump.model", "normal.csv", "--threshold", "3", "--out", "m"),
    "detect": ("detect", *NEW),
    "detect csv": ("detect", *NEW, "--format", "csv"),
    "detect json": ("detect", *NEW, "--format", "json"),
    "detect jsonl": ("detect", *NEW, "--format", "jsonl"),
    "detect nagios": ("detect", *NEW, "--format", "nagios"),
    "detect scores": ("detect", *NEW, "--scores", "-"),
    "detect passthrough": ("detect", *NEW, "--passthrough"),
    "detect state": ("detect", *NEW, "--state", "st", "--scores", "s.csv"),
    "forecast": ("forecast", "normal.csv", "--model", "pump.model"),
    "forecast json": ("forecast", "normal.csv", "--model", "pump.model", "--format", "json"),
    "fleet": ("fleet", "summary", "fleet.csv", "--model", "models"),
    "report": ("report", *NEW, "--out", "r.html"),
    "evaluate": ("evaluate", *NEW, "--labels", "labels.csv"),
    "check": ("check", "normal.csv"),
    "inspect": ("inspect", "pump.model"),
    "export": ("export", "pump.model", "--onnx", "onnx"),
    "cron": ("cron", *NEW),
    "config": ("config", "show", "detect"),
    "completion": ("completion", "bash"),
    "man": ("man",),
    "help": ("--help",),
    "help of a command": ("detect", "--help"),
    "version": ("--version",),
}
NOT_HERE = {"demo", "retrain"}  # one trains in earnest; the other may replace what the next run begins with


def forked_or_anew(function):
    """Forked in each run of the suite, as processes of their own in a soak."""
    return pytest.mark.parametrize("anew", [False, pytest.param(True, marks=pytest.mark.soak)])(function)


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A folder of its own with what the commands of `RUNS` need."""
    furnish(trained, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in COMMANDS:  # once here, not in each fork
        importlib.import_module(f"lstm_anomaly.commands.{name}")
    return tmp_path


class Streams:
    """Runs the command line with some of its streams broken, and keeps what it wrote to the others."""

    def __init__(self, folder, anew):
        self.places = [folder / "input", folder / "output", folder / "errors"]
        self.places[0].write_bytes(b"")
        self.anew = anew

    def run(self, arguments, broken=None, by=None):
        """Exit status, standard output and standard error; `broken` is the number of a stream."""
        streams = [os.open(self.places[0], os.O_RDONLY)]
        streams += [os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for place in self.places[1:]]
        opened = [*streams, full := os.open("/dev/full", os.O_RDWR)]
        if broken is not None:
            streams[broken] = CLOSED if by == "closed" else full
        status = status_of(begin(arguments, streams, anew=self.anew))
        for descriptor in opened:
            os.close(descriptor)
        return status, self.places[1].read_text(), self.places[2].read_text()


@pytest.fixture
def streams(folder, anew):
    return Streams(folder, anew)


def test_every_command_is_tried():
    assert {arguments[0] for arguments in RUNS.values()} >= set(COMMANDS) - NOT_HERE


@pytest.mark.parametrize("by", ["closed", "full"])
@pytest.mark.parametrize("name", RUNS)
@forked_or_anew
def test_lost_output_is_one_line_and_no_success(streams, folder, name, by):
    status, _output, errors = streams.run(RUNS[name], 1, by)
    assert (status, errors.count("\n")) == (3 if "nagios" in name else 2, 1), errors
    assert read_model("m") is not None


def test_rows_whose_events_were_lost_are_judged_again(folder):
    streams = Streams(folder, anew=False)
    for by in ("full", "closed"):
        assert streams.run(RUNS["detect state"], 1, by)[0] == 2
        again, output, _errors = streams.run(RUNS["detect state"])
        assert (again, output.count(" temp_c rose to ")) == (1, 1)
        assert (folder / "s.csv").read_text().count("\n") == 1 + 300
        (folder / "st").unlink()
        (folder / "s.csv").unlink()


@pytest.mark.parametrize(
    "name", [name for name in RUNS if name not in ("train", "calibrate", "detect state")]
)
@forked_or_anew
def test_what_else_is_broken_changes_nothing(streams, name):
    arguments = RUNS[name] if name in ("help", "version") else (*RUNS[name], "--verbose")
    status, output, errors = streams.run(arguments)
    for number, by in ((0, "closed"), (2, "closed"), (2, "full")):
        found = streams.run(arguments, number, by)
        assert found == (status, output, errors if number == 0 else ""), (number, by)


@pytest.mark.parametrize("name", ["train", "calibrate"])
@forked_or_anew
def test_a_model_is_written_whatever_becomes_of_standard_error(streams, folder, name):
    for number, by in ((0, "closed"), (2, "closed"), (2, "full")):
        (folder / "m").unlink()
        assert streams.run((*RUNS[name], "--verbose"), number, by)[0] == 0, (number, by)
        assert read_model("m") is not None


@forked_or_anew
def test_trouble_has_its_status_whatever_is_broken(streams):
    arguments = ("detect", "gone.csv", "--model", "pump.model")
    for number in (0, 1, 2):
        for by in ("closed", "full"):
            status, output, errors = streams.run(arguments, number, by)
            assert (status, output, errors.count("\n")) == (2, "", int(number != 2)), (number, by)


@forked_or_anew
def test_a_closed_standard_input_is_said_to_be_closed(streams):
    status, _output, errors = streams.run(("detect", "-", "--model", "pump.model"), 0, "closed")
    assert (status, errors.count("\n")) == (2, 1)
    assert "standard input is closed" in errors


def first_line(arguments, folder, anew):
    """The command line as in `lstm-anomaly ... | head -1`: exit status, that line, standard error."""
    read_end, write_end = os.pipe()
    errors = os.open(folder / "errors", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    pid = begin(arguments, (nothing, write_end, errors), anew=anew)
    for descriptor in (write_end, errors, nothing):
        os.close(descriptor)
    with open(read_end, "rb") as pipe:
        line = pipe.readline()
    return status_of(pid), line, (folder / "errors").read_text()


LARGE = ("detect", "large.csv", "--model", "pump.model")
HEADS = {
    "scores of many rows": (*LARGE, "--scores", "-"),
    "many rows": (*LARGE, "--passthrough"),
    "many events": (*LARGE, "--format", "jsonl"),
    "many events as CSV": (*LARGE, "--format", "csv"),
    **{name: RUNS[name] for name in RUNS if name not in ("train", "calibrate", "detect state", "report")},
}

MORE_THAN_A_PIPE_HOLDS = {"scores of many rows", "many rows", "many events"}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize(
    ("anew", "repeats"), [(False, 1), pytest.param(True, 100, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_a_reader_that_takes_one_line_ends_it_quietly(folder, name, anew, repeats):
    if "many" in name:
        values = np.tile(normal_values(300, seed=1), (70, 1))
        values[::60, 0] += 6  # 350 events
        (folder / "large.csv").write_text(csv_text(values, start="2024-03-05T00:00"))
    for _ in range(repeats):
        status, line, errors = first_line(HEADS[name], folder, anew)
        ends = {141} if name in MORE_THAN_A_PIPE_HOLDS else {0, 1, 141, 2 if "nagios" in name else 0}
        assert (status in ends, line.endswith(b"\n"), errors) == (True, True, ""), status
