"""Labelled events: which of them were found, how soon, and which alarms had a cause."""

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray


def events_of(labels: BoolArray) -> IntArray:
    """First and last row, both included, of every run of True in labels (N,); (E, 2)."""
    edges = np.diff(labels.astype(np.int8), prepend=0, append=0)  # (N + 1,)
    return np.column_stack([np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1])


def labels_of(events: IntArray, row_count: int) -> BoolArray:
    """Which of `row_count` rows lie in an event, (row_count,): the inverse of `events_of`.

    Events may overlap and stand in any order here.
    """
    edges = np.bincount(events[:, 0], minlength=row_count + 1)
    edges = edges - np.bincount(events[:, 1] + 1, minlength=row_count + 1)  # (row_count + 1,)
    labels: BoolArray = np.cumsum(edges[:row_count]) > 0
    return labels


def widened(events: IntArray, rows: int, row_count: int) -> IntArray:
    """Events (E, 2) that begin `rows` rows earlier and end as much later, within `row_count` rows."""
    wider: IntArray = np.clip(events + np.array([-rows, rows]), 0, row_count - 1)
    return wider


def touches(events: IntArray, rows: BoolArray) -> BoolArray:
    """Which events (E, 2) hold at least one of the marked rows (N,); (E,)."""
    before = np.concatenate([[0], np.cumsum(rows)])  # (N + 1,) marked rows before each row
    held: BoolArray = before[events[:, 1] + 1] > before[events[:, 0]]
    return held


def event_recall(events: IntArray, flags: BoolArray) -> float:
    """Share of labelled events (E, 2) in which at least one row is flagged; NaN without events.

    Existence reward of Tatbul et al. 2018 (https://arxiv.org/abs/1803.03639).
    """
    return share(touches(events, flags))


def event_precision(alarms: IntArray, labels: BoolArray) -> float:
    """Share of alarms (A, 2) that touch at least one labelled row (N,); NaN without alarms."""
    return share(touches(alarms, labels))


def detection_delays(events: IntArray, flags: BoolArray, clock: FloatArray | None = None) -> FloatArray:
    """From each event's first row to its first flagged row, (E,); NaN for events that were missed.

    In rows, or in the unit of `clock` (N,), the time of each row. An alarm that began before the event
    and still lasts at its first row counts as a delay of 0.
    """
    flagged = np.append(np.flatnonzero(flags), len(flags))  # one behind the last row: never in an event
    first = flagged[np.searchsorted(flagged, events[:, 0])]  # (E,)
    found = first <= events[:, 1]  # (E,)
    times = np.arange(len(flags), dtype=np.float64) if clock is None else clock  # (N,)
    delays = np.full(len(events), np.nan)
    delays[found] = times[first[found]] - times[events[found, 0]]
    return delays


def median_delay(delays: FloatArray) -> float:
    """Median over the events that were found, in the unit of `delays`; NaN when none was."""
    found = delays[~np.isnan(delays)]
    return float(np.median(found)) if len(found) else np.nan


def share(marked: BoolArray) -> float:
    """Share of True, NaN of nothing."""
    return float(marked.mean()) if len(marked) else np.nan
