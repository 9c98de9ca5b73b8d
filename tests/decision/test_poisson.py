"""Exact Poisson bounds against chi-square quantiles that SciPy computed."""

import math

import pytest

from lstm_anomaly.decision.poisson import (
    allowed_count,
    interval,
    lower_bound,
    probability_at_most,
    upper_bound,
)

# count, confidence, scipy.stats.chi2.ppf(confidence, 2 * (count + 1)) / 2
GOLDEN = [
    (0, 0.5, 0.6931471805599455),
    (0, 0.9, 2.302585092994046),
    (0, 0.95, 2.9957322735539895),
    (0, 0.9999, 9.210340371976292),
    (1, 0.9, 3.889720169867429),
    (1, 0.95, 4.743864518390577),
    (2, 0.9, 5.322320337834211),
    (7, 0.5, 7.669249442500804),
    (7, 0.9, 11.770914461548053),
    (50, 0.9999, 81.92029852850096),
    (1000, 0.9, 1041.7545690776437),
    (1000, 0.9999, 1122.9629552549839),
    (100000, 0.5, 100000.6666668642),
    (100000, 0.95, 100521.71888230444),
]


@pytest.mark.parametrize(("count", "confidence", "expected"), GOLDEN)
def test_upper_bound_is_the_chi_square_quantile(count: int, confidence: float, expected: float) -> None:
    assert upper_bound(count, confidence) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("count", "confidence", "expected"),  # scipy.stats.chi2.ppf(1 - confidence, 2 * count) / 2
    [
        (0, 0.9, 0.0),
        (1, 0.9, 0.10536051565782632),
        (7, 0.95, 3.285315691894672),
        (1000, 0.9, 959.6939327288333),
        (100000, 0.95, 99480.42074678872),
    ],
)
def test_lower_bound_is_the_chi_square_quantile(count: int, confidence: float, expected: float) -> None:
    assert lower_bound(count, confidence) == pytest.approx(expected, rel=1e-9)


def test_interval_leaves_half_of_the_doubt_on_either_side() -> None:
    assert interval(7, 0.9) == pytest.approx((lower_bound(7, 0.95), upper_bound(7, 0.95)))
    assert interval(0, 0.9) == pytest.approx((0.0, 2.9957322735539895))


def test_probability_is_the_sum_of_the_terms() -> None:
    mean = 3.5
    terms = [math.exp(-mean) * mean**n / math.factorial(n) for n in range(4)]
    assert probability_at_most(3, mean) == pytest.approx(sum(terms), rel=1e-14)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("budget", [0.1, 2.0, 2.3, 2.31, 3.88, 3.9, 12.0, 345.6, 98765.4])
def test_allowed_count_is_the_largest_whose_bound_keeps_the_budget(budget: float, confidence: float) -> None:
    count = allowed_count(budget, confidence)
    assert count == -1 or upper_bound(count, confidence) <= budget
    assert upper_bound(count + 1, confidence) > budget


def test_weeks_that_certify_one_alarm_a_week_at_90_percent() -> None:
    """2.3 weeks without an episode, 3.9 with one, 12 with seven."""
    assert [allowed_count(weeks, 0.9) for weeks in (2.3, 2.31, 3.88, 3.9, 11.7, 12.0)] == [-1, 0, 0, 1, 6, 7]
