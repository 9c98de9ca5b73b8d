"""The two ways in which `detect` runs: over an input that ends, and on from where the last run ended."""

import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from lstm_anomaly.base.files import is_stream, length_of
from lstm_anomaly.base.locks import locked
from lstm_anomaly.base.text import as_bytes
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.frame.unattended import Unattended
from lstm_anomaly.commands.run.alerting import Alerting
from lstm_anomaly.commands.run.delivery import Delivery, Wanted, delivery
from lstm_anomaly.commands.run.hooks import split_command
from lstm_anomaly.commands.run.load import tell_of_reading
from lstm_anomaly.commands.run.scores_file import claimed
from lstm_anomaly.detecting.alerts import as_span
from lstm_anomaly.detecting.state import State, read_state, scheme_of, write_state
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.detecting.verdicts import Judging
from lstm_anomaly.reading.maintenance import NO_MAINTENANCE, Maintenance

if TYPE_CHECKING:
    from lstm_anomaly.base.types import SensorFrame
    from lstm_anomaly.detecting.places import PlacedEvent
    from lstm_anomaly.reading import Follower

POLL_SECONDS = 0.2
DRIFTED = (
    "the data no longer looks like training: {reasons}. The promise on false alarms does not hold for it;"
    " if this is normal now, calibrate the model on it, or train again."
)


@dataclass(frozen=True)
class Outcome:
    """What a run told, of events that alarm somebody: how many, those not written yet (for a summary),
    failures of `--exec`, and the event that may go on; and how many times rows between two runs could not
    be found.
    """

    count: int
    events: "list[PlacedEvent]"
    failures: int
    still_open: "PlacedEvent | None" = None
    gaps: int = 0


class Run:
    """One run of `detect`: `unattended` says how it goes on, `wanted` what is written."""

    def __init__(
        self,
        watcher: Judging,
        model_path: str,
        console: Console,
        unattended: Unattended,
        wanted: Wanted,
        maintenance: Maintenance = NO_MAINTENANCE,
    ) -> None:
        self._model_path = model_path
        self._watcher = watcher
        self._console = console
        self._unattended = unattended
        self._wanted = wanted
        self._maintenance = maintenance

    def through(self, pieces: "Iterable[SensorFrame]", paths: tuple[str, ...]) -> Outcome:
        """Judge an input to its end."""
        with delivery(self._console, self._wanted) as to:
            alerting = self._alerting(to, early=bool(self._unattended.early))
            for verdicts in watch(self._watcher, pieces):
                alerting.take(verdicts)
                alerting.look_at(self._watcher)
                alerting.run_hooks()
            to.finish(self._watcher)
            alerting.run_hooks()
        self._warn_of_drift()
        outcome = Outcome(to.count, _loud(to.events), alerting.failures, self._open_event())
        self._write_metrics(paths, self._totals({}, to.count))
        return outcome

    def on(self, follower: "Follower") -> Outcome:
        """Judge what is new in a file; with `--follow`, go on for ever."""
        unattended = self._unattended
        with ExitStack() as held:
            wait = unattended.wait or 0.0
            if unattended.state:
                held.enter_context(locked(unattended.state, wait))
            if self._wanted.scores_file is not None:
                held.enter_context(claimed(self._wanted.scores_file, unattended.state, wait))
            state = self._begin(follower)
            goes_on = state.scores_length or 0
            with delivery(self._console, self._wanted, goes_on) as to:
                alerting = self._alerting(to, early=unattended.early is not False)
                alerting.alerts, alerting.undelivered = state.alerts, state.undelivered
                before = dict(state.totals)
                while unattended.follow and not (to.gaps and unattended.on_gap == "fail"):
                    seen = self._watcher.tally.rows, to.count, alerting.waiting()
                    self._take_new(follower, alerting)
                    to.flush()
                    is_news = (self._watcher.tally.rows, to.count, alerting.waiting()) != seen
                    if is_news or alerting.is_due():
                        self._warn_of_drift()
                        self._conclude(state, alerting, before)
                    time.sleep(POLL_SECONDS)
                self._take_new(follower, alerting)
                to.finish(self._watcher)
                self._warn_of_drift()
                self._conclude(state, alerting, before)
        return Outcome(to.count, _loud(to.events), alerting.failures, self._open_event(), len(to.gaps))

    def _warn_of_drift(self) -> None:
        """Say once that the promise does not hold any more; the state remembers that it was said."""
        if drift := self._watcher.drift_news():
            self._console.warn([DRIFTED.format(reasons="; ".join(drift))])

    def _take_new(self, follower: "Follower", alerting: Alerting) -> None:
        for frame in follower.frames():
            alerting.take(self._watcher.push(frame))
        alerting.look_at(self._watcher)
        tell_of_reading(follower.take_report(), self._console)
        gaps = follower.take_gaps()
        self._console.warn(map(str, gaps))
        alerting.to.gaps += gaps

    def _begin(self, follower: "Follower") -> State:
        """The state that is saved, or a new one, which is saved before anything is delivered."""
        unattended = self._unattended
        watcher = self._one()
        scheme = scheme_of(self._model_path, watcher.rules, *watcher.scheme)
        state = None
        if unattended.state and unattended.begin == "saved":
            state = read_state(unattended.state, watcher.model, scheme, follower, watcher)
        is_new = state is None
        if state is None:
            if unattended.begin == "end":
                follower.skip()
            follower.note_begin()
            state = State(follower.path, scheme, follower, watcher)
        scores = self._wanted.scores_file
        if scores is not None and not is_stream(scores) and state.scores_length is None:
            state.scores_length = length_of(scores)
            is_new = True
        if is_new and unattended.state:
            write_state(state, unattended.state, watcher.model)
        return state

    def _one(self) -> Watcher:
        """The watcher, if it has one model: a state belongs to one model. Raises UsageError for a folder."""
        if not isinstance(self._watcher, Watcher):
            raise click.UsageError(
                "--state and --follow judge one machine, and this is a folder of models. Run one for each"
                " machine, with its own file, its own model of the folder and its own state."
            )
        return self._watcher

    def _conclude(self, state: State, alerting: Alerting, before: dict[str, int]) -> None:
        """Commit; let the program of `--exec` have its events; write metrics last, not to hinder it."""
        self._commit(state, alerting, before)
        if alerting.is_due():
            alerting.run_hooks()
            self._commit(state, alerting, before)
        self._write_metrics((state.path,), state.totals)

    def _commit(self, state: State, alerting: Alerting, before: dict[str, int]) -> None:
        """Everything was delivered but to the program of `--exec`: the next run begins here.

        That program gets its events after that: where the state cannot be written, as on a full disk, it
        would get the same ones in every run.
        """
        to = alerting.to
        to.sync()
        state.totals = self._totals(before, to.count, len(to.gaps))
        if self._unattended.state:
            if to.scores_length is not None:
                state.scores_length = to.scores_length
            state.undelivered = alerting.waiting()
            write_state(state, self._unattended.state, self._one().model)

    def _write_metrics(self, paths: tuple[str, ...], totals: dict[str, int]) -> None:
        if self._unattended.prom_textfile is None:
            return
        from lstm_anomaly.base.files import atomic_write
        from lstm_anomaly.output.formats.prometheus import Metrics, textfile

        watcher = self._watcher
        newest = None if watcher.newest is None else int(watcher.newest.astype("M8[ns]").astype("i8")) / 1e9
        metrics = Metrics(
            source=" ".join(paths),
            model=self._model_path,
            now=time.time(),
            newest=newest,
            totals=totals,
            event_open=self._open_event() is not None,
            sensors=watcher.sensors,
            worst=watcher.worst.tolist(),
            silent=[one.event.sensor for one in watcher.silent()],
        )
        with atomic_write(self._unattended.prom_textfile) as file:
            file.write(as_bytes(textfile(metrics)))

    def _totals(self, before: dict[str, int], events: int, gaps: int = 0) -> dict[str, int]:
        counts = {**vars(self._watcher.tally), "events": events, "gaps": gaps}
        return {name: before.get(name, 0) + count for name, count in counts.items()}

    def _alerting(self, to: Delivery, *, early: bool) -> Alerting:
        unattended = self._unattended
        command = tuple(split_command(unattended.exec_)) if unattended.exec_ else ()
        return Alerting(
            to,
            self._console,
            early,
            as_span(unattended.snooze),
            self._maintenance,
            command,
            unattended.exec_timeout,
        )

    def _open_event(self) -> "PlacedEvent | None":
        """The event that may go on, unless it alarms nobody."""
        event = self._watcher.open_event()
        is_loud = event is not None and not self._maintenance.reason(event.started, event.ended)
        return event if is_loud else None


def _loud(events: "list[PlacedEvent]") -> "list[PlacedEvent]":
    """The events that may alarm somebody."""
    return [event for event in events if not event.maintenance]
