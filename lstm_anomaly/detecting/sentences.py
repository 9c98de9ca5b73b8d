"""One plain sentence that says what happened in an event: the same on every screen, page and line."""

import math
import re
from collections.abc import Sequence

from lstm_anomaly.base.text import number
from lstm_anomaly.decision.course import DOWN, FLAT, NOISY, RELATION, SYMBOL
from lstm_anomaly.decision.event import SILENT, Contribution, Event
from lstm_anomaly.scoring.reasons import NEW_VALUE, UNSEEN, WORDS

MOST_FOLLOWERS = 2
MOST_DECIMALS = 6
_DAY = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}[T ]+")


def sentence(event: Event, start: str, end: str, told: Sequence[str]) -> str:
    """`From 14:05 to 16:20 pressure fell to 2.1 at 14:40; usual 3.4 to 3.9. flow followed at 14:30.`

    told: time stamps, as they stood in the input, of the contributions' rows, then of the followers'.
    """
    first = event.first
    if event.kind == SILENT:
        return f"From {start} to {without_day(end, start)} {event.reason}."
    when = f"From {start} to {without_day(end, start)}" if event.duration > 1 else f"At {start}"
    later = "".join(
        f" {follower.sensor} followed at {without_day(stamp, start)}."
        for follower, stamp in zip(
            event.followers[:MOST_FOLLOWERS], told[len(event.contributions) :], strict=False
        )
    )
    if first is None:
        return f"{when} no one sensor stood out: {event.reason}.{later}"
    already = " already" if first.row < event.start else ""  # a score rests on rows before it, too
    at = f"{already} at {without_day(told[0], start)}" if event.duration > 1 or already else ""
    what = _what(event, first, at)
    if event.cause == UNSEEN and len(event.contributions) > 1:  # all sensors are among them
        what = f"there was a state never seen in training: {what}"
    return f"{when} {what}.{later}"


def _what(event: Event, first: Contribution, at: str) -> str:
    """What the first sensor did."""
    name = first.sensor
    if first.kind == SYMBOL:
        return f"{name}: {event.words or WORDS[event.cause]}"
    seen, low, high, lowest, highest = rounded(first, first.seen, *first.usual, *first.span)
    usual = f"usual {low} to {high}"
    if event.cause == NEW_VALUE:
        return f"{name} read {seen}{at}, a value never seen in training"
    if first.kind == FLAT:
        return f"{name} stood still at {seen}" + (
            f"; {usual}{at}" if first.is_unusual else ", longer than in training"
        )
    if not first.is_unusual:
        (expected,) = rounded(first, first.expected)
        return f"{name} read {seen}{at} instead of {expected}, and {WORDS[event.cause]}"
    if first.kind == NOISY:
        return f"{name} jumped between {lowest} and {highest}; {usual}{at}"
    if first.kind == RELATION:
        return f"{name} did not go with the other sensors: {seen}{at}; {usual}"
    return f"{name} {'fell' if first.kind == DOWN else 'rose'} to {seen}{at}; {usual}"


def rounded(part: Contribution, *values: float) -> list[str]:
    """Readings of a sensor with as many decimals as two digits of its usual range have."""
    width = part.usual[1] - part.usual[0]
    if not (math.isfinite(width) and width > 0):
        return [number(value) for value in values]
    decimals = 1 - math.floor(math.log10(width))
    if decimals > MOST_DECIMALS:
        return [number(value, 6) for value in values]
    return [f"{value:.{max(0, decimals)}f}" if abs(value) < 1e9 else number(value) for value in values]


def without_day(stamp: str, reference: str) -> str:
    """A time stamp without the day when `reference` is on the same: `2026-03-02 14:05` is `14:05`."""
    day = _DAY.match(stamp)
    return stamp[day.end() :] if day and reference.startswith(day[0]) else stamp
