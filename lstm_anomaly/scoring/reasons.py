"""Why a row is anomalous: which component is farthest above its limit, in plain words."""

import numpy as np
from numpy.typing import NDArray

FORECAST, RESTORED, RELATED, TOGETHER, UNSEEN, FLAT, NEW_VALUE, SYMBOLS = range(8)

WORDS = (
    "departs from its forecast",
    "does not fit the rows before it",
    "does not fit the other sensors",
    "departs a little in many sensors or rows",
    "outside anything seen in training",
    "reads flat",
    "a value never seen in training",
    "an unusual order of symbols",
)
MOST_TOLD = 1000.0


def sentence(reason: int, multiple: float, words: str = "") -> str:
    """What fired, and how many times its limit was reached: `reads flat, 3.9 times the limit`.

    `words` say it better than those for all of its kind.
    """
    return f"{words or WORDS[reason]}, {times(multiple)} the limit"


def no_words(rows: int) -> NDArray[np.object_]:
    """Empty words for this many rows, (rows,)."""
    return np.full(rows, "", object)


def times(multiple: float) -> str:
    """A multiple as a person reads it: `3.9 times`, `127 times`, `more than 1000 times`."""
    if multiple > MOST_TOLD:
        return f"more than {MOST_TOLD:.0f} times"
    return f"{multiple:.{1 if multiple < 100 else 0}f} times"
