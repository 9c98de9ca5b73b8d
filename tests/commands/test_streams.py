"""Pipes and closed streams: rows are judged as they come, and what cannot be delivered is an error."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run.delivery import Delivery, Wanted, delivery
from lstm_anomaly.output.formats import records

LONGEST = 50  # seconds that a process may take
COMMAND = [sys.executable, "-m", "lstm_anomaly"]


@pytest.fixture
def detect(trained):
    """Start `detect` on a file or `-`, with the model of the trained folder."""

    def start(name, *more, **how):
        path = trained / name if name != "-" else name
        args = [*COMMAND, "detect", path, "--model", trained / "pump.model", *map(str, more)]
        process = subprocess.Popen(args, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how})
        timers.append(threading.Timer(LONGEST, process.kill))  # a test that waits in vain fails
        timers[-1].start()
        return process

    timers = []
    yield start
    for timer in timers:
        timer.cancel()


def test_an_event_is_out_before_the_next_row_is_written(detect, trained):
    lines = (trained / "new.csv").read_bytes().splitlines(keepends=True)
    with detect("-", "--format", "jsonl", "--early", stdin=subprocess.PIPE) as process:
        process.stdin.write(b"".join(lines[:121]))
        process.stdin.flush()
        told = []
        for line in lines[121:270]:  # a hundred rows after the event nothing remembers it
            process.stdin.write(line)
            process.stdin.flush()
            if line == lines[124]:  # an event is certain here
                told.append(json.loads(process.stdout.readline()))
        told.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert [event["state"] for event in told] == ["open", "closed"]
        assert process.stdout.read() == b""
        assert process.wait() == 1


def test_scores_of_a_pipe_come_row_by_row(detect, trained):
    lines = (trained / "new.csv").read_bytes().splitlines(keepends=True)
    with detect("-", "--scores", "-", stdin=subprocess.PIPE) as process:
        process.stdin.write(b"".join(lines[:31]))
        process.stdin.flush()
        scores = [process.stdout.readline() for _ in range(31)]
        assert scores[-1].startswith(b"-,31,")
        for number, line in enumerate(lines[31:40], start=32):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline().startswith(f"-,{number},".encode())
        process.stdin.close()


@pytest.mark.parametrize(
    "wanted", [Wanted("jsonl"), Wanted("table", scores="-"), Wanted("table", passthrough=True)]
)
def test_no_event_of_a_stream_is_kept_for_an_end_that_never_comes(capsys, monkeypatch, wanted):
    monkeypatch.setattr(records, "json_lines", lambda events: "an event\n" * len(events))
    to = Delivery(Console(Settings()), wanted)
    to.tell([SimpleNamespace(maintenance="")])
    assert (to.count, to.events, capsys.readouterr().out) == (1, [], "" if wanted.rows else "an event\n")


@pytest.mark.parametrize("append_from", [None, 0], ids=["whole", "with a state"])
def test_scores_go_to_a_pipe_which_has_no_length(append_from):
    read_end, write_end = os.pipe()
    wanted = Wanted("table", scores=f"/dev/fd/{write_end}")
    with delivery(Console(Settings()), wanted, append_from) as to:
        to.sync()
        assert to.scores_length is None
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        assert pipe.read() == b"source,line,timestamp,score,state,top_sensor\n"


@pytest.mark.parametrize("options", [["--format", "jsonl"], ["--scores", "-"]])
def test_a_reader_that_goes_away_ends_the_run_quietly(detect, options):
    with detect("new.csv", *options) as process:
        process.stdout.close()
        assert process.wait() in (1, 141)
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "arguments",
    [["detect", "NEW", "--model", "MODEL"], ["inspect", "MODEL"], ["--help"]],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("redirect", [">/dev/full", ">&-"])
def test_output_that_cannot_be_written_is_no_success(trained, arguments, redirect):
    places = {"NEW": str(trained / "new.csv"), "MODEL": str(trained / "pump.model")}
    words = [places.get(word, word) for word in arguments]
    script = f'exec "$@" {redirect}'
    done = subprocess.run(["sh", "-c", script, "sh", *COMMAND, *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("redirect", ["2>&-", "<&-", "2>/dev/full"])
def test_other_closed_streams_change_nothing(trained, redirect):
    script = f'exec "$@" {redirect}'
    words = ["detect", trained / "new.csv", "--model", trained / "pump.model", "--format", "csv"]
    done = subprocess.run(["sh", "-c", script, "sh", *COMMAND, *words], capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count(b"\n") == 2


WRITES_TO_STREAMS = """
import os, sys
from lstm_anomaly.commands.frame.process import occupy_closed_streams
from lstm_anomaly.base.files import atomic_write
occupy_closed_streams()
with atomic_write(sys.argv[1]) as file:
    file.write(b"data")
    for number in (1, 2):
        os.write(number, b"noise")
    number = file.fileno()
sys.exit(0 if number > 2 else 1)
"""


def test_no_file_of_data_ever_gets_the_number_of_a_closed_stream(tmp_path):
    words = [sys.executable, "-c", WRITES_TO_STREAMS, tmp_path / "out"]
    done = subprocess.run(["sh", "-c", 'exec "$@" 2>&- >&- <&-', "sh", *words], check=False)
    assert done.returncode == 0
    assert (tmp_path / "out").read_bytes() == b"data"


def test_the_bare_environment_of_cron_gives_the_same_bytes(detect, trained):
    words = [*COMMAND, "detect", trained / "new.csv", "--model", trained / "pump.model", "--format", "jsonl"]
    usual = subprocess.run(words, capture_output=True, check=False)
    for more in ({}, {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "HOME": "/nonexistent"}):
        bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **more}
        done = subprocess.run(words, capture_output=True, check=False, env=bare, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout, done.stderr) == (1, usual.stdout, b"")
    words[4] = trained / "quiet.csv"
    done = subprocess.run(words, capture_output=True, check=False, env=bare, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def limited(size):
    """For a child: files that it writes may have so many bytes, and no signal says so."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit
