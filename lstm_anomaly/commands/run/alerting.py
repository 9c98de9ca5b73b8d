"""Tells of events: to the output that was asked for, and once each to the program of `--exec`."""

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lstm_anomaly.base.text import count
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run.delivery import Delivery
from lstm_anomaly.commands.run.hooks import run_hook
from lstm_anomaly.detecting.alerts import Alerts
from lstm_anomaly.detecting.places import ONGOING, PlacedEvent
from lstm_anomaly.output.formats.records import json_lines
from lstm_anomaly.reading.maintenance import NO_MAINTENANCE, Maintenance

if TYPE_CHECKING:
    import numpy as np

    from lstm_anomaly.detecting.verdicts import Judging, Verdicts

AGAIN_AFTER = 60.0  # seconds: a program that fails is not tried with each row of a stream
IN_A_ROW = 20  # failures after which the other events wait until it is tried again
MOST_UNDELIVERED = 10_000  # events that wait for a program that does not take them: a state must stay small


@dataclass
class Alerting:
    """Delivers verdicts with those of their events that are news.

    early    tell of an event also when it begins
    snooze   quiet for so long after an event
    maintenance  spans whose events are shown when they are over, and alarm nobody
    command  words of the program that gets each event, () for none, and how many seconds it may take
    alerts   what was told already
    queue    events as JSON that the program is still to get
    undelivered  those that it did not take; failures: how often it failed in this run
    not_again_before  `time.monotonic` when they may be offered again
    """

    to: Delivery
    console: Console
    early: bool
    snooze: "np.timedelta64 | None" = None
    maintenance: Maintenance = NO_MAINTENANCE
    command: tuple[str, ...] = ()
    seconds: float = 30.0
    alerts: Alerts = field(default_factory=Alerts)
    queue: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    failures: int = 0
    not_again_before: float = 0.0

    def take(self, verdicts: "Verdicts") -> None:
        """Deliver verdicts and the events that are over."""
        marked = [self._marked(event) for event in verdicts.events]
        loud = [event for event in marked if not event.maintenance]
        events = self.alerts.select(loud, None, early=self.early, snooze=self.snooze)
        quiet = [event for event in marked if event.maintenance]
        self.to.take(replace(verdicts, events=[*quiet, *events]))
        self._queue(events)

    def look_at(self, watcher: "Judging") -> None:
        """Tell of the event that is not over, if that is wanted and is news."""
        still_open = watcher.open_event() if self.early else None
        if still_open is not None and not self._marked(still_open).maintenance:
            events = self.alerts.select([], still_open, early=True, snooze=self.snooze)
            self.to.tell(events)
            self._queue(events)

    def _marked(self, event: PlacedEvent) -> PlacedEvent:
        return replace(event, maintenance=self.maintenance.reason(event.started, event.ended))

    def run_hooks(self) -> None:
        """Run the program once for each event that waits for it, which has been delivered before.

        Events that it did not take, and those behind many such, are offered again after a while, or in the
        next run.
        """
        if not self.is_due():
            return
        waiting, self.queue, self.undelivered = self.waiting(), [], []
        failed: Counter[str] = Counter()
        in_a_row = 0
        for text in waiting:
            why = run_hook(self.command, text, self.seconds) if in_a_row < IN_A_ROW else ""
            if why or in_a_row >= IN_A_ROW:
                self.undelivered.append(text)
            failed[why] += bool(why)
            in_a_row = in_a_row + 1 if why or in_a_row >= IN_A_ROW else 0
        if self.undelivered:
            self.failures += failed.total()
            self.not_again_before = time.monotonic() + AGAIN_AFTER
            self.console.trouble(_told(why, times) for why, times in failed.items() if times)
            self._drop_beyond_the_bound()

    def is_due(self) -> bool:
        """Whether the program is to be run now."""
        return bool(self.command and self.waiting()) and time.monotonic() >= self.not_again_before

    def waiting(self) -> list[str]:
        """The events as JSON that the program has not taken yet, oldest first."""
        return self.undelivered + self.queue

    def _drop_beyond_the_bound(self) -> None:
        dropped = self.undelivered[:-MOST_UNDELIVERED]
        if dropped:
            del self.undelivered[: len(dropped)]
            lost = count(len(dropped), "event")
            said = f"{lost} given up, since more than {MOST_UNDELIVERED:,} wait for the program"
            self.console.trouble([f"lstm-anomaly: --exec: {said}. The first: {dropped[0].strip()}"])

    def _queue(self, events: list[PlacedEvent]) -> None:
        if self.command:
            once = [event for event in events if not event.known or event.state == ONGOING]
            self.queue += [json_lines([event]) for event in once]


def _told(why: str, times: int) -> str:
    return f"lstm-anomaly: --exec: {why}" + (f" ({times} events)" if times > 1 else "")
