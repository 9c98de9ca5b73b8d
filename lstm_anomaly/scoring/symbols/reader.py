"""Reads one column of symbols as rows come, in any pieces, and says how surprising each is, and why."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.network.symbols.following_symbols import Forecasts, Open, begin, follow_symbols
from lstm_anomaly.network.symbols.ngram import ORDER, grams_of
from lstm_anomaly.scoring.symbols.column import END, LASTING, LENGTH, NEXT, PARTS, SymbolColumn, rarity, shown

TOLD_FROM = 0.5  # multiples of the limit from which a reason is put into words: no threshold is lower


@dataclass(frozen=True)
class Surprise:
    """Of n rows: nats (n, PARTS), and in words what is surprising, (n,), "" for little."""

    nats: FloatArray
    words: NDArray[np.object_]


@dataclass(frozen=True)
class Tokens:
    """What the models of sequences read of some rows, m of them: new symbols, and ends of sequences.

    codes   (m,) of symbols, V + 1 for an end
    begins  (m,) where a sequence begins
    slots   (m,) the row that each belongs to, counted from 1; 0 is the row before these
    """

    codes: IntArray
    begins: BoolArray
    slots: IntArray


@saved_as("symbol reader")
class SymbolReader:
    """Follows the sequences of one column. The last of them may go on with the next rows."""

    _column: SymbolColumn
    _are_whole: bool
    _context: Annotated[IntArray, f"{ORDER - 1}"]
    _open: Open | None
    _last: int
    _run: int
    _run_is_whole: bool
    _length: int

    def __init__(self, column: SymbolColumn, are_whole: bool) -> None:
        """`are_whole`: sequences are sessions, whose first and last symbols are their first and last."""
        self._column, self._are_whole = column, are_whole
        self._context = np.full(ORDER - 1, len(column.texts) + 2)
        self._open: Open | None = None if column.lstm is None else begin(column.lstm)
        self._last = -1  # the last symbol; -1: no sequence has begun
        self._run = 0  # rows that it has lasted
        self._run_is_whole = are_whole
        self._length = 0  # rows of the sequence

    def is_of(self, column: SymbolColumn) -> bool:
        """Whether it reads this column, by codes that the column has."""
        V = len(column.texts)
        codes = np.append(self._context, self._last + 1)  # up to V for one never seen, and marks behind it
        is_known = bool(((codes >= 0) & (codes <= V + 2)).all())
        if self._open is not None:
            is_known &= column.lstm is not None and self._open.fits(column.lstm)
        return self._column is column and is_known and min(self._run, self._length) >= 0

    def push(self, codes: IntArray, begins: BoolArray, texts: NDArray[np.object_]) -> Surprise:
        """The next rows' symbols (n,) with their texts (n,), and where sequences begin (n,).

        Returns the surprise of n + 1 rows. The first is the one before these: what is to be added to it where
        its sequence turned out to end there.
        """
        column, n = self._column, len(codes)
        codes = np.minimum(codes, len(column.texts))
        before = np.concatenate([[self._last], codes])[:n]  # (n,)
        is_new = begins | (codes != before) if column.lasts else np.ones(n, np.bool_)
        tokens = tokens_of(codes, is_new, begins & (before >= 0) & self._are_whole, begins, len(column.texts))
        nats = np.zeros((n + 1, PARTS))
        grams = grams_of(tokens.codes, tokens.begins, self._context, len(column.texts))  # (m, ORDER)
        said = self._forecasts(tokens, grams)
        is_end = tokens.codes == len(column.texts) + 1
        nats[tokens.slots, np.where(is_end, END, NEXT)] = said.nats
        runs = np.concatenate([[self._run], _counted(is_new, self._run)])  # (n + 1,)
        lengths = np.concatenate([[self._length], _counted(begins, self._length)])  # (n + 1,)
        symbols = np.concatenate([[self._last], codes])  # (n + 1,)
        lasted = runs, symbols  # what is told of
        if column.lasts:
            lasted = self._add_lasting(nats, runs, symbols, is_new, begins)
        if self._are_whole:
            nats[1:, LENGTH] = column.lengths.nats(np.zeros(n, np.int64), lengths[1:], at_least=True)
            ends = tokens.slots[is_end]  # (e,)
            short = column.lengths.nats(np.zeros(len(ends), np.int64), lengths[ends], at_least=False)
            nats[ends, LENGTH] = np.maximum(nats[ends, LENGTH], short)
        self._last, self._run, self._length = int(symbols[-1]), int(runs[-1]), int(lengths[-1])
        self._context = grams[-1, 1:] if len(grams) else self._context
        multiples = column.multiples(nats)
        words = np.full(n + 1, "", object)
        for slot in np.flatnonzero(multiples.max(axis=1) >= TOLD_FROM).tolist():
            part = int(multiples[slot].argmax())
            if part in (NEXT, END):
                at = int(np.flatnonzero((tokens.slots == slot) & (is_end == (part == END)))[0])
                text = texts[slot - 1] if part == NEXT else ""
                words[slot] = self._of_symbol(part, grams[at], text, said, at)
            else:
                rows, symbol = (lengths[slot], 0) if part == LENGTH else (lasted[0][slot], lasted[1][slot])
                words[slot] = self._of_duration(part, int(rows), int(symbol), float(nats[slot, part]))
        return Surprise(nats, words)

    def finish(self) -> Surprise:
        """The surprise of the last row's sequence ending there, of one row; the next rows begin a new one."""
        found = Surprise(np.zeros((1, PARTS)), np.full(1, "", object))
        if self._are_whole and self._last >= 0:  # as a row that begins another one would tell it
            told = self.push(np.zeros(1, np.int64), np.ones(1, np.bool_), found.words)
            found = Surprise(told.nats[:1], told.words[:1])
        vars(self).update(vars(SymbolReader(self._column, self._are_whole)))
        return found

    def _forecasts(self, tokens: Tokens, grams: IntArray) -> Forecasts:
        """How surprising the tokens are, by the LSTM if there is one; else `usual` and `share` are 0."""
        column = self._column
        counted = column.ngram.nats(grams)  # (m,)
        if column.lstm is None or self._open is None or not len(counted):
            return Forecasts(counted, np.zeros(len(counted), np.int64), np.zeros(len(counted)))
        parts = np.split(tokens.codes, np.flatnonzero(tokens.begins))
        state = self._open
        if tokens.begins[0]:
            state, parts = begin(column.lstm), parts[1:]
        end = len(column.texts) + 1
        ends = np.array([len(part) > 0 and part[-1] == end for part in parts])
        symbols = [part[:-1] if over else part for part, over in zip(parts, ends.tolist(), strict=True)]
        said, self._open = follow_symbols(column.lstm, state, symbols, ends)
        nats = np.where(np.isinf(said.nats), counted, said.nats)  # a symbol never seen: as counts tell it
        return Forecasts(nats, said.usual, said.share)

    def _add_lasting(
        self, nats: FloatArray, rows: IntArray, symbols: IntArray, is_new: BoolArray, begins: BoolArray
    ) -> tuple[IntArray, IntArray]:
        """Add to nats (n + 1, PARTS) how surprising it is how long symbols last, or lasted when they changed.

        rows, symbols  (n + 1,) how long each had lasted by then, the row before these first

        Returns both as what is told of each row: where it ended a run too soon, of that.
        """
        durations, n = self._column.durations, len(is_new)
        nats[1:, LASTING] = durations.nats(symbols[1:], rows[1:], at_least=True)
        starts = np.maximum.accumulate(np.where(is_new, np.arange(n), -1))  # (n,) row at which a run began
        by_begin = np.where(starts >= 0, begins[starts], False) if n else is_new
        whole = np.where(starts >= 0, ~by_begin | self._are_whole, self._run_is_whole)  # (n,)
        whole = np.concatenate([[self._run_is_whole], whole])  # (n + 1,)
        over = np.flatnonzero(is_new & ~begins)  # (o,) slots of the last rows of runs
        over = over[whole[over] & (symbols[over] >= 0)]
        short = durations.nats(symbols[over], rows[over], at_least=False)
        more = short > nats[over + 1, LASTING]
        nats[over[more] + 1, LASTING] = short[more]
        self._run_is_whole = bool(whole[-1])
        told_rows, told_symbols = rows.copy(), symbols.copy()
        told_rows[over[more] + 1], told_symbols[over[more] + 1] = rows[over[more]], symbols[over[more]]
        return told_rows, told_symbols

    def _of_symbol(self, part: int, gram: IntArray, text: object, said: Forecasts, at: int) -> str:
        """`ALARM_17 after PUMP_ON: 1 in 4,000; usual: PUMP_OK (93 %)`."""
        column = self._column
        if column.lstm is None:
            usual, share = column.ngram.most_likely(gram[:-1])
        else:
            V = len(column.texts)
            usual, share = int(said.usual[at]), float(said.share[at])
            usual = V + 1 if usual == V else usual
        what = "ends" if part == END else shown(str(text))
        what += " (never seen)" if int(gram[-1]) == len(column.texts) else ""
        return (
            f"{what} after {column.text(int(gram[-2]))}: {rarity(float(said.nats[at]))};"
            f" usual: {column.text(usual)} ({100 * share:.0f} %)"
        )

    def _of_duration(self, part: int, rows: int, symbol: int, nats: float) -> str:
        """`PUMP_ON for 3 rows: 1 in 300; usual: 10 to 20 rows`."""
        column = self._column
        of, what = (
            (column.lengths, "a sequence of")
            if part == LENGTH
            else (column.durations, f"{column.text(symbol)} for")
        )
        least, most = of.usual(symbol)
        return f"{what} {rows} rows: {rarity(nats)}; usual: {least} to {most} rows"


def tokens_of(
    codes: IntArray, is_new: BoolArray, ended: BoolArray, begins: BoolArray, vocabulary: int
) -> Tokens:
    """New symbols of rows (n,), and before a row at which the sequence before it `ended`, that end."""
    symbols, ends = np.flatnonzero(is_new), np.flatnonzero(ended)
    order = np.argsort(np.concatenate([2 * ends, 2 * symbols + 1]), kind="stable")
    end, no_begin = np.full(len(ends), vocabulary + 1), np.zeros(len(ends), np.bool_)
    return Tokens(
        np.concatenate([end, codes[symbols]])[order],
        np.concatenate([no_begin, begins[symbols]])[order],
        np.concatenate([ends, symbols + 1])[order],
    )


def _counted(starts: BoolArray, before: int) -> IntArray:
    """For each row (n,) the rows since the last start, itself included; `before` came before the first."""
    position = np.arange(len(starts))
    first = np.maximum.accumulate(np.where(starts, position, -before))  # (n,)
    return np.asarray(position - first + 1)
