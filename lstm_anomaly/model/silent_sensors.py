"""A sensor that goes silent must not blind the rest: it is imputed, and judging goes on with the others.

A reading that is missing for longer than is filled makes its row unknown, since the hole may be short. After
a window's rows without a reading, at least 24 by default, the sensor is silent. It is then imputed like a
column that is missing (`missing_sensors.py`), until it has delivered for a whole window again.
Whether it is, a row knows from itself and the rows before it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.model.missing_sensors import imputed
from lstm_anomaly.model.model import Model

LEAST_PATIENCE = 24  # rows: shorter holes are told as rows that could not be judged


@saved_as("silence")
@dataclass(frozen=True)
class Silence:
    """Rows start..end of the series, both included, in which a sensor delivered nothing.

    is_over  whether it delivers again; else `end` is the last row so far
    """

    sensor: str
    start: int
    end: int
    is_over: bool


@dataclass(frozen=True)
class Completed:
    """The next n cleaned rows, with readings of silent sensors imputed.

    values    (n, F) NaN where a sensor is missing that is not silent
    seen      (n, F) before that
    silent    (n, F) which sensors are silent
    off       (n,) rows in which the plant is off
    starts    (n,) True for the first row that is not off after a gap, or after more rows off than are filled
    resumes   (n,) those right after a stop
    silences  those that began or ended here, in order
    """

    values: FloatArray
    seen: FloatArray
    silent: BoolArray
    off: BoolArray
    starts: BoolArray
    resumes: BoolArray
    silences: tuple[Silence, ...]

    @property
    def delivered(self) -> FloatArray:
        """The values, (n, F), NaN where they are imputed, or of a plant that is off."""
        return np.where(self.silent | self.off[:, np.newaxis], np.nan, self.values)

    @property
    def running(self) -> "Completed":
        """The rows in which the plant is not off."""
        if not self.off.any():
            return self
        rows = ~self.off
        return replace(
            self,
            values=self.values[rows],
            seen=self.seen[rows],
            silent=self.silent[rows],
            off=self.off[rows],
            starts=self.starts[rows],
            resumes=self.resumes[rows],
        )

    def begins(self, was_finite: bool) -> BoolArray:
        """Where stretches of rows with every reading begin, (n,), after a row that had them or had not."""
        begins = np.zeros(len(self.off), np.bool_)
        rows = self.running
        finite = np.concatenate([[was_finite], np.isfinite(rows.values).all(axis=1)])
        begins[~self.off] = finite[1:] & (rows.starts | ~finite[:-1])
        return begins

    @property
    def imputed_rows(self) -> int:
        """How many rows can be judged because a silent sensor is imputed."""
        rows = np.isfinite(self.values).all(axis=1) & np.isnan(self.seen).any(axis=1) & ~self.off
        return int(rows.sum())


@saved_as("silent sensors")
class SilentSensors:
    """Follows which sensors deliver nothing, in cleaned rows that come in any pieces."""

    _model: Model
    _needed: int
    _row: int
    _off_rows: int
    _gap: bool
    _was_off: bool
    _missing: Annotated[IntArray, "F"]
    _there: Annotated[IntArray, "F"]
    _silent: Annotated[BoolArray, "F"]
    _since: Annotated[IntArray, "F"]
    _until: Annotated[IntArray, "F"]

    def __init__(self, model: Model, patience: int | None = None) -> None:
        """`patience`: rows without a reading from which a sensor is silent; by default a window's, or 24."""
        sensors = len(model.sensors)
        self._model = model
        patience = max(model.window, LEAST_PATIENCE) if patience is None else patience
        self._needed = max(1, patience - model.max_fill)
        self._row = 0  # of the series
        self._off_rows, self._gap = 0, False  # rows off before the next one, and whether time had a gap there
        self._was_off = False  # the last row
        self._missing = np.zeros(sensors, np.int64)  # rows since a sensor's last reading, that are not filled
        self._there = np.zeros(sensors, np.int64)  # rows of the stretch in which it delivered without a hole
        self._silent = np.zeros(sensors, np.bool_)
        self._since = np.full(sensors, -1, np.int64)  # first and last row of the hole, or of the silence
        self._until = np.full(sensors, -1, np.int64)

    @property
    def row_count(self) -> int:
        """Rows of the series so far."""
        return self._row

    @property
    def open(self) -> tuple[Silence, ...]:
        """The silences that last."""
        return tuple(self._silence(k, is_over=False) for k in np.flatnonzero(self._silent))

    @property
    def rows(self) -> set[int]:
        """Rows that a silence may be told to begin or end with."""
        lasting = (self._missing > 0) | self._silent
        return {int(row) for row in (*self._since[lasting], *self._until[lasting])}

    def push(self, values: FloatArray, starts: BoolArray) -> Completed:
        """Take the next rows (n, F), NaN where a reading is missing, and which come after a gap, (n,)."""
        off = self._model.off.of_rows(values, self._model.sensors)
        gaps, starts = starts, self._starts(starts, off)
        resumes = starts & ~gaps & np.concatenate([[self._was_off], off])[:-1]
        self._was_off = bool(off[-1]) if len(off) else self._was_off
        absent = np.isnan(values)  # (n, F)
        absent[:, [column.place for column in self._model.symbols]] = False  # nothing stands for a symbol
        silent, found = np.zeros_like(absent), list[Silence]()
        new = np.ones(len(values), np.bool_)
        new[1:] = (absent[1:] != absent[:-1]).any(axis=1) | (off[1:] != off[:-1])
        cuts = np.append(np.flatnonzero(new | starts), len(values)).tolist()
        for first, stop in pairwise(cuts):
            if off[first]:
                self._row += stop - first
            else:
                self._run(absent[first], bool(starts[first]), silent[first:stop], found)
        completed = self._imputed(values, silent)
        return Completed(completed, values, silent, off, starts, resumes, tuple(found))

    def _starts(self, starts: BoolArray, off: BoolArray) -> BoolArray:
        """Where windows must not reach back: few rows off are passed over, as few lost ones are."""
        if not self._off_rows and not off.any():
            return starts
        out = np.zeros_like(starts)
        for row in range(len(off)):
            self._gap |= bool(starts[row])
            if off[row]:
                self._off_rows += 1
            else:
                out[row] = self._gap or self._off_rows > self._model.max_fill
                self._off_rows, self._gap = 0, False
        return out

    def _run(self, absent: BoolArray, is_start: bool, silent: BoolArray, found: list[Silence]) -> None:
        """Rows (n, F) in which the same sensors are absent; says in each which are silent."""
        first, count, here = self._row, len(silent), ~absent
        if is_start:
            self._there[:] = 0
            self._return(self._silent & here, found)  # no window reaches back to before
        self._there[absent] = 0
        self._since[absent & (self._missing == 0) & ~self._silent] = first
        self._missing[here] = 0
        order = np.arange(1, count + 1)[:, np.newaxis]  # (n, 1)
        falls = absent & ~self._silent & (self._missing + order >= self._needed)  # (n, F)
        back = here & self._silent & (self._there + order >= self._model.window)  # (n, F)
        silent[:] = (self._silent | falls) & ~back
        self._missing[absent] += count
        self._there[here] += count
        self._row += count
        changed = (falls | back).any(axis=0)
        for row in np.unique((falls | back)[:, changed].argmax(axis=0)).tolist():
            self._return(self._silent & back[row], found)
            for k in np.flatnonzero(falls[row] & ~self._silent):
                self._silent[k], self._until[k] = True, first + row
                found.append(self._silence(k, is_over=False))
        self._until[absent] = self._row - 1

    def _return(self, sensors: BoolArray, found: list[Silence]) -> None:
        for k in np.flatnonzero(sensors):
            found.append(self._silence(k, is_over=True))
            self._silent[k] = False

    def _silence(self, k: int | np.int64, *, is_over: bool) -> Silence:
        return Silence(self._model.sensors[k], int(self._since[k]), int(self._until[k]), is_over)

    def _imputed(self, values: FloatArray, silent: BoolArray) -> FloatArray:
        """The rows with what stands for silent sensors; where no sensor is left that tells, they stay."""
        if not silent.any():
            return values
        out = values.copy()
        kinds, of_row = np.unique(silent, axis=0, return_inverse=True)
        for k, kind in enumerate(kinds):
            if kind.any():
                rows = np.flatnonzero(of_row.reshape(-1) == k)
                out[rows] = imputed(self._model, values[rows], kind)
        return out


def changes(silent: BoolArray, starts: BoolArray) -> IntArray:
    """First rows (k,) of the stretches of rows (n, F) with the same silent sensors and no gap."""
    new = starts.copy()
    new[:1] = True
    new[1:] |= (silent[1:] != silent[:-1]).any(axis=1)
    return np.flatnonzero(new)
