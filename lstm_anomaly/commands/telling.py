"""Tells of events: to the output that was asked for, and once each to the program of `--exec`."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lstm_anomaly.commands.delivery import Delivery
from lstm_anomaly.commands.talk import Talk
from lstm_anomaly.hooks import run_hook
from lstm_anomaly.news import News
from lstm_anomaly.output.records import json_lines
from lstm_anomaly.placing import ONGOING, PlacedEvent

if TYPE_CHECKING:
    import numpy as np

    from lstm_anomaly.verdicts import Judging, Verdicts

MOST_UNDELIVERED = 100  # events that wait for a program that does not take them


@dataclass
class Teller:
    """Delivers verdicts with those of their events that are news.

    early    tell of an event also when it begins
    snooze   quiet for so long after an event
    command  words of the program that gets each event, () for none, and how many seconds it may take
    news     what was told already
    undelivered  events as JSON that the program did not take; failures: how often it failed in this run
    """

    to: Delivery
    talk: Talk
    early: bool
    snooze: "np.timedelta64 | None" = None
    command: tuple[str, ...] = ()
    seconds: float = 30.0
    news: News = field(default_factory=News)
    undelivered: list[str] = field(default_factory=list)
    failures: int = 0

    def take(self, verdicts: "Verdicts") -> None:
        """Deliver verdicts and the events that are over."""
        events = self.news.select(verdicts.events, None, snooze=self.snooze)
        self.to.take(replace(verdicts, events=events))
        self._queue(events)

    def look_at(self, watcher: "Judging") -> None:
        """Tell of the event that is not over, if that is wanted and is news."""
        if self.early and (still_open := watcher.open_event()) is not None:
            events = self.news.select([], still_open, early=True, snooze=self.snooze)
            self.to.tell(events)
            self._queue(events)

    def run_hooks(self) -> None:
        """Run the program once for each event that waits for it, which has been delivered before."""
        waiting, self.undelivered = self.undelivered, []
        for text in waiting if self.command else ():
            why = run_hook(self.command, text, self.seconds)
            if why:
                self.failures += 1
                self.undelivered.append(text)
                self.talk.warn([f"lstm-anomaly: --exec: {why}"])
        del self.undelivered[:-MOST_UNDELIVERED]

    def _queue(self, events: list[PlacedEvent]) -> None:
        if self.command:
            once = [event for event in events if not event.known or event.state == ONGOING]
            self.undelivered += [json_lines([event]) for event in once]
