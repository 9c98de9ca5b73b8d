"""Finds the events of scored rows, whole or piece by piece: stretches of anomalous rows and their sensors."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    EXPLAINED_ROWS,
    FLAT,
    OPENING_ROWS,
    SYMBOL,
    UP,
    USUAL_MARGINS,
    Course,
    Part,
    deviations,
)
from lstm_anomaly.decision.event import MEDIUM, Contribution, Event, Follower
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.decision.spans import LIMIT, Span, SpanTracker
from lstm_anomaly.scoring.reasons import TOGETHER

_BLOCK = 4096  # rows worked on at a time


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
class _Piece:
    """Consecutive rows, N of them: the last ones that are known, and then new ones.

    repeats  (N, F) for how many rows, each of these included, a sensor has repeated its reading
    first    the number of the first row in the series
    known    how many are not new
    """

    rows: JudgedRows
    repeats: IntArray
    first: int
    known: int


@saved_as("opening of an event 2")
@dataclass(frozen=True)
class _Opening:
    """The highest score of an event's first rows, and its reason, which is the event's.

    words  the reason in words of its own, "" where it has none
    """

    score: float
    reason: int
    words: str = ""


@saved_as("tracker of events 2")
class EventTracker:
    """Finds events in rows that arrive piece by piece: the same ones however the rows are cut.

    Rows are numbered from 0 in the order they arrive. Memory does not grow with the length of an event.
    """

    _trained: Annotated[FloatArray, "2 F", UNBOUNDED]
    _sensors: tuple[str, ...]
    _rules: EventRules
    _spans: SpanTracker
    _row_count: int
    _lately: JudgedRows
    _repeats: Annotated[IntArray, "n F"]
    _is_serious: bool
    _told_from: int
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
        begun = {
            self._course.count > 0,
            bool(self._course.rows_told()),
            self._opening.score > -np.inf,
            self._told_from >= 0,
            self._spans.open is not None,
        }
        is_whole = self._row_count == self._spans.row_count and len(begun) == 1
        return is_whole and len(self._lately) == len(self._repeats) <= min(EXPLAINED_ROWS, self._row_count)

    def _forget_rows(self) -> None:
        none = np.zeros((0, len(self._sensors)))
        self._lately = JudgedRows(np.zeros(0), none, none, none, none, np.zeros(0, np.int64))
        self._repeats = none.astype(np.int64)  # of those

    def _forget_event(self) -> None:
        self._is_serious = False
        self._tell_from(-1)

    def _tell_from(self, row: int) -> None:
        """Forget what the open event did before this row; below 0: that there is one."""
        self._told_from = row
        self._opening = _Opening(-np.inf, TOGETHER)
        self._course = Course.begun(len(self._sensors))

    def push(self, rows: JudgedRows) -> list[Event]:
        """Take the next rows (N, at least 0) and return the events that they bring to an end, in order."""
        if not len(rows):
            return []
        if len(rows) > _BLOCK:
            blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
            return [event for block in blocks for event in self.push(block)]
        known, together = len(self._lately), rows.after(self._lately)
        repeats = np.concatenate([self._repeats, self._repeated(rows.seen)])  # (known + N, F)
        piece = _Piece(together, repeats, self._row_count - known, known)
        self._row_count += len(rows)
        events = []
        for span in self._spans.push(rows.scores):
            self._go_on(piece, span)
            events.append(self._event(span))
            self._forget_event()
        if self._spans.open is not None:
            self._go_on(piece, self._spans.open)
        self._lately, self._repeats = together[-EXPLAINED_ROWS:], repeats[-EXPLAINED_ROWS:]
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
        """The rows that may describe the open event, or one that the next row opens."""
        lately = list(range(self._row_count - len(self._lately), self._row_count))
        span = self._spans.open
        if span is None:
            return lately
        return [span.start, span.end, span.peak_row, *self._course.rows_told(), *lately]

    def _long_enough(self, events: list[Event]) -> list[Event]:
        return [event for event in events if event.duration >= self._rules.min_duration]

    def _repeated(self, seen: FloatArray) -> IntArray:
        """For how many rows, each of these (N, F) included, a sensor has repeated its reading, (N, F)."""
        last = self._lately.seen[-1] if len(self._lately) else np.full(seen.shape[1], np.nan)  # (F,)
        so_far = self._repeats[-1] if len(self._lately) else np.zeros(seen.shape[1], np.int64)  # (F,)
        before = np.concatenate([last[np.newaxis], seen[:-1]])  # (N, F)
        order = np.arange(len(seen))[:, np.newaxis]  # (N, 1)
        changed = np.maximum.accumulate(np.where(seen == before, -1, order), axis=0)  # (N, F) the last change
        return np.asarray(order - changed + np.where(changed < 0, so_far, 1))

    def _go_on(self, piece: _Piece, span: Span) -> None:
        """Take those of the new rows that belong to the span.

        An event of low severity may be going on when a fault begins in another sensor. It is the fault that
        is told then, from the row that makes it serious and in which some sensor has a part.
        """
        begin = max(piece.known, span.start - piece.first)
        within = slice(begin, max(0, span.end - piece.first + 1))  # it may have ended before these rows
        scores = piece.rows.scores
        at = begin + np.flatnonzero(scores[within] > LIMIT)  # (n,)
        if self._told_from < 0:
            self._told_from = span.start
        serious = np.flatnonzero((scores[at] > MEDIUM) & (piece.rows.errors[at] > 0).any(axis=1))
        if len(serious) and not self._is_serious:
            self._is_serious = True
            earlier, at = np.split(at, serious[:1])
            self._take(piece, earlier)
            row = int(at[0]) + piece.first
            leads, led = piece.rows.errors[at[0]].argmax(), self._course.shares.argmax()
            if row >= span.start + OPENING_ROWS and leads != led:
                self._tell_from(row)
        self._take(piece, at)

    def _take(self, piece: _Piece, at: IntArray) -> None:
        """Take the rows (n,) of a piece, which are above the limit."""
        if not len(at):
            return
        rows, first = piece.rows, piece.first
        opening = at[at + first < self._told_from + OPENING_ROWS]
        if len(opening) and rows.scores[opening].max() > self._opening.score:
            row = opening[rows.scores[opening].argmax()]
            score, reason = float(rows.scores[row]), int(rows.reasons[row])
            self._opening = _Opening(score, reason, str(rows.words[row]))
        if not self._course.count:
            lead = np.arange(max(0, at[0] - EXPLAINED_ROWS + 1), at[0])
            at = np.concatenate([lead[rows.scores[lead] <= LIMIT], at])
        before = deviations(rows.seen[at - 1], rows.expected[at - 1], rows.margins[at - 1])  # (n, F)
        before[at == 0] = 0.0
        self._course = self._course.with_rows(
            Part(
                rows=at + first,
                scores=rows.scores[at],
                seen=rows.seen[at],
                expected=rows.expected[at],
                margins=rows.margins[at],
                errors=rows.errors[at],
                before=before,
                repeats=piece.repeats[at],
            )
        )

    def _event(self, span: Span) -> Event:
        order = np.argsort(-self._course.shares, kind="stable").tolist()
        first, others = (order[:1], order[1:]) if self._course.shares.any() else ([], order)
        took_over = self._course.took_over.tolist()
        since = max(span.start, *(took_over[f] for f in first), 0)
        followers = [Follower(self._sensors[f], took_over[f]) for f in others if took_over[f] > since]
        return Event(
            start=span.start,
            end=span.end,
            peak_row=span.peak_row,
            peak=span.peak,
            mean=span.total / span.count,
            contributions=tuple(self._contribution(f) for f in order) if first else (),
            followers=tuple(sorted(followers, key=lambda follower: follower.row)),
            cause=self._opening.reason,
            words=self._opening.words,
        )

    def _contribution(self, f: int) -> Contribution:
        """What sensor f did."""
        course = self._course
        kind, far = course.kind(f), course.farthest(f)
        row, seen, expected, margin = far.row[f], far.seen[f], far.expected[f], far.margin[f]
        side = DOWN if seen < expected else UP
        if np.isnan(expected):  # of symbols, whose codes say nothing
            kind, side, seen = SYMBOL, SYMBOL, np.nan
        whole = float(np.cumsum(course.shares)[-1])
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
