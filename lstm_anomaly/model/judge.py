"""Scores rows with a trained model, whole series or piece by piece, with the same result."""

from itertools import pairwise

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, Series, SymbolColumns, TimeArray
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.model import Model
from lstm_anomaly.model.segment import Segment
from lstm_anomaly.model.symbol_rows import SymbolRows
from lstm_anomaly.preparing.off_rule import after_stops
from lstm_anomaly.preparing.windows import finite_segments
from lstm_anomaly.scoring.networks import unjudged_rows

PIECE = 8192  # rows worked on at a time, so that memory does not grow with the input
PIECE_CELLS = 1 << 20  # readings in them, at most: of 2,000 sensors 8,192 rows would take gigabytes


@saved_as("judge")
class Judge:
    """Judges rows as they come; verdicts come in the rows' order, `model.look_ahead` rows later.

    A row with a missing reading ends the stretch: it is unknown, and so are the rows after it until a
    whole window has passed.
    """

    _model: Model
    _for_threshold: bool
    _stretch: Segment | None
    _resumes: bool
    _symbols: SymbolRows | None

    def __init__(self, model: Model, for_threshold: bool = False) -> None:
        """`for_threshold`: scores are what a threshold is learned from.

        That is the largest multiple of a limit of every row, also where it is below 1, and no anomaly is kept
        held through weaker rows.
        """
        self._model, self._for_threshold = model, for_threshold
        self._stretch: Segment | None = None
        self._resumes = False  # whether the next rows come right after a stop
        self._symbols = SymbolRows(model) if model.is_symbols_only else None

    @property
    def waiting(self) -> int:
        """Rows without a verdict."""
        if self._symbols is not None:
            return self._symbols.waiting
        return 0 if self._stretch is None else self._stretch.waiting

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return (self._symbols is not None) == self._model.is_symbols_only

    def resume(self) -> None:
        """The next rows begin a stretch right after a stop, see `unjudged_rows`."""
        self._resumes = True

    def push(
        self,
        values: FloatArray,
        times: TimeArray | None = None,
        starts: BoolArray | None = None,
        symbols: SymbolColumns | None = None,
    ) -> Judgement:
        """Take the next rows, (n, F) in own units, at UTC times (n,); verdicts on the rows that are ready.

        starts   (n,) where a stretch begins that does not follow the row before; nowhere when left out
        symbols  know the texts of symbols that the model does not

        Raises InputError when the model goes by the time of day and there are no times.
        """
        starts = np.zeros(len(values), np.bool_) if starts is None else starts
        if self._symbols is not None:
            return self._symbols.push(values, starts, symbols)
        parts = []
        for first, stop in pairwise([0, *(np.flatnonzero(starts[1:]) + 1).tolist(), len(values)]):
            if first < stop and starts[first]:
                parts.append(self.finish())
            part_times = None if times is None else times[first:stop]
            parts.append(self._push(values[first:stop], part_times, symbols))
        return Judgement.joined(parts, len(self._model.sensors))

    def _push(self, values: FloatArray, times: TimeArray | None, symbols: SymbolColumns | None) -> Judgement:
        """Rows that follow each other, as far as none has a missing reading."""
        sensors = len(self._model.sensors)
        parts, position = [], 0
        for start, stop in finite_segments(np.asarray(np.isfinite(values).all(axis=1))):
            if start > position:
                parts += [self.finish(), Judgement.unknown(start - position, sensors)]
            model = self._model
            unknown = unjudged_rows(model.window, model.expectations.forecast, resumes=self._resumes)
            self._stretch = self._stretch or Segment(model, self._for_threshold, unknown)
            self._resumes = False
            size = max(1, min(PIECE, PIECE_CELLS // sensors))
            pieces = [slice(first, min(first + size, stop)) for first in range(start, stop, size)]
            given = [(values[piece], None if times is None else times[piece]) for piece in pieces]
            parts += self._stretch.push(given, symbols)
            position = stop
        if position < len(values):
            parts += [self.finish(), Judgement.unknown(len(values) - position, sensors)]
        return Judgement.joined(parts, sensors)

    def finish(self) -> Judgement:
        """Verdicts on the rows that still wait; the next rows begin a new stretch."""
        if self._symbols is not None:
            return self._symbols.finish()
        stretch, self._stretch, self._resumes = self._stretch, None, False
        return stretch.finish() if stretch else Judgement.unknown(0, len(self._model.sensors))


def judge(model: Model, series: Series, for_threshold: bool = False) -> Judgement:
    """Judge a whole series; rows outside its segments, and the first rows of each, are unknown.

    Those are the first window - 1, or fewer right after a stop, see `unjudged_rows`.

    For `for_threshold` see `Judge`.
    """
    out = Judgement.unknown(*series.values.shape)
    judge_ = Judge(model, for_threshold)
    if model.is_symbols_only:  # many short stretches, at once
        inside = np.concatenate([np.arange(a, b) for a, b in series.segments] or [np.zeros(0, np.int64)])
        starts = np.isin(inside, [a for a, _ in series.segments])
        whole = [judge_.push(series.values[inside], None, starts, series.symbols), judge_.finish()]
        found = Judgement.joined(whole, len(model.sensors))
        for name in ("scores", "errors", "expected", "margins", "reasons", "words"):
            getattr(out, name)[inside] = getattr(found, name)
        return out
    resumes = after_stops(model.off.of_rows(series.values, series.sensors), series.starts)  # (M,)
    for start, stop in series.segments:
        if resumes[start]:
            judge_.resume()
        times = None if series.times is None else series.times[start:stop]
        verdicts = [judge_.push(series.values[start:stop], times, None, series.symbols), judge_.finish()]
        part = Judgement.joined(verdicts, len(model.sensors))
        out.scores[start:stop] = part.scores
        out.errors[start:stop] = part.errors
        out.expected[start:stop] = part.expected
        out.margins[start:stop] = part.margins
        out.reasons[start:stop] = part.reasons
        out.words[start:stop] = part.words
    return out
