"""Checks each sensor by itself: constant, stuck, at the end of its range, a counter, far-off values.

It looks at the rows as they were read. Nothing here is an error: each finding says what it is, where, and
what to do about it before training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.text import count, exact, number, percent
from lstm_anomaly.base.types import FloatArray, IntArray

FEW_VALUES = 10  # distinct readings up to which a sensor is a state rather than a measurement
FEW_ROWS = 100  # with fewer readings nothing is said of states, rails and counters
STUCK_ROWS = 30  # shortest run of one reading that may be a stuck sensor
STUCK_FACTOR = 10  # and how much longer than its usual runs it must be
RAILED_SHARE = 0.01  # share of readings at the least or greatest value
RAILED_FACTOR = 10  # and how much more often than other values it must be read
FAR_FACTOR = 5  # a value this many times the range of all others away from them is no reading
MOST_FAR = 4  # values far off at the ends of one sensor's readings
# What loggers and data banks write for "no reading", without its sign; these need not be so far away.
SENTINELS = frozenset({99.0, 999.0, 9999.0, 99999.0, 999.25, 32767.0, 32768.0, 65535.0, 6999.0, 7999.0, 1e20})
KNOWN_FACTOR = 0.5
MUCH_MISSING = 0.2
FLAT_SHARE = 1e-6  # spread over size below which changes vanish beside the offset
ALIKE = 0.99999  # correlation from which two sensors say the same
MOST_COMPARED = 200  # sensors that are compared pair by pair, on up to `ROWS_COMPARED` rows
ROWS_COMPARED = 20_000
CALENDAR_NAMES = frozenset(
    {"year", "quarter", "month", "week", "day", "dayofyear", "dayofmonth", "dayofweek", "weekday", "dow"}
    | {"hour", "hourofday", "minute", "weekend", "isweekend", "holiday", "isholiday"}
)
SPOILING = ("calendar", "counter", "far off")  # kinds of oddities with which no useful model is learned


@dataclass(frozen=True)
class Oddity:
    """One thing that is odd about a sensor.

    kind    `calendar`, `no readings`, `much missing`, `constant`, `states`, `stuck`, `railed`, `counter`,
            `far off`, `badly scaled` or `duplicate`
    text    what it is, in words
    row     row of the frame where it is first seen, -1 when it is everywhere
    value   the reading that it is about, NaN when there is none
    advice  what to do, "" when nothing need be done
    """

    kind: str
    text: str
    row: int = -1
    value: float = np.nan
    advice: str = ""


@dataclass(frozen=True)
class SensorQuality:
    """One sensor's readings in numbers (NaN without any), and what is odd about them."""

    name: str
    readings: int
    missing: int
    low: float
    high: float
    mean: float
    spread: float
    distinct: int
    oddities: tuple[Oddity, ...]


def sensor_qualities(values: FloatArray, sensors: Sequence[str]) -> list[SensorQuality]:
    """Each of F sensors by its column of `values` (N, F), NaN where there is no reading."""
    alike = _alike(values, sensors)
    found = []
    for k, name in enumerate(sensors):
        column = values[:, k]
        rows = np.flatnonzero(~np.isnan(column))
        read = column[rows]
        distinct, counts = np.unique(read, return_counts=True)
        oddities = [
            *_calendar(name, distinct),
            *_of_one(column, rows, read, distinct, counts),
            *alike.get(k, []),
        ]
        found.append(
            SensorQuality(
                name=name,
                readings=len(read),
                missing=len(column) - len(read),
                low=float(distinct[0]) if len(read) else np.nan,
                high=float(distinct[-1]) if len(read) else np.nan,
                mean=float(read.mean()) if len(read) else np.nan,
                spread=float(read.std()) if len(read) else np.nan,
                distinct=len(distinct),
                oddities=tuple(oddities),
            )
        )
    return found


def spoiling(values: FloatArray, sensors: Sequence[str]) -> list[tuple[str, Oddity]]:
    """Sensors by whose readings (N, F) a model is spoiled, and what is odd about each.

    Counters, columns of the calendar, and values such as -9999 that stand for none; and all, when none moves.
    """
    found, moves = [], False
    for name, column in zip(sensors, values.T, strict=True):
        rows = np.flatnonzero(~np.isnan(column))
        distinct, counts = np.unique(column[rows], return_counts=True)
        moves |= len(distinct) > 1
        oddities = _calendar(name, distinct)
        if len(distinct) > 1 and len(rows) >= FEW_ROWS:
            oddities += _of_one(column, rows, column[rows], distinct, counts)
        found += [(name, oddity) for oddity in oddities if oddity.kind in SPOILING]
    if not moves:
        text = "never moves, nor does any other sensor: the first other value will be an anomaly"
        found.append((sensors[0], Oddity("constant", text)))
    return found


def _calendar(name: str, distinct: FloatArray) -> list[Oddity]:
    """A column that only says what time it is."""
    plain = "".join(sign for sign in name.casefold() if sign.isalnum())
    if plain not in CALENDAR_NAMES or not len(distinct) or (distinct != np.round(distinct)).any():
        return []
    text = "is a column of the calendar and no reading: the time stamps say what it says"
    return [Oddity("calendar", text, advice="exclude")]


def _of_one(
    column: FloatArray, rows: IntArray, read: FloatArray, distinct: FloatArray, counts: IntArray
) -> list[Oddity]:
    if not len(read):
        return [Oddity("no readings", "has no reading at all", advice="exclude")]
    missing = _much_missing(column)
    if len(distinct) == 1:
        text = f"is {number(read[0])} in every row: the first other value will be an anomaly"
        return [*missing, Oddity("constant", text)]
    if len(read) < FEW_ROWS:
        return missing
    far = _far_off(column, distinct, counts)
    if far:
        return missing + far
    if len(distinct) <= FEW_VALUES:
        shown = ", ".join(number(value) for value in distinct)
        text = f"has {len(distinct)} values only ({shown}): a state, or read with too few digits"
        return [*missing, Oddity("states", text)]
    found = [_counter(rows, read), _stuck(column), _railed(column, read, distinct, counts), _flat(read)]
    return [*missing, *(oddity for oddity in found if oddity is not None)]


def _much_missing(column: FloatArray) -> list[Oddity]:
    missing = np.isnan(column)
    share = float(missing.mean())
    if share < MUCH_MISSING:
        return []
    return [
        Oddity(
            "much missing",
            f"is missing in {percent(share)} of the rows, and no row without it can be judged",
            int(missing.argmax()),
            advice="exclude",
        )
    ]


def _far_off(column: FloatArray, distinct: FloatArray, counts: IntArray) -> list[Oddity]:
    """Least and greatest values far away from all others, such as -9999 for "no value"."""
    found: list[Oddity] = []
    low, high = 0, len(distinct) - 1
    while high - low > 1 and len(found) < MOST_FAR:
        ends = [(low, low + 1, (low + 1, high)), (high, high - 1, (low, high - 1))]
        far = next((at for at, beside, rest in ends if _is_far(distinct, counts, at, beside, rest)), None)
        if far is None:
            break
        low, high = (low + 1, high) if far == low else (low, high - 1)
        value = float(distinct[far])
        text = f"reads {exact(value)} in {count(int(counts[far]), 'row')}, far from all others"
        found.append(Oddity("far off", text, int((column == value).argmax()), value, advice="null"))
    return found


def _is_far(distinct: FloatArray, counts: IntArray, at: int, beside: int, rest: tuple[int, int]) -> bool:
    """Whether one end of the distinct values is far from the next one, against the span of the rest."""
    apart = abs(float(distinct[at] - distinct[beside]))
    span = float(distinct[rest[1]] - distinct[rest[0]])
    known = abs(float(distinct[at])) in SENTINELS and counts[at] > 1
    return (
        span > 0 and apart > span * (KNOWN_FACTOR if known else FAR_FACTOR) and 2 * counts[at] < counts.sum()
    )


def sentinels(values: FloatArray) -> list[tuple[int, float, int]]:
    """Values that stand for "no reading" by their looks: sensor of `values` (N, F), value, rows."""
    found = []
    for sensor, column in enumerate(values.T):
        distinct, counts = np.unique(column[~np.isnan(column)], return_counts=True)
        if counts.sum() >= FEW_ROWS:
            far = [oddity.value for oddity in _far_off(column, distinct, counts)]
            found += [(sensor, value, int(np.count_nonzero(column == value))) for value in far]
    return found


def _counter(rows: IntArray, read: FloatArray) -> Oddity | None:
    steps = np.diff(read)
    if steps.min() < 0 or float((steps > 0).mean()) < 0.1:
        return None
    return Oddity(
        "counter",
        "never falls: a counter or clock, so new rows will lie outside the range of training",
        int(rows[0]),
        advice="exclude",
    )


def _stuck(column: FloatArray) -> Oddity | None:
    starts, lengths = _runs(column)
    longest = int(lengths.argmax())
    usual = float(np.quantile(np.delete(lengths, longest), 0.95)) if len(lengths) > 1 else 1.0
    if lengths[longest] < max(STUCK_ROWS, STUCK_FACTOR * usual):
        return None
    row = int(starts[longest])
    return Oddity(
        "stuck",
        f"stays at {number(column[row])} for {int(lengths[longest]):,} rows, {usual:.0f} is usual",
        row,
        float(column[row]),
        advice="rows",
    )


def _runs(column: FloatArray) -> tuple[IntArray, IntArray]:
    """First rows and lengths of the runs of one reading; a missing reading ends a run."""
    same = column[1:] == column[:-1]
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    lengths = np.diff(np.append(starts, len(column)))
    known = ~np.isnan(column[starts])
    return starts[known], lengths[known]


def _railed(column: FloatArray, read: FloatArray, distinct: FloatArray, counts: IntArray) -> Oddity | None:
    usual = float(np.median(counts))
    for end, which in ((0, "least"), (-1, "greatest")):
        share = counts[end] / len(read)
        if share >= RAILED_SHARE and counts[end] >= max(10, RAILED_FACTOR * usual):
            value = float(distinct[end])
            return Oddity(
                "railed",
                f"is at {number(value)}, its {which}, in {percent(share, 1)} of the rows:"
                " is that the end of its range?",
                int((column == value).argmax()),
                value,
            )
    return None


def _flat(read: FloatArray) -> Oddity | None:
    size, spread = float(np.abs(read).max()), float(read.std())
    if spread > FLAT_SHARE * size:
        return None
    return Oddity(
        "badly scaled",
        f"moves by {number(spread, 2)} around {number(read.mean(), 6)}: check that digits were not lost",
    )


def _alike(values: FloatArray, sensors: Sequence[str]) -> dict[int, list[Oddity]]:
    """Sensors that follow an earlier one exactly, or up to scale and offset."""
    if len(sensors) > MOST_COMPARED or len(values) < FEW_ROWS:
        return {}
    sample = values[:: max(1, len(values) // ROWS_COMPARED)]
    centred = np.nan_to_num(sample - np.nanmean(np.where(np.isnan(sample).all(axis=0), 0.0, sample), axis=0))
    norms = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(norms > 0, norms, 1.0)  # (n, F)
    correlation = np.tril(np.abs(unit.T @ unit), -1)  # (F, F) with earlier sensors
    found = {}
    for k in np.flatnonzero((correlation > ALIKE).any(axis=1)):
        other = int(correlation[k].argmax())
        same = np.array_equal(values[:, k], values[:, other], equal_nan=True)
        how = "is the same as" if same else "follows, up to scale and offset,"
        found[int(k)] = [Oddity("duplicate", f"{how} '{sensors[other]}'", advice="exclude")]
    return found
