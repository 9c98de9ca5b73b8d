"""The command line as a process with any streams: forked where that is to be quick, or started anew."""

import io
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.model.folder import model_path, write_index

CLOSED = -1
LEAKED = 120  # the interpreter's own status when its last flush fails


def furnish(trained: Path, folder: Path) -> None:
    """Put into a folder what commands are tried with, from the folder of a model that is trained."""
    for name in ("pump.model", "new.csv", "normal.csv"):
        shutil.copy(trained / name, folder / name)
    shutil.copy(trained / "pump.model", folder / "m")
    (folder / "models").mkdir()
    shutil.copy(trained / "pump.model", model_path(str(folder / "models"), "pump"))
    write_index(str(folder / "models"), "asset", ["pump"])
    header, *rows = (folder / "new.csv").read_text().splitlines()
    (folder / "fleet.csv").write_text("\n".join([f"{header},asset", *(f"{row},pump" for row in rows)]) + "\n")
    (folder / "labels.csv").write_text("start,end\n2024-03-05 02:00:00,2024-03-05 02:19:00\n")


def begin(arguments: Sequence[object], streams: Sequence[int], *, anew: bool = False) -> int:
    """Start the command line; its process id.

    arguments  of the command line, without the program's name
    streams    descriptors of what are to be its standard input, output and error, or CLOSED
    anew       an interpreter of its own, as a user's shell starts it; else a fork of this one
    """
    words = [str(argument) for argument in arguments]
    pid = os.fork()
    if pid == 0:
        status = 99
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
        try:
            for number, descriptor in enumerate(streams):
                os.close(number) if descriptor == CLOSED else os.dup2(descriptor, number)
            if anew:
                os.execv(sys.executable, [sys.executable, "-m", "lstm_anomaly", *words])
            os.closerange(3, 1 << 16)
            status = _main(words)
        finally:
            os._exit(status)
    return pid


def status_of(pid: int) -> int:
    """Wait for a process that `begin` started."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _main(words: list[str]) -> int:
    """What the interpreter does for `python -m lstm_anomaly`, in this process."""
    sys.stdin = None if _is_closed(0) else io.TextIOWrapper(io.BufferedReader(io.FileIO(0)))
    sys.stdout = None if _is_closed(1) else io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")))
    sys.stderr = None
    if not _is_closed(2):
        errors = io.BufferedWriter(io.FileIO(2, "w"))
        sys.stderr = io.TextIOWrapper(errors, errors="backslashreplace", line_buffering=True)
    status = 0
    try:
        app.main(words, prog_name="lstm-anomaly")
    except SystemExit as way_out:
        status = int(way_out.code or 0)
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return LEAKED
    return status


def _is_closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
