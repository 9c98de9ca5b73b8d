"""Verdicts on rows as they come, and what every judge of rows as they come can do."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, SensorFrame
from lstm_anomaly.decision.events import row_states
from lstm_anomaly.detecting.places import PlacedEvent


@dataclass
class Tally:
    """How many rows of the input there were, and what became of them."""

    rows: int = 0
    judged: int = 0
    anomalous: int = 0
    unknown: int = 0
    off: int = 0

    def add(self, scores: FloatArray, off: BoolArray) -> None:
        """Count rows with these scores (n,), and those in which the plant is off."""
        unknown = int((np.isnan(scores) & ~off).sum())
        self.rows += len(scores)
        self.off += int(off.sum())
        self.judged += len(scores) - unknown - int(off.sum())
        self.anomalous += int((scores > 1).sum())
        self.unknown += unknown


@dataclass(frozen=True)
class Verdicts:
    """What is settled about the next n rows of the input, and the events that are news.

    frame   the n rows as they were read
    scores  (n,) multiples of the threshold, NaN where a row could not be judged
    errors  (n, F) each sensor's part in a row's score, at least 0, NaN where unknown
    events  those that are over, in order
    off     (n,) rows in which the plant is off
    """

    frame: SensorFrame
    scores: FloatArray
    errors: FloatArray
    events: list[PlacedEvent]
    off: BoolArray

    def states(self) -> list[str]:
        """`normal`, `anomaly`, `unknown` or `off` for each row."""
        return [str(state) for state in np.where(self.off, "off", row_states(self.scores))]

    def top_sensors(self) -> list[str]:
        """The name of the sensor with the largest part in each row's score, empty where none has a part."""
        parts = np.nan_to_num(self.errors)  # (n, F)
        known = np.isfinite(self.scores) & (parts > 0).any(axis=1)  # (n,)
        names = (*self.frame.sensors, "")
        return [names[top] for top in np.where(known, parts.argmax(axis=1), -1).tolist()]


class Report(Protocol):
    """What cleaning noticed."""

    def lines(self) -> list[str]:
        """Plain text, one thing a line."""


class Judging(Protocol):
    """What judges rows as they come: a `Watcher`, or one for each group of rows."""

    tally: Tally

    @property
    def newest(self) -> np.datetime64 | None:
        """The latest time stamp so far, in UTC."""

    @property
    def worst(self) -> FloatArray:
        """(F,) the highest part that each sensor had in a score."""

    @property
    def drift(self) -> list[str]:
        """How the data no longer looks like training; empty as long as it does."""

    def drift_news(self) -> list[str]:
        """The same, once; again only after there was nothing to say for a while."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """The sensors of the frames that it takes."""

    @property
    def report(self) -> Report:
        """What cleaning noticed."""

    def warnings(self) -> list[str]:
        """What must be known even when nobody watches."""

    def push(self, frame: SensorFrame) -> Verdicts:
        """Take the next rows and give the verdicts that are certain."""

    def judge_whole(self, frame: SensorFrame) -> Verdicts:
        """All verdicts on an input that is known whole."""

    def finish(self) -> Verdicts:
        """The verdicts that still wait."""

    def open_event(self) -> PlacedEvent | None:
        """An event that may go on, as far as it is known."""

    def silent(self) -> list[PlacedEvent]:
        """The sensors that deliver nothing, an event each."""
