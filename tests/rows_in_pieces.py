"""Rows with everything that can go wrong in them, cut into pieces, and what a Watcher makes of them."""

import numpy as np

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.reading import take_rows

ROWS = 400


def waves(count, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(count) / 9)
    return np.column_stack([20 + wave, 5 - wave]) + rng.normal(size=(count, 2)) * 0.1


def rows_with_everything():
    """Two events, a short and a long hole, a gap in time, a repeated stamp and an unreadable one."""
    values = waves(ROWS, seed=1)
    values[120:140, 0] += 8
    values[ROWS - 5 :, 1] -= 8
    values[160:162, 1] = np.nan
    values[200:210, 0] = np.nan
    times = np.datetime64("2024-03-05", "ns") + np.arange(ROWS) * np.timedelta64(1, "m")
    times[250:] += np.timedelta64(2, "h")
    values[301], times[301] = values[300], times[300]
    times[320] = np.datetime64("NaT", "ns")
    return SensorFrame(
        values=values,
        sensors=("s0", "s1"),
        lines=np.arange(2, ROWS + 2),
        source_index=np.zeros(ROWS, np.int64),
        sources=("new.csv",),
        stamps=times.astype(str).astype(object),
        times=times,
    )


def plant(rows, seed):
    """Three sensors that follow one load, with noise; (rows, 3)."""
    rng = np.random.default_rng(seed)
    load = np.sin(np.arange(rows) / 15) + 0.3 * np.sin(np.arange(rows) / 4.1)
    noise = rng.normal(size=(rows, 3)) * [0.1, 0.1, 0.5]
    return np.column_stack([20 + load, 4 + load, 90 - 5 * load]) + noise


def frame_of(values, gap_at=None):
    """Rows of the plant a minute apart, with three hours before row `gap_at`."""
    count = len(values)
    times = np.datetime64("2024-03-05", "ns") + np.arange(count) * np.timedelta64(1, "m")
    if gap_at is not None:
        times[gap_at:] += np.timedelta64(3, "h")
    return SensorFrame(
        values=values,
        sensors=("s0", "s1", "s2"),
        lines=np.arange(2, count + 2),
        source_index=np.zeros(count, np.int64),
        sources=("new.csv",),
        stamps=times.astype(str).astype(object),
        times=times,
    )


def in_pieces(frame, size):
    return [take_rows(frame, slice(k, k + size)) for k in range(0, len(frame), size)]


def watched(model, pieces, rules=None):
    """Lines, scores, sensors' errors and events of an input in pieces."""
    watcher = Watcher(model, rules)
    found = list(watch(watcher, pieces))
    lines, scores, errors = (
        np.concatenate(parts)
        for parts in zip(*[(one.frame.lines, one.scores, one.errors) for one in found], strict=True)
    )
    events = [event for verdicts in found for event in verdicts.events]
    return lines, scores, errors, events, watcher
