"""Judges the columns of symbols of rows as they come; alone where a model has no sensor besides."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, SymbolColumns
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.model import Model
from lstm_anomaly.scoring.reasons import MOST_TOLD, SYMBOLS
from lstm_anomaly.scoring.symbols.reader import SymbolReader


@saved_as("symbol verdicts")
@dataclass(frozen=True)
class SymbolVerdicts:
    """Of n rows: multiples of the columns' limits (n, S), and in words what the largest is for, (n,)."""

    multiples: Annotated[FloatArray, "n S"]
    words: Annotated[NDArray[np.object_], "n"]

    def joined(self, more: "SymbolVerdicts") -> "SymbolVerdicts":
        """These rows and those of `more`, whose first row is the last of these, told more of."""
        known, again = max(0, len(self.words) - 1), len(self.words) > 0
        multiples, words = more.multiples.copy(), more.words.copy()
        if again:
            louder = self.multiples[-1].max(initial=0.0) >= multiples[0].max(initial=0.0)
            words[0] = self.words[-1] if louder else words[0]
            multiples[0] = np.maximum(multiples[0], self.multiples[-1])
        first = 0 if again else 1
        return SymbolVerdicts(
            np.concatenate([self.multiples[:known], multiples[first:]]),
            np.concatenate([self.words[:known], words[first:]]),
        )

    def rows(self, rows: slice) -> "SymbolVerdicts":
        """Some of the rows."""
        return SymbolVerdicts(self.multiples[rows], self.words[rows])


@saved_as("symbol readers")
class SymbolReaders:
    """Reads all columns of symbols of a model."""

    _model: Model
    _readers: list[SymbolReader]

    def __init__(self, model: Model) -> None:
        self._model = model
        self._readers = [SymbolReader(column, model.session is not None) for column in model.symbols]

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        columns = self._model.symbols
        return len(self._readers) == len(columns) and all(map(SymbolReader.is_of, self._readers, columns))

    def push(self, values: FloatArray, begins: BoolArray, symbols: SymbolColumns | None) -> SymbolVerdicts:
        """The next rows (n, F), and where sequences begin (n,): n + 1 rows, the one before these first.

        `symbols` know the texts of those that the model does not.
        """
        columns = self._model.symbols
        books = {} if symbols is None else {book.name: book.texts for book in symbols.codebooks}
        multiples, words = np.zeros((len(values) + 1, len(columns))), np.full(len(values) + 1, "", object)
        for k, (column, reader) in enumerate(zip(columns, self._readers, strict=True)):
            codes = values[:, column.place].astype(np.int64)  # (n,)
            known = np.array([*books.get(self._model.sensors[column.place], column.texts), ""], object)
            texts = known[np.minimum(codes, len(known) - 1)]  # (n,)
            found = reader.push(codes, begins, texts)
            multiples[:, k] = column.multiples(found.nats).max(axis=1)
            louder = multiples[:, k] > multiples[:, :k].max(axis=1, initial=0.0)
            words[louder] = found.words[louder]
        return SymbolVerdicts(multiples, words)

    def finish(self) -> SymbolVerdicts:
        """What the end of a sequence tells of its last row: one row. The next rows begin a new one."""
        multiples, words = np.zeros((1, len(self._readers))), np.full(1, "", object)
        for k, (column, reader) in enumerate(zip(self._model.symbols, self._readers, strict=True)):
            found = reader.finish()
            multiples[:, k] = column.multiples(found.nats).max(axis=1)
            if multiples[0, k] > multiples[0, :k].max(initial=0.0):
                words = found.words
        return SymbolVerdicts(multiples, words)

    def nothing(self) -> SymbolVerdicts:
        """No row."""
        return SymbolVerdicts(np.zeros((0, len(self._readers))), np.zeros(0, object))


@saved_as("symbol rows")
class SymbolRows:
    """Judges rows of symbols alone, many sequences at a time.

    A row with an empty cell is unknown; the sequence goes on behind it. The last row of a session waits for
    the next row, which tells whether the session has ended.
    """

    _model: Model
    _readers: SymbolReaders
    _waiting: SymbolVerdicts
    _holes: Annotated[BoolArray, "w"]
    _begins: bool

    def __init__(self, model: Model) -> None:
        self._model = model
        self._readers = SymbolReaders(model)
        self._waiting = self._readers.nothing()  # at most one row
        self._holes = np.zeros(
            0, np.bool_
        )  # (w,) which rows that wait are unknown, known ones are one at most
        self._begins = True  # whether the next row with a symbol begins a sequence

    @property
    def waiting(self) -> int:
        """Rows without a verdict."""
        return len(self._holes)

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        known = int((~self._holes).sum())
        return known == len(self._waiting.words) <= 1

    def push(self, values: FloatArray, starts: BoolArray, symbols: SymbolColumns | None) -> Judgement:
        """The next rows (n, F), and where stretches begin (n,): verdicts on the rows that are ready."""
        known = np.isfinite(values).all(axis=1)  # (n,)
        group = np.cumsum(starts) + self._begins  # (n,) counts the begins so far
        of_known = group[known]
        begins = np.diff(of_known, prepend=0) > 0  # (m,)
        self._begins = (
            bool(group[-1] > (of_known[-1] if len(of_known) else 0)) if len(group) else self._begins
        )
        found = self._waiting.joined(self._readers.push(values[known], begins, symbols))
        holes = np.concatenate([self._holes, ~known])
        wait = len(holes) if self._model.look_ahead else 0
        if wait:  # up to the last row with a symbol all are ready
            last = np.flatnonzero(~holes)
            wait = len(holes) - int(last[-1]) if len(last) else 0
        ready = holes[: len(holes) - wait]
        self._holes = holes[len(holes) - wait :]
        count = int((~ready).sum())
        self._waiting = found.rows(slice(count, None))
        return self._judged(ready, found.rows(slice(0, count)))

    def finish(self) -> Judgement:
        """Verdicts on the rows that wait; the next row begins a new sequence."""
        found = self._waiting.joined(self._readers.finish()) if len(self._waiting.words) else self._waiting
        if not len(self._waiting.words):
            self._readers.finish()
        holes = self._holes
        self._waiting, self._holes, self._begins = self._readers.nothing(), np.zeros(0, np.bool_), True
        return self._judged(holes, found)

    def _judged(self, holes: BoolArray, found: SymbolVerdicts) -> Judgement:
        out = Judgement.unknown(len(holes), len(self._model.sensors))
        places = [column.place for column in self._model.symbols]
        rows = np.flatnonzero(~holes)
        largest = found.multiples.max(axis=1) / self._model.threshold.value
        out.scores[rows] = np.minimum(largest, MOST_TOLD + 1.0)
        out.errors[np.ix_(rows, np.array(places))] = found.multiples
        out.reasons[:] = SYMBOLS
        out.words[rows] = found.words
        return out
