"""What a model knows of one column of symbols."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.text import printable
from lstm_anomaly.base.types import Array, FloatArray
from lstm_anomaly.network.symbols.ngram import NGram
from lstm_anomaly.scoring.symbols.durations import Durations

NEXT, LASTING, END, LENGTH = range(4)
PARTS = 4  # what can be surprising: the symbol, how long one lasts, that the sequence ends, how long it is
SLOPE = 2.0  # nats: evidence that is so much above the limit counts as e times the limit
MOST_RARE = 1_000_000  # of less nobody has seen enough to tell
MOST_TEXT = 40  # characters of a symbol that are shown


@dataclass(frozen=True)
class SymbolColumn:
    """A column of V symbols.

    place      of the column among the model's sensors
    texts      V of them, in the order of their codes
    lasts      a symbol stands in row after row for as long as a state lasts: repeats are no new symbols
    ngram      what followed what, by counts
    lstm       weights of the next-symbol LSTM, see `next_symbol_shapes`; None: the n-gram says what is likely
    durations  of each symbol, of kinds 0 .. V - 1, where it lasts
    lengths    of whole sequences, in rows, one kind; none of them where there are no sessions
    limits     (PARTS,) nats that normal rows will hardly ever reach
    held_out   mean nats a symbol on rows that nothing was fitted to, by `lstm` and `ngram`
    """

    place: int
    texts: tuple[str, ...]
    lasts: bool
    ngram: NGram
    lstm: dict[str, Array] | None
    durations: Durations
    lengths: Durations
    limits: FloatArray
    held_out: dict[str, float]

    @property
    def sizes(self) -> dict[str, int]:
        """What letters stand for in the shapes of what is remembered."""
        return {} if self.lstm is None else {"H": self.lstm["lstm.W_h"].shape[1]}

    def multiples(self, nats: FloatArray) -> FloatArray:
        """Evidence (n, PARTS) in nats as multiples of the limits, (n, PARTS); 0 where there is none.

        e^(1 / SLOPE) times for each nat above: twice the limit is a chance a quarter as large.
        """
        with np.errstate(over="ignore"):
            found = np.exp((nats - self.limits) / SLOPE)
        return np.where(nats > 0, found, 0.0)

    def text(self, code: int) -> str:
        """A symbol to be shown, by its code."""
        V = len(self.texts)
        return (
            shown(self.texts[code]) if code < V else ("a symbol never seen", "the end", "the start")[code - V]
        )


def shown(text: str) -> str:
    """A symbol's text, safe and short."""
    text = printable(text) or "(empty)"
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."


def rarity(nats: float) -> str:
    """`1 in 4,000` for -log p, with two digits that say something."""
    times = float(np.exp(min(nats, 50.0)))
    if times > MOST_RARE:
        return f"less than 1 in {MOST_RARE:,}"
    digits = max(0, int(np.floor(np.log10(times))) - 1)
    return f"1 in {round(times / 10**digits) * 10**digits:,}"


def why(name: str, column: SymbolColumn) -> str:
    """Which of the two models says what is likely in a column, and why."""
    if not column.held_out:
        return f"'{name}' by counts alone"
    lstm, ngram = (f"{column.held_out[model]:.3f} nats a symbol" for model in ("lstm", "ngram"))
    if column.lstm is None:
        return f"'{name}' by counts of what follows what: on held-out rows {ngram}, the LSTM {lstm}"
    return f"'{name}' by the LSTM: on held-out rows {lstm}, counts of what follows what {ngram}"
