"""For those who would rather stop than have rows sorted: is each row later than the one before?"""

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.rows.pieces import Piece


class TimeOrder:
    """Remembers the last time stamp of each group of rows, over pieces and files."""

    def __init__(self) -> None:
        self._last: dict[str, np.datetime64] = {}

    def check(self, piece: Piece, path: str) -> None:
        """Raise InputError at the first row that is not later than the one of its group before."""
        if piece.times is None:
            return
        groups = np.full(len(piece.lines), "") if piece.groups is None else piece.groups.astype(str)
        for group in np.unique(groups):
            rows = np.flatnonzero(groups == group)
            times = piece.times[rows]
            before = np.concatenate([[self._last.get(str(group), np.datetime64("NaT", "ns"))], times[:-1]])
            wrong = np.isnat(times) | (times <= before)
            if wrong.any():
                at = int(wrong.argmax())
                stamp = "" if piece.stamps is None else str(piece.stamps[rows[at]])[:60]
                again = (
                    "that of the row before again"
                    if times[at] == before[at]
                    else "earlier than the row before"
                )
                raise InputError(
                    f"the time stamp {stamp!r} {'cannot be read' if np.isnat(times[at]) else f'is {again}'}",
                    where=f"{path}:{piece.lines[rows[at]]}",
                    hint="correct the file, or leave --strict-time out: such rows are then reported",
                )
            self._last[str(group)] = times[-1]
