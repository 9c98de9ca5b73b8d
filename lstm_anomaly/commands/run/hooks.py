"""Runs a program for an event: the event on its standard input, bounded in time, and no shell in between."""

import os
import shlex
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from lstm_anomaly.base.errors import SettingsError

MOST_SAID = 200  # characters of a failing program's last line that are repeated


def split_command(text: str) -> list[str]:
    """A command line as its words, quotes honoured, nothing expanded. Raises SettingsError for none."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise SettingsError(f"--exec {text!r}: {error}", hint="quotes in pairs") from error
    if not words:
        raise SettingsError("--exec names no program", hint="--exec './page.sh --room 7'")
    return words


def run_hook(command: Sequence[str], text: str, seconds: float) -> str:
    """Run a program with `text` on its standard input; why it failed, "" when it did not.

    After `seconds` it is ended, with the programs that it started. What it prints goes nowhere: standard
    output is for results; the last line of its errors is repeated when it fails.
    """
    try:
        program = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}"
    try:
        _out, errors = program.communicate(text.encode(), timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {seconds:g} s and was ended"
    finally:
        if program.returncode is None:
            _end(program)
    if program.returncode == 0:
        return ""
    said = errors.decode(errors="replace").strip().rpartition("\n")[2][:MOST_SAID]
    how = f"status {program.returncode}" if program.returncode > 0 else f"signal {-program.returncode}"
    return f"{command[0]} ended with {how}" + (f": {said}" if said else "")


def _end(program: "subprocess.Popen[bytes]") -> None:
    """End a program and what it started; its pipes may be held open by others, so they are not waited for."""
    with suppress(OSError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    for pipe in (program.stdin, program.stderr):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
