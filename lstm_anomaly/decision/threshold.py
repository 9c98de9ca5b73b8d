"""The threshold as the model stores it: its value, how it was learned, and what it promises."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from lstm_anomaly.base.errors import ThresholdError
from lstm_anomaly.base.text import number, percent
from lstm_anomaly.decision import poisson
from lstm_anomaly.decision.budget import DAY_SECONDS, Budget

CONFIDENCE_LIMITS = (0.5, 0.9999)
FARTHEST = 100  # times the calibration rows: of what is rarer than that, the tail of so few says nothing

# What each method did, in words that need no statistics.
HOW = {
    "episodes": "the lowest level that keeps the budget, by counting episodes above each level",
    "pot": "extrapolated from the peaks of normal data: right on average, not in every case",
    "daily-max": "extrapolated from daily maxima of normal data: right on average, not in every case",
    "quantile": "a share of the rows of normal data; it says nothing about how often alarms come",
    "sigma": "mean and standard deviation of normal scores; it says nothing about how often alarms come",
    "fixed": "given by hand",
}


@dataclass(frozen=True)
class Threshold:
    """The raw score that is the limit; a row's final score is its raw score divided by `value`.

    value         raw score, above 0
    method, level which method of `HOW` chose it, and its parameter if it has one
    certified     calibration data proves the budget at the confidence
    budget, confidence   what was asked for
    rows          calibration rows with a score; `left_out` had none
    step_seconds  seconds from row to row, or None when rows are only counted
    merge_gap     rows between parts of one episode, at most; events are to be grouped with the same
    allowed       episodes that this many rows may have if the budget is to be certified; -1: too few rows
    episodes      episodes that calibration data has above the value
    margin        factor by which the value was raised, 1 where it was not
    """

    value: float
    method: str
    level: float | None
    certified: bool
    budget: Budget
    confidence: float
    rows: int
    left_out: int
    step_seconds: float | None
    merge_gap: int
    allowed: int
    episodes: int
    margin: float

    @property
    def proven_rate(self) -> float:
        """False alarms, in the budget's span of time or rows, that calibration data shows not to be exceeded.

        The exact upper Poisson bound for the counted episodes at the confidence.
        """
        if self.rows == 0:
            return math.inf
        bound = poisson.upper_bound(self.episodes, self.confidence)
        return bound / self.rows * self.budget.rows_in_span(self.step_seconds)

    @property
    def rows_missing(self) -> int:
        """Calibration rows lacking for a certificate of the budget; 0 when there are enough."""
        needed = math.ceil(-math.log1p(-self.confidence) / self.budget.per_row(self.step_seconds))
        return max(0, needed - self.rows)

    def promise(self) -> str:
        """What the threshold promises and what it does not, in one to three sentences."""
        if self.rows == 0:
            return f"Not certified for {self.budget.words}: {self._how()}, without normal data to check it."
        confidence = f"{100 * self.confidence:.4g} % confidence"
        episodes = f"{self.episodes} episode{'' if self.episodes == 1 else 's'}"
        data = f"{self._extent(self.rows)} of normal data"
        rate = f"{_plain(self.proven_rate)} {self.budget.per}"
        seen = f"{data} had {episodes} above it, which proves at most {rate}"
        if self.certified:
            return (
                f"At most {self.budget.words}, with {confidence}: {seen}."
                " It holds while normal data stays like this data; drift and new ways of running void it."
            )
        if self.rows_missing:
            return (
                f"Not certified for {self.budget.words} at {confidence}: that takes"
                f" {self._extent(self.rows + self.rows_missing)} of normal data,"
                f" {self._extent(self.rows_missing)} more than there was. {seen}."
                f" The threshold is {self._how()}."
            )
        return (
            f"Not certified for {self.budget.words} at {confidence}. {seen}. The threshold is {self._how()}."
        )

    def _how(self) -> str:
        if self.method == "episodes":  # it had too few rows and took the tail instead
            raised = (
                f"It is raised by {percent(self.margin - 1)}, since few rows do not show all that is normal"
            )
            if self.budget.per_row(self.step_seconds) * FARTHEST * self.rows < 1:
                raised += (
                    f". It is extrapolated to {FARTHEST} times those rows only, so false alarms may come more"
                    " often than asked for"
                )
            return f"{HOW['pot']}. {raised}"
        return HOW[self.method]

    def _extent(self, rows: int) -> str:
        """Rows as a length of time: `3.5 days`, or `600 rows` without time."""
        if self.step_seconds is None:
            return f"{rows} row{'' if rows == 1 else 's'}"
        seconds = rows * self.step_seconds
        for unit, length in (
            ("week", 7 * DAY_SECONDS),
            ("day", DAY_SECONDS),
            ("hour", 3600.0),
            ("minute", 60.0),
        ):
            if seconds >= 2 * length:
                return f"{number(seconds / length, 2)} {unit}s"
        return f"{number(seconds, 2)} seconds"

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON knows them; the budget as text."""
        return {**asdict(self), "budget": str(self.budget)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            ThresholdError: when a field is missing, unknown, of another type or out of its range.
        """
        names = {field.name for field in fields(cls)}
        if set(stored) != names:
            raise ThresholdError(f"a stored threshold has the fields {sorted(stored)}, not {sorted(names)}")
        for name, is_right in _IS_RIGHT.items():
            if not is_right(stored[name]):
                raise ThresholdError(f"a stored threshold has {name} = {stored[name]!r}")
        return cls(**{**stored, "budget": Budget.parse(stored["budget"])})


def _plain(number: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_margin(value: object) -> bool:
    return type(value) is float and 1 <= value < math.inf


def _is_positive(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value > 0  # type: ignore[arg-type,operator]


def _is_positive_or_none(value: object) -> bool:
    return value is None or _is_positive(value)


_IS_RIGHT = {
    "value": _is_positive,
    "method": lambda value: value in HOW,
    "level": _is_positive_or_none,
    "certified": lambda value: type(value) is bool,
    "budget": lambda value: type(value) is str,
    "confidence": lambda value: _is_positive(value) and CONFIDENCE_LIMITS[0] <= value <= CONFIDENCE_LIMITS[1],
    "rows": _is_count,
    "left_out": _is_count,
    "step_seconds": _is_positive_or_none,
    "merge_gap": lambda value: _is_count(value) and value < 2**31,
    "allowed": lambda value: type(value) is int and value >= -1,
    "episodes": _is_count,
    "margin": _is_margin,
}
