"""Runs in a forked child that dies, or is interrupted, at a moment that was chosen beforehand."""

import os
import random
import resource
import signal
import traceback

from lstm_anomaly.base import files

DIED = object()


def in_child(function, *, dies_after=None, signal_after=None, file_limit=None):
    """Run a function in a forked child; the exit status that it returned, or DIED.

    dies_after    seconds after which the child is gone as by `kill -9`: no handler, no clean-up
    signal_after  (number, seconds) of a signal that it gets
    file_limit    most bytes that a file may have
    """
    pid = os.fork()
    if pid == 0:
        status = 99
        try:
            if dies_after is not None:
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                signal.setitimer(signal.ITIMER_REAL, dies_after)
            if signal_after is not None:
                number, seconds = signal_after
                signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
                # Before the program has begun, and after it has ended, it is the test that is interrupted.
                signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
                signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), number))
                signal.setitimer(signal.ITIMER_REAL, seconds)
            if file_limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
            status = function()
        except BaseException as error:
            by_name = {"KeyboardInterrupt": 130, "Interrupted": 130, "Terminated": 143}
            status = by_name.get(type(error).__name__, 99)
            if status == 99:
                traceback.print_exc()
        finally:
            os._exit(status)
    _pid, how = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(how) if os.WIFEXITED(how) else DIED


def dies_at(monkeypatch, nth):
    """From now on the process dies at the nth step that changes a file: before it, or half-way through.

    The steps are those of `base.files` and of the locks: each write, sync, truncation and rename.
    """
    count = 0

    def die_or(step):
        def stepped(*args, **named):
            nonlocal count
            count += 1
            if count == nth:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **named)

        return stepped

    for name in ("fsync", "replace", "fchmod", "open", "unlink"):
        monkeypatch.setattr(os, name, die_or(getattr(os, name)))


def dies_in_a_save(monkeypatch, seconds):
    """From now on the process dies so long after it has begun to write a file that takes another's place."""

    def begin(_target):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    monkeypatch.setattr(files, "_remove_leftovers", begin)


def moments(count, longest, seed=0):
    """Seconds, at random but the same each time, within which something happens."""
    generator = random.Random(seed)
    return [generator.uniform(0.001, longest) for _ in range(count)]
