"""Cells of states, alarm codes and kinds of events to codes: a symbol is a text, whatever it looks like."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import MOST_SYMBOLS, Codebook, FloatArray, SensorFrame, SymbolColumns, TimeArray
from lstm_anomaly.reading.options import ReadOptions

MOST_STRANGERS = 1000  # symbols beyond a vocabulary whose texts are kept; all others share a code
EMPTY_SHARE = 0.2  # of a column's cells, from which on an empty cell is a symbol, too, and no hole
EMPTY = -1.0  # code of an empty cell as long as that is not known


def symbol_columns(options: ReadOptions) -> SymbolColumns | None:
    """The codebooks to read with: fresh ones, or those of a model's vocabularies."""
    if not options.symbols:
        return None
    known = options.vocabularies or [None] * len(options.symbols)
    pairs = zip(options.symbols, known, strict=True)
    books = (
        Codebook(name, list(texts or ()), None if texts is None else len(texts)) for name, texts in pairs
    )
    return SymbolColumns(tuple(books), options.session)


def to_codes(cells: NDArray[np.object_], codebook: Codebook, where: str) -> FloatArray:
    """Codes of cells (n,), blanks around them taken off; new symbols get new codes.

    An empty cell is a symbol where the vocabulary has it, else NaN; `EMPTY` while that is learned. Raises
    InputError at `where` when there are too many symbols to be learned.
    """
    places = {text: float(code) for code, text in enumerate(codebook.texts)}
    known = codebook.known
    places.setdefault("", EMPTY if known is None else np.nan)
    kinds, distinct = pd.factorize(cells, use_na_sentinel=False)
    codes = np.empty(len(distinct))
    for k, cell in enumerate(distinct.tolist()):
        text = cell.strip() if isinstance(cell, str) else ""
        if text not in places and known is not None and len(codebook.texts) >= known + MOST_STRANGERS:
            codes[k] = known + MOST_STRANGERS
            continue
        if text not in places:
            places[text] = float(len(codebook.texts))
            codebook.texts.append(text)
        codes[k] = places[text]
    if known is None and len(codebook.texts) > MOST_SYMBOLS:
        raise InputError(
            f"column {codebook.name!r} has more than {MOST_SYMBOLS:,} different symbols, too many to learn"
            " what follows what",
            where=where,
            hint=f"--exclude '{codebook.name}' instead of --symbols, or a column that names the kind of event"
            " without its numbers",
        )
    return np.asarray(codes[kinds])


def split_times(
    times: TimeArray | None, sensors: Sequence[str], symbols: SymbolColumns | None
) -> tuple[TimeArray | None, TimeArray | None]:
    """The times (n,) to judge rows by, and those to print only: where all sensors are symbols, order counts.

    Events of one log often have one time stamp, and nothing is regular about the steps between them.
    """
    return (None, times) if symbols is not None and set(sensors) <= {*symbols.names} else (times, None)


def settle_empty(frame: SensorFrame) -> SensorFrame:
    """The frame of a whole input to learn from, in which it is decided what empty cells of symbols are.

    Where they are many, as in a column of rare alarms, they say that there was none: a symbol. Else a symbol
    is missing there, and the last one holds on for a while as readings do. Raises InputError when the rows of
    a session do not follow each other.
    """
    if frame.symbols is None:
        return frame
    if frame.symbols.session is not None and all(book.known is None for book in frame.symbols.codebooks):
        _check_sessions(frame, frame.symbols.session)
    values = frame.values.copy()
    for codebook in frame.symbols.codebooks:
        if codebook.name not in frame.sensors or codebook.known is not None:
            continue
        column = values[:, frame.sensors.index(codebook.name)]
        empty = column == EMPTY
        if empty.mean() >= EMPTY_SHARE and not empty.all():
            codebook.texts.append("")
            column[empty] = len(codebook.texts) - 1
        else:
            column[empty] = np.nan
    return dataclasses.replace(frame, values=values)


def _check_sessions(frame: SensorFrame, column: str) -> None:
    """Refuse sessions that go on after another one: each of their parts would be learned as a whole one."""
    assert frame.groups is not None, "sessions are read as groups"
    changes = frame.groups[1:] != frame.groups[:-1]
    changes |= frame.source_index[1:] != frame.source_index[:-1]
    begun: set[tuple[int, str]] = set()
    for row in [0, *(np.flatnonzero(changes) + 1).tolist()] if len(frame) else []:
        session = int(frame.source_index[row]), str(frame.groups[row])
        if session in begun:
            raise InputError(
                f"the session {session[1][:40]!r} of column {column!r} goes on after another one",
                where=frame.place(row),
                hint="sort the rows by that column, without changing the order of the rows of a session",
            )
        begun.add(session)
