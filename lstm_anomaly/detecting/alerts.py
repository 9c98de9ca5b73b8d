"""Which events are worth telling in this run: each once, and not again and again while it lasts."""

from dataclasses import replace

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.decision.event import SILENT
from lstm_anomaly.detecting.places import CLOSED, ONGOING, OPEN, PlacedEvent


def as_span(seconds: float | None) -> np.timedelta64 | None:
    """Seconds as a difference of time stamps."""
    return None if seconds is None else np.timedelta64(round(seconds * 1e9), "ns")


@saved_as("alerts")
class Alerts:
    """Chooses the events to report, and remembers those that were reported.

    An event is told when it is over, and with `early` also when it begins. `snooze`: after something was
    told, nothing is for so long (counted by the rows' time stamps): an event that begins meanwhile and is
    over before then is not told at all, and one that lasts longer is told again, as `ongoing`.
    Silent sensors are not snoozed.
    """

    _open: str
    _told: np.datetime64 | None

    def __init__(self) -> None:
        self._open = ""  # id of the event that was told when it began, and is not over yet
        self._told: np.datetime64 | None = None  # time stamp of the row at which something was told last

    def select(
        self,
        closed: list[PlacedEvent],
        still_open: PlacedEvent | None,
        *,
        early: bool = False,
        snooze: np.timedelta64 | None = None,
    ) -> list[PlacedEvent]:
        """The news among the events that are over and the one that is not, each with its state.

        Raises InputError when `snooze` is asked for and rows have no time stamps.
        """
        news = []
        for event in closed:
            if event.event.kind == SILENT:
                # A sensor that falls silent is told at once, and when it is back; or else at the end.
                if event.state == CLOSED or (event.state == OPEN) == early:
                    news.append(event)
                continue
            known = event.id == self._open
            if self._is_worth_it(event, snooze):
                news.append(replace(event, known=known))
        if early and still_open is not None:
            if still_open.id != self._open:
                if not self._is_silenced(still_open.ended, snooze):
                    self._open = still_open.id
                    news.append(self._tell(replace(still_open, state=OPEN)))
            elif snooze is not None and not self._is_silenced(still_open.ended, snooze):
                news.append(self._tell(replace(still_open, state=ONGOING, known=True)))
        return news

    def _is_worth_it(self, event: PlacedEvent, snooze: np.timedelta64 | None) -> bool:
        """Whether an event that is over is to be told: it began as news, or is news now."""
        if event.id == self._open:
            self._open = ""
            return True
        if self._is_silenced(event.started if event.state == CLOSED else event.ended, snooze):
            return False
        self._tell(event)
        return True

    def _tell(self, event: PlacedEvent) -> PlacedEvent:
        self._told = event.ended
        return event

    def _is_silenced(self, time: np.datetime64 | None, snooze: np.timedelta64 | None) -> bool:
        if snooze is None:
            return False
        if time is None:
            raise InputError("--snooze goes by time stamps, and the rows have none", hint="leave it out")
        return self._told is not None and bool(time < self._told + snooze)
