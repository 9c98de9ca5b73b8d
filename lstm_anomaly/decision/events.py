"""Events: stretches of anomalous rows, with severity and the sensors that caused them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.decision.spans import LIMIT, Span, SpanTracker
from lstm_anomaly.scoring.reasons import TOGETHER, sentence

SEVERITIES = ((4.0, "high"), (2.0, "medium"), (LIMIT, "low"))
"""An event's severity by its peak, in multiples of the threshold."""

ANOMALY, SILENT = "anomaly", "silent"
"""Kinds of events."""

FLAT_ROWS = 10
"""A sensor that repeats one reading for so many rows reads flat."""

OPENING_ROWS = 10
"""An event is explained by the highest of its first so many rows: later, by the peak perhaps, memories and
other sensors have joined in, and the end of a fault can depart from what is expected more than the fault."""


TAKES_OVER = 3.0
"""Times the part of the sensor that leads, that another one must have to take over."""

MOST_TOLD_TO_TAKE_OVER = 5
"""Takeovers that are told of one event."""


@dataclass(frozen=True)
class EventRules:
    """How anomalous rows become events.

    merge_gap     at most this many rows, quiet or unknown, may lie between two parts of one event
    min_duration  events of fewer rows, start and end included, are dropped
    off           an event begins above 1 and lasts while scores are above `off`, which is at most 1
    """

    merge_gap: int = 0
    min_duration: int = 1
    off: float = LIMIT

    def __post_init__(self) -> None:
        if self.merge_gap < 0 or self.min_duration < 1 or not 0 <= self.off <= LIMIT:
            raise ValueError(f"{self}: merge_gap >= 0, min_duration >= 1 and 0 <= off <= 1 are needed")


@dataclass(frozen=True)
class JudgedRows:
    """Consecutive rows after scoring; N rows, F sensors.

    scores    (N,) multiples of the threshold, NaN where a row could not be judged
    errors    (N, F) what each sensor adds to a row's score, at least 0, in any one unit
    seen      (N, F) readings in the sensors' own units
    expected  (N, F) what the model expected, in the same units
    reasons   (N,) which component each score is, as in `lstm_anomaly.scoring.reasons`
    """

    scores: FloatArray
    errors: FloatArray
    seen: FloatArray
    expected: FloatArray
    reasons: IntArray

    def __post_init__(self) -> None:
        shapes = {self.errors.shape, self.seen.shape, self.expected.shape}
        if len(shapes) != 1 or not self.errors.shape[:1] == self.scores.shape == self.reasons.shape:
            raise ValueError(f"scores {self.scores.shape} do not go with sensors' arrays {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice) -> "JudgedRows":
        return JudgedRows(
            self.scores[rows], self.errors[rows], self.seen[rows], self.expected[rows], self.reasons[rows]
        )


@saved_as("contribution")
@dataclass(frozen=True)
class Contribution:
    """One sensor's part in an event: its share (0 to 1) of the error, and its farthest reading, as it opened.

    direction is `up` or `down` for a reading above or below the expected one, `flat` for a sensor that
    repeats its reading (`FLAT_ROWS`) while another one is expected.
    """

    sensor: str
    share: float
    seen: float
    expected: float
    direction: str


@saved_as("takeover")
@dataclass(frozen=True)
class Takeover:
    """From this row on an event is another sensor's: a second fault began while the first one lasted."""

    row: int
    sensor: str


@dataclass(frozen=True)
class Event:
    """Rows start..end, both included, that depart from normal together.

    peak and mean are multiples of the threshold; the mean is over the rows above the limit (or above
    `EventRules.off`), held ones with what they are held at, without the quiet ones between them.
    contributions: largest share first. reason: what fired as it opened, in plain words. A `silent` event is
    of a sensor that delivers nothing: it has no score, and is of medium severity. then: who took over.
    """

    start: int
    end: int
    peak_row: int
    peak: float
    mean: float
    contributions: tuple[Contribution, ...]
    reason: str
    kind: str = ANOMALY
    then: tuple[Takeover, ...] = ()

    @property
    def duration(self) -> int:
        """Rows from start to end, both included."""
        return self.end - self.start + 1

    @property
    def severity(self) -> str:
        """`low`, `medium` or `high`, see `SEVERITIES`."""
        return next((name for least, name in SEVERITIES if self.peak > least), "medium")


@saved_as("open event")
@dataclass(frozen=True)
class _Opening:
    """What explains an event: the highest of its first rows, its reason, and the sensors' parts in it."""

    score: float = -np.inf
    reason: int = TOGETHER
    contributions: tuple[Contribution, ...] = ()


@saved_as("lead")
@dataclass(frozen=True)
class _Lead:
    """Which sensor carries an open event, which one may take over, since which row, and for how many rows."""

    sensor: int = -1
    next: int = -1
    since: int = -1
    rows: int = 0
    then: tuple[Takeover, ...] = ()


@saved_as("event tracker 2")
class EventTracker:
    """Finds events in rows that arrive piece by piece: the same ones however the rows are cut.

    Rows are numbered from 0 in the order they arrive. Memory does not grow with the length of an event.
    """

    def __init__(self, sensors: Sequence[str], rules: EventRules) -> None:
        self._sensors = tuple(sensors)
        self._rules = rules
        self._spans = SpanTracker(rules.merge_gap, rules.off)
        self._row_count = 0
        # Readings and expected values before the next piece, (2, up to 9, F).
        self._earlier = np.empty((2, 0, len(self._sensors)))
        self._opening = _Opening()  # of the open event
        self._lead = _Lead()

    @property
    def marks(self) -> tuple[int, ...]:
        """Rows of the open event that may have to be told, beside its start, end and peak."""
        return tuple(row for row in (self._lead.since, *(one.row for one in self._lead.then)) if row >= 0)

    def push(self, rows: JudgedRows) -> list[Event]:
        """Take the next rows (N, at least 0) and return the events that they bring to an end, in order."""
        first = self._row_count
        self._row_count += len(rows)
        readings = np.concatenate([self._earlier, [rows.seen, rows.expected]], axis=1)  # (2, up to 9 + N, F)

        def explained(span: Span) -> _Opening:
            """The highest of the span's first rows, and what the sensors did there."""
            begin = span.start - first
            best = self._opening if begin < 0 else _Opening()
            stop = min(begin + OPENING_ROWS, span.end - first + 1)
            scores = rows.scores[max(0, begin) : max(0, stop)]
            scores = np.where(np.isnan(scores), -np.inf, scores)
            if len(scores) == 0 or scores.max() <= best.score:
                return best
            row = max(0, begin) + int(scores.argmax())
            upto = self._earlier.shape[1] + row + 1
            parts = self._contributions(rows.errors[row], readings[:, max(0, upto - FLAT_ROWS) : upto])
            return _Opening(float(scores.max()), int(rows.reasons[row]), parts)

        def led(span: Span, opening: _Opening) -> _Lead:
            lead = self._lead if span.start < first else _Lead()
            return self._followed(lead, span, opening, rows, first)

        events = []
        for span in self._spans.push(rows.scores):
            opening = explained(span)
            events.append(self._event(span, opening, led(span, opening)))
        if self._spans.open is not None:
            opening = explained(self._spans.open)
            self._lead, self._opening = led(self._spans.open, opening), opening
        else:
            self._lead = _Lead()
        self._earlier = readings[:, max(0, readings.shape[1] - FLAT_ROWS + 1) :]
        return self._long_enough(events)

    def finish(self) -> list[Event]:
        """The event still open, if any. Call it at the end, and before a row that does not follow in time."""
        lead, self._lead = self._lead, _Lead()
        return self._long_enough([self._event(span, self._opening, lead) for span in self._spans.finish()])

    def open_event(self) -> Event | None:
        """The event that may still go on, as far as it is known, however short."""
        span = self._spans.open
        return None if span is None else self._event(span, self._opening, self._lead)

    def _long_enough(self, events: list[Event]) -> list[Event]:
        return [event for event in events if event.duration >= self._rules.min_duration]

    def _event(self, span: Span, opening: _Opening, lead: _Lead) -> Event:
        mean = span.total / span.count
        reason = sentence(opening.reason, span.peak)
        parts = opening.contributions
        return Event(span.start, span.end, span.peak_row, span.peak, mean, parts, reason, then=lead.then)

    def _followed(self, lead: _Lead, span: Span, opening: _Opening, rows: JudgedRows, first: int) -> _Lead:
        """Who leads after the rows of the span that are among these, of which `first` is the first.

        A sensor takes over when its part is `TAKES_OVER` times the leader's in so many anomalous rows after
        each other as open an event.
        """
        begin = max(span.start + OPENING_ROWS, first)
        for row in range(begin, span.end + 1):
            if not rows.scores[row - first] > LIMIT:
                continue
            leader = lead.sensor if lead.sensor >= 0 else self._sensors.index(opening.contributions[0].sensor)
            errors = rows.errors[row - first]  # (F,)
            top = int(errors.argmax())
            if top == leader or errors[top] < TAKES_OVER * errors[leader]:
                lead = replace(lead, sensor=leader, next=-1, since=-1, rows=0)
                continue
            if top != lead.next:
                lead = replace(lead, sensor=leader, next=top, since=row, rows=0)
            lead = replace(lead, rows=lead.rows + 1)
            if lead.rows == OPENING_ROWS:
                found = (*lead.then, Takeover(lead.since, self._sensors[top]))[:MOST_TOLD_TO_TAKE_OVER]
                lead = _Lead(sensor=top, then=found)
        return lead

    def _contributions(self, errors: FloatArray, readings: FloatArray) -> tuple[Contribution, ...]:
        """Each sensor's part in a row with these errors (F,), told by the last rows up to and with it.

        readings (2, up to 10, F): seen and expected. A sensor is shown where it was farthest from what was
        expected: a spike is over when the score is at its highest, and has by then misled expectation.
        """
        distance = np.nan_to_num(np.abs(readings[0] - readings[1]), nan=-1.0)  # (up to 10, F)
        last = len(distance) - 1
        told = last - distance[::-1].argmax(axis=0)  # (F,) the later one of equals
        seen, expected = (part[told, np.arange(len(told))] for part in readings)  # (F,) each
        whole = float(errors.sum())
        shares = errors / whole if whole > 0 else errors  # (F,)
        is_flat = (readings[0] == seen).all(axis=0) & (last + 1 == FLAT_ROWS) & (seen != expected)  # (F,)
        direction = np.where(is_flat, "flat", np.where(seen < expected, "down", "up"))  # (F,)
        return tuple(
            Contribution(
                self._sensors[f], float(shares[f]), float(seen[f]), float(expected[f]), str(direction[f])
            )
            for f in np.argsort(-shares, kind="stable")
        )


def silent_event(sensor: str, start: int, end: int, expected: float) -> Event:
    """The event of a sensor that delivered nothing in the rows start..end, both included."""
    part = Contribution(sensor, 1.0, np.nan, expected, SILENT)
    reason = f"{sensor} has delivered nothing for {end - start + 1:,} rows"
    return Event(start, end, start, np.nan, np.nan, (part,), reason, SILENT)


def find_events(
    rows: JudgedRows,
    sensors: Sequence[str],
    rules: EventRules | None = None,
    breaks: Sequence[int] = (),
) -> list[Event]:
    """All events of a series of rows, in order.

    No event crosses a break, the index of a row that does not follow the row before it in time.
    """
    tracker = EventTracker(sensors, rules or EventRules())
    events = []
    for start, stop in pairwise([0, *breaks, len(rows)]):
        events += tracker.push(rows[start:stop])
        events += tracker.finish()
    return events


def row_states(scores: FloatArray) -> NDArray[np.str_]:
    """`normal`, `anomaly` or `unknown` for each score (N,), a multiple of the threshold."""
    return np.where(np.isnan(scores), "unknown", np.where(scores > LIMIT, "anomaly", "normal"))
