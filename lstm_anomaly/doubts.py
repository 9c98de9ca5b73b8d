"""Signs that training data is no good as a picture of normal, in sentences for the person who chose it."""

import numpy as np

from lstm_anomaly.types import FloatArray

UNLIKE = 1.0  # a limit that half of the rows reach: they are other data than the rest
MOST_STANDING = 3.0  # times the share that may be trimmed
MOST_LEFT_OUT = 0.5  # of the rows
MOST_ABOVE_OTHERS = 4.0  # times the limit that all other rows would give
LEAST_SPAN = 0.02  # of the rows: what is shorter is an accident


def unlike_span(times: float, places: tuple[str, str], rows: int, of_all: int) -> tuple[str, ...]:
    """The doubt that `rows` rows of `of_all` were normal, `times` the limit that the others would give."""
    if times < MOST_ABOVE_OTHERS or rows < LEAST_SPAN * of_all:
        return ()
    return (
        f"its rows from {places[0]} to {places[1]} are unlike all others, {times:.2g} times the limit that"
        " those would give: if they were not normal, train without them",
    )


def doubts(standing: float, trim: float, raw: FloatArray, left_out: float) -> tuple[str, ...]:
    """What makes the training data look unusable, a clause each; nothing when it does not.

    standing  share of the training windows that stand out from the others
    trim      share of the rows that may be left out for that
    raw       (n,) scores of calibration rows before the threshold, 1 where things are usual
    left_out  share of the rows in which a reading is missing, or which lie in no stretch of a window
    """
    found = []
    if trim and standing > MOST_STANDING * trim:
        found.append(
            f"{100 * standing:.2g} % of its windows stand out from the others, far more than the"
            f" {100 * trim:.2g} % that --trim leaves out"
        )
    middle = float(np.median(raw[np.isfinite(raw)])) if np.isfinite(raw).any() else 0.0
    if middle > UNLIKE:
        found.append(
            f"its last part, on which the threshold is learned, is unlike the rest: half of the rows there"
            f" have {middle:.2g} times the usual error or more"
        )
    if left_out > MOST_LEFT_OUT:
        found.append(f"{100 * left_out:.0f} % of its rows could not be used")
    return tuple(found)
