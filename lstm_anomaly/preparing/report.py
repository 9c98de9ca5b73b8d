"""What cleaning changed or could not use, as data and as text."""

from dataclasses import dataclass, field

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.text import count, percent


@saved_as("clean report")
@dataclass
class CleanReport:
    """What was noticed between the rows as read and the series.

    rows             rows of the frame
    judged           rows inside a segment, which can be part of a window
    no_time          rows left out because their time stamp is missing or unreadable
    backward         rows whose stamp is earlier than that of the row before; `first_backward` is the place
    late             rows left out because they came after later ones; `first_late` is the place
    turned_back      how often time went on from rows that came late, as a new stretch
    duplicates       rows with a stamp that an earlier row has too; `first_duplicate` is the place
    step             the sampling step, learned or given
    irregular_share  share of steps that differ from it by more than half
    gaps             breaks in time (or in line numbers) that no window may span
    longest_gap      the longest of them, None when rows are only counted
    filled_cells     missing cells that took the sensor's last value
    empty_rows       rows without a single reading
    missing_rows     rows left out of all segments because a sensor is missing for too long
    imputed_rows     rows of the series that are judged without a sensor all the same
    """

    rows: int
    judged: int = 0
    no_time: int = 0
    backward: int = 0
    first_backward: str = ""
    late: int = 0
    first_late: str = ""
    turned_back: int = 0
    duplicates: int = 0
    first_duplicate: str = ""
    step: np.timedelta64 | None = None
    irregular_share: float = 0.0
    gaps: int = 0
    longest_gap: np.timedelta64 | None = None
    longest_gap_at: str = ""
    filled_cells: int = 0
    empty_rows: int = 0
    missing_rows: int = 0
    imputed_rows: int = 0
    missing_by_sensor: dict[str, int] = field(default_factory=dict)
    segments: int = 0
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Plain text, one thing a line; nothing about what is as it should be."""
        found = []
        if self.step is not None:
            found.append(f"one row every {duration(self.step)}")
        if self.irregular_share > 0.1:
            found.append(
                f"irregular time stamps: {percent(self.irregular_share)} of the steps are far from that;"
                " the rows are used in order; --resample makes them even"
            )
        if self.no_time:
            found.append(f"{_rows(self.no_time)} without a readable time stamp cannot be judged")
        found += self._order_lines()
        if self.gaps:
            longest = f", the longest {duration(self.longest_gap)}" if self.longest_gap is not None else ""
            at = f" before {self.longest_gap_at}" if self.longest_gap_at else ""
            found.append(f"{self.gaps:,} gap{'s' * (self.gaps > 1)}{longest}{at}: no window spans a gap")
        if self.filled_cells:
            found.append(f"{count(self.filled_cells, 'missing cell')} took the last value of their sensor")
        if self.missing_rows:
            worst = sorted(self.missing_by_sensor.items(), key=lambda pair: -pair[1])[:3]
            names = ", ".join(f"{name!r} {count:,}" for name, count in worst)
            lack = f"a sensor is missing too long ({names})"
            found.append(
                f"{_rows(self.missing_rows)}: {lack}; {self.imputed_rows:,} judged without it"
                if self.imputed_rows
                else f"{_rows(self.missing_rows)} cannot be judged: {lack}"
            )
        if self.empty_rows:
            found.append(f"{_rows(self.empty_rows)} without any reading cannot be judged")
        return found + self.notes

    def _order_lines(self) -> list[str]:
        """About rows out of order and repeated stamps."""
        found = []
        if self.backward:
            found.append(
                f"{_rows(self.backward)} earlier than the row before (first: {self.first_backward}): sorted"
            )
        if self.late:
            found.append(
                f"{_rows(self.late)} came after later ones (first: {self.first_late}) and cannot be judged"
            )
        if self.turned_back:
            found.append(f"time jumps back {_times(self.turned_back)}: no window spans that")
        if self.duplicates:
            place = self.first_duplicate
            found.append(
                f"{_rows(self.duplicates)} with the time stamp of another (first: {place}): the first of each"
                " is used"
            )
        return found


def duration(step: np.timedelta64) -> str:
    """`0.5 s`, `1 min`, `2 h`, `3 days`: in the largest unit that keeps the number short."""
    seconds = step / np.timedelta64(1, "s")
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0)):
        if seconds >= size and (seconds % size == 0 or seconds >= 10 * size):
            number = f"{seconds / size:.4g}"
            return f"{number} day" if (unit, number) == ("days", "1") else f"{number} {unit}"
    return f"{seconds:.4g} s" if seconds >= 1 else f"{seconds * 1000:.4g} ms"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
