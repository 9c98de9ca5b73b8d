"""How many false alarms a user accepts, as text like `1/week` and as a rate per row."""

import math
import re
from dataclasses import dataclass
from typing import Self

from lstm_anomaly.base.errors import ThresholdError

DEFAULT_BUDGET = "1/week"
DEFAULT_ROW_BUDGET = "1/10000rows"
"""The default where rows have no time."""

DAY_SECONDS = 86_400.0
UNIT_SECONDS = {
    "minute": 60.0,
    "hour": 3_600.0,
    "day": DAY_SECONDS,
    "week": 7 * DAY_SECONDS,
    "month": 365.25 / 12 * DAY_SECONDS,
    "year": 365.25 * DAY_SECONDS,
}
ROW = "row"

_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_TEXT = re.compile(rf"\s*({_NUMBER})\s*/\s*({_NUMBER})?\s*([a-z]+?)s?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Budget:
    """At most `alarms` false alarms in every `span` `unit`s: Budget(1, 10000, "row") is `1/10000rows`."""

    alarms: float
    span: float
    unit: str

    def __post_init__(self) -> None:
        usable = all(math.isfinite(number) and number > 0 for number in (self.alarms, self.span))
        if not usable or self.unit not in (*UNIT_SECONDS, ROW):
            raise _not_understood(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `1/week`, `2/day`, `0.5/month`, `1/2weeks` or `1/10000rows`.

        Raises:
            ThresholdError: when the text is none of these, or one of its numbers is 0.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise _not_understood(text)
        alarms, span, unit = match.groups()
        return cls(float(alarms), float(span or 1), unit.lower())

    def __str__(self) -> str:
        span = "" if self.span == 1 else f"{self.span:.12g}"
        plural = "" if self.span == 1 else "s"
        return f"{self.alarms:.12g}/{span}{self.unit}{plural}"

    @property
    def per(self) -> str:
        """The span in words, to follow a number of alarms: `a week`, `in 10000 rows`."""
        if self.span != 1:
            return f"in {self.span:.12g} {self.unit}s"
        return f"{'an' if self.unit == 'hour' else 'a'} {self.unit}"

    @property
    def words(self) -> str:
        """The whole budget in words: `1 false alarm a week`."""
        return f"{self.alarms:.12g} false alarm{'' if self.alarms == 1 else 's'} {self.per}"

    def rows_in_span(self, step_seconds: float | None) -> float:
        """How many rows one span holds; `step_seconds` from row to row, None when rows are only counted.

        Raises:
            ThresholdError: when the budget is in time and the rows have none.
        """
        if self.unit == ROW:
            return self.span
        if step_seconds is None:
            raise ThresholdError(
                f'the false-alarm budget "{self}" is in {self.unit}s, but the rows have no time',
                hint=f"a budget in rows such as {DEFAULT_ROW_BUDGET}, or name the time column",
            )
        return self.span * UNIT_SECONDS[self.unit] / step_seconds

    def per_row(self, step_seconds: float | None) -> float:
        """Accepted false alarms a row; see `rows_in_span`."""
        return self.alarms / self.rows_in_span(step_seconds)


def _not_understood(text: str) -> ThresholdError:
    return ThresholdError(
        f'the false-alarm budget "{text}" is not NUMBER/UNIT with numbers above 0'
        f" and a unit among {', '.join(UNIT_SECONDS)} and {ROW}s",
        hint=f"{DEFAULT_BUDGET}, 2/day, 1/month or {DEFAULT_ROW_BUDGET}",
    )
