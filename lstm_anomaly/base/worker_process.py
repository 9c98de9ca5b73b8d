"""One worker process at the other end of a pipe: it answers what it is sent, one after the other.

Where the platform can, it is forked: it begins at once, and shares with this process what was there by then.
Elsewhere it is started anew, and what it answers with passes to it.
"""

import multiprocessing
import os
import signal
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from lstm_anomaly.base.processes import die_with, use_one_core
from lstm_anomaly.base.system import CAN_FORK, signals_held, signals_let_through

START = "fork" if CAN_FORK else "spawn"


@dataclass(frozen=True)
class Raised:
    """What stands for an answer where there is an error instead."""

    error: Exception

    @classmethod
    def here(cls, error: Exception) -> "Raised":
        """Of an error that is being handled; where that was is lost between processes, and noted on it."""
        error.add_note(traceback.format_exc())
        return cls(error)


class WorkerProcess:
    """A process that uses one core, and ends with this one.

    `answer` makes an answer of what is sent. Where the process is started anew it passes between processes,
    as what is sent and answered always does. What it raises is answered as `Raised`.
    """

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        context = multiprocessing.get_context(START)
        self.pipe, there = context.Pipe()
        given = (there, answer, os.getpid())
        self._process = context.Process(target=_serve, args=given, daemon=True)  # type: ignore[attr-defined]
        with warnings.catch_warnings(), signals_held():  # as in `fork_worker`
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()
        there.close()

    def send(self, question: Any) -> None:
        """Ask something. Raises OSError when the process is gone."""
        self.pipe.send(question)

    def receive(self) -> Any:
        """The next answer; waits for it. Raises EOFError or OSError when the process is gone."""
        return self.pipe.recv()

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.pipe.close()
        self._process.terminate()
        self._process.join()
        self._process.close()


def _serve(pipe: Connection, answer: Callable[[Any], Any], parent: int) -> None:
    """Answer until the other end is closed; an interrupt from the keyboard is for the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signals_let_through()
    if CAN_FORK:
        die_with(parent)
    use_one_core()
    while True:
        try:
            question = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answered = answer(question)
        except Exception as error:
            answered = Raised.here(error)
        pipe.send(answered)
