"""Wall-clock stamps to UTC, through the hour that a clock change repeats and the one it skips."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, TimeArray


def find_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises InputError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"there is no time zone {name!r}", hint="a name such as Europe/Berlin, America/New_York or UTC"
        ) from error


@saved_as("wall clock")
@dataclass
class WallClock:
    """Turns naive stamps of one zone into UTC, rows in file order, piece after piece.

    In the hour that autumn repeats, stamps are summer time until one steps back, and winter time from
    there on. Stamps in the hour that spring skips never happened: they become NaT.
    """

    zone: ZoneInfo
    last: np.datetime64 | None = None
    in_winter: bool = False

    def to_utc(self, naive: TimeArray) -> TimeArray:
        """UTC (n,) datetime64[ns] of naive stamps (n,); NaT where a stamp does not exist."""
        index = pd.DatetimeIndex(naive)
        placed = index.tz_localize(self.zone, ambiguous="NaT", nonexistent="shift_forward")
        summer = self._is_summer(naive, np.asarray(placed.isna()) & ~np.isnat(naive))
        local = index.tz_localize(self.zone, ambiguous=summer, nonexistent="NaT")
        utc: TimeArray = local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[ns]")
        return utc

    def _is_summer(self, naive: TimeArray, unsure: BoolArray) -> BoolArray:
        summer = np.ones(len(naive), bool)
        for row in np.flatnonzero(~np.isnat(naive)) if unsure.any() else ():
            stamp = naive[row]
            if not unsure[row]:
                self.in_winter = False
            elif self.last is not None and stamp < self.last:
                self.in_winter = True
            summer[row] = not self.in_winter
            self.last = stamp
        if not unsure.any() and len(naive):
            self.last, self.in_winter = naive[-1], False
        return summer
