"""Judges rows in which sensors may be silent, with the rules that hold for those that are not."""

from itertools import pairwise
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, SymbolColumns, TimeArray
from lstm_anomaly.model.judge import Judge
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.missing_sensors import imputed, without
from lstm_anomaly.model.model import Model
from lstm_anomaly.model.silent_sensors import Completed, changes


@saved_as("partial judge")
class PartialJudge:
    """Judges completed rows as `Judge` does; where a sensor falls silent or is back, another judge goes on.

    That one looks back on the same window of rows, completed for it, so that no row is unknown for it.
    """

    _model: Model
    _absent: tuple[str, ...]
    _silent: Annotated[BoolArray, "F"]
    _reduced: Model
    _judge: Judge
    _order: Annotated[BoolArray, "n"]
    _skip: int
    _is_resumed: bool
    _last: Annotated[FloatArray, "w F"]
    _times: Annotated[TimeArray, "w"] | None

    def __init__(self, model: Model, absent: tuple[str, ...] = ()) -> None:
        """`absent`: sensors whose readings are imputed throughout."""
        self._model = model
        self._absent = absent
        self._silent = np.zeros(len(model.sensors), np.bool_)
        self._reduced = without(model, absent) if absent else model
        self._judge = Judge(self._reduced)
        self._order = np.empty(0, np.bool_)  # of rows without a verdict: True where the plant is off
        self._skip = 0  # verdicts to come on rows that another judge has given
        self._is_resumed = False  # whether the stretch came right after a stop
        self._last = np.empty((0, len(model.sensors)))  # rows of the stretch that a window may look back on
        self._times: TimeArray | None = None  # of those

    @property
    def waiting(self) -> int:
        """Rows without a verdict."""
        return len(self._order)

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        running = int((~self._order).sum())
        knows = set(self._absent) <= set(self._model.sensors) and len(self._last) < self._model.window
        return knows and self._skip >= 0 and running == self._judge.waiting - self._skip

    @property
    def reduced(self) -> Model:
        """By which the next rows are judged, as far as it is known."""
        return self._reduced

    @property
    def silent(self) -> tuple[str, ...]:
        """The sensors that this is without."""
        return tuple(
            name for name, is_silent in zip(self._model.sensors, self._silent, strict=True) if is_silent
        )

    def leave_out(self, silent: tuple[str, ...]) -> None:
        """Be without these sensors from now on, with a judge that has seen no rows."""
        self._silent = np.array([name in silent for name in self._model.sensors])
        left_out = tuple(dict.fromkeys((*self._absent, *silent)))
        is_blind = all(name in left_out for name in self._targets())  # then rows have no readings at all
        self._reduced = without(self._model, left_out) if left_out and not is_blind else self._model
        self._judge, self._skip = Judge(self._reduced), 0

    def _targets(self) -> list[str]:
        roles = self._model.roles
        return [name for name, moves in zip(self._model.sensors, roles.targets, strict=True) if moves]

    def push(
        self, rows: Completed, times: TimeArray | None, symbols: SymbolColumns | None = None
    ) -> Judgement:
        """Take the next rows, at UTC times (n,); verdicts on those that are ready, in order.

        `symbols` know the texts of symbols that the model does not. Rows in which the plant is off are
        unknown.
        """
        running = None if times is None else times[~rows.off]
        return self._woven(self._push(rows.running, running, symbols), rows.off)

    def finish(self) -> Judgement:
        """Verdicts on the rows that still wait; the next rows begin a new stretch."""
        return self._woven(self._finish(), np.empty(0, np.bool_))

    def _woven(self, found: Judgement, off: BoolArray) -> Judgement:
        """The verdicts in the order of the rows, with those between them that are off."""
        order = np.concatenate([self._order, off])
        running = np.flatnonzero(~order)
        count = len(found.scores)
        ready = int(running[count]) if count < len(running) else len(order)
        self._order = order[ready:]
        if not order[:ready].any():
            return found
        return found.among(~order[:ready])

    def _push(self, rows: Completed, times: TimeArray | None, symbols: SymbolColumns | None) -> Judgement:
        if self._model.is_symbols_only:  # of which none falls silent
            return self._judge.push(rows.values, times, rows.starts, symbols)
        parts = []
        for first, stop in pairwise([*changes(rows.silent, rows.starts).tolist(), len(rows.values)]):
            if rows.starts[first]:
                parts.append(self._finish())
                self._is_resumed = bool(rows.resumes[first])
                if self._is_resumed:
                    self._judge.resume()
            if not np.array_equal(rows.silent[first], self._silent):
                parts.append(self._switch(rows.silent[first], symbols))
            of_part = None if times is None else times[first:stop]
            parts.append(self._judged(rows.values[first:stop], of_part, symbols))
            self._remember(rows.seen[first:stop], of_part)
        return Judgement.joined(parts, len(self._model.sensors))

    def _finish(self) -> Judgement:
        self._last, self._times, self._is_resumed = self._last[:0], None, False
        return self._new(self._judge.finish())

    def _switch(self, silent: BoolArray, symbols: SymbolColumns | None) -> Judgement:
        """The verdicts of the judge so far; the next one has seen the rows that a window looks back on."""
        last = self._new(self._judge.finish())
        self.leave_out(tuple(np.array(self._model.sensors, dtype=object)[silent]))
        self._skip = len(self._last)
        if self._is_resumed:
            self._judge.resume()
        self._judged(imputed(self._model, self._last, silent), self._times, symbols)
        return last

    def _judged(
        self, values: FloatArray, times: TimeArray | None, symbols: SymbolColumns | None
    ) -> Judgement:
        return self._new(self._judge.push(values, times, None, symbols))

    def _new(self, found: Judgement) -> Judgement:
        """What of it was not given by another judge."""
        given = min(self._skip, len(found.scores))
        self._skip -= given
        return found.rows(slice(given, None))

    def _remember(self, seen: FloatArray, times: TimeArray | None) -> None:
        most = self._model.window - 1
        joined = np.concatenate([self._last, seen])
        self._last = joined[max(0, len(joined) - most) :].copy()
        if times is not None:
            before = times[:0] if self._times is None else self._times
            self._times = np.concatenate([before, times])[max(0, len(joined) - most) :].copy()
