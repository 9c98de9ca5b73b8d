"""Detection on rows of several machines at once: each group has its own model, the input keeps its order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.detecting.verdicts import Tally, Verdicts
from lstm_anomaly.model.model import Model
from lstm_anomaly.reading import join_frames, split_groups, take_rows

_Settled = tuple[FloatArray, IntArray, BoolArray]  # scores, tops, and which rows are off
Call = Callable[[Watcher, SensorFrame], Verdicts]

BLOCK = 65_536  # rows of the input after which it is seen which groups have gone silent


class GroupWatcher:
    """Judges rows as `Watcher` does, each by the model of its group.

    models  group -> model
    make    how to watch with one model

    Frames have the sensors of all models, `sensors`, and `groups`. Verdicts come in the order of the input:
    with a look-ahead, a row waits until all rows before it are settled. Those of a group that has gone silent
    are settled, and make no other wait, as soon as the others' time has gone on so far that a row of that
    group would come after a gap. So memory does not grow with the rows of an input in order of time; where
    time was seen to go back, as in one sorted by group, it does. Rows of a group without a model, or without
    a group, are unknown; `strangers` counts them.
    """

    def __init__(self, models: Mapping[str, Model], make: Callable[[Model], Watcher]) -> None:
        self.sensors = tuple(dict.fromkeys(name for model in models.values() for name in model.sensors))
        self.tally = Tally()
        self.strangers: dict[str, int] = {}
        self._watchers = {group: make(model) for group, model in models.items()}
        self._columns = {
            group: np.array([self.sensors.index(name) for name in model.sensors])
            for group, model in models.items()
        }
        self._sensors = {group: model.sensors for group, model in models.items()}
        self._frame: SensorFrame | None = None  # rows of the input without a verdict
        self._settled: dict[str, _Settled] = {}  # of rows among them
        self._seen: set[str] = set()
        self._rows = 0  # of the input
        self._positions: list[IntArray] = []  # of those of the block at work: times in ns, or lines
        self._active: set[str] = set()  # groups that have rows among them
        self._reached = np.iinfo(np.int64).min  # the middle one of the block before
        self._in_order = True  # no row so far came before the middle of the block before its own

    @property
    def newest(self) -> np.datetime64 | None:
        """The latest time stamp so far, in UTC."""
        return max((w.newest for w in self._watchers.values() if w.newest is not None), default=None)

    @property
    def worst(self) -> FloatArray:
        """(F,) the highest part that each sensor had in a score, in any group."""
        worst = np.zeros(len(self.sensors))
        for group, watcher in self._watchers.items():
            np.maximum.at(worst, self._columns[group], watcher.worst)
        return worst

    @property
    def drift(self) -> list[str]:
        """In which groups the data no longer looks like training, and how."""
        return [
            f"{group}: {finding}" for group in sorted(self._seen) for finding in self._watchers[group].drift
        ]

    def drift_news(self) -> list[str]:
        """The same, once for each group; again only after there was nothing to say of it for a while."""
        return [
            f"{group}: {finding}"
            for group in sorted(self._seen)
            for finding in self._watchers[group].drift_news()
        ]

    def open_event(self) -> PlacedEvent | None:
        """The first event, in the order of the groups, that may go on."""
        for group in sorted(self._seen):
            event = self._watchers[group].open_event()
            if event is not None:
                return replace(event, group=group)
        return None

    def silent(self) -> list[PlacedEvent]:
        """The sensors that deliver nothing, of each group, an event each."""
        return [
            replace(one, group=group)
            for group in sorted(self._seen)
            for one in self._watchers[group].silent()
        ]

    @property
    def report(self) -> "GroupWatcher":
        """What cleaning noticed; see `lines`."""
        return self

    def lines(self) -> list[str]:
        """What cleaning noticed in each group."""
        return [
            f"{group}: {line}"
            for group in sorted(self._seen)
            for line in self._watchers[group].report.lines()
        ]

    def warnings(self) -> list[str]:
        """Groups without a model, and models without a row."""
        found = []
        if self.strangers:
            rows = sum(self.strangers.values())
            names = ", ".join(repr(name) for name in list(self.strangers)[:8])
            found.append(f"{rows:,} rows of groups without a model cannot be judged: {names}")
        missing = [group for group in self._watchers if group not in self._seen]
        if missing:
            found.append(f"no row of {', '.join(map(repr, missing[:8]))}, whose models are there")
        return found

    def push(self, frame: SensorFrame) -> Verdicts:
        """Take the next rows and give the verdicts that are certain."""
        events: list[PlacedEvent] = []
        for part in _cut_at_blocks(frame, self._rows):
            events += self._judge(part, Watcher.push)
            self._rows += len(part)
            self._positions.append(_positions(part))
            if len(part) and self._rows % BLOCK == 0:
                events += self._pause_the_silent()
        return self._ready(events)

    def judge_whole(self, frame: SensorFrame) -> Verdicts:
        """All verdicts on an input that is known whole."""
        return self._ready(self._judge(frame, Watcher.judge_whole))

    def finish(self) -> Verdicts:
        """The verdicts that still wait, and the events still open."""
        events: list[PlacedEvent] = []
        for group in sorted(self._seen):
            events += self._keep(group, self._watchers[group].finish())
        return self._ready(events)

    def _pause_the_silent(self) -> list[PlacedEvent]:
        """Settle the rows of groups that had none in the block that ends here, and whose next one can only
        come after a gap; the events that this ends.

        How far time has gone the middle of the block says, so that no single wrong clock does.
        """
        positions, self._positions = np.concatenate(self._positions), []
        silent, self._active = sorted(self._seen - self._active), set()
        if not self._in_order or not len(positions):
            return []
        self._in_order = bool(positions.min() >= self._reached)
        self._reached = int(np.median(positions))
        events: list[PlacedEvent] = []
        for group in silent if self._in_order else ():
            verdicts = self._watchers[group].pause(self._reached)
            if verdicts is not None:
                events += self._keep(group, verdicts)
        return events

    def _judge(self, frame: SensorFrame, call: Call) -> list[PlacedEvent]:
        self._frame = frame if self._frame is None else join_frames([self._frame, frame])
        events: list[PlacedEvent] = []
        nameless = int((frame.groups == "").sum()) if frame.groups is not None else 0
        if nameless:
            self.strangers[""] = self.strangers.get("", 0) + nameless
        for group, rows in split_groups(frame).items():
            if group not in self._watchers:
                self.strangers[group] = self.strangers.get(group, 0) + len(rows)
                continue
            self._seen.add(group)
            self._active.add(group)
            part = take_rows(frame, rows)
            own = self._sensors[group]
            absent = tuple(name for name in frame.absent if name in own)
            part = replace(part, values=part.values[:, self._columns[group]], sensors=own, absent=absent)
            events += self._keep(group, call(self._watchers[group], part))
        return events

    def _keep(self, group: str, verdicts: Verdicts) -> list[PlacedEvent]:
        before = self._settled.get(group, (np.empty(0), np.empty(0, np.int64), np.empty(0, np.bool_)))
        own = np.append(self._columns[group], -1)[verdicts.tops]  # -1 stays -1
        self._settled[group] = (
            np.concatenate([before[0], verdicts.scores]),
            np.concatenate([before[1], own]),
            np.concatenate([before[2], verdicts.off]),
        )
        return [replace(event, group=group) for event in verdicts.events]

    def _ready(self, events: list[PlacedEvent]) -> Verdicts:
        """Verdicts on the rows up to the first that still waits for its group's."""
        assert self._frame is not None, "rows have been pushed"
        waits = np.zeros(len(self._frame), np.bool_)
        scores = np.full(len(self._frame), np.nan)
        tops = np.full(len(self._frame), -1, np.int64)
        off = np.zeros(len(self._frame), np.bool_)
        members = {
            group: rows for group, rows in split_groups(self._frame).items() if group in self._watchers
        }
        for group, rows in members.items():
            settled = self._settled[group]
            known = len(settled[0])
            waits[rows[known:]] = True
            for of_all, of_group in zip((scores, tops, off), settled, strict=True):
                of_all[rows[:known]] = of_group
        count = int(waits.argmax()) if waits.any() else len(waits)
        for group, rows in members.items():
            done = int(np.searchsorted(rows, count))
            scored, leading, resting = self._settled[group]
            self._settled[group] = scored[done:], leading[done:], resting[done:]
        frame = take_rows(self._frame, slice(0, count))
        self._frame = take_rows(self._frame, slice(count, None))
        self.tally.add(scores[:count], off[:count])
        return Verdicts(frame, scores[:count], tops[:count], events, off[:count])


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
