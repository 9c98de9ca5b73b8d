"""Readings one a row to rows with all sensors of a time step: from long pieces to wide ones.

A row is made of the readings of one time step (and one group). In a file that is in time order it is
complete when time goes on, so rows come out as they are read; a file that is sorted by sensor, or whose
sensors are not known yet, is gathered whole first.
"""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from lstm_anomaly.reading.report import FileReport
from lstm_anomaly.reading.rows.pieces import Piece, join_pieces

TWICE = "a second reading of the sensor at one time"
NO_SENSOR = "a reading without the name of its sensor"
NO_TIME = "a reading without a readable time"


class Pivot:
    """Makes wide pieces of long ones.

    sensors   the sensors of the rows, in order; () takes all, in the order in which they appear
    exclude   sensors to leave out
    in_order  rows are complete when time changes; otherwise only at the end
    read      sensor -> how many readings of it came; `used` of all are in rows
    """

    def __init__(
        self,
        sensors: Sequence[str],
        report: FileReport,
        *,
        in_order: bool,
        exclude: Collection[str] = (),
    ) -> None:
        self.sensors = tuple(sensors)
        self.read: Counter[str] = Counter()
        self.used = 0
        self._fixed = bool(sensors)
        self._in_order = in_order and self._fixed
        self._report = report
        self._exclude = tuple(exclude)
        self._waiting: list[Piece] = []

    def push(self, piece: Piece) -> Piece | None:
        """Take the next readings; the rows that are complete, if any are."""
        piece = self._usable(piece)
        if not len(piece.lines):
            return None
        self._waiting.append(piece)
        if not self._in_order:
            return None
        together = join_pieces(self._waiting)
        assert together.times is not None
        changes = np.flatnonzero(np.diff(together.times) != np.timedelta64(0, "ns"))
        if not len(changes):
            return None
        complete = np.arange(len(together.lines)) <= changes[-1]
        self._waiting = [together.keep(~complete)]
        return self._rows(together.keep(complete))

    def finish(self) -> Piece | None:
        """The rows that are left at the end of the file."""
        waiting, self._waiting = self._waiting, []
        return self._rows(join_pieces(waiting)) if waiting else None

    def _usable(self, piece: Piece) -> Piece:
        assert piece.times is not None
        assert piece.names is not None
        is_message = [name[:1] == "$" == name[-1:] for name in piece.names]  # such as `$RT_OFF$` of WinCC
        unused = np.array(is_message, bool) | np.isin(piece.names.astype(str), self._exclude)
        for name in dict.fromkeys(piece.names[unused]):
            is_told = name in self._exclude
            self._report.left_out[name] = "excluded" if is_told else "a message of the logger, no reading"
        nameless, timeless = piece.names == "", np.isnat(piece.times)
        for reason, rows in ((NO_SENSOR, nameless), (NO_TIME, timeless & ~nameless)):
            for line in piece.lines[rows & ~unused]:
                self._report.refuse(int(line), reason)
        piece = piece.keep(~nameless & ~timeless & ~unused)
        assert piece.names is not None
        self.read.update(piece.names.tolist())
        if self._fixed:
            piece = piece.keep(np.isin(piece.names.astype(str), self.sensors))
        self.used += len(piece.lines)
        return piece

    def _rows(self, piece: Piece) -> Piece:
        assert piece.times is not None
        assert piece.names is not None
        if not self._fixed:
            self.sensors = tuple(self.read)
        step = piece.times.astype(np.int64)
        if self._in_order:
            step = np.cumsum(np.diff(step, prepend=step[:1]) != 0)
        group = np.zeros(len(step), np.int64) if piece.groups is None else pd.factorize(piece.groups)[0]
        column = pd.Index(self.sensors).get_indexer(pd.Index(piece.names))
        readings = pd.DataFrame({"step": step, "group": group, "column": column})
        row = readings.groupby(["step", "group"]).ngroup().to_numpy()  # (n,) of one time by first appearance
        _, first = np.unique(row, return_index=True)
        again = readings.duplicated().to_numpy()
        values = np.full((len(first), len(self.sensors)), np.nan)
        values[row[~again], column[~again]] = piece.values[~again, 0]
        for line in piece.lines[again]:
            self._report.refuse(int(line), TWICE)
        self.used -= int(again.sum())
        rows = piece.keep(first)
        return Piece(values, rows.lines, rows.stamps, rows.times, rows.groups)
