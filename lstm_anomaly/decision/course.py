"""The course of an event: how far each sensor went, when, and in what way, without keeping rows."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import UNBOUNDED, saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.decision.spans import LIMIT

FLAT_ROWS = 10
"""A sensor that repeats one reading for this many rows reads flat."""

OPENING_ROWS = 10
"""Which way an event goes, this many of its first rows tell: its end, a recovery, can go the other way."""

SHARE_ROWS = 30
"""Each sensor's share of an event is that of this many first rows: later ones are often misled."""

USUAL_MARGINS = 3.0
"""A reading within this many margins of what is expected is usual."""

EXPLAINED_ROWS = 10
"""A sensor's part in a row's score is its mean error over this many rows, which an event is told by, too."""

LEADING_ROWS = 10
"""A sensor that has the largest part for this many rows, each unusual, has taken over."""

NOISY_ROWS = 6
_NOISY_CHANGE = 1.0  # of the energy: from row to row white noise changes by twice its energy
_LEAST_OF_BOTH = 0.1  # of the energy, on the smaller side, for a sensor to be off both ways
_MOST_COUNTED = 10.0  # margins: a recovery that goes far beyond the fault would drown it
_MOST_OF_FLAT = 0.5  # of the energy, while it reads flat
_MOST_OF_ONE = 0.6  # of the energy, in one row: more is a spike, whatever it misleads afterwards
UP, DOWN, FLAT, NOISY, RELATION, SYMBOL = ("up", "down", "flat", "noisy", "relation", "symbol")


@dataclass(frozen=True)
class Part:
    """n rows of an event: those above the limit, and the few before them that its first row is explained by.

    rows       (n,) their numbers
    scores     (n,) multiples of the threshold
    seen       (n, F) readings in the sensors' own units
    expected   (n, F) what was expected
    margins    (n, F) by how much readings usually miss that, in the same units; above 0, perhaps infinite
    errors     (n, F) each sensor's part in a row's score
    before     (n, F) how far each reading of the row before was from what was expected, in its margins
    repeats    (n, F) for how many rows, with this one, a sensor has repeated its reading
    """

    rows: IntArray
    scores: FloatArray
    seen: FloatArray
    expected: FloatArray
    margins: FloatArray
    errors: FloatArray
    before: FloatArray
    repeats: IntArray


def deviations(seen: FloatArray, expected: FloatArray, margins: FloatArray) -> FloatArray:
    """How far readings are from what was expected, in margins, (n, F); 0 where that is unknown."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num((seen - expected) / margins, nan=0.0, posinf=0.0, neginf=0.0)


@saved_as("farthest readings")
@dataclass(frozen=True)
class Farthest:
    """Where each of F sensors was farthest off to one side; every field is (F,).

    by  in margins, 0 where it was never on that side, -1 before the first row; the others are of that row
    """

    by: Annotated[FloatArray, "F", UNBOUNDED]
    row: Annotated[IntArray, "F"]
    seen: Annotated[FloatArray, "F"]
    expected: Annotated[FloatArray, "F"]
    margin: Annotated[FloatArray, "F", UNBOUNDED]

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return bool(((self.by >= 0) == (self.row >= 0)).all())

    @classmethod
    def none(cls, sensors: int) -> "Farthest":
        """Before the first row."""
        nothing = np.full(sensors, np.nan)
        return cls(np.full(sensors, -1.0), np.full(sensors, -1, np.int64), nothing, nothing, nothing)

    def with_rows(self, part: Part, by: FloatArray) -> "Farthest":
        """After further rows, which are off by (n, F) to this side; of equals the first stays."""
        best, sensors = by.argmax(axis=0), np.arange(by.shape[1])  # (F,), (F,)
        farther = by[best, sensors] > self.by  # (F,)

        def newer(new: FloatArray, old: FloatArray) -> FloatArray:
            return np.where(farther, new[best, sensors], old)

        return Farthest(
            newer(by, self.by),
            np.where(farther, part.rows[best], self.row),
            newer(part.seen, self.seen),
            newer(part.expected, self.expected),
            newer(part.margins, self.margin),
        )


@saved_as("event course 2")
@dataclass(frozen=True)
class Course:
    """What F sensors did in the rows of an event, see `Part`.

    count     of those rows
    shares    (F,) sum of their parts in the scores of those above the limit, of the first `SHARE_ROWS`
    up, down  where each was farthest above and below what was expected
    still     where each was farthest off while it read flat
    energy    (4, F) sums of squared deviations, bounded: above, below, from row to row, while flat
    opening   (2, F) the first two of what was unusual in the event's first rows
    lowest, highest   (F,) readings
    leads     (F,) for how many rows each has had the largest part, up to the last row
    took_over (F,) the row from which it had that for `LEADING_ROWS` rows, -1 when it never had
    """

    count: int
    shares: Annotated[FloatArray, "F"]
    up: Farthest
    down: Farthest
    still: Farthest
    energy: Annotated[FloatArray, "4 F"]
    opening: Annotated[FloatArray, "2 F"]
    lowest: Annotated[FloatArray, "F", UNBOUNDED]
    highest: Annotated[FloatArray, "F", UNBOUNDED]
    leads: Annotated[IntArray, "F"]
    leads_from: Annotated[IntArray, "F"]
    took_over: Annotated[IntArray, "F"]

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        is_told = self.count == 0 or bool((np.minimum(self.up.row, self.down.row) >= 0).all())
        is_flat = (self.energy[3] == 0) | (self.still.row >= 0)  # (F,)
        return is_told and bool((self.energy >= 0).all() and is_flat.all())

    @classmethod
    def begun(cls, sensors: int) -> "Course":
        """Before the first row."""
        nobody = np.full(sensors, -1, np.int64)
        return cls(
            0,
            np.zeros(sensors),
            Farthest.none(sensors),
            Farthest.none(sensors),
            Farthest.none(sensors),
            np.zeros((4, sensors)),
            np.zeros((2, sensors)),
            np.full(sensors, np.inf),
            np.full(sensors, -np.inf),
            np.zeros(sensors, np.int64),
            nobody,
            nobody,
        )

    def with_rows(self, part: Part) -> "Course":
        """After the next rows."""
        if not len(part.rows):
            return self
        off = deviations(part.seen, part.expected, part.margins)  # (n, F)
        above, below = np.maximum(off, 0.0), np.maximum(-off, 0.0)  # (n, F) each
        still = part.repeats >= FLAT_ROWS  # (n, F)
        # The first row that is known to be flat stands for those that made it so.
        weight = np.where(part.repeats == FLAT_ROWS, FLAT_ROWS, still)  # (n, F)
        bounded, before = (np.clip(x, -_MOST_COUNTED, _MOST_COUNTED) for x in (off, part.before))
        square = np.square(bounded)  # (n, F)
        change = np.square(bounded - before)
        squares = np.stack([square * (off > 0), square * (off < 0), change, square * weight])  # (4, n, F)
        first = max(0, OPENING_ROWS - self.count)
        is_above = (part.scores > LIMIT)[: max(0, SHARE_ROWS - self.count)]  # (up to 30,)
        errors = part.errors[: len(is_above)] * is_above[:, np.newaxis]  # (up to 30, F)
        unusual = np.abs(off) > USUAL_MARGINS  # (n, F)
        leads, leads_from, took_over = self._led(part, unusual)
        return Course(
            self.count + len(part.rows),
            _added(self.shares[np.newaxis], errors[np.newaxis])[0],
            self.up.with_rows(part, above),
            self.down.with_rows(part, below),
            self.still.with_rows(part, np.where(still, np.abs(off), -1.0)),
            _added(self.energy, squares),
            _added(self.opening, (squares[:2] * unusual)[:, :first]),
            np.fmin(self.lowest, np.fmin.reduce(part.seen, axis=0)),
            np.fmax(self.highest, np.fmax.reduce(part.seen, axis=0)),
            leads,
            leads_from,
            took_over,
        )

    def _led(self, part: Part, unusual: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
        """`leads`, since which row, and `took_over`, after rows in which readings were unusual (n, F)."""
        count, sensors = unusual.shape
        top = part.errors.argmax(axis=1)[:, np.newaxis]  # (n, 1)
        leading = unusual & (top == np.arange(sensors)) & (part.errors > 0)  # (n, F)
        order = np.arange(count)[:, np.newaxis]  # (n, 1)
        stopped = np.maximum.accumulate(np.where(leading, -1, order), axis=0)  # (n, F) the last row without
        run = order - stopped + np.where(stopped < 0, self.leads, 0)  # (n, F)
        begun = np.where(stopped < 0, np.where(self.leads > 0, self.leads_from, part.rows[0]), 0)  # (n, F)
        begun = np.where(stopped >= 0, part.rows[np.minimum(stopped + 1, count - 1)], begun)
        enough = run >= LEADING_ROWS  # (n, F)
        first = begun[enough.argmax(axis=0), np.arange(sensors)]  # (F,)
        new = enough.any(axis=0) & (self.took_over < 0)
        return run[-1], np.where(run[-1] > 0, begun[-1], -1), np.where(new, first, self.took_over)

    def rows_told(self) -> list[int]:
        """All rows that may describe the event, as far as it goes."""
        told = np.concatenate([self.up.row, self.down.row, self.still.row, self.leads_from, self.took_over])
        return sorted(set(told[told >= 0].tolist()))

    def kind(self, sensor: int) -> str:
        """In what way a sensor departs; not whether it is one of symbols."""
        above, below, change, flat = self.energy[:, sensor].tolist()
        whole = above + below
        largest = min(self.largest(sensor), _MOST_COUNTED) ** 2
        if flat > _MOST_OF_FLAT * whole:
            return FLAT
        if not self.is_unusual(sensor) or self.count < NOISY_ROWS:
            return self.side(sensor)
        if min(above, below) < _LEAST_OF_BOTH * whole or largest > _MOST_OF_ONE * whole:
            return self.side(sensor)
        if change > _NOISY_CHANGE * whole:
            return NOISY
        return RELATION if self.energy.shape[1] > 1 else self.side(sensor)

    def largest(self, sensor: int) -> float:
        """How far off its farthest reading was, in margins."""
        return float(max(self.up.by[sensor], self.down.by[sensor]))

    def is_unusual(self, sensor: int) -> bool:
        """Whether any reading was outside what is usual."""
        return self.largest(sensor) > USUAL_MARGINS

    def side(self, sensor: int) -> str:
        """`up` or `down`: the side to which it went as the event opened, else in the whole event."""
        opening = self.opening if self.opening[:, sensor].any() else self.energy
        above, below = opening[:2, sensor].tolist()
        return DOWN if below > above else UP

    def farthest(self, sensor: int) -> Farthest:
        """Where it was farthest off, to the side to which it went first; to either if it went both ways."""
        kind = self.kind(sensor)
        if kind == FLAT:
            return self.still
        if kind in (NOISY, RELATION):
            return self.down if self.down.by[sensor] > self.up.by[sensor] else self.up
        return self.down if self.side(sensor) == DOWN else self.up


def _added(total: FloatArray, rows: FloatArray) -> FloatArray:
    """Total (k, F) plus rows (k, n, F), added row by row: the same to the last bit however rows are cut."""
    return np.asarray(np.cumsum(np.concatenate([total[:, np.newaxis], rows], axis=1), axis=1)[:, -1])
