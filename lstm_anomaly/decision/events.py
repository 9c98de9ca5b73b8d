"""Finds the events of scored rows, whole or piece by piece: stretches of anomalous rows and their sensors."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from numbers import Integral, Real
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.bounds import check_number
from lstm_anomaly.base.snapshot import UNBOUNDED, saved_as
from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.decision.course import (
    DOWN,
    FLAT,
    OPENING_ROWS,
    SYMBOL,
    UP,
    USUAL_MARGINS,
    Course,
    Part,
    deviations,
)
from lstm_anomaly.decision.event import Contribution, Event, Follower
from lstm_anomaly.decision.spans import LIMIT, Span, SpanTracker
from lstm_anomaly.scoring.reasons import TOGETHER, no_words


@dataclass(frozen=True)
class EventRules:
    """How anomalous rows become events.

    merge_gap     at most this many rows, quiet or unknown, may lie between two parts of one event
    min_duration  events of fewer rows, start and end included, are dropped
    off           an event begins above 1 and lasts while scores are above `off`, which is at most 1

    Raises SettingsError for other numbers, and for what is no number.
    """

    merge_gap: int = 0
    min_duration: int = 1
    off: float = LIMIT

    def __post_init__(self) -> None:
        check_number("merge_gap", self.merge_gap, Integral, 0, np.inf)
        check_number("min_duration", self.min_duration, Integral, 1, np.inf)
        check_number("off", self.off, Real, 0, LIMIT)


@dataclass(frozen=True)
class JudgedRows:
    """Consecutive rows after scoring; N rows, F sensors.

    scores    (N,) multiples of the threshold, NaN where a row could not be judged
    errors    (N, F) what each sensor adds to a row's score, at least 0, in any one unit
    seen      (N, F) readings in the sensors' own units
    expected  (N, F) what the model expected, in the same units
    margins   (N, F) by how much readings usually miss that, in the same units
    reasons   (N,) which component each score is, as in `lstm_anomaly.scoring.reasons`
    words     (N,) the reason in words of its own, "" where it has none; none anywhere when left out
    """

    scores: FloatArray
    errors: FloatArray
    seen: FloatArray
    expected: FloatArray
    margins: FloatArray
    reasons: IntArray
    words: NDArray[np.object_] = field(default_factory=lambda: no_words(0))

    def __post_init__(self) -> None:
        if not len(self.words):
            object.__setattr__(self, "words", no_words(len(self.scores)))
        shapes = {self.errors.shape, self.seen.shape, self.expected.shape, self.margins.shape}
        if len(shapes) != 1 or not self.errors.shape[:1] == self.scores.shape == self.reasons.shape:
            raise ValueError(f"scores {self.scores.shape} do not go with sensors' arrays {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice) -> "JudgedRows":
        by_sensor = (self.errors[rows], self.seen[rows], self.expected[rows], self.margins[rows])
        return JudgedRows(self.scores[rows], *by_sensor, self.reasons[rows], self.words[rows])


@saved_as("opening of an event")
@dataclass(frozen=True)
class _Opening:
    """The highest of an event's first rows, and its reason, which is the event's.

    readings  (3, F) of that row: seen, expected and margins
    words     the reason in words of its own, "" where it has none
    """

    score: float
    reason: int
    row: int
    readings: Annotated[FloatArray, "3 F", UNBOUNDED]
    words: str = ""

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        return (self.row < 0) == (self.score == -np.inf)


@saved_as("tracker of events")
class EventTracker:
    """Finds events in rows that arrive piece by piece: the same ones however the rows are cut.

    Rows are numbered from 0 in the order they arrive. Memory does not grow with the length of an event.
    """

    _trained: Annotated[FloatArray, "2 F", UNBOUNDED]
    _sensors: tuple[str, ...]
    _rules: EventRules
    _spans: SpanTracker
    _row_count: int
    _last: Annotated[FloatArray, "F"]
    _off: Annotated[FloatArray, "F", UNBOUNDED]
    _repeats: Annotated[IntArray, "F"]
    _opening: _Opening
    _course: Course

    def __init__(self, sensors: Sequence[str], rules: EventRules, trained: FloatArray | None = None) -> None:
        """`trained`: (2, F) each sensor's lowest and highest reading in training; nothing beyond is usual."""
        beyond = np.array([[-np.inf], [np.inf]]) * np.ones(len(sensors))  # (2, F)
        self._trained = beyond if trained is None else trained
        self._sensors = tuple(sensors)
        self._rules = rules
        self._spans = SpanTracker(rules.merge_gap, rules.off)
        self._row_count = 0
        self._forget_rows()
        self._forget_event()

    @property
    def row_count(self) -> int:
        """Rows so far."""
        return self._row_count

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        is_begun = bool(self._course.count or self._course.rows_told() or self._opening.row >= 0)
        is_whole = self._row_count == self._spans.row_count and len(self._sensors) == len(self._last)
        return is_whole and is_begun == (self._spans.open is not None)

    def _forget_rows(self) -> None:
        sensors = len(self._sensors)
        self._last = np.full(sensors, np.nan)  # (F,) readings of the row before the next piece
        self._off = np.zeros(sensors)  # (F,) how far they were off
        self._repeats = np.zeros(sensors, np.int64)  # (F,) for how many rows they have been the same

    def _forget_event(self) -> None:
        sensors = len(self._sensors)
        self._opening = _Opening(-np.inf, TOGETHER, -1, np.zeros((3, sensors)))  # of the open event
        self._course = Course.begun(sensors)

    def push(self, rows: JudgedRows) -> list[Event]:
        """Take the next rows (N, at least 0) and return the events that they bring to an end, in order."""
        if not len(rows):
            return []
        first = self._row_count
        self._row_count += len(rows)
        repeats = self._repeated(rows.seen)
        events = []
        for span in self._spans.push(rows.scores):
            self._go_on(rows, repeats, span, first)
            events.append(self._event(span))
            self._forget_event()
        if self._spans.open is not None:
            self._go_on(rows, repeats, self._spans.open, first)
        self._last, self._repeats = rows.seen[-1], repeats[-1]
        self._off = deviations(rows.seen[-1:], rows.expected[-1:], rows.margins[-1:])[0]
        return self._long_enough(events)

    def finish(self) -> list[Event]:
        """The event still open, if any. Call it at the end, and before a row that does not follow in time."""
        events = [self._event(span) for span in self._spans.finish()]
        self._forget_rows()
        self._forget_event()
        return self._long_enough(events)

    def open_event(self) -> Event | None:
        """The event that may still go on, as far as it is known, however short."""
        span = self._spans.open
        return None if span is None else self._event(span)

    def rows_told(self) -> list[int]:
        """The rows that may describe the open event, whatever rows come next."""
        span = self._spans.open
        if span is None:
            return []
        return [span.start, span.end, span.peak_row, self._opening.row, *self._course.rows_told()]

    def _long_enough(self, events: list[Event]) -> list[Event]:
        return [event for event in events if event.duration >= self._rules.min_duration]

    def _repeated(self, seen: FloatArray) -> IntArray:
        """For how many rows, each of these (N, F) included, a sensor has repeated its reading, (N, F)."""
        before = np.concatenate([self._last[np.newaxis], seen[:-1]])  # (N, F)
        order = np.arange(len(seen))[:, np.newaxis]  # (N, 1)
        changed = np.maximum.accumulate(np.where(seen == before, -1, order), axis=0)  # (N, F) the last change
        return np.asarray(order - changed + np.where(changed < 0, self._repeats, 1))

    def _go_on(self, rows: JudgedRows, repeats: IntArray, span: Span, first: int) -> None:
        """Take those of the rows that belong to the span; rows begin with row `first` of the series."""
        begin = max(0, span.start - first)
        within = slice(begin, max(0, span.end - first + 1))  # it may have ended before these rows
        at = begin + np.flatnonzero(rows.scores[within] > LIMIT)  # (n,)
        if not len(at):
            return
        opening = at[at + first < span.start + OPENING_ROWS]
        if len(opening) and rows.scores[opening].max() > self._opening.score:
            row = opening[rows.scores[opening].argmax()]
            readings = np.stack([rows.seen[row], rows.expected[row], rows.margins[row]])  # (3, F)
            score, reason = float(rows.scores[row]), int(rows.reasons[row])
            self._opening = _Opening(score, reason, int(row) + first, readings, str(rows.words[row]))
        before = deviations(rows.seen[at - 1], rows.expected[at - 1], rows.margins[at - 1])  # (n, F)
        before[at == 0] = self._off
        self._course = self._course.with_rows(
            Part(
                rows=at + first,
                scores=rows.scores[at],
                seen=rows.seen[at],
                expected=rows.expected[at],
                margins=rows.margins[at],
                errors=rows.errors[at],
                before=before,
                repeats=repeats[at],
            )
        )

    def _event(self, span: Span) -> Event:
        order = np.argsort(-self._course.shares, kind="stable").tolist()
        took_over = self._course.took_over.tolist()
        since = max(span.start, took_over[order[0]])
        followers = [Follower(self._sensors[f], took_over[f]) for f in order[1:] if took_over[f] > since]
        return Event(
            start=span.start,
            end=span.end,
            peak_row=span.peak_row,
            peak=span.peak,
            mean=span.total / span.count,
            contributions=tuple(self._contribution(f) for f in order),
            followers=tuple(sorted(followers, key=lambda follower: follower.row)),
            cause=self._opening.reason,
            words=self._opening.words,
        )

    def _contribution(self, f: int) -> Contribution:
        """What sensor f did; where no reading was unusual, it is told by the highest opening row."""
        course = self._course
        kind, far = course.kind(f), course.farthest(f)
        row, seen, expected, margin = far.row[f], far.seen[f], far.expected[f], far.margin[f]
        if kind != FLAT and not course.is_unusual(f):
            row, (seen, expected, margin) = self._opening.row, self._opening.readings[:, f]
        side = DOWN if seen < expected else UP
        if np.isnan(expected):  # of symbols, whose codes say nothing
            kind, side, seen = SYMBOL, SYMBOL, np.nan
        whole = max(1e-300, float(np.cumsum(course.shares)[-1]))
        return Contribution(
            sensor=self._sensors[f],
            share=float(course.shares[f]) / whole,
            seen=float(seen),
            expected=float(expected),
            direction=FLAT if kind == FLAT else side,
            kind=side if kind in (UP, DOWN) else kind,
            row=int(row),
            usual=self._usual(f, float(expected), USUAL_MARGINS * float(margin)),
            span=(float(course.lowest[f]), float(course.highest[f])),
        )

    def _usual(self, f: int, expected: float, room: float) -> tuple[float, float]:
        """Which readings of sensor f are usual: so near what is expected, and seen in training."""
        low, high = expected - room, expected + room
        lowest, highest = self._trained[:, f].tolist()
        return (max(low, lowest), min(high, highest)) if low < highest and high > lowest else (low, high)


def find_events(
    rows: JudgedRows,
    sensors: Sequence[str],
    rules: EventRules | None = None,
    breaks: Sequence[int] = (),
    trained: FloatArray | None = None,
) -> list[Event]:
    """All events of a series of rows, in order.

    No event crosses a break, the index of a row that does not follow the row before it in time. `trained`: as
    in `EventTracker`.
    """
    tracker = EventTracker(sensors, rules or EventRules(), trained)
    events = []
    for start, stop in pairwise([0, *breaks, len(rows)]):
        events += tracker.push(rows[start:stop])
        events += tracker.finish()
    return events


def row_states(scores: FloatArray) -> NDArray[np.str_]:
    """`normal`, `anomaly` or `unknown` for each score (N,), a multiple of the threshold."""
    return np.where(np.isnan(scores), "unknown", np.where(scores > LIMIT, "anomaly", "normal"))
