"""Local days and their kinds, as inputs of the networks: hours, weekends, and days that are like Sundays.

Where rows follow the time of day (`time_of_day.py`) the networks read where in the day they are. Where days
follow the week, too, six more rows tell what day it is,

    k, k sin(2 pi d), k cos(2 pi d)     k = 1 on a Saturday, else 0; and the same for Sundays and holidays

so that a weekend has a daily curve of its own. Days are local ones: where clocks change, plants follow them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, IntArray, Segments, TimeArray
from lstm_anomaly.preparing.time_of_day import CLOCK_ROWS, clock_rows, harmonics, thinned

WEEK_ROWS = 6
LEAST_GAIN = 0.2  # of what a daily curve leaves of held-out rows, that curves by the kind of day must explain
LEAST_DAYS = 14.0  # that the fit rows must span, and half of it the held-out ones
ENOUGH_WEEKENDS = 3
_DAY = 86_400 * 10**9  # ns
_HALF_HOUR = 1_800 * 10**9  # ns: clocks change at no other times
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # Windows makes no dates of seconds before it


@dataclass(frozen=True)
class Calendar:
    """What day it is.

    tz        zone of the local time; None: UTC
    holidays  local dates, such as 2024-12-25, that are like Sundays
    weekly    whether the networks read the kind of day
    """

    tz: str | None = None
    holidays: tuple[str, ...] = ()
    weekly: bool = False

    @property
    def row_count(self) -> int:
        """How many rows the networks read beside the sensors."""
        return CLOCK_ROWS + (WEEK_ROWS if self.weekly else 0)

    def rows(self, times: TimeArray) -> Float32Array:
        """Those rows for UTC times (n,), (rows, n)."""
        local = self.local(times)
        clock = clock_rows(local)  # (2, n)
        if not self.weekly:
            return clock
        parts = [np.stack([kind, *(kind * clock)]) for kind in self.kinds(local).astype(np.float32)]
        return np.concatenate([clock, *parts])

    def kinds(self, local: TimeArray) -> BoolArray:
        """Which of local times (n,) are on a Saturday, and which on a Sunday or holiday, (2, n)."""
        days = local.astype("datetime64[D]")
        weekday = (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday, 0 is Monday
        free = np.isin(days, np.array(self.holidays, dtype="datetime64[D]")) | (weekday == 6)
        return np.stack([(weekday == 5) & ~free, free])

    def local(self, times: TimeArray) -> TimeArray:
        """Local times (n,) of UTC times (n,)."""
        if self.tz is None:
            return times
        position = times.astype("datetime64[ns]").astype(np.int64)
        slots, of_row = np.unique(position // _HALF_HOUR, return_inverse=True)
        return (position + self._offsets(slots)[of_row.reshape(-1)]).astype("datetime64[ns]")

    def _offsets(self, slots: IntArray) -> IntArray:
        """How many ns local time is ahead of UTC in each half hour since 1970, (k,)."""
        zone = ZoneInfo(str(self.tz))
        offsets = []
        for slot in slots.tolist():
            offset = (_EPOCH + timedelta(minutes=30 * slot)).astimezone(zone).utcoffset()
            offsets.append(0 if offset is None else round(offset.total_seconds() * 1e9))
        return np.array(offsets, np.int64)


UTC_DAYS = Calendar()


def follows_week(
    calendar: Calendar, rows: Float32Array, times: TimeArray, fit: Segments, held_out: Segments
) -> bool:
    """Whether curves by the kind of day, fitted to the fit rows, explain held-out rows far better than one.

    rows (F, M) scaled; times (M,) in UTC. Not where there are few weeks to learn from, or to try it on.
    """
    spans = [
        (times[part[-1][1] - 1] - times[part[0][0]]) / np.timedelta64(_DAY, "ns") for part in (fit, held_out)
    ]
    if spans[0] < LEAST_DAYS or spans[1] < LEAST_DAYS / 2:
        return False
    return _gain(calendar, rows, times, fit, held_out) >= LEAST_GAIN


def few_weekends(calendar: Calendar, rows: Float32Array, times: TimeArray, usable: Segments) -> int | None:
    """How many weekends were seen, if they are few and unlike working days; else None."""
    inside = np.concatenate([np.arange(a, b) for a, b in usable])
    local = calendar.local(times)
    off = calendar.kinds(local[inside]).any(axis=0)
    days = local[inside][off].astype("datetime64[D]").astype(np.int64)
    weekends = len(np.unique((days + 3) // 7))  # weeks begin on Monday
    if weekends >= ENOUGH_WEEKENDS or not weekends or off.all():
        return None
    return weekends if _gain(calendar, rows, times, usable, usable) >= LEAST_GAIN else None


def _gain(
    calendar: Calendar, rows: Float32Array, times: TimeArray, fit: Segments, held_out: Segments
) -> float:
    """What curves for each kind of day explain of the held-out variance that one daily curve leaves."""
    local = calendar.local(times)
    inside, outside = (
        thinned(np.concatenate([np.arange(a, b) for a, b in part])) for part in (fit, held_out)
    )
    kinds = calendar.kinds(local)  # (2, M)
    seen = rows[:, outside].T.astype(np.float64)  # (n, F)
    left = []
    for by_kind in (False, True):
        curves = _curves(local, kinds, by_kind)
        told, *_ = np.linalg.lstsq(curves[inside], rows[:, inside].T.astype(np.float64), rcond=None)
        left.append(float(np.square(seen - curves[outside] @ told).sum()))
    return 1.0 - left[1] / max(left[0], 1e-12)


def _curves(local: TimeArray, kinds: BoolArray, by_kind: bool) -> FloatArray:
    """Columns that daily curves are sums of, (M, columns); by the kind of day those of each kind as well."""
    of_all = harmonics(local)
    return np.concatenate([of_all, *(of_all * kind[:, np.newaxis] for kind in kinds if by_kind)], axis=1)
