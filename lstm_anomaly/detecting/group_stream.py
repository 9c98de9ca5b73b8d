"""Detection on rows of several machines at once: each group has its own model, the input keeps its order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter
from typing import Any

import numpy as np

from lstm_anomaly.base.kept_objects import Ask, KeptObjects
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame
from lstm_anomaly.detecting.fleet import Standing
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.detecting.verdicts import Tally, Verdicts
from lstm_anomaly.reading import join_frames, split_groups, take_rows

Settled = tuple[FloatArray, FloatArray, BoolArray, list[PlacedEvent]]
"""Scores and errors of rows, which of them are off, and the events in them."""

_Rows = tuple[FloatArray, FloatArray, BoolArray]  # the same without events
Judge = Callable[[Watcher, SensorFrame], Settled]

BLOCK = 65_536  # rows of the input after which it is seen which groups have gone silent


class GroupWatcher:
    """Judges rows as `Watcher` does, each by the model of its group.

    watchers  group -> `Watcher`, in this process or in several
    groups    that have one

    Frames have the sensors of all models, `sensors`, and `groups`. Verdicts come in the order of the input:
    with a look-ahead, a row waits until all rows before it are settled. Those of a group that has gone silent
    are settled, and make no other wait, as soon as the others' time has gone on so far that a row of that
    group would come after a gap. So memory does not grow with the rows of an input in order of time; where
    time was seen to go back, as in one sorted by group, it does. Rows of a group without a model, or without
    a group, are unknown; `strangers` counts them.
    """

    def __init__(self, watchers: KeptObjects, groups: Sequence[str]) -> None:
        self._watchers = watchers
        self._groups = tuple(groups)
        self._sensors: dict[str, tuple[str, ...]] = self._ask(attrgetter("sensors"), self._groups)
        self.sensors = tuple(dict.fromkeys(name for names in self._sensors.values() for name in names))
        self.tally = Tally()
        self.strangers: dict[str, int] = {}
        self._columns = {
            group: np.array([self.sensors.index(name) for name in names])
            for group, names in self._sensors.items()
        }
        self._frame: SensorFrame | None = None  # rows of the input without a verdict
        self._settled: dict[str, _Rows] = {}  # of rows among them
        self._seen: set[str] = set()
        self._rows = 0  # of the input
        self._positions: list[IntArray] = []  # of those of the block at work: times in ns, or lines
        self._active: set[str] = set()  # groups that have rows among them
        self._reached = np.iinfo(np.int64).min  # the middle one of the block before
        self._in_order = True  # no row so far came before the middle of the block before its own

    def has_same_symbols(self) -> bool:
        """Whether the models of all groups know the same columns of symbols, by the same texts."""
        first, *others = self._ask(_symbols, self._groups).values()
        return all(other == first for other in others)

    @property
    def null_values(self) -> tuple[str, ...]:
        """Texts that stood for no reading in the training of any model."""
        found: dict[str, tuple[str, ...]] = self._ask(attrgetter("model.null_values"), self._groups)
        return tuple(dict.fromkeys(text for texts in found.values() for text in texts))

    @property
    def tz(self) -> str | None:
        """The zone of the first model that was trained with one."""
        found: dict[str, str | None] = self._ask(attrgetter("model.calendar.tz"), self._groups)
        return next((zone for zone in found.values() if zone is not None), None)

    @property
    def newest(self) -> np.datetime64 | None:
        """The latest time stamp so far, in UTC."""
        found = self._ask_seen(attrgetter("newest")).values()
        return max((newest for newest in found if newest is not None), default=None)

    @property
    def worst(self) -> FloatArray:
        """(F,) the highest part that each sensor had in a score, in any group."""
        worst = np.zeros(len(self.sensors))
        for group, own in self._ask_seen(attrgetter("worst")).items():
            np.maximum.at(worst, self._columns[group], own)
        return worst

    @property
    def drift(self) -> list[str]:
        """In which groups the data no longer looks like training, and how."""
        return self._of_each(attrgetter("drift"))

    def drift_news(self) -> list[str]:
        """The same, once for each group; again only after there was nothing to say of it for a while."""
        return self._of_each(Watcher.drift_news)

    def standings(self, events: Sequence[PlacedEvent]) -> list[Standing]:
        """How each group stands after `finish` or `judge_whole`, with its events among these."""
        of: dict[str, list[PlacedEvent]] = {group: [] for group in self._groups}
        for event in events:
            of[event.group].append(event)
        return [
            Standing(group, newest, rows, tuple(drift), learned, tuple(of[group]))
            for group, (newest, rows, drift, learned) in self._ask(_standing, self._groups).items()
        ]

    def open_event(self) -> PlacedEvent | None:
        """The first event, in the order of the groups, that may go on."""
        found: dict[str, PlacedEvent | None] = self._ask_seen(Watcher.open_event)
        for group, event in found.items():
            if event is not None:
                return replace(event, group=group)
        return None

    def silent(self) -> list[PlacedEvent]:
        """The sensors that deliver nothing, of each group, an event each."""
        found: dict[str, list[PlacedEvent]] = self._ask_seen(Watcher.silent)
        return [replace(one, group=group) for group, events in found.items() for one in events]

    @property
    def report(self) -> "GroupWatcher":
        """What cleaning noticed; see `lines`."""
        return self

    def lines(self) -> list[str]:
        """What cleaning noticed in each group."""
        return self._of_each(_report_lines)

    def warnings(self) -> list[str]:
        """Groups without a model, models without a row, and what must be known of each group."""
        found = self._of_each(Watcher.warnings)
        if self.strangers:
            rows = sum(self.strangers.values())
            names = ", ".join(repr(name) for name in list(self.strangers)[:8])
            found.append(
                f"{rows:,} rows of groups without a model cannot be judged: {names}"
                " (train --group-by learns them)"
            )
        missing = [group for group in self._groups if group not in self._seen]
        if missing:
            found.append(
                f"no row of {', '.join(map(repr, missing[:8]))}, whose models are there:"
                " do they still deliver?"
            )
        return found

    def push(self, frame: SensorFrame) -> Verdicts:
        """Take the next rows and give the verdicts that are certain."""
        events: list[PlacedEvent] = []
        for part in _cut_at_blocks(frame, self._rows):
            events += self._judge(part, _push)
            self._rows += len(part)
            self._positions.append(_positions(part))
            if len(part) and self._rows % BLOCK == 0:
                events += self._pause_the_silent()
        return self._ready(events)

    def judge_whole(self, frame: SensorFrame) -> Verdicts:
        """All verdicts on an input that is known whole."""
        return self._ready(self._judge(frame, _judge_whole))

    def finish(self) -> Verdicts:
        """The verdicts that still wait, and the events still open."""
        return self._ready(self._keep_all(self._ask_seen(_finish)))

    def _pause_the_silent(self) -> list[PlacedEvent]:
        """Settle the rows of groups that had no row in the block that ends here, if their next row can only
        come after a gap; return the events that this ends.

        The median time of the block says how far time has gone, so that a single wrong clock cannot.
        """
        positions, self._positions = np.concatenate(self._positions), []
        silent, self._active = sorted(self._seen - self._active), set()
        if not self._in_order or not len(positions):
            return []
        self._in_order = bool(positions.min() >= self._reached)
        self._reached = int(np.median(positions))
        if not self._in_order:
            return []
        return self._keep_all(self._ask(_pause, silent, self._reached))

    def _judge(self, frame: SensorFrame, judge: Judge) -> list[PlacedEvent]:
        self._frame = frame if self._frame is None else join_frames([self._frame, frame])
        nameless = int((frame.groups == "").sum()) if frame.groups is not None else 0
        if nameless:
            self.strangers[""] = self.strangers.get("", 0) + nameless
        plain = replace(frame, groups=None, texts=None)  # which no watcher needs
        calls: dict[str, Ask] = {}
        for group, rows in split_groups(frame).items():
            if group not in self._sensors:
                self.strangers[group] = self.strangers.get(group, 0) + len(rows)
                continue
            self._seen.add(group)
            self._active.add(group)
            part = take_rows(plain, rows)
            own = self._sensors[group]
            absent = tuple(name for name in frame.absent if name in own)
            part = replace(part, values=part.values[:, self._columns[group]], sensors=own, absent=absent)
            calls[group] = (judge, (part,))
        return self._keep_all(self._watchers.ask(calls))

    def _keep_all(self, found: dict[str, Settled | None]) -> list[PlacedEvent]:
        """Keep the verdicts on rows of groups; the events in them."""
        events: list[PlacedEvent] = []
        for group, settled in found.items():
            if settled is not None:
                scores, errors, off, own_events = settled
                nothing = np.empty(0), np.empty((0, errors.shape[1])), np.empty(0, np.bool_)
                known, parts, resting = self._settled.get(group, nothing)
                self._settled[group] = (
                    np.concatenate([known, scores]),
                    np.concatenate([parts, errors]),
                    np.concatenate([resting, off]),
                )
                events += [replace(event, group=group) for event in own_events]
        return events

    def _of_each(self, query: Callable[[Watcher], list[str]]) -> list[str]:
        """The lines that a query gives, each behind the name of its group."""
        return [f"{group}: {line}" for group, lines in self._ask_seen(query).items() for line in lines]

    def _ask_seen(self, query: Callable[[Watcher], Any]) -> dict[str, Any]:
        """What a query gives for each group that had rows, in the order of their names."""
        return self._ask(query, sorted(self._seen))

    def _ask(self, query: Callable[..., Any], groups: Sequence[str], *arguments: Any) -> dict[str, Any]:
        return self._watchers.ask(dict.fromkeys(groups, (query, arguments)))

    def _ready(self, events: list[PlacedEvent]) -> Verdicts:
        """Verdicts on the rows up to the first that still waits for its group's."""
        assert self._frame is not None, "rows have been pushed"
        waits = np.zeros(len(self._frame), np.bool_)
        scores = np.full(len(self._frame), np.nan)
        errors = np.full((len(self._frame), len(self.sensors)), np.nan)
        off = np.zeros(len(self._frame), np.bool_)
        members = {group: rows for group, rows in split_groups(self._frame).items() if group in self._sensors}
        for group, rows in members.items():
            own_scores, own_errors, own_off = self._settled[group]
            settled, later = rows[: len(own_scores)], rows[len(own_scores) :]
            waits[later] = True
            scores[settled], off[settled] = own_scores, own_off
            errors[np.ix_(settled, self._columns[group])] = own_errors
        count = int(waits.argmax()) if waits.any() else len(waits)
        for group, rows in members.items():
            done = int(np.searchsorted(rows, count))
            own_scores, own_errors, own_off = self._settled[group]
            self._settled[group] = own_scores[done:], own_errors[done:], own_off[done:]
        frame = take_rows(self._frame, slice(0, count))
        self._frame = take_rows(self._frame, slice(count, None))
        self.tally.add(scores[:count], off[:count])
        return Verdicts(frame, scores[:count], errors[:count], events, off[:count])


# What watchers are asked, perhaps in other processes: no row comes back, since the caller has it.


def _push(watcher: Watcher, frame: SensorFrame) -> Settled:
    return _settled(watcher.push(frame))


def _judge_whole(watcher: Watcher, frame: SensorFrame) -> Settled:
    return _settled(watcher.judge_whole(frame))


def _pause(watcher: Watcher, position: int) -> Settled | None:
    verdicts = watcher.pause(position)
    return None if verdicts is None else _settled(verdicts)


def _finish(watcher: Watcher) -> Settled:
    return _settled(watcher.finish())


def _settled(verdicts: Verdicts) -> Settled:
    return verdicts.scores, verdicts.errors, verdicts.off, verdicts.events


def _standing(watcher: Watcher) -> tuple[np.datetime64 | None, int, list[str], np.datetime64 | None]:
    """Its latest time stamp, its rows, its drift, and the latest time stamp that its model learned from."""
    learned = watcher.model.summary.last
    last = np.datetime64(learned.removesuffix("Z"), "ns") if learned else None
    return watcher.newest, watcher.tally.rows, watcher.drift, last


def _symbols(watcher: Watcher) -> list[tuple[int, tuple[str, ...]]]:
    return [(column.place, tuple(column.texts)) for column in watcher.model.symbols]


def _report_lines(watcher: Watcher) -> list[str]:
    return watcher.report.lines()


def _cut_at_blocks(frame: SensorFrame, before: int) -> Iterator[SensorFrame]:
    """The frame, which `before` rows came before, cut where a block of the input ends."""
    cuts = range(BLOCK - before % BLOCK, len(frame), BLOCK)
    for start, stop in pairwise([0, *cuts, len(frame)]):
        yield take_rows(frame, slice(start, stop))


def _positions(frame: SensorFrame) -> IntArray:
    """Where its rows are, in ns since 1970 as far as known, or else on which lines."""
    if frame.times is None:
        return frame.lines
    known: IntArray = frame.times[~np.isnat(frame.times)].astype(np.int64)
    return known
