"""Whose a scores file is: one that a state goes on with belongs to that state, and nobody else writes to it.

A run cuts the file back to what its state vouches for. Of rows that stand behind, it cannot tell whether a
run that was killed left them or another state put them there; so a hidden file beside it names the state.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.files import is_stream, length_of, target_of
from lstm_anomaly.base.locks import locked
from lstm_anomaly.base.system import CLOSED_TO_OTHERS

MOST_BYTES = 1 << 16  # of a path


@contextmanager
def claimed(scores: str, state: str | None, wait: float) -> Iterator[None]:
    """Hold a scores file, which need not exist, for the block, for a run with this state or without one.

    wait   seconds to wait for another run to end

    Raises LockedError while another run holds it, OutputError when it holds the rows of another state.
    """
    if is_stream(scores):
        yield
        return
    with locked(scores, wait):
        target = target_of(scores)
        owner = target.with_name(f".{target.name}.state")
        own = "" if state is None else os.path.realpath(state)
        other = _read(owner) if length_of(scores) else ""
        if other not in ("", own) and os.path.exists(other):
            raise OutputError(
                f"holds the rows of another state, {other}, which this run would destroy",
                where=scores,
                hint=f"another file for --scores, or remove {owner} if that state is not used any more",
            )
        if own and _read(owner) != own:
            _write(owner, own, scores)
        yield


def _write(owner: Path, state: str, scores: str) -> None:
    """Written without a rename: half a path names no state, and does no harm."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_TO_OTHERS
    try:
        owner.unlink(missing_ok=True)  # another user may have made it a second name of a file elsewhere
        with open(owner, "wb", opener=lambda name, _flags: os.open(name, flags, 0o666)) as file:
            file.write(os.fsencode(state))
    except OSError as error:
        raise OutputError(
            f"cannot write beside it, to {owner}: {error.strerror}",
            where=scores,
            hint="a folder that this user may write to",
        ) from error


def _read(owner: Path) -> str:
    """The path that stands in the file, "" when there is none, or something else by that name."""
    try:
        if not stat.S_ISREG(owner.lstat().st_mode):
            return ""
        with owner.open("rb") as file:
            return os.fsdecode(file.read(MOST_BYTES))
    except OSError:
        return ""
