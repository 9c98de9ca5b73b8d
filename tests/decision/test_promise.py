"""The promise itself: thresholds learned on simulated normal weeks, judged by many more weeks.

The long form with 200 draws a family is `benchmarks/false_alarms.py`.
"""

from types import ModuleType

import numpy as np
import pytest
from scripts import load_script

from lstm_anomaly.decision.budget import Budget

FAMILIES = ("gaussian", "heavy-tailed", "regimes", "daily cycle")


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    return load_script("benchmarks/false_alarms.py")


@pytest.mark.parametrize("number", range(len(FAMILIES)), ids=FAMILIES)
def test_true_rate_is_within_the_budget_as_often_as_promised(simulation: ModuleType, number: int) -> None:
    rng = np.random.default_rng([7, number])
    budget = Budget.parse("1/week")
    truth = simulation.Truth.simulated(rng, FAMILIES[number], blocks=50)
    scores = simulation.simulate_scores(rng, FAMILIES[number], 100, 4 * simulation.ROWS_A_WEEK)

    promised = simulation.judge(simulation.learned_thresholds(scores, budget, "episodes"), truth, budget)
    assert promised.kept >= 0.82
    assert promised.over_ideal <= 1.35

    textbook = simulation.judge(simulation.learned_thresholds(scores, budget, "sigma"), truth, budget)
    assert textbook.kept < 0.1  # three sigmas promise nothing: the simulation can tell
