"""Learns a column of symbols: what follows what by counts and by an LSTM, how long states last, and limits.

Counts are cross-fitted: four times, three quarters of the rows are counted to tell how surprising the fourth
quarter is, so that limits come from rows that nothing was fitted to. The LSTM is trained on the first part of
the rows; where it is used, its surprise on those is raised by as much as it is larger on the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import Array, BoolArray, Codebook, FloatArray, IntArray, Segments, Series
from lstm_anomaly.network.symbols.next_symbol import init_next_symbol
from lstm_anomaly.network.symbols.ngram import ORDER, NGram, grams_of
from lstm_anomaly.network.training.forecaster_training import ForecastConfig
from lstm_anomaly.network.training.jobs import Job, train_side_by_side
from lstm_anomaly.network.training.loop import EpochReport, Limits, train
from lstm_anomaly.network.training.progress import Keep
from lstm_anomaly.network.training.symbol_training import SymbolLesson, sequence_nats
from lstm_anomaly.preparing.windows import split_chronologically
from lstm_anomaly.scoring.symbols.column import END, LASTING, LENGTH, NEXT, PARTS, SymbolColumn
from lstm_anomaly.scoring.symbols.durations import Durations
from lstm_anomaly.scoring.symbols.reader import SymbolReader, Tokens, tokens_of
from lstm_anomaly.scoring.tail_limits import LEAST_TOP, TOP_SHARE, block_maxima
from lstm_anomaly.training.fit_networks import OnEpoch
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.split import CALIBRATION_SHARE, VALIDATION_SHARE

FOLDS = 4
MOSTLY_REPEATED = 0.7  # of the rows: from there on a symbol is a state, which lasts
LEAST_NATS = float(np.log(100.0))  # what normal rows show once in a hundred times is never an anomaly
UPDATES = 4000
MOST_READINGS = 200  # times that the LSTM reads a symbol: few are learned by heart long before UPDATES
LEAST_UPDATES = 100
NOTHING_LEFT = 0.002  # nats a symbol that counts leave to be learned: a choice of two in 350 symbols
EMBEDDING, HIDDEN = 32, 64
BATCH, ROUNDS = 32, 16
WEIGHT_DECAY = 0.02  # unless told otherwise: without it steps that tell nothing are learned by heart
USUAL_LENGTH = 32  # symbols of a sequence in a batch, about
BLOCK_ROWS = 25  # whose maxima tell how surprising normal rows are
LEAST_TOKENS = 200  # to fit to; of fewer an LSTM learns nothing that counts do not tell


@dataclass(frozen=True)
class _Rows:
    """Codes (M,) of the rows to learn from, where sequences begin (M,), and whether they are whole ones."""

    codes: IntArray
    begins: BoolArray
    are_whole: bool
    lasts: bool
    vocabulary: int

    def part(self, rows: BoolArray) -> "_Rows":
        """Those of the rows (M,), which begin a sequence where the row before is not among them."""
        begins = self.begins | ~np.concatenate([[False], rows[:-1]])
        return replace(self, codes=self.codes[rows], begins=begins[rows])

    def is_new(self) -> BoolArray:
        """Rows (M,) with a new symbol."""
        if not self.lasts:
            return np.ones(len(self.codes), np.bool_)
        return np.asarray(self.begins | (np.diff(self.codes, prepend=-1) != 0))

    def tokens(self) -> Tokens:
        """New symbols, and the ends of all sequences if they are whole."""
        if not self.are_whole:
            return tokens_of(
                self.codes, self.is_new(), np.zeros_like(self.begins), self.begins, self.vocabulary
            )
        closed = replace(self, codes=np.append(self.codes, 0), begins=np.append(self.begins, True))
        ended = closed.begins & (np.arange(len(closed.codes)) > 0)
        found = tokens_of(closed.codes, closed.is_new(), ended, closed.begins, self.vocabulary)
        return Tokens(found.codes[:-1], found.begins[:-1], found.slots[:-1])


def fit_symbols(
    series: Series,
    segments: Segments,
    settings: LearningSettings,
    per_row: float,
    on_epoch: OnEpoch | None = None,
    keep: Keep | None = None,
) -> tuple[tuple[SymbolColumn, ...], FloatArray]:
    """All columns of symbols of a series, learned on the rows of the segments.

    per_row  how often normal rows may be above a limit

    Returns them, and for each row of the segments the largest multiple of a limit, (rows,).
    """
    columns, largest = [], np.zeros(sum(b - a for a, b in segments))
    begins = np.zeros(len(largest), np.bool_)
    begins[np.cumsum([0, *(b - a for a, b in segments[:-1])])] = True
    books = () if series.symbols is None else series.symbols.codebooks
    for number, book in enumerate(books):
        if book.name in series.sensors:
            place = series.sensors.index(book.name)
            codes = np.concatenate([series.values[a:b, place] for a, b in segments]).astype(np.int64)
            rng = np.random.default_rng([settings.seed, number])
            are_whole = series.symbols is not None and series.symbols.session is not None
            fit = _Fit(place, book, are_whole, per_row, settings)
            column, found = fit.fit(codes, begins, rng, on_epoch, keep)
            columns.append(column)
            largest = np.maximum(largest, found)
    return tuple(columns), largest


@dataclass(frozen=True)
class _Fit:
    """One column to be learned."""

    place: int
    book: Codebook
    are_whole: bool
    per_row: float
    settings: LearningSettings

    def fit(
        self,
        codes: IntArray,
        begins: BoolArray,
        rng: np.random.Generator,
        on_epoch: OnEpoch | None,
        keep: Keep | None,
    ) -> tuple[SymbolColumn, FloatArray]:
        """From codes (M,) and where sequences begin (M,): the column, and the largest multiples, (M,)."""
        repeated = (codes[1:] == codes[:-1])[~begins[1:]]
        lasts = bool(len(repeated)) and float(repeated.mean()) >= MOSTLY_REPEATED
        rows = _Rows(codes, begins, self.are_whole, lasts, len(self.book.texts))
        folds = _folds(rows)
        unseen = (max(1, _new(rows.codes, folds)) + 0.0) / (len(codes) + 1)
        lstm, is_fitted, held_out = self._lstm(rows, unseen, rng, on_epoch, keep)
        nats = np.zeros((len(codes), PARTS))
        for fold in range(FOLDS):
            mine = folds == fold
            if mine.any() and not mine.all():
                nats[mine] = _read(self._column(rows.part(~mine), unseen, lstm, held_out), rows.part(mine))
        if lstm is not None:
            for part in (NEXT, END):
                nats[:, part] = _as_if_held_out(nats[:, part], is_fitted)
        following = nats[:, [NEXT, END]].max(axis=1)  # one model's chances, which mean the same
        limits = np.array(
            [_limit(part, self.per_row) for part in (following, nats[:, LASTING], following, nats[:, LENGTH])]
        )
        for part, starts in ((LASTING, rows.is_new()), (LENGTH, begins)):  # both too long and too short
            limits[part] = max(limits[part], np.log(2.0 * starts.sum() / (self.per_row * len(codes))))
        column = replace(self._column(rows, unseen, lstm, held_out), limits=limits)
        return column, column.multiples(nats).max(axis=1)

    def _column(
        self, rows: _Rows, unseen: float, lstm: dict[str, Array] | None, held_out: dict[str, float]
    ) -> SymbolColumn:
        """Counted on these rows; without limits."""
        starts = np.flatnonzero(rows.is_new())
        lengths = np.diff(np.append(starts, len(rows.codes)))
        whole = np.ones(len(starts), np.bool_)
        if not self.are_whole:  # runs at the edges of what was seen may have lasted longer
            at_edge = rows.begins[starts]
            whole = ~at_edge & ~np.append(at_edge[1:], True)
        kinds = rows.codes[starts][whole] if rows.lasts else np.zeros(0, np.int64)
        sequences = np.diff(np.append(np.flatnonzero(rows.begins), len(rows.codes)))
        sequences = sequences if self.are_whole else sequences[:0]
        return SymbolColumn(
            place=self.place,
            texts=tuple(self.book.texts),
            lasts=rows.lasts,
            ngram=_counted(rows, unseen),
            lstm=lstm,
            durations=Durations.fit(kinds, lengths[whole] if rows.lasts else kinds, rows.vocabulary),
            lengths=Durations.fit(np.zeros(len(sequences), np.int64), sequences, 1),
            limits=np.ones(PARTS),
            held_out=held_out,
        )

    def _lstm(
        self,
        rows: _Rows,
        unseen: float,
        rng: np.random.Generator,
        on_epoch: OnEpoch | None,
        keep: Keep | None,
    ) -> tuple[dict[str, Array] | None, BoolArray, dict[str, float]]:
        """The weights of a next-symbol LSTM if it is to be used; the rows (M,) that they are fitted to; and
        the mean nats of both models on rows that neither is fitted to.
        """
        settings, tokens = self.settings, rows.tokens()
        fit, validation, held = self._split(tokens)
        nothing = np.zeros(len(rows.codes), np.bool_)
        is_enough = sum(b - a for a, b in fit) >= LEAST_TOKENS and validation and held
        if settings.kind == "linear" or not settings.trained or not is_enough:
            return None, nothing, {}
        grams = _grams(rows, tokens)
        known, judged = (
            np.concatenate([np.arange(a, b) for a, b in part]) for part in ((*fit, *validation), held)
        )
        by_counts = NGram.fit(grams[known], rows.vocabulary, unseen).nats(grams[judged])
        if settings.kind == "auto" and by_counts.mean() < NOTHING_LEFT:
            return None, nothing, {}
        codes = np.where(tokens.codes == rows.vocabulary + 1, rows.vocabulary, tokens.codes)
        parts = (self._symbols(fit), self._symbols(validation))
        params = self._trained(codes, parts, rows.vocabulary, rng, on_epoch, keep)
        by_lstm = sequence_nats(params, codes, self._symbols(held), self.are_whole)
        found = {"lstm": float(by_lstm.mean()), "ngram": float(by_counts.mean())}
        if settings.kind == "auto" and found["lstm"] >= found["ngram"]:
            return None, nothing, found
        is_fitted = nothing.copy()
        for a, b in fit:
            is_fitted[tokens.slots[a] - 1 : tokens.slots[b - 1]] = True
        return params, is_fitted, found

    def _trained(
        self,
        codes: IntArray,
        parts: tuple[Segments, Segments],
        vocabulary: int,
        rng: np.random.Generator,
        on_epoch: OnEpoch | None,
        keep: Keep | None,
    ) -> dict[str, Array]:
        """The weights, trained on parts of the codes: those to fit to, and those to validate on."""
        settings, size = self.settings, sum(b - a for a, b in parts[0])
        updates = int(np.clip(MOST_READINGS * size // (BATCH * USUAL_LENGTH), LEAST_UPDATES, UPDATES))
        config = ForecastConfig(
            updates=max(1, int(updates * settings.effort)),
            rounds=ROUNDS,
            batch_size=BATCH,
            weight_decay=settings.weight_decay or WEIGHT_DECAY,
        )
        params = init_next_symbol(rng, vocabulary, EMBEDDING, HIDDEN)

        def train_it(params: dict[str, Array], seconds: float | None) -> Iterator[EpochReport]:
            lesson = SymbolLesson(params, codes, parts, self.are_whole, config)
            return train(lesson, config, rng, Limits(seconds, keep))

        train_side_by_side([Job(self.book.name, params, train_it)], on_epoch, 1, settings.max_train_time)
        return params

    def _split(self, tokens: Tokens) -> tuple[Segments, Segments, Segments]:
        """Sequences of tokens to fit to, to validate on and to judge by; whole ones are not cut."""
        cuts = np.flatnonzero(tokens.begins).tolist()
        sequences = tuple(zip(cuts, [*cuts[1:], len(tokens.codes)], strict=True))
        split, whole = split_chronologically(sequences, VALIDATION_SHARE, CALIBRATION_SHARE), {*sequences}
        parts = (split.fit, split.validation, split.calibration)
        if not self.are_whole:
            return parts
        fit, validation, held = (tuple(one for one in part if one in whole) for part in parts)
        return fit, validation, held

    def _symbols(self, segments: Segments) -> Segments:
        """The symbols of ranges of tokens, without the ends that whole ones have."""
        return tuple((a, b - self.are_whole) for a, b in segments)


def _grams(rows: _Rows, tokens: Tokens) -> IntArray:
    before = np.full(ORDER - 1, rows.vocabulary + 2)
    return grams_of(tokens.codes, tokens.begins, before, rows.vocabulary)


def _counted(rows: _Rows, unseen: float) -> NGram:
    return NGram.fit(_grams(rows, rows.tokens()), rows.vocabulary, unseen)


def _read(column: SymbolColumn, rows: _Rows) -> FloatArray:
    """The nats (n, PARTS) of rows, ends with the last rows of their sequences."""
    reader = SymbolReader(replace(column, limits=np.full(PARTS, np.inf)), rows.are_whole)
    no_texts = np.full(len(rows.codes), "", object)
    nats = reader.push(rows.codes, rows.begins, no_texts).nats
    nats[-1] = np.maximum(nats[-1], reader.finish().nats[0])
    return nats[1:]


def _folds(rows: _Rows) -> IntArray:
    """The fold (M,) of each row, in time order; whole sequences are in one fold."""
    if not rows.are_whole:
        return np.arange(len(rows.codes)) * FOLDS // len(rows.codes)
    sequence = np.cumsum(rows.begins) - 1  # (M,)
    return np.asarray(sequence * FOLDS // (sequence[-1] + 1))


def _new(codes: IntArray, folds: IntArray) -> int:
    """How many rows show a symbol that no other fold shows."""
    seen = {(code, fold) for code, fold in zip(codes.tolist(), folds.tolist(), strict=True)}
    count: dict[int, int] = {}
    for code, _fold in seen:
        count[code] = count.get(code, 0) + 1
    alone = np.array([code for code, of_folds in count.items() if of_folds == 1])
    return int(np.isin(codes, alone).sum())


def _limit(nats: FloatArray, per_row: float) -> float:
    """Nats that a normal row shows `per_row` times: those above a high level fall off exponentially.

    A tail is told by the top tenth of the maxima of blocks, as in tail_limits.py, but the limit may lie below
    the highest: rows to learn from are only mostly normal.
    """
    maxima = np.sort(block_maxima(nats, BLOCK_ROWS))
    top = max(LEAST_TOP, int(TOP_SHARE * len(maxima)))
    if len(maxima) <= top:
        return max(LEAST_NATS, float(nats.max(initial=0.0)))
    highest = maxima[-top - 1 :]
    excess = float((highest[1:] - highest[0]).mean()) * (1.0 + 1.0 / np.sqrt(top))
    rarer = max(top / len(maxima) / (per_row * BLOCK_ROWS), 1.0)
    return max(LEAST_NATS, float(highest[0] + excess * np.log(rarer)))


def _as_if_held_out(nats: FloatArray, is_fitted: BoolArray) -> FloatArray:
    """Nats (M,), those on fitted rows raised to be on average as high as on the others."""
    inside, outside = nats[is_fitted], nats[~is_fitted]
    if not len(inside) or not len(outside) or not inside.mean():
        return nats
    return np.where(is_fitted, nats * max(1.0, float(outside.mean() / inside.mean())), nats)
