"""Tail fits: they find the parameters that made the sample, and levels with the rate that was asked for."""

import numpy as np
import pytest

from lstm_anomaly.decision.episodes import episode_peaks
from lstm_anomaly.decision.tails import daily_maxima_level, gpd_fit, gumbel_fit, peaks_over_threshold_level

EVENLY = (np.arange(1, 20001) - 0.5) / 20000  # a sample without chance: quantiles at even shares


@pytest.mark.parametrize("shape", [-0.2, 0.1, 0.3])
def test_gpd_fit_finds_shape_and_scale(shape: float) -> None:
    excesses = 2.0 / shape * ((1.0 - EVENLY) ** -shape - 1.0)
    assert gpd_fit(excesses) == pytest.approx((shape, 2.0), rel=0.02, abs=0.01)


def test_gpd_fit_of_exponential_excesses_has_shape_zero() -> None:
    assert gpd_fit(-3.0 * np.log(1.0 - EVENLY)) == pytest.approx((0.0, 3.0), abs=0.01)


def test_gumbel_fit_finds_location_and_scale() -> None:
    assert gumbel_fit(5.0 - 2.0 * np.log(-np.log(EVENLY))) == pytest.approx((5.0, 2.0), rel=0.01)


def test_daily_maxima_level_is_exceeded_as_often_as_asked() -> None:
    level = daily_maxima_level(5.0 - 2.0 * np.log(-np.log(EVENLY)), per_block=1 / 7)
    days_above = 1.0 - np.exp(-np.exp(-(level - 5.0) / 2.0))
    assert days_above == pytest.approx(1.0 - np.exp(-1 / 7), rel=0.01)


def test_level_of_independent_exponential_scores_is_their_quantile() -> None:
    scores = np.random.default_rng(0).permutation(-np.log(1.0 - EVENLY))
    level = peaks_over_threshold_level(scores, merge_gap=0, per_row=1e-6)
    assert level == pytest.approx(-np.log(1e-6), rel=0.05)


def test_level_does_not_change_when_every_score_lasts_several_rows() -> None:
    """Repeating rows makes clusters, not new episodes: per row they are that much rarer."""
    scores = np.random.default_rng(0).exponential(size=20000)
    level = peaks_over_threshold_level(scores, merge_gap=0, per_row=1e-6)
    repeated = peaks_over_threshold_level(np.repeat(scores, 5), merge_gap=0, per_row=1e-6 / 5)
    assert repeated == pytest.approx(level, rel=0.02)


def test_level_for_a_budget_that_needs_no_extrapolation_is_the_base_level() -> None:
    scores = np.random.default_rng(0).permutation(EVENLY)
    assert peaks_over_threshold_level(scores, merge_gap=0, per_row=0.1) == np.quantile(scores, 0.995)


def test_shape_of_the_tail_is_kept_within_limits() -> None:
    """Beyond them a short sample would extrapolate to absurd levels, or to none above its own maximum."""
    heavy = np.random.default_rng(0).permutation(EVENLY**-1.0)  # shape 1
    rarer, rarest = (peaks_over_threshold_level(heavy, 0, per_row) for per_row in (1e-12, 1e-15))
    assert rarest / rarer == pytest.approx(1000**0.3, rel=0.01)
    bounded = np.random.default_rng(0).permutation(EVENLY)  # shape -1
    assert peaks_over_threshold_level(bounded, 0, 1e-6) > 1.0


def test_tail_of_few_peaks_lies_between_exponential_and_heavy() -> None:
    falling = np.linspace(0.005, 0.995, 40) ** -0.5  # (40,) shape 0.5
    scores = np.ravel(
        [falling[:20], falling[20:]], order="F"
    )  # high and low in turn: 20 peaks above the median
    base = float(np.median(scores))
    peaks = episode_peaks(scores, base, merge_gap=0)
    rarer = len(peaks) / len(scores) / 1e-6

    def level(shape: float) -> float:
        return base + np.mean(peaks - base) * (1 - shape) / shape * (rarer**shape - 1)

    assert level(1e-9) < 0.8 * peaks_over_threshold_level(scores, 0, 1e-6)
    assert peaks_over_threshold_level(scores, 0, 1e-6) < 0.8 * level(0.3)


def test_level_grows_with_the_scores_and_as_alarms_become_rarer() -> None:
    scores = np.random.default_rng(0).exponential(size=60)
    levels = [peaks_over_threshold_level(scores, 32, per_row) for per_row in (1e-3, 1e-5, 1e-7)]
    assert scores.max() < levels[0] < levels[1] < levels[2] < 100
    assert peaks_over_threshold_level(7 * scores, 32, 1e-5) == pytest.approx(7 * levels[1])


@pytest.mark.parametrize(
    ("rows", "share"),
    [(62, 0.5), (78, 0.6), (102, 0.7), (154, 0.8), (310, 0.9), (620, 0.95), (1550, 0.98), (3100, 0.99)],
)
def test_the_base_is_the_highest_of_nine_levels_with_thirty_peaks(rows: int, share: float) -> None:
    """Every other row is a peak; a budget of one alarm a row asks for the base itself."""
    scores = np.zeros(rows)
    scores[::2] = np.arange(1, rows // 2 + 1)
    assert peaks_over_threshold_level(scores, 0, per_row=1) == pytest.approx(np.quantile(scores, share))


def test_thirty_peaks_are_enough_for_a_base_and_29_are_not() -> None:
    """Of 5,800 rows 29 are above the level that 99.5 % are below, of 5,810 there are 30."""
    scores = np.zeros(5810)
    scores[::2] = np.arange(1, 2906)
    for rows, share in ((5800, 0.99), (5810, 0.995)):
        base = peaks_over_threshold_level(scores[:rows], 0, per_row=1)
        assert base == pytest.approx(np.quantile(scores[:rows], share))


def test_a_bounded_tail_has_a_shape_of_a_fifth_below_zero_at_least() -> None:
    """Each further thousandfold rarity then adds 1000^-0.2 of what the one before added."""
    bounded = np.random.default_rng(0).permutation(EVENLY)  # shape -1
    levels = [peaks_over_threshold_level(bounded, 0, per_row) for per_row in (1e-6, 1e-9, 1e-12)]
    first, second = np.diff(levels)
    assert second / first == pytest.approx(1000**-0.2, rel=1e-6)
