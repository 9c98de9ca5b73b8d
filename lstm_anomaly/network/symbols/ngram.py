"""An interpolated n-gram: how likely a symbol is after the last few, by counting (Witten & Bell 1991).

    p_k(s | c) = (count(c s) + T(c) p_{k-1}(s | c')) / (count(c) + T(c))          k = 2 .. ORDER

where c are the k - 1 symbols before, c' those but the oldest, count(c) how often c was followed by anything,
and T(c) by how many different symbols. Where a context was never seen, p_k is p_{k-1}.
The shortest, p_1, is the share of the symbol among all, less what is kept for symbols never seen.

Codes: of V symbols 0 .. V - 1, V one never seen, V + 1 the end of a sequence, V + 2 what lies before one.
It is what a next-symbol LSTM must beat to be used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray

ORDER = 5
# MOST_SYMBOLS, the empty one and three marks fit into 63 bits: (MOST_SYMBOLS + 4) ** ORDER < 2 ** 63.

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class NGram:
    """Counts of what followed what.

    vocabulary  V
    unseen      share kept for symbols never seen
    keys        (E,) contexts with a symbol behind them, packed into a number, sorted, those of order 1 first
    counts      (E,) how often each came
    contexts    (C,) contexts alone, packed, sorted, of order 2 first
    totals      (C,) how often each was followed by anything
    kinds       (C,) by how many different symbols
    edges       (ORDER + 1,) where the keys of each order begin, and end
    context_edges  (ORDER,) where the contexts of each order from 2 on begin, and end
    """

    vocabulary: int
    unseen: float
    keys: IntArray
    counts: IntArray
    contexts: IntArray
    totals: IntArray
    kinds: IntArray
    edges: IntArray
    context_edges: IntArray

    @classmethod
    def fit(cls, grams: Codes, vocabulary: int, unseen: float) -> "NGram":
        """From the symbols (M,) of sequences with those before them, grams (M, ORDER), the symbol last."""
        keys, counts, contexts, totals, kinds = [], [], [], [], []
        for k in range(1, ORDER + 1):
            found, count = np.unique(packed(grams[:, -k:], vocabulary), return_counts=True)
            keys.append(found)
            counts.append(count)
            if k > 1:
                context = found // (vocabulary + 3)
                first = np.flatnonzero(np.diff(context, prepend=-1))
                contexts.append(context[first])
                totals.append(np.add.reduceat(count, first) if len(first) else count)
                kinds.append(np.diff(np.append(first, len(context))))
        edges = (np.cumsum([0, *map(len, parts)]).astype(np.int64) for parts in (keys, contexts))
        joined = (np.concatenate(parts).astype(np.int64) for parts in (keys, counts, contexts, totals, kinds))
        return cls(vocabulary, unseen, *joined, *edges)

    def nats(self, grams: Codes) -> FloatArray:
        """-log p of the last symbol of each of grams (n, ORDER) given those before, (n,)."""
        p = self._shares(grams[:, -1])  # (n,)
        for k in range(2, ORDER + 1):
            key = packed(grams[:, -k:], self.vocabulary)
            count = _found(self.keys, self.counts, self.edges[k - 1 : k + 1], key)
            total, kinds = self._context(k, key // (self.vocabulary + 3))
            p = (count + kinds * p) / np.maximum(total + kinds, 1) + (total == 0) * p
        return np.asarray(-np.log(p))

    def most_likely(self, context: Codes) -> tuple[int, float]:
        """The symbol that most likely follows the ORDER - 1 symbols of a context, and how likely it is."""
        V = self.vocabulary
        symbols = np.append(np.arange(V), V + 1)
        grams = np.column_stack([np.tile(context, (len(symbols), 1)), symbols])  # (V + 1, ORDER)
        p = np.exp(-self.nats(grams))
        return int(symbols[p.argmax()]), float(p.max())

    def transitions(self) -> IntArray:
        """Pairs of symbols and how often the second followed the first, (P, 3), the most frequent first."""
        part = slice(self.edges[1], self.edges[2])
        first, second = np.divmod(self.keys[part], self.vocabulary + 3)
        order = np.argsort(-self.counts[part], kind="stable")
        return np.column_stack([first, second, self.counts[part]])[order]

    def counts_of_symbols(self) -> IntArray:
        """How often each symbol came, (V,)."""
        keys = self.keys[: self.edges[1]]
        out = np.zeros(self.vocabulary, np.int64)
        inside = keys < self.vocabulary
        out[keys[inside]] = self.counts[: self.edges[1]][inside]
        return out

    def _shares(self, symbols: Codes) -> FloatArray:
        """p_1 (n,): shares of all, at least that of a symbol never seen."""
        counts = self.counts[: self.edges[1]]
        count = _found(self.keys, self.counts, self.edges[:2], symbols)
        return np.asarray(np.maximum((1.0 - self.unseen) * count / max(int(counts.sum()), 1), self.unseen))

    def _context(self, order: int, context: IntArray) -> tuple[FloatArray, FloatArray]:
        """How often contexts (n,) of an order were followed, and by how many symbols, (n,) each."""
        edges = self.context_edges[order - 2 : order]
        found = (_found(self.contexts, what, edges, context) for what in (self.totals, self.kinds))
        total, kinds = found
        return total, kinds


def _found(keys: IntArray, values: IntArray, edges: IntArray, wanted: IntArray) -> FloatArray:
    """The values of the wanted keys (n,), which are sorted between two edges; 0 where there is none."""
    part, out = keys[edges[0] : edges[1]], np.zeros(len(wanted))
    if not len(part):
        return out
    at = np.minimum(np.searchsorted(part, wanted), len(part) - 1)
    known: BoolArray = part[at] == wanted
    out[known] = values[edges[0] : edges[1]][at[known]]
    return out


def packed(grams: Codes, vocabulary: int) -> IntArray:
    """Rows of codes (n, k) as one number each, (n,), the last code as its last digit."""
    out = np.zeros(len(grams), np.int64)
    for column in grams.T:
        out = out * (vocabulary + 3) + column
    return out


def grams_of(codes: Codes, begins: BoolArray, before: Codes, vocabulary: int) -> Codes:
    """Each of the symbols (n,) with the ORDER - 1 before it in its sequence, (n, ORDER).

    begins  (n,) where a sequence begins: what lies before counts as V + 2
    before  (ORDER - 1,) the symbols before the first of these
    """
    start = vocabulary + 2
    if not len(codes):
        return np.zeros((0, ORDER), np.int64)
    joined = np.concatenate([before, codes])
    grams = np.lib.stride_tricks.sliding_window_view(joined, ORDER).copy()  # (n, ORDER)
    position = np.arange(len(codes))
    first = np.maximum.accumulate(np.where(begins, position, -len(joined)))  # (n,) of its sequence
    for back in range(1, ORDER):
        grams[position - back < first, ORDER - 1 - back] = start
    return grams
