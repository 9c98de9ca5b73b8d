"""The part of a model file that is about columns of symbols, with every check that makes it safe to use."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import MOST_SYMBOLS
from lstm_anomaly.model.bounds import check
from lstm_anomaly.model.model import Model
from lstm_anomaly.network.symbols.next_symbol import next_symbol_shapes
from lstm_anomaly.network.symbols.ngram import ORDER, NGram
from lstm_anomaly.scoring.symbols.column import PARTS, SymbolColumn
from lstm_anomaly.scoring.symbols.durations import Durations

Arrays = dict[str, NDArray[Any]]
MOST_TEXTS = MOST_SYMBOLS + 1  # of a column: as many symbols as are learned, and the empty one
MOST_UNITS = 4096
_NGRAM = ("keys", "counts", "contexts", "totals", "kinds", "edges", "context_edges")
_DURATIONS = ("rows", "counts", "seen")
_TIMES = ("durations", "lengths")
SYMBOLS = "symbols."


def symbols_header(model: Model) -> dict[str, Any]:
    """What is text and counts; nothing where no sensor is symbols."""
    if not model.symbols:
        return {}
    return {"session": model.session, "symbols": [_column_header(column) for column in model.symbols]}


def _column_header(column: SymbolColumn) -> dict[str, Any]:
    sizes = None
    if column.lstm is not None:
        hidden, embedding = column.lstm["lstm.W_h"].shape[1], column.lstm["embedding"].shape[1]
        sizes = {"embedding": embedding, "hidden": hidden}
    return {
        "place": column.place,
        "texts": list(column.texts),
        "lasts": column.lasts,
        "unseen": column.ngram.unseen,
        "lstm": sizes,
        "held_out": column.held_out,
    }


def symbols_arrays(model: Model) -> Arrays:
    """What is numbers."""
    found: Arrays = {}
    for k, column in enumerate(model.symbols):
        found |= {f"{SYMBOLS}{k}.ngram.{name}": getattr(column.ngram, name) for name in _NGRAM}
        for times in _TIMES:
            part = getattr(column, times)
            found |= {f"{SYMBOLS}{k}.{times}.{name}": getattr(part, name) for name in _DURATIONS}
        found[f"{SYMBOLS}{k}.limits"] = column.limits
        found |= {f"{SYMBOLS}{k}.lstm.{name}": array for name, array in (column.lstm or {}).items()}
    return found


def symbols_parts(header: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The fields of a model that were written here. Raises ValueError where they make no sense."""
    if "symbols" not in header:
        check(not arrays and "session" not in header, "there are symbols without their columns")
        return {}
    described, session = header["symbols"], header["session"]
    check(session is None or type(session) is str, "the session column is no name")
    check(type(described) is list and described, "the columns of symbols are no list")
    places = [told["place"] for told in described]
    sensors = len(header["sensors"])
    check(
        all(type(place) is int and 0 <= place < sensors for place in places),
        "a column of symbols is no sensor",
    )
    check(places == sorted(set(places)), "a column of symbols is there twice, or out of order")
    columns = tuple(_column(told, _part(arrays, f"{SYMBOLS}{k}.")) for k, told in enumerate(described))
    check(sum(map(_count_of_arrays, columns)) == len(arrays), "there are arrays of no column of symbols")
    return {"symbols": columns, "session": session}


def _count_of_arrays(column: SymbolColumn) -> int:
    return len(_NGRAM) + len(_TIMES) * len(_DURATIONS) + 1 + len(column.lstm or {})


def _column(told: dict[str, Any], arrays: Arrays) -> SymbolColumn:
    texts, held_out = told["texts"], told["held_out"]
    check(type(texts) is list and 0 < len(texts) <= MOST_TEXTS, "a vocabulary is empty or too large")
    check(
        all(type(text) is str for text in texts) and len(set(texts)) == len(texts),
        "a symbol is no text, or twice",
    )
    check(type(told["lasts"]) is bool, "whether symbols last is neither yes nor no")
    numbers = all(type(value) is float for value in held_out.values())
    check(
        numbers and set(held_out) in (set(), {"lstm", "ngram"}),
        "what was found on held-out rows is not known",
    )
    limits = arrays["limits"]
    check(limits.dtype == np.float64 and limits.shape == (PARTS,), "the limits of symbols are none")
    check(bool((limits > 0).all()), "a limit of symbols is not positive")
    return SymbolColumn(
        place=told["place"],
        texts=tuple(texts),
        lasts=told["lasts"],
        ngram=_ngram(told["unseen"], len(texts), _part(arrays, "ngram.")),
        lstm=_lstm(told["lstm"], len(texts), _part(arrays, "lstm.")),
        durations=_times(_part(arrays, "durations."), len(texts)),
        lengths=_times(_part(arrays, "lengths."), 1),
        limits=limits,
        held_out=held_out,
    )


def _ngram(unseen: Any, vocabulary: int, arrays: Arrays) -> NGram:
    check(type(unseen) is float and 0 < unseen <= 1, "the share of symbols never seen is none")
    check(
        all(array.dtype == np.int64 and array.ndim == 1 for array in arrays.values()), "counts are no counts"
    )
    edges, context_edges = arrays["edges"], arrays["context_edges"]
    sizes = len(arrays["keys"]), len(arrays["contexts"])
    check(len(arrays["counts"]) == sizes[0], "there is no count for each sequence")
    check(len(arrays["totals"]) == len(arrays["kinds"]) == sizes[1], "there are no counts for each context")
    for part, size, count in ((edges, sizes[0], ORDER + 1), (context_edges, sizes[1], ORDER)):
        check(
            len(part) == count and part[0] == 0 and part[-1] == size,
            "the orders of sequences are cut wrongly",
        )
        check(bool((np.diff(part) >= 0).all()), "the orders of sequences are not in order")
    for name in ("counts", "totals", "kinds"):
        check(bool((arrays[name] > 0).all()), "something was counted less than once")
    base = vocabulary + 3
    for order in range(1, ORDER + 1):
        keys = arrays["keys"][edges[order - 1] : edges[order]]
        check(_is_ascending(keys, base**order), "sequences are not in order, or of no symbols")
        if order > 1:
            contexts = arrays["contexts"][context_edges[order - 2] : context_edges[order - 1]]
            check(_is_ascending(contexts, base ** (order - 1)), "contexts are not in order, or of no symbols")
    return NGram(vocabulary, unseen, *(arrays[name] for name in _NGRAM))


def _lstm(sizes: Any, vocabulary: int, arrays: Arrays) -> Arrays | None:
    if sizes is None:
        check(not arrays, "there are weights of no LSTM")
        return None
    check(set(sizes) == {"embedding", "hidden"}, "the sizes of an LSTM of symbols are not known")
    check(
        all(type(n) is int and 0 < n <= MOST_UNITS for n in sizes.values()),
        "a size is not positive, or too large",
    )
    shapes = next_symbol_shapes(vocabulary, sizes["embedding"], sizes["hidden"])
    check(
        {name: array.shape for name, array in arrays.items()} == shapes,
        "the weights of an LSTM have other sizes",
    )
    check(all(array.dtype == np.float32 for array in arrays.values()), "weights are not in single precision")
    return arrays


def _times(arrays: Arrays, kinds: int) -> Durations:
    rows, counts, seen = (arrays[name] for name in _DURATIONS)
    check(
        all(array.dtype == np.int64 and array.ndim == 1 for array in arrays.values()),
        "durations are no counts",
    )
    check(len(counts) == len(seen) == kinds, "there are not durations of each symbol")
    check(bool((counts >= 0).all()) and int(counts.sum()) == len(rows), "durations are cut wrongly")
    check(
        bool((seen >= counts).all() and ((seen > 0) == (counts > 0)).all()),
        "durations were seen less than once",
    )
    for part in np.split(rows, np.cumsum(counts))[:-1]:
        check(bool((part > 0).all() and (np.diff(part) >= 0).all()), "durations are not in order")
    return Durations(rows, counts, seen)


def _is_ascending(keys: NDArray[Any], below: int) -> bool:
    return bool((np.diff(keys) > 0).all() and (not len(keys) or (keys[0] >= 0 and int(keys[-1]) < below)))


def _part(arrays: Arrays, prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
