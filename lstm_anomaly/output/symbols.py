"""Columns of symbols for people: what a model knows of them, and the sequence around an event."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray, SymbolColumns
from lstm_anomaly.model.model import Model
from lstm_anomaly.scoring.symbols.column import SymbolColumn, shown

MOST_TRANSITIONS = 12  # of a column, the most frequent ones
MOST_SYMBOLS = 12  # of a vocabulary, likewise
BEFORE, AFTER = 10, 5  # symbols around an event


@dataclass(frozen=True)
class Transition:
    """How often one symbol followed another in training, and the share of all that followed that one."""

    first: str
    then: str
    count: int
    share: float


def transitions(column: SymbolColumn, most: int = MOST_TRANSITIONS) -> list[Transition]:
    """The most frequent ones, also from the start and to the end of sequences."""
    pairs = column.ngram.transitions()  # (P, 3)
    totals = {int(first): int(pairs[pairs[:, 0] == first, 2].sum()) for first in np.unique(pairs[:, 0])}
    return [
        Transition(column.text(first), column.text(then), count, count / totals[first])
        for first, then, count in pairs[:most].tolist()
    ]


def vocabulary(column: SymbolColumn) -> list[tuple[str, int]]:
    """All symbols and how often each came in training, the most frequent first."""
    counts = column.ngram.counts_of_symbols()
    return [(shown(column.texts[code]), int(counts[code])) for code in np.argsort(-counts, kind="stable")]


def lines(model: Model) -> list[str]:
    """What `inspect` says of each column."""
    found = []
    for column in model.symbols:
        name, words = shown(model.sensors[column.place]), vocabulary(column)
        listed = ", ".join(f"{text} {count:,}" for text, count in words[:MOST_SYMBOLS])
        more = f" and {len(words) - MOST_SYMBOLS} more" if len(words) > MOST_SYMBOLS else ""
        kind = "states that last" if column.lasts else "each row one"
        found.append(f"symbols     {name}: {len(words)} ({kind}): {listed}{more}")
        found += [
            f"            {pair.first} -> {pair.then}: {pair.count:,} ({100 * pair.share:.0f} %)"
            for pair in transitions(column)
        ]
    return found


def document(model: Model) -> list[dict[str, object]]:
    """The same as data."""
    return [
        {
            "name": model.sensors[column.place],
            "vocabulary": [{"symbol": text, "count": count} for text, count in vocabulary(column)],
            "lasts": column.lasts,
            "used": "ngram" if column.lstm is None else "lstm",
            "held_out_nats": column.held_out,
            "transitions": [
                {"first": pair.first, "then": pair.then, "count": pair.count, "share": round(pair.share, 6)}
                for pair in transitions(column, len(column.ngram.keys))
            ],
        }
        for column in model.symbols
    ]


def around(
    values: FloatArray, column: SymbolColumn, symbols: SymbolColumns | None, rows: tuple[int, int]
) -> str:
    """The sequence of codes (M, F) around the first row of an event, which is in brackets: `A B [C] D`.

    rows  those between which it may be looked at, the event's first row and the one behind the stretch
    """
    start, stop = rows
    books = {} if symbols is None else {book.name: book.texts for book in symbols.codebooks}
    texts = next((texts for texts in books.values() if tuple(texts[: len(column.texts)]) == column.texts), ())
    told = []
    for row in range(max(0, start - BEFORE), min(stop, start + AFTER + 1)):
        code = values[row, column.place]
        if np.isfinite(code):
            text = (
                shown(texts[int(code)])
                if int(code) < len(texts)
                else column.text(min(int(code), len(column.texts)))
            )
            told.append(f"[{text}]" if row == start else text)
    return " ".join(told)
