"""The time of the latest row, which one row with a wrong clock must not set: ages are told by it."""

import time
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import SensorFrame, TimeArray

# A logger's local time without an offset, read as UTC, lies up to 14 hours ahead.
MOST_AHEAD = np.timedelta64(24, "h")
CONFIRMERS = 3  # later rows, one of which must be as late for a row to count; the last rows always count
_NONE = np.empty(0, "M8[ns]")


@saved_as("newest time")
class NewestTime:
    """The latest time stamp of rows in the order in which they came.

    A row counts unless its time lies more than `MOST_AHEAD` after this machine's clock, or all of the
    `CONFIRMERS` rows behind it are earlier. `ahead` counts the rows of this run that lie after the clock,
    and `first_ahead` names one.
    """

    _certain: np.datetime64 | None
    _last: Annotated[TimeArray, "n"]
    ahead: int
    first_ahead: str

    def __init__(self) -> None:
        self._certain: np.datetime64 | None = None
        self._last = _NONE  # (at most CONFIRMERS,) times of the last rows, which the next ones may confirm
        self.ahead = 0
        self.first_ahead = ""

    @property
    def value(self) -> np.datetime64 | None:
        """In UTC; None as long as no row has a time that is plausible."""
        known = [*self._last, *([] if self._certain is None else [self._certain])]
        return max(known, default=None)

    def push(self, frame: SensorFrame) -> None:
        """Take the next rows."""
        if frame.times is None:
            return
        latest = np.datetime64(int(time.time()), "s") + MOST_AHEAD
        is_ahead = frame.times > latest  # (n,); False where there is no time
        if is_ahead.any():
            row = int(is_ahead.argmax())
            self.ahead += int(is_ahead.sum())
            self.first_ahead = self.first_ahead or f"{frame.place(row)}, {frame.times[row].astype('M8[s]')}"
        self._take(frame.times[~np.isnat(frame.times) & ~is_ahead])

    def begin_run(self) -> None:
        """Forget what was ahead in an earlier run."""
        self.ahead, self.first_ahead = 0, ""

    def lines(self) -> list[str]:
        """What must be known of rows that are ahead."""
        if not self.ahead:
            return []
        rows = "1 row has a time stamp" if self.ahead == 1 else f"{self.ahead:,} rows have time stamps"
        return [
            f"{rows} more than a day ahead of this machine's clock (the first: {self.first_ahead} UTC);"
            " they do not count for the age of the data"
        ]

    def _take(self, times: TimeArray) -> None:
        times = np.concatenate([self._last, times.astype("M8[ns]")])  # (m,)
        settled = max(0, len(times) - CONFIRMERS)
        if settled:
            behind = np.max([times[k : settled + k] for k in range(1, CONFIRMERS + 1)], axis=0)  # (settled,)
            latest = np.minimum(times[:settled], behind).max()
            self._certain = latest if self._certain is None else max(self._certain, latest)
        self._last = times[settled:]
