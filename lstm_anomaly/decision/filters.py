"""Keeps the events that the user cares about: in one direction, or large enough in a sensor's own unit."""

from collections.abc import Mapping, Sequence

from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.decision.spans import LIMIT

DIRECTIONS = ("up", "down", "both")


def filter_events(
    events: Sequence[Event],
    *,
    direction: str = "both",
    min_deviation: Mapping[str, float] | None = None,
) -> list[Event]:
    """The events that would have been found from the sensors that count alone.

    A sensor counts when it deviates in `direction` (one of `DIRECTIONS`; a flat reading has no direction
    and always counts, as symbols do) and by at least its `min_deviation`, sensor name -> absolute difference
    of seen and expected at the peak. An event is kept when its peak is above the limit by their shares alone.
    """
    if direction not in DIRECTIONS:
        raise ValueError(f'direction "{direction}" is not one of {", ".join(DIRECTIONS)}')
    least = min_deviation or {}

    def counts(part: Contribution) -> bool:
        if part.direction == "symbol":
            return True
        in_direction = direction == "both" or part.direction in (direction, "flat")
        return in_direction and abs(part.seen - part.expected) >= least.get(part.sensor, 0.0)

    def is_kept(event: Event) -> bool:
        if all(counts(part) for part in event.contributions):
            return True  # as it is: the sum of all shares may be rounded below 1
        return event.peak * sum(part.share for part in event.contributions if counts(part)) > LIMIT

    return [event for event in events if is_kept(event)]
