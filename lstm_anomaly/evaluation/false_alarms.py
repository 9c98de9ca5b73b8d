"""False alarms in a span of time, what their count proves of the true rate, and the verdict on a budget."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.poisson import interval


class Verdict(Enum):
    """Whether a budget was kept, as far as the data can tell."""

    PASS = "PASS"
    FAIL = "FAIL"
    TOO_SHORT = "TOO SHORT TO TELL"


@dataclass(frozen=True)
class FalseAlarms:
    """False alarms counted on normal rows, against a budget.

    count       alarms that begin on a normal row, even if they last into an event
    exposure    judged normal rows, in spans of the budget: 2.5 is two and a half weeks for `1/week`
    budget      what was promised
    confidence  of the interval, two-sided: with 0.9 each bound alone holds with 0.95
    """

    count: int
    exposure: float
    budget: Budget
    confidence: float

    @property
    def rate(self) -> float:
        """Observed alarms in the budget's span; NaN without a judged normal row."""
        return self.count / self.exposure if self.exposure else np.nan

    @property
    def bounds(self) -> tuple[float, float]:
        """Exact Poisson interval (Garwood 1936) of the true rate, in alarms in the budget's span."""
        if not self.exposure:
            return 0.0, np.inf
        low, high = interval(self.count, self.confidence)
        return low / self.exposure, high / self.exposure

    @property
    def verdict(self) -> Verdict:
        """PASS: the whole interval keeps the budget; FAIL: the whole interval breaks it."""
        low, high = self.bounds
        if high <= self.budget.alarms:
            return Verdict.PASS
        return Verdict.FAIL if low > self.budget.alarms else Verdict.TOO_SHORT
