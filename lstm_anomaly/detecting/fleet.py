"""Which of many groups need a look today, and what happened to many of them at one moment.

Everything is counted from the latest row of all groups, not from the clock of this machine: the same files
give the same summary.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_anomaly.base.text import duration, number
from lstm_anomaly.detecting.places import CLOSED, OPEN, PlacedEvent

OPEN_EVENT, DRIFT, SILENT, EVENT, OLD = "open event", "drift", "silent", "event", "old model"
KINDS = (OPEN_EVENT, DRIFT, SILENT, EVENT, OLD)
"""What asks for a look, the most urgent first."""

LEAST_TOGETHER = 3  # groups to which the same happens at one moment, for it to be told as one


@dataclass(frozen=True)
class FleetLimits:
    """After how many seconds something needs a look.

    silent_after  a group's last row is so much older than the latest of all
    model_age     the last row that a model learned from is so much older
    together      what happens to several groups within this span happens at one moment
    """

    silent_after: float
    model_age: float
    together: float


@dataclass(frozen=True)
class Standing:
    """How one group stands at the end of the rows.

    newest   its latest time stamp in UTC, None without rows or times
    rows     how many it had
    drift    in what they no longer look like training, a sentence each
    learned  the latest time stamp that its model learned from, None without times
    events   those found in the rows
    """

    group: str
    newest: np.datetime64 | None
    rows: int
    drift: tuple[str, ...]
    learned: np.datetime64 | None
    events: tuple[PlacedEvent, ...] = ()


@dataclass(frozen=True)
class Look:
    """One reason to look at a group: its kind, since when (UTC, None where that is unknown), and what it is.

    score, sensor  of an event: its peak, a multiple of the threshold, and the sensor that carries most of it
    """

    kind: str
    since: np.datetime64 | None
    text: str
    score: float = 0.0
    sensor: str = ""


@dataclass(frozen=True)
class GroupReview:
    """A group with its reasons to look at it, the most urgent first; none when all is well."""

    standing: Standing
    looks: tuple[Look, ...]

    def urgency(self) -> tuple[int, float, str]:
        """Sorts groups by what needs a look first."""
        first = KINDS.index(self.looks[0].kind) if self.looks else len(KINDS)
        return first, -max((look.score for look in self.looks), default=0.0), self.standing.group

    def as_dict(self) -> dict[str, Any]:
        """The fields of one group in JSON."""
        return {
            "group": self.standing.group,
            "rows": self.standing.rows,
            "newest": _text(self.standing.newest),
            "learned": _text(self.standing.learned),
            "looks": [
                {"kind": look.kind, "since": _text(look.since), "what": look.text} for look in self.looks
            ],
            "events": [event.as_dict() for event in self.standing.events],
        }


@dataclass(frozen=True)
class Together:
    """What happened to many groups at one moment: its kind, when it began and last began, and to which."""

    kind: str
    since: np.datetime64 | None
    until: np.datetime64 | None
    groups: tuple[str, ...]
    highest: Look
    sensors: Counter[str]

    def as_dict(self, of: int) -> dict[str, Any]:
        """Its fields in JSON; `of` groups there are."""
        times = {"since": _text(self.since), "until": _text(self.until)}
        sensors = dict(self.sensors.most_common())
        return {"kind": self.kind, **times, "groups": list(self.groups), "of": of, "sensors": sensors}

    def sentence(self, of: int, column: str) -> str:
        """`37 of 412 (pump): events since 2026-03-01T14:05:00Z, the highest 5.2x; temp_c first in 30`."""
        head, since = f"{len(self.groups):,} of {of:,} ({column})", _text(self.since)
        if self.kind == OLD:
            return f"{head}: old models; the oldest learned from no row after {since}"
        if self.kind == SILENT:
            return f"{head}: silent since {since}"
        first = "".join(f"; {sensor} first in {times}" for sensor, times in self.sensors.most_common(1))
        state = "open events" if self.kind == OPEN_EVENT else "events"
        return f"{head}: {state} since {since}, the highest {number(self.highest.score, 3)}x{first}"


@dataclass(frozen=True)
class FleetReview:
    """All groups, those that need a look first, and what many of them share; `column` names the groups."""

    column: str
    newest: np.datetime64 | None
    groups: tuple[GroupReview, ...]
    together: tuple[Together, ...] = field(default=())

    def alone(self) -> list[GroupReview]:
        """The groups with a reason of their own to look at them, beside what is told of many together."""
        shared = {(each.kind, group) for each in self.together for group in each.groups}
        return [
            review
            for review in self.groups
            if any((look.kind, review.standing.group) not in shared for look in review.looks)
        ]

    def as_dict(self) -> dict[str, Any]:
        """The fields of the JSON document."""
        return {
            "group_by": self.column,
            "newest": _text(self.newest),
            "together": [each.as_dict(len(self.groups)) for each in self.together],
            "groups": [review.as_dict() for review in self.groups],
        }


def review_fleet(column: str, standings: Iterable[Standing], limits: FleetLimits) -> FleetReview:
    """Rank groups by what needs a look, and find what happened to many at one moment."""
    standings = list(standings)
    newest = max((each.newest for each in standings if each.newest is not None), default=None)
    reviews = [GroupReview(each, _looks(each, newest, limits)) for each in standings]
    reviews.sort(key=GroupReview.urgency)
    together = [each for kind in KINDS for each in _together(kind, reviews, limits.together)]
    return FleetReview(column, newest, tuple(reviews), tuple(together))


def _looks(one: Standing, newest: np.datetime64 | None, limits: FleetLimits) -> tuple[Look, ...]:
    """The reasons to look at one group, in the order of `KINDS`, the highest event first."""
    looks = [_look_at(event) for event in one.events]
    looks += [Look(DRIFT, None, finding) for finding in one.drift]
    quiet, age = _seconds(one.newest, newest), _seconds(one.learned, newest)
    if not one.rows:
        looks.append(Look(SILENT, None, "no row"))
    elif quiet > limits.silent_after:
        looks.append(Look(SILENT, one.newest, f"no row for {duration(quiet)}"))
    if age > limits.model_age:
        text = f"the model learned from no row of the last {duration(age)}"
        looks.append(Look(OLD, one.learned, text))
    return tuple(sorted(looks, key=lambda look: (KINDS.index(look.kind), -look.score)))


def _look_at(placed: PlacedEvent) -> Look:
    event = placed.event
    sensor = event.sensor
    if event.kind == SILENT:
        kind = EVENT if placed.state == CLOSED else SILENT
        return Look(kind, placed.started, f"{event.reason}, from {placed.start}", 0.0, sensor)
    when = f"since {placed.start}" if placed.state == OPEN else f"from {placed.start} to {placed.end}"
    text = f"{number(event.peak, 3)}x {when}, {sensor + ': ' if sensor else ''}{event.reason}"
    return Look(OPEN_EVENT if placed.state == OPEN else EVENT, placed.started, text, event.peak, sensor)


def _together(kind: str, reviews: Sequence[GroupReview], span: float) -> list[Together]:
    """What of this kind happened to at least `LEAST_TOGETHER` groups within one span.

    Models grow old without a moment in which they do, so all old ones are told as one; drift is told of
    each group, since no row of it is the first.
    """
    found = [
        (look, review.standing.group)
        for review in reviews
        for look in review.looks
        if look.kind == kind and look.since is not None
    ]
    found.sort(key=lambda pair: (pair[0].since, pair[1]))
    clusters: list[list[tuple[Look, str]]] = []
    for look, group in found:
        begins = clusters[-1][0][0].since if clusters else None
        if begins is not None and (kind == OLD or _seconds(begins, look.since) <= span):
            clusters[-1].append((look, group))
        else:
            clusters.append([(look, group)])
    return [
        Together(
            kind,
            cluster[0][0].since,
            cluster[-1][0].since,
            groups,
            max((look for look, _group in cluster), key=lambda look: look.score),
            Counter(look.sensor for look, _group in cluster if look.sensor),
        )
        for cluster in clusters
        if len(groups := tuple(dict.fromkeys(group for _look, group in cluster))) >= LEAST_TOGETHER
    ]


def _seconds(since: np.datetime64 | None, until: np.datetime64 | None) -> float:
    """From one time to another; 0 where one of them is unknown."""
    return 0.0 if since is None or until is None else float((until - since) / np.timedelta64(1, "s"))


def _text(time: np.datetime64 | None) -> str | None:
    """UTC as `2026-03-01T14:05:00Z`, None where there is none."""
    return None if time is None else f"{np.datetime_as_string(time.astype('M8[s]'))}Z"
