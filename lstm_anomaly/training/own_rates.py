"""Sensors that are read at times of their own: which step, and how long to hold a reading, suits them."""

import math
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, SensorFrame, Series

ROUND_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)  # seconds
APART = 0.7  # a sensor with readings in a smaller share of the rows has times of its own
SHORTEST = 0.1  # share of the waits that are shorter than the step: some sensors write changes only
LONGEST = 0.99  # share of the waits between two readings that a hold must outlast
RARE_SHARE = 0.01  # of the readings of the usual sensor
LONGEST_HOLD = 1000  # rows


@dataclass(frozen=True)
class OwnRates:
    """What is to be done because of the sensors' own rates.

    step  seconds to resample to, None where readings of one row belong together
    hold  rows for which a missing reading takes the last one, None where the usual hold will do
    rare  sensors with so few readings that no hold helps
    """

    step: float | None = None
    hold: int | None = None
    rare: tuple[str, ...] = ()


def own_rates(frame: SensorFrame, series: Series) -> OwnRates:
    """What the rates of the sensors of a frame call for, of which `series` was made."""
    if frame.times is None or series.step is None:
        return OwnRates()
    known = ~np.isnan(frame.values) & ~np.isnat(frame.times)[:, np.newaxis]  # (N, F)
    waits = [_waits(frame, known[:, sensor]) for sensor in range(len(frame.sensors))]
    readings = known.sum(axis=0)  # (F,)
    is_rare = readings < max(5, RARE_SHARE * float(np.median(readings)))
    rare = tuple(name for name, is_few in zip(frame.sensors, is_rare, strict=True) if is_few)
    usual = [wait for wait, is_few in zip(waits, is_rare, strict=True) if not is_few and len(wait)]
    if not usual:
        return OwnRates()
    step, told = float(series.step / np.timedelta64(1, "s")), None
    if series.resample is None and len(usual) > 1 and known.mean(axis=0)[~is_rare].max() < APART:
        told = step = round_step(float(np.median([np.quantile(wait, SHORTEST) for wait in usual])))
    longest = max(float(np.quantile(wait, LONGEST)) for wait in usual)
    hold = math.ceil(longest / step - 1e-9)
    is_needed = series.max_fill < hold <= LONGEST_HOLD and (told is not None or not known.all())
    return OwnRates(told, hold if is_needed else None, rare)


def round_step(seconds: float) -> float:
    """The next round step of this many seconds or more."""
    return next((step for step in ROUND_STEPS if step >= seconds), math.ceil(seconds / 86400) * 86400)


def _waits(frame: SensorFrame, known: BoolArray) -> FloatArray:
    """Seconds between the readings of one sensor, in order of time."""
    assert frame.times is not None
    seconds = np.sort(frame.times[known]).astype(np.int64) / 1e9
    waits: FloatArray = np.diff(seconds)
    return waits[waits > 0]
