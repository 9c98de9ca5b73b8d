"""Learns a threshold from scores of normal rows that the weights were not fitted to.

The default method counts episodes (see `episodes`) at every level and takes the lowest level whose
count keeps the budget by an exact Poisson bound (see `poisson`). It assumes no distribution, only that
normal data stays as it is and that its episodes come roughly independently. The other methods choose
the level differently; whichever chose it, a threshold is certified when it is not below that level.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_anomaly.base.errors import ThresholdError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision import poisson, tails
from lstm_anomaly.decision.budget import DAY_SECONDS, Budget
from lstm_anomaly.decision.episodes import NOT_JUDGED, EpisodeCounts, as_stretches
from lstm_anomaly.decision.threshold import CONFIDENCE_LIMITS, FARTHEST, Threshold

MINIMUM_ROWS = 10
MINIMUM_DAYS = 14
"""Days below which a fit of daily maxima is guesswork."""
MOST_ROWS_BELOW = 0.95
"""However generous the budget, this share of the calibration rows stays below the threshold."""
UNCERTIFIED_MARGIN = 1.2
"""Least factor for an uncertified threshold: scores that grow by a fifth give two to six times the alarms."""
DEFAULT_LEVELS = {"quantile": 0.999, "sigma": 3.0}


@dataclass(frozen=True)
class ThresholdOptions:
    """What is asked of a threshold.

    budget        accepted false alarms, in time or in rows
    step_seconds  seconds from row to row; None when rows are only counted
    merge_gap     rows above the threshold with at most this many rows between them are one episode. Give the
                  larger of window and merge gap, and group events with the same: then an event is an episode
    method        one of `METHODS`
    confidence    with which the budget is kept, 0.5 to 0.9999
    level         for `quantile` the share of rows below (0.999), for `sigma` how many standard deviations
                  (3), for `fixed` the threshold itself, which then needs no scores; not for other methods
    margin        factor by which the threshold of `episodes` is raised where it cannot be certified
    room          factor by which it is raised where it can: new rows are not quite like those that were seen
    """

    budget: Budget
    step_seconds: float | None
    merge_gap: int
    method: str = "episodes"
    confidence: float = 0.9
    level: float | None = None
    margin: float = UNCERTIFIED_MARGIN
    room: float = 1.0


@dataclass(frozen=True)
class Calibration:
    """Scores to learn from, as `as_stretches` returns them, and what is asked of the threshold."""

    scores: FloatArray
    asked: ThresholdOptions

    @cached_property
    def judged(self) -> FloatArray:
        """The scores that are numbers, (rows,)."""
        return self.scores[self.scores > NOT_JUDGED]

    @cached_property
    def counts(self) -> EpisodeCounts:
        """Episodes at every level."""
        return EpisodeCounts(self.scores, self.asked.merge_gap)

    @property
    def per_row(self) -> float:
        """Accepted false alarms a row."""
        return self.asked.budget.per_row(self.asked.step_seconds)

    @cached_property
    def allowed(self) -> int:
        """Episodes these rows may have above a certified threshold; -1 when they are too few to certify."""
        return poisson.allowed_count(self.per_row * len(self.judged), self.asked.confidence)

    @cached_property
    def certified_level(self) -> float:
        """The lowest level that keeps the budget at the confidence; infinity when rows are too few."""
        if self.allowed < 0:
            return np.inf
        # Where episodes are never more than allowed, the level would fall into the middle of the data.
        lowest = float(np.quantile(self.judged, MOST_ROWS_BELOW))
        return max(self.counts.lowest_level(self.allowed), lowest)


def learn_threshold(scores: FloatArray, asked: ThresholdOptions, breaks: Sequence[int] = ()) -> Threshold:
    """Learn the threshold that keeps a false-alarm budget.

    Args:
        scores: (M,) anomaly scores of normal rows, at least 0, higher = more abnormal; NaN where a row was
            not judged (left out and counted).
        asked: the budget, and how it is to be kept.
        breaks: indexes of rows that do not follow the row before them in time.

    Raises:
        ThresholdError: no threshold follows from these scores or options; the message says why.
    """
    _check_options(asked)
    method, level = asked.method, asked.level
    if method != "fixed":
        _check_scores(scores)
    stretches = as_stretches(scores, breaks, asked.merge_gap)
    calibration = Calibration(stretches, asked)
    value = METHODS[method](calibration, DEFAULT_LEVELS.get(method, 0.0) if level is None else level)
    if not (np.isfinite(value) and value > 0):
        raise ThresholdError(
            f"the threshold came out as {value:g}, so no score can be a multiple of it;"
            f" the highest of {len(calibration.judged)} calibration scores is {calibration.judged.max():g}",
            hint="calibration rows in which the sensors move",
        )
    return Threshold(
        value=float(value),
        method=method,
        level=DEFAULT_LEVELS.get(method) if level is None else level,
        certified=value >= calibration.certified_level,
        budget=asked.budget,
        confidence=asked.confidence,
        rows=len(calibration.judged),
        left_out=int(np.isnan(scores).sum()),
        step_seconds=None if asked.step_seconds is None else float(asked.step_seconds),
        merge_gap=asked.merge_gap,
        allowed=calibration.allowed,
        episodes=int(calibration.counts.at(value)),
        margin=float(asked.margin) if method == "episodes" and calibration.allowed < 0 else 1.0,
    )


def _check_options(asked: ThresholdOptions) -> None:
    method, confidence, level, merge_gap = asked.method, asked.confidence, asked.level, asked.merge_gap
    if method not in METHODS:
        raise ThresholdError(f'there is no threshold method "{method}"', hint=", ".join(METHODS))
    if not CONFIDENCE_LIMITS[0] <= confidence <= CONFIDENCE_LIMITS[1]:
        raise ThresholdError(f"a confidence of {confidence:g} is not between 0.5 and 0.9999", hint="0.9")
    if merge_gap < 0:
        raise ThresholdError(f"a merge gap of {merge_gap} rows is below 0", hint="the window length")
    if method == "fixed" and level is None:
        raise ThresholdError(
            'the threshold method "fixed" needs the threshold itself', hint="--threshold VALUE"
        )
    if level is not None and method not in (*DEFAULT_LEVELS, "fixed"):
        raise ThresholdError(f'the threshold method "{method}" takes no level', hint='method "fixed"')
    if level is not None and not (np.isfinite(level) and level > 0):
        raise ThresholdError(f"{level:g} is no level for a threshold: it must be a number above 0")
    if method == "quantile" and level is not None and level >= 1:
        raise ThresholdError(f"a quantile of {level:g} is not between 0 and 1", hint="0.999")


def _check_scores(scores: FloatArray) -> None:
    """Refuse scores from which a threshold would be meaningless."""
    judged = scores[~np.isnan(scores)]
    if len(judged) < MINIMUM_ROWS:
        raise ThresholdError(
            f"{len(judged)} judged calibration rows are too few for a threshold: it takes {MINIMUM_ROWS}",
            hint="more normal data, or a shorter window",
        )
    if not np.isfinite(judged).all():
        row = int(np.flatnonzero(np.isinf(scores))[0])
        raise ThresholdError(
            f"the score of calibration row {row} is infinite, so the model or its scaling is broken",
            hint="training again with a lower learning rate",
        )
    if (judged < 0).any():
        row = int(np.flatnonzero(scores < 0)[0])
        raise ThresholdError(f"the score of calibration row {row} is {scores[row]:g}; scores are at least 0")


def _by_episodes(calibration: Calibration, level: float) -> float:
    """Keeps the budget at the confidence, whatever the scores' distribution, where rows are enough."""
    if calibration.allowed >= 0:
        return calibration.asked.room * calibration.certified_level
    # Too few rows to certify: extrapolate, stay above everything that normal data has shown, and leave
    # room for what so few rows cannot show.
    per_row = max(calibration.per_row, 1 / (FARTHEST * len(calibration.judged)))
    extrapolated = tails.peaks_over_threshold_level(calibration.scores, calibration.asked.merge_gap, per_row)
    return calibration.asked.margin * max(extrapolated, float(calibration.judged.max()))


def _by_tail(calibration: Calibration, level: float) -> float:
    """For budgets rarer than the data: keeps it half the time at best, and mostly within 2.5 times."""
    return tails.peaks_over_threshold_level(
        calibration.scores, calibration.asked.merge_gap, calibration.per_row
    )


def _by_daily_maxima(calibration: Calibration, level: float) -> float:
    """Like `_by_tail`, from one number a day: the easiest to check by eye; needs days that are alike."""
    if calibration.asked.step_seconds is None:
        raise ThresholdError("daily maxima need rows with a time", hint='threshold method "pot"')
    rows = max(1, round(DAY_SECONDS / calibration.asked.step_seconds))
    days = len(calibration.scores) // rows
    by_day = calibration.scores[: days * rows].reshape(days, rows)  # (days, rows)
    mostly_judged = np.mean(by_day > NOT_JUDGED, axis=1) >= 0.5  # (days,)
    if mostly_judged.sum() < MINIMUM_DAYS:
        raise ThresholdError(
            f"{mostly_judged.sum()} whole days of calibration data are too few for daily maxima;"
            f" at least {MINIMUM_DAYS} are needed",
            hint='more normal data, or threshold method "pot"',
        )
    return tails.daily_maxima_level(by_day[mostly_judged].max(axis=1), calibration.per_row * rows)


def _by_quantile(calibration: Calibration, level: float) -> float:
    """Fixes the share of anomalous rows; says nothing of how many alarms they make."""
    return float(np.quantile(calibration.judged, level))


def _by_sigma(calibration: Calibration, level: float) -> float:
    """The custom of control charts; its rate of alarms is whatever the scores' distribution makes it."""
    return float(calibration.judged.mean() + level * calibration.judged.std())


def _fixed(calibration: Calibration, level: float) -> float:
    """Promises what the calibration rows happen to prove about the given value."""
    return level


METHODS: dict[str, Callable[[Calibration, float], float]] = {
    "episodes": _by_episodes,
    "pot": _by_tail,
    "daily-max": _by_daily_maxima,
    "quantile": _by_quantile,
    "sigma": _by_sigma,
    "fixed": _fixed,
}
