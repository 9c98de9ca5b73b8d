"""Where in the input an event lies, and the name that it keeps from run to run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import IntArray, SensorFrame
from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.detecting.sentences import sentence
from lstm_anomaly.detecting.views import EventView

OPEN, ONGOING, CLOSED = "open", "ongoing", "closed"


@saved_as("place")
@dataclass(frozen=True)
class Place:
    """One row of the input: its file, its line there, and its time.

    stamp  the time stamp as it stood there, `line 17` without a time column
    time   the same in UTC, None without
    """

    source: str
    line: int
    stamp: str
    time: np.datetime64 | None = None


@dataclass(frozen=True)
class PlacedEvent:
    """An event with the places of its rows in the input.

    start, end, peak   time stamps as they stood in the file, or `line 17` without a time column
    told    the time stamps of the rows that it is told by, beside those three
    first_line, last_line  line numbers of the first and last row
    started, ended  the times of the first and last row in UTC, None without a time column
    view    its rows and those around it, when somebody is to see them
    group   whose event it is, "" where rows are not grouped
    maintenance  why it alarms nobody, "" for those that do
    then    sensors that took over, and the time stamps from which on
    state   `open` for the news that an event has begun, `ongoing` for a reminder, `closed` when it is over
    known   whether it was told before that this event has begun
    """

    event: Event
    source: str
    first_line: int
    last_line: int
    start: str
    end: str
    peak: str
    started: np.datetime64 | None = None
    ended: np.datetime64 | None = None
    state: str = CLOSED
    known: bool = False
    view: EventView | None = field(default=None, compare=False, repr=False)
    group: str = ""
    maintenance: str = ""
    told: tuple[str, ...] = ()

    @classmethod
    def at(cls, event: Event, state: str, places: Sequence[Place]) -> "PlacedEvent":
        """An event from the places of its `rows_told`."""
        first, last, peak, *others = places
        lines, stamps = (first.line, last.line), (first.stamp, last.stamp, peak.stamp)
        told = tuple(place.stamp for place in others)
        return cls(event, first.source, *lines, *stamps, first.time, last.time, state, told=told)

    @property
    def sentence(self) -> str:
        """What happened, in plain words."""
        return sentence(self.event, self.start, self.end, self.told)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits, the same as long as the event begins in the same row."""
        begin = f"{self.source}\n{self.first_line}\n{self.start}"
        return hashlib.sha256(begin.encode("utf-8", "backslashreplace")).hexdigest()[:12]

    def as_dict(self) -> dict[str, Any]:
        """The fields of one event in JSON."""
        event = self.event
        followers = self.told[len(event.contributions) :]
        return {
            "start": self.start,
            "end": self.end,
            "peak": self.peak,
            "source": self.source,
            "first_line": self.first_line,
            "last_line": self.last_line,
            "rows": event.duration,
            "score": _rounded(event.peak),
            "mean_score": _rounded(event.mean),
            "severity": event.severity,
            "reason": event.reason,
            "sensors": [_contribution(c, at) for c, at in zip(event.contributions, self.told, strict=False)],
            "id": self.id,
            "state": self.state,
            "group": self.group or None,
            "kind": event.kind,
            "maintenance": self.maintenance or None,
            "sentence": self.sentence,
            "followed_by": [
                {"sensor": follower.sensor, "at": at}
                for follower, at in zip(event.followers, followers, strict=True)
            ],
        }


def _contribution(c: Contribution, at: str) -> dict[str, Any]:
    return {
        "sensor": c.sensor,
        "share": _rounded(c.share),
        "seen": _rounded(c.seen),
        "expected": _rounded(c.expected),
        "direction": c.direction,
        "kind": c.kind,
        "at": at,
        "usual_low": _rounded(c.usual[0]),
        "usual_high": _rounded(c.usual[1]),
        "lowest": _rounded(c.span[0]),
        "highest": _rounded(c.span[1]),
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def place_of(frame: SensorFrame, row: int) -> Place:
    """The place of one row of a frame."""
    line = int(frame.lines[row])
    stamp = f"line {line}" if frame.stamps is None else str(frame.stamps[row])
    time = None if frame.times is None else frame.times[row]
    return Place(frame.sources[frame.source_index[row]], line, stamp, time)


def place(event: Event, frame: SensorFrame, frame_rows: IntArray) -> PlacedEvent:
    """Find an event's rows, which are rows of the cleaned series, in the input."""
    return PlacedEvent.at(event, CLOSED, [place_of(frame, int(frame_rows[row])) for row in event.rows_told])
