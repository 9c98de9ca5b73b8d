"""What there is to see of an event: its rows and some before and after, for every kind of picture."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.judged_rows import JudgedRows

LEAST_CONTEXT = 30  # rows shown before and after an event, at least
CONTEXT_SHARE = 0.5  # of the event's own rows, when that is more
MOST_SENSORS = 3
LEAST_SHARE = 0.1  # of the event, for a sensor other than the first to be shown
KEPT_ROWS = 20_000  # a recorder remembers so many: of a longer event it shows the last part


@dataclass(frozen=True)
class SensorView:
    """One sensor in the n rows of a view: readings and what was expected, (n,) each, in its own unit."""

    name: str
    share: float
    seen: FloatArray
    expected: FloatArray


@dataclass(frozen=True)
class EventView:
    """An event among n rows, of which the first is row `first` of the series.

    scores   (n,) multiples of the threshold, NaN where a row could not be judged
    sensors  those that carry the event, the one with the largest share first
    """

    event: Event
    first: int
    scores: FloatArray
    sensors: tuple[SensorView, ...]

    @property
    def inside(self) -> slice:
        """The event's own rows among those shown."""
        return slice(max(0, self.event.start - self.first), self.event.end - self.first + 1)

    @property
    def rows(self) -> slice:
        """The rows shown, as rows of the series."""
        return slice(self.first, self.first + len(self.scores))


def view(event: Event, rows: JudgedRows, names: Sequence[str], first: int = 0) -> EventView:
    """The event with what lies around it in `rows`, of which the first is row `first` of the series."""
    context = max(LEAST_CONTEXT, round(CONTEXT_SHARE * event.duration))
    begin = max(0, event.start - context - first)
    shown = slice(begin, event.end + 1 + context - first)
    sensors = []
    for k, part in enumerate(event.contributions[:MOST_SENSORS]):
        if k == 0 or part.share >= LEAST_SHARE:
            column = names.index(part.sensor)
            seen, expected = rows.seen[shown, column], rows.expected[shown, column]
            sensors.append(SensorView(part.sensor, part.share, seen.copy(), expected.copy()))
    return EventView(event, first + begin, rows.scores[shown].copy(), tuple(sensors))


class ViewRecorder:
    """Keeps the last rows of a stream of judged rows, so that events can be shown when they are over."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._rows: JudgedRows | None = None
        self._first = 0  # the series' row that is the first kept

    def push(self, rows: JudgedRows) -> None:
        """Take the next rows."""
        self._rows = rows if self._rows is None else _joined(self._rows, rows)

        drop = max(0, len(self._rows) - len(rows) - KEPT_ROWS)
        self._rows, self._first = self._rows[drop:], self._first + drop

    def view(self, event: Event) -> EventView:
        """What there is to see of an event that was over, or not yet, among the rows so far."""
        assert self._rows is not None, "an event lies in rows that were pushed"
        return view(event, self._rows, self._names, self._first)


def _joined(one: JudgedRows, other: JudgedRows) -> JudgedRows:
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(JudgedRows))
    return JudgedRows(*(np.concatenate(pair) for pair in pairs))
