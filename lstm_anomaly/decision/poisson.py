"""Exact Poisson bounds: what a count of rare events proves about their true rate.

Garwood (1936): the upper bound at confidence C for a count of k is the mean at which k or fewer
events have probability 1 - C; it equals the chi-square quantile chi2_C(2 (k + 1)) / 2. The lower bound
is the mean at which k or more events have that probability, chi2_(1-C)(2 k) / 2. Both are solved here
by bisection on the Poisson distribution function, so no special functions are needed.
"""

import math

import numpy as np


def probability_at_most(count: int, mean: float) -> float:
    """P(X <= count) for a Poisson X whose mean is at least `count`.

    The terms below P(X = count) shrink by count / mean, (count - 1) / mean, ...: all factors are at
    most 1, so the sum needs no care beyond the logarithm of its first term. Twelve standard
    deviations further down they no longer change a float64.
    """
    largest = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    terms = min(count, 12 * math.isqrt(count) + 200)
    factors = np.arange(count, count - terms, -1) / mean  # (terms,)
    return largest * (1.0 + float(np.cumprod(factors).sum()))


def probability_at_least(count: int, mean: float) -> float:
    """P(X >= count) for a Poisson X whose mean is at most `count`, which is at least 1.

    The terms above P(X = count) shrink by mean / (count + 1), mean / (count + 2), ...: see above.
    """
    largest = math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))
    terms = 12 * math.isqrt(count) + 200
    factors = mean / np.arange(count + 1, count + 1 + terms)  # (terms,)
    return largest * (1.0 + float(np.cumprod(factors).sum()))


def upper_bound(count: int, confidence: float) -> float:
    """Mean that is not exceeded with this confidence (0.5 to 1) when `count` events were seen."""
    # With 0.5 or more the bound lies above the count; 2 + z^2 standard-deviation steps bracket it.
    low, high = float(count), 2.0 * count + 2.0
    while probability_at_most(count, high) > 1.0 - confidence:
        high *= 2.0
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        if probability_at_most(count, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(count: int, confidence: float) -> float:
    """Mean that is exceeded with this confidence (0.5 to 1) when `count` events were seen."""
    low, high = 0.0, float(count)
    while high - low > 1e-12 * high:
        middle = 0.5 * (low + high)
        if probability_at_least(count, middle) < 1.0 - confidence:
            low = middle
        else:
            high = middle
    return low


def interval(count: int, confidence: float) -> tuple[float, float]:
    """The central interval of the mean: with this confidence in all, half of the doubt on either side."""
    one_sided = 0.5 * (1.0 + confidence)
    return lower_bound(count, one_sided), upper_bound(count, one_sided)


def allowed_count(budget: float, confidence: float) -> int:
    """The largest count whose upper bound keeps within `budget` expected events; -1 if not even 0 does."""
    if -math.log1p(-confidence) > budget:
        return -1
    low, high = 0, math.ceil(budget) + 1  # low is allowed, high is not
    while high - low > 1:
        middle = (low + high) // 2
        if middle <= budget and probability_at_most(middle, budget) <= 1.0 - confidence:
            low = middle
        else:
            high = middle
    return low
