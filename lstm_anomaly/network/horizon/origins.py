"""Rows from which a horizon begins: the look-back before each, and what followed."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_anomaly.base.types import Array, BoolArray, FloatArray, IntArray

LEAST_KNOWN = 0.5  # of a look-back's rows; what follows one with fewer counts as unknown


class Origins:
    """Rows (F, M) on even steps, from which look-backs and what followed are cut at any row.

    rows   scaled, finite: what was unknown holds the last value before it
    known  (F, M) what was read; the rest is no target
    """

    def __init__(self, rows: FloatArray, known: BoolArray, look_back: int, steps: int) -> None:
        self.look_back, self.steps, self.sensors = look_back, steps, len(rows)
        self.rows = rows
        self._backs = sliding_window_view(rows, look_back, axis=1)  # (F, M - L + 1, L) a view
        self._nexts = sliding_window_view(rows, steps, axis=1)  # (F, M - S + 1, S) a view
        self._known = sliding_window_view(known, steps, axis=1)  # (F, M - S + 1, S) a view
        counts: IntArray = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1)  # (F, M + 1)
        self._counts = counts[:, look_back:] - counts[:, :-look_back]  # (F, M - L + 1) known in a look-back

    def look_backs(self, at: IntArray, sensors: IntArray) -> tuple[Array, FloatArray]:
        """The rows before each row `at` (B,), less the last of them, (L, B); and the last values, (B,)."""
        backs = self._backs[sensors, at - self.look_back]  # (B, L)
        last = backs[:, -1].copy()  # (B,)
        return np.ascontiguousarray((backs - last[:, np.newaxis]).T, dtype=np.float32), last

    def targets(self, at: IntArray, sensors: IntArray, last: FloatArray) -> tuple[Array, Array]:
        """What followed, less the last values, and 1 where it is known, 0 elsewhere: (S, B) each."""
        nexts = self._nexts[sensors, at] - last[:, np.newaxis]  # (B, S)
        weights = self._known[sensors, at] & self.enough(at, sensors)[:, np.newaxis]  # (B, S)
        return np.ascontiguousarray(nexts.T, np.float32), np.ascontiguousarray(weights.T, np.float32)

    def enough(self, at: IntArray, sensors: IntArray) -> BoolArray:
        """Whether the look-back of each (B,) holds enough that was read."""
        return np.asarray(self._counts[sensors, at - self.look_back] >= LEAST_KNOWN * self.look_back)
