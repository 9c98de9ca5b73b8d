"""Drift: does new data still look like the data that the threshold was learned on?

A threshold keeps its budget only while normal data stays as it was. Scores that grow by a tenth give two to
three times the alarms, so the check looks far below the threshold, and at the readings themselves, on
**quiet** rows: those that are not anomalous, nor follow an anomalous one within the
longest memory of the score.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Self

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.text import number
from lstm_anomaly.base.types import BoolArray, FloatArray
from lstm_anomaly.decision.spans import LIMIT

LOW_LEVEL = 0.95  # share of the calibration rows below the low level
BLOCKS = 20  # of calibration rows; how their shares above the low level scatter tells how such shares do
PERIOD = 2000  # rows, at least
LEAST_ROWS = 200  # quiet rows without which nothing is said
DEVIATIONS = 4.0  # standard deviations of the share of rows above the low level
LEAST_RATIO = 2.0  # times the usual share
WIDENED = 0.1  # of a sensor's range, on either side
MOST_OUTSIDE = 0.1  # of the quiet rows
STEP_RATIO = 2.0  # of the mean step from row to row, up or down
MOST_ANOMALOUS = 0.5  # of the judged rows
AFTERMATH = 100  # rows after an anomalous one that are not quiet
FARTHEST = 1e100  # a step counts for no more, so that sums stay finite
MOST_CODE = 1e9  # far beyond any code of a symbol
UNTOLD = 1e12  # a spread beyond which no share is surprising


@dataclass(frozen=True)
class Familiar:
    """What scores and readings looked like, for F sensors.

    level       score, a multiple of the threshold, that 5 % of the calibration rows exceed
    share       share of the calibration rows above it
    spread      variance of that share over n rows, times n; `UNTOLD` when rows are too few
    rows        calibration rows
    low, high   (F,) readings that 99 % of the training rows lie between
    least_step, most_step   (F,) mean change from row to row, of the stretch of training rows with the
                least and with the most
    """

    level: float
    share: float
    spread: float
    rows: int
    low: FloatArray
    high: FloatArray
    least_step: FloatArray
    most_step: FloatArray

    @classmethod
    def fit(cls, scores: FloatArray, values: FloatArray) -> Self:
        """From the calibration rows' scores (n,), NaN where unknown, and training rows (M, F) in order."""
        known = scores[np.isfinite(scores)]
        level = float(np.quantile(known, LOW_LEVEL)) if len(known) else LIMIT
        above = known > level
        share = float(above.mean()) if len(known) else 0.0
        size = len(known) // BLOCKS
        shares = above[: size * BLOCKS].reshape(BLOCKS, size).mean(axis=1) if size else np.zeros(0)
        spread = float(shares.var() * size) if size * BLOCKS >= LEAST_ROWS else UNTOLD
        steps = np.abs(np.diff(values, axis=0))  # (M - 1, F)
        blocks = [block for block in np.array_split(steps, BLOCKS) if len(block)]
        means = np.array([block.mean(axis=0) for block in blocks] or [np.zeros(values.shape[1])])
        low, high = np.quantile(values, [0.005, 0.995], axis=0)
        return cls(level, share, spread, len(known), low, high, means.min(axis=0), means.max(axis=0))

    def without(self, sensors: BoolArray) -> Self:
        """The same, but any reading of these sensors, (F,), counts as familiar."""
        return replace(
            self,
            low=np.where(sensors, -np.inf, self.low),
            high=np.where(sensors, np.inf, self.high),
            least_step=np.where(sensors, 0.0, self.least_step),
            most_step=np.where(sensors, np.inf, self.most_step),
        )

    def unwatched(self, sensors: BoolArray) -> Self:
        """As `without`, in finite numbers that a file can hold, for sensors (F,) that are symbols' codes."""
        return replace(
            self,
            low=np.where(sensors, -MOST_CODE, self.low),
            high=np.where(sensors, MOST_CODE, self.high),
            least_step=np.where(sensors, 0.0, self.least_step),
            most_step=np.where(sensors, MOST_CODE, self.most_step),
        )

    def joined(self, other: Self) -> Self:
        """The scores of this one, and the wider ranges of readings of both."""
        return replace(
            self,
            low=np.minimum(self.low, other.low),
            high=np.maximum(self.high, other.high),
            least_step=np.minimum(self.least_step, other.least_step),
            most_step=np.maximum(self.most_step, other.most_step),
        )


@saved_as("drift watch")
class DriftWatch:
    """Compares judged rows, in pieces of any size, with the training data, and says what differs.

    Rows are looked at in periods of at least `PERIOD` rows, or as many as there were calibration rows, so
    that a drift after a year is not averaged away by all the days before it.
    """

    _familiar: Familiar
    _sensors: tuple[str, ...]
    _length: int
    _period: "_Period"
    _last: list[str] | None
    _before: Annotated[FloatArray, "n F"]
    _since_anomaly: int
    _is_told: bool

    def __init__(self, familiar: Familiar, sensors: Sequence[str]) -> None:
        self._familiar = familiar
        self._sensors = tuple(sensors)
        self._length = max(PERIOD, familiar.rows)
        self._period = _Period(familiar, self._sensors)
        self._last: list[str] | None = None  # what the last whole period said
        self._before: FloatArray = np.empty((0, len(self._sensors)))  # the row before the next, if any
        self._since_anomaly = AFTERMATH
        self._is_told = False

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        is_open = 0 <= self._period.rows < self._length
        return is_open and len(self._before) <= 1 and len(self._sensors) == self._before.shape[1]

    def push(self, values: FloatArray, scores: FloatArray) -> None:
        """Take the next rows: readings (n, F) in own units, scores (n,) in multiples of the threshold."""
        first = 0
        while first < len(scores):
            stop = min(len(scores), first + self._length - self._period.rows)
            self._take(values[first:stop], scores[first:stop])
            first = stop
            if self._period.rows == self._length:
                self._last = self._period.findings()
                self._period = _Period(self._familiar, self._sensors)

    def pause(self) -> None:
        """The next row does not follow the last one in time."""
        self._before = self._before[:0]

    def findings(self) -> list[str]:
        """What no longer looks like training, a sentence each; nothing while all does or rows are few.

        Of this period, or of the last one while this one is less than half over.
        """
        if self._last is not None and 2 * self._period.rows < self._length:
            return self._last
        return self._period.findings()

    def news(self) -> list[str]:
        """The findings, once; again only after there were none for a while."""
        found = self.findings()
        told, self._is_told = self._is_told, bool(found)
        return [] if told else found

    def _take(self, values: FloatArray, scores: FloatArray) -> None:
        with np.errstate(invalid="ignore", over="ignore"):
            steps = np.minimum(np.abs(np.diff(np.concatenate([self._before, values]), axis=0)), FARTHEST)
        unknown = np.full((len(values) - len(steps), len(self._sensors)), np.nan)
        self._period.add(values, np.concatenate([unknown, steps]), scores, self._is_quiet(scores))
        self._before = values[-1:]

    def _is_quiet(self, scores: FloatArray) -> BoolArray:
        """Which rows (n,) are known, not anomalous, and not soon after one that is."""
        anomalous = scores > LIMIT
        rows = np.arange(len(scores))
        last = np.maximum.accumulate(np.where(anomalous, rows, -1 - self._since_anomaly))  # (n,)
        self._since_anomaly = min(int(rows[-1] - last[-1]), AFTERMATH)
        quiet: BoolArray = np.isfinite(scores) & (rows - last > AFTERMATH)
        return quiet


@saved_as("drift period 2")
class _Period:
    """Sums over the rows of one period; a reading that is NaN counts as a lost row of its sensor."""

    rows: int
    _familiar: Familiar
    _sensors: tuple[str, ...]
    _judged: int
    _anomalous: int
    _quiet: int
    _above: int
    _outside: Annotated[FloatArray, "F"]
    _moved: Annotated[FloatArray, "F"]
    _moves: Annotated[FloatArray, "F"]

    def __init__(self, familiar: Familiar, sensors: tuple[str, ...]) -> None:
        self.rows = 0
        self._familiar = familiar
        self._sensors = sensors
        self._judged = self._anomalous = self._quiet = self._above = 0
        self._outside = np.zeros(len(sensors))
        self._moved, self._moves = np.zeros(len(sensors)), np.zeros(len(sensors))

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        sums = np.stack([self._outside, self._moved, self._moves])  # (3, F)
        return self._quiet >= 0 and bool((sums >= 0).all())

    def add(self, values: FloatArray, steps: FloatArray, scores: FloatArray, quiet: BoolArray) -> None:
        """Rows (n, F), how far each is from the row before it, scores (n,), and which rows are quiet."""
        f = self._familiar
        self.rows += len(scores)
        self._judged += int(np.isfinite(scores).sum())
        self._anomalous += int((scores > LIMIT).sum())
        self._quiet += int(quiet.sum())
        self._above += int((scores[quiet] > f.level).sum())
        room = WIDENED * (f.high - f.low)  # (F,)
        self._outside += ((values < f.low - room) | (values > f.high + room))[quiet].sum(axis=0)
        steps, known = steps[quiet], np.isfinite(steps[quiet])
        # A running sum adds in row order, so the last bit does not depend on how rows were cut.
        moved = np.where(known, steps, 0.0)
        self._moved = np.cumsum(np.concatenate([self._moved[np.newaxis], moved]), axis=0)[-1]
        self._moves += known.sum(axis=0)

    def findings(self) -> list[str]:
        """What does not look like training, a sentence each."""
        found = []
        if self._judged >= LEAST_ROWS and self._anomalous > MOST_ANOMALOUS * self._judged:
            found.append(f"{_percent(self._anomalous / self._judged)} of the rows are anomalous")
        if self._quiet < LEAST_ROWS:
            return found
        f = self._familiar
        share, usual = self._above / self._quiet, max(f.share, 1.0 - LOW_LEVEL)
        chance = DEVIATIONS * math.sqrt(f.spread * (1.0 / self._quiet + 1.0 / max(f.rows, 1)))
        if share > max(LEAST_RATIO * usual, usual + chance):
            found.append(
                f"{_percent(share)} of the rows below the threshold score above {number(f.level, 2)}, which"
                f" {_percent(usual)} of the calibration rows did"
            )
        return found + self._of_sensors()

    def _of_sensors(self) -> list[str]:
        f, found = self._familiar, []
        outside = self._outside / self._quiet  # (F,)
        step = self._moved / np.maximum(self._moves, 1)  # (F,)
        for k, name in enumerate(self._sensors):
            if outside[k] > MOST_OUTSIDE:
                found.append(
                    f"{name} is outside {f.low[k]:.4g} to {f.high[k]:.4g}, where 99 % of the training rows"
                    f" lay, on {_percent(outside[k])} of the rows"
                )
            elif self._moves[k] >= LEAST_ROWS and step[k] > STEP_RATIO * f.most_step[k] > 0:
                found.append(
                    f"{name} moves {number(step[k] / f.most_step[k], 2)} times as much from row to row as in"
                    " any part of the training rows"
                )
            elif self._moves[k] >= LEAST_ROWS and STEP_RATIO * step[k] < f.least_step[k]:
                found.append(
                    f"{name} moves {number(step[k] / f.least_step[k], 2)} times as much from row to row as in"
                    " the quietest part of the training rows"
                )
        return found


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{number(100 * share, 2)} %"
