"""What an event is: its rows, its peak, its reason, and what each sensor did in it."""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import IntArray
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.scoring.reasons import TOGETHER, sentence

MEDIUM = 2.0
SEVERITIES = ((4.0, "high"), (MEDIUM, "medium"), (LIMIT, "low"))
"""An event's severity by its peak, in multiples of the threshold."""

ANOMALY, SILENT = "anomaly", "silent"
"""Kinds of events."""


@dataclass(frozen=True)
class Contribution:
    """One sensor's part in an event: its share (0 to 1) of the error as it opened, and its farthest reading.

    seen, expected  at `row`, where it was farthest off to the side to which it went first
    direction  `up` or `down` for a reading above or below the expected one, `flat` for a sensor that
               repeats its reading while another one is expected, `symbol` for one of symbols: nothing is
               expected of their codes
    kind       the same, or `noisy` for one that jumps about, `relation` for one that goes its own way
    usual      the lowest and highest reading that are usual in such a row
    span       its lowest and highest reading within the event
    """

    sensor: str
    share: float
    seen: float
    expected: float
    direction: str
    kind: str
    row: int
    usual: tuple[float, float]
    span: tuple[float, float]

    @property
    def is_unusual(self) -> bool:
        """Whether its farthest reading is outside what is usual."""
        return not self.usual[0] <= self.seen <= self.usual[1]


@dataclass(frozen=True)
class Follower:
    """A sensor that had the largest part in an event later on, from this row."""

    sensor: str
    row: int


@dataclass(frozen=True)
class Event:
    """Rows start..end, both included, that depart from normal together.

    peak and mean are multiples of the threshold. The mean is over the rows above the limit (or above
    `EventRules.off`), not the quiet ones between them; a held row counts with the score that it is held at.
    contributions: largest share first, the sensor that departed first; none where no sensor had a part in the
    first rows. followers: in the order in which they
    took over. cause: what fired as it opened, as in `lstm_anomaly.scoring.reasons`; words:
    its own, if it has any. A `silent` event is of a sensor that delivers nothing: it has no score, and is of
    medium severity.
    """

    start: int
    end: int
    peak_row: int
    peak: float
    mean: float
    contributions: tuple[Contribution, ...]
    followers: tuple[Follower, ...]
    cause: int
    words: str = ""
    kind: str = ANOMALY

    @property
    def first(self) -> Contribution | None:
        """The sensor that departed first, if one did."""
        return self.contributions[0] if self.contributions else None

    @property
    def sensor(self) -> str:
        """Its name, "" where none did."""
        return self.first.sensor if self.first else ""

    @property
    def reason(self) -> str:
        """What fired as it opened, and how many times its limit the event reached."""
        if self.kind == SILENT:
            return f"{self.sensor} {self.words}"
        return sentence(self.cause, self.peak, self.words)

    @property
    def rows_told(self) -> tuple[int, ...]:
        """The rows that describe it: start, end, peak, then the contributions' and the followers'."""
        of_sensors = [part.row for part in self.contributions]
        later = [follower.row for follower in self.followers]
        return self.start, self.end, self.peak_row, *of_sensors, *later

    def renumbered(self, rows: IntArray) -> "Event":
        """The same, where row k of the series is row rows[k] of another count."""
        return replace(
            self,
            start=int(rows[self.start]),
            end=int(rows[self.end]),
            peak_row=int(rows[self.peak_row]),
            contributions=tuple(replace(part, row=int(rows[part.row])) for part in self.contributions),
            followers=tuple(replace(later, row=int(rows[later.row])) for later in self.followers),
        )

    @property
    def duration(self) -> int:
        """Rows from start to end, both included."""
        return self.end - self.start + 1

    @property
    def severity(self) -> str:
        """`low`, `medium` or `high`, see `SEVERITIES`."""
        return next((name for least, name in SEVERITIES if self.peak > least), "medium")


def silent_event(sensor: str, start: int, end: int, expected: float) -> Event:
    """The event of a sensor that delivered nothing in the rows start..end, both included."""
    nothing = (np.nan, np.nan)
    part = Contribution(sensor, 1.0, np.nan, expected, SILENT, SILENT, start, usual=nothing, span=nothing)
    words = f"has delivered nothing for {end - start + 1:,} rows"
    return Event(start, end, start, np.nan, np.nan, (part,), (), TOGETHER, words, SILENT)
