"""Signs that training data is not a clean picture of normal, in sentences for the person who chose it."""

from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.text import count, number, percent
from lstm_anomaly.base.types import FloatArray

UNLIKE = 0.99  # of the rows before: rows of which half are beyond these are other data than the rest
MOST_STANDING = 3.0  # times the share that may be trimmed
MOST_LEFT_OUT = 0.5  # of the rows
MOST_ABOVE_OTHERS = 4.0  # times the limit that all other rows would give
LEAST_SPAN = 0.02  # of the rows: what is shorter is an accident
MOST_TOLD_SPANS = 10


def unlike_span(times: float, places: tuple[str, str], rows: int, of_all: int) -> tuple[str, ...]:
    """Doubts whether `rows` rows of `of_all` were normal, `times` the limit that the others would give."""
    if times < MOST_ABOVE_OTHERS or rows < LEAST_SPAN * of_all:
        return ()
    return (
        f"its rows from {places[0]} to {places[1]} are unlike all others, {number(times, 2)} times the limit"
        " that those would give: if they were not normal, train without them",
    )


def of_weekends(seen: int | None) -> tuple[str, ...]:
    """Doubts whether so few weekends, which are unlike other days, were enough; none for None."""
    if seen is None:
        return ()
    return (
        f"it saw {count(seen, 'weekend')}, and days off are unlike others: they may alarm until more were"
        " learned",
    )


def fault_doubt(places: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Doubts whether the rows of these spans, each told by its first and last place, were normal."""
    if not places:
        return ()
    told = ", ".join(f"from {first} to {last}" for first, last in places[:MOST_TOLD_SPANS])
    more = f" and {len(places) - MOST_TOLD_SPANS} more spans" if len(places) > MOST_TOLD_SPANS else ""
    return (
        f"its rows {told}{more} look like faults, for a sensor breaks with the others there: they are left"
        " out of all that is learned (--trim 0 keeps them)",
    )


def doubts(
    standing: float, trim: float, before: FloatArray, last: FloatArray, left_out: float
) -> tuple[str, ...]:
    """Why training data is not a clean picture of normal, a clause each; nothing when it is one.

    standing  share of the training windows that stand out from the others
    trim      share of the rows that may be left out for that
    before    (n,) multiples of limits of the rows before the last part, NaN where unknown
    last      (m,) the same of the last part
    left_out  share of the rows in which a reading is missing, or which lie in no stretch of a window
    """
    found = []
    if trim and standing > MOST_STANDING * trim:
        found.append(
            f"{number(100 * standing, 2)} % of its windows stand out from the others, far more than the"
            f" {number(100 * trim, 2)} % that --trim leaves out"
        )
    before, last = (part[np.isfinite(part)] for part in (before, last))
    if len(before) and len(last) and np.median(last) > np.quantile(before, UNLIKE):
        found.append(
            f"its last {len(last)} rows are unlike the rest: half of them depart further from what is"
            f" expected than {percent(UNLIKE)} of the rows before"
        )
    if left_out > MOST_LEFT_OUT:
        found.append(f"{100 * left_out:.0f} % of its rows could not be used")
    return tuple(found)
