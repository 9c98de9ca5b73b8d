"""Runs a program for an event: the event on its standard input, bounded in time, and no shell in between."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress

from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.base.system import end_program, words_of

MOST_SAID = 200  # characters of a failing program's last line that are repeated
MOST_KEPT = 1 << 16  # bytes of its errors
BETWEEN_READS = 0.2  # seconds; a program waits for a reader once it has written as much as a pipe holds


def split_command(text: str) -> list[str]:
    """A command line as its words, quotes honoured, nothing expanded. Raises SettingsError for none."""
    try:
        words = words_of(text)
    except ValueError as error:
        raise SettingsError(f"--exec {text!r}: {error}", hint="quotes in pairs") from error
    if not words:
        raise SettingsError("--exec names no program", hint="--exec './page.sh --room 7'")
    return words


def run_hook(command: Sequence[str], text: str, seconds: float) -> str:
    """Run a program with `text` on its standard input; why it failed, "" when it did not.

    After `seconds` it is ended, with the programs that it started. Only its own exit status counts: what it
    leaves running may hold its streams open. What it prints goes nowhere: standard output is for results; the
    last line of its errors is repeated when it fails.
    """
    try:
        with tempfile.TemporaryFile() as event:
            event.write(text.encode())
            event.seek(0)
            program = subprocess.Popen(
                command,
                stdin=event,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}"
    assert program.stderr is not None, "it was asked for"
    with program.stderr as errors:
        try:
            said = _wait(program, errors.fileno(), seconds)
        except subprocess.TimeoutExpired:
            return f"{command[0]} took more than {seconds:g} s and was ended (--exec-timeout)"
        finally:
            if program.returncode is None:
                end_program(program)
    if program.returncode == 0:
        return ""
    last = said.decode(errors="replace").strip().rpartition("\n")[2][:MOST_SAID]
    how = f"status {program.returncode}" if program.returncode > 0 else f"signal {-program.returncode}"
    return f"{command[0]} ended with {how}" + (f": {last}" if last else "")


def _wait(program: "subprocess.Popen[bytes]", errors: int, seconds: float) -> bytes:
    """The end of what a program wrote to its standard error until it ended. Raises TimeoutExpired."""
    if not hasattr(os, "set_blocking"):  # Windows before Python 3.12: to the end of the stream, too
        return program.communicate(timeout=seconds)[1]
    os.set_blocking(errors, False)
    until = time.monotonic() + seconds
    said = b""
    while True:
        try:
            program.wait(min(BETWEEN_READS, max(0.0, until - time.monotonic())))
        except subprocess.TimeoutExpired:
            if time.monotonic() >= until:
                raise
        with suppress(BlockingIOError):
            while data := os.read(errors, MOST_KEPT):
                said = (said + data)[-MOST_KEPT:]
        if program.returncode is not None:
            return said
