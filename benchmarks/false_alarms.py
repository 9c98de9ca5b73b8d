"""Does a learned threshold keep its word? Normal scores are simulated, so the true alarm rate is known.

    python benchmarks/false_alarms.py [--draws 200] [--weeks 4] [--budget 1/week] [--methods episodes,pot]

Each draw learns a threshold from some weeks of simulated normal scores at one row a minute. Its true
rate is then counted on 400 further weeks of the same process. Two numbers matter: in what share of the
draws the true rate is within the budget (at 90 % confidence it should be 90 %), and how far the
threshold lies above the ideal one, the lowest that keeps the budget on those 400 weeks.

A score is the root mean square of the last 32 errors, so it is in the unit of the sensors; a ratio of
thresholds of squared errors would be the square of what stands here.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.episodes import EpisodeCounts, as_stretches
from lstm_anomaly.decision.learn_threshold import ThresholdOptions, learn_threshold

Floats = NDArray[np.float64]

WINDOW = 32
MERGE_GAP = 60
STEP_SECONDS = 60.0
ROWS_A_DAY = 1440
ROWS_A_WEEK = 7 * ROWS_A_DAY
PERSISTENCE = 0.9
TRUTH_BLOCKS, TRUTH_WEEKS = 100, 4
CONFIDENCE = 0.9


def gaussian(rng: np.random.Generator, draws: int, rows: int) -> Floats:
    """Innovations (rows, draws) of an ordinary sensor."""
    return rng.standard_normal((rows, draws))


def heavy_tailed(rng: np.random.Generator, draws: int, rows: int) -> Floats:
    """Student t with 4 degrees of freedom: single large shocks."""
    return rng.standard_t(4, (rows, draws))


def regimes(rng: np.random.Generator, draws: int, rows: int) -> Floats:
    """Another volatility every 6 hours: quiet and lively operation."""
    length = ROWS_A_DAY // 4
    volatility = np.exp(0.4 * rng.standard_normal((-(-rows // length), draws)))  # (regimes, draws)
    return np.repeat(volatility, length, axis=0)[:rows] * rng.standard_normal((rows, draws))


def daily(rng: np.random.Generator, draws: int, rows: int) -> Floats:
    """Volatility with the time of day, from half to one and a half."""
    volatility = 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(rows) / ROWS_A_DAY)  # (rows,)
    return volatility[:, None] * rng.standard_normal((rows, draws))


FAMILIES: dict[str, Callable[[np.random.Generator, int, int], Floats]] = {
    "gaussian": gaussian,
    "heavy-tailed": heavy_tailed,
    "regimes": regimes,
    "daily cycle": daily,
}


def simulate_scores(rng: np.random.Generator, family: str, draws: int, rows: int) -> Floats:
    """Scores (draws, rows) of normal rows: autocorrelated errors, their root mean square over a window."""
    errors = FAMILIES[family](rng, draws, rows + WINDOW)  # (rows + window, draws)
    for row in range(1, len(errors)):
        errors[row] += PERSISTENCE * errors[row - 1]
    squares = np.cumsum(errors**2, axis=0)  # (rows + window, draws)
    return np.ascontiguousarray(np.sqrt((squares[WINDOW:] - squares[:-WINDOW]) / WINDOW).T)  # (draws, rows)


@dataclass(frozen=True)
class Truth:
    """What thresholds do on far more normal data than anyone has."""

    counts: EpisodeCounts
    weeks: int

    @classmethod
    def simulated(cls, rng: np.random.Generator, family: str, blocks: int = TRUTH_BLOCKS) -> "Truth":
        """Scores of `blocks` times `TRUTH_WEEKS` weeks."""
        rows = TRUTH_WEEKS * ROWS_A_WEEK
        scores = simulate_scores(rng, family, blocks, rows).ravel()
        stretches = as_stretches(scores, range(rows, len(scores), rows), MERGE_GAP)
        return cls(EpisodeCounts(stretches, MERGE_GAP), blocks * TRUTH_WEEKS)

    def alarms_a_week(self, thresholds: Floats) -> Floats:
        """The true rate of each threshold."""
        return self.counts.at(thresholds) / self.weeks

    def ideal_threshold(self, budget: Budget) -> float:
        """The lowest level that keeps the budget."""
        return self.counts.lowest_level(int(budget.per_row(STEP_SECONDS) * ROWS_A_WEEK * self.weeks))


def learned_thresholds(scores: Floats, budget: Budget, method: str) -> Floats:
    """One threshold a draw, (draws,), from scores (draws, rows)."""
    asked = ThresholdOptions(budget, STEP_SECONDS, max(WINDOW, MERGE_GAP), method, CONFIDENCE)
    return np.array([learn_threshold(draw, asked).value for draw in scores])


@dataclass(frozen=True)
class Verdict:
    """How one method did in one family."""

    kept: float
    """Share of draws whose true rate is within the budget."""
    over_ideal: float
    """Median threshold over the ideal one."""
    alarms_a_week: float
    """Median true rate."""
    most_alarms_a_week: float
    """True rate of the worst draw in twenty."""


def judge(thresholds: Floats, truth: Truth, budget: Budget) -> Verdict:
    """Compare thresholds (draws,) with the truth."""
    rates = truth.alarms_a_week(thresholds)  # (draws,)
    accepted = budget.per_row(STEP_SECONDS) * ROWS_A_WEEK
    return Verdict(
        kept=float(np.mean(rates <= accepted)),
        over_ideal=float(np.median(thresholds) / truth.ideal_threshold(budget)),
        alarms_a_week=float(np.median(rates)),
        most_alarms_a_week=float(np.quantile(rates, 0.95)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--weeks", type=float, default=4.0, help="normal data to learn from")
    parser.add_argument("--budget", default="1/week")
    parser.add_argument("--methods", default="episodes,pot,daily-max,quantile,sigma")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    budget = Budget.parse(arguments.budget)
    began = time.monotonic()
    print(f"budget {budget}, {arguments.weeks:g} weeks to learn from, {arguments.draws} draws a family")
    print(f"{'family':<14}{'method':<11}{'kept':>6}{'over ideal':>12}{'alarms/week':>13}{'1 in 20':>9}")
    for number, family in enumerate(FAMILIES):
        rng = np.random.default_rng([arguments.seed, number])
        truth = Truth.simulated(rng, family)
        scores = simulate_scores(rng, family, arguments.draws, round(arguments.weeks * ROWS_A_WEEK))
        for method in arguments.methods.split(","):
            verdict = judge(learned_thresholds(scores, budget, method), truth, budget)
            print(
                f"{family:<14}{method:<11}{verdict.kept:>6.2f}{verdict.over_ideal:>12.2f}"
                f"{verdict.alarms_a_week:>13.2f}{verdict.most_alarms_a_week:>9.2f}"
            )
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
