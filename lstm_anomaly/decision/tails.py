"""Tails of normal scores: levels that are exceeded more rarely than the calibration data can show.

Both fits use probability-weighted moments (Hosking and Wallis 1987; Hosking 1990): closed formulas
that stay stable on small samples, where maximum likelihood often has no solution.
"""

import math

import numpy as np

from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision.episodes import NOT_JUDGED, EpisodeCounts, episode_peaks

EULER_GAMMA = 0.5772156649015329
# Levels tried for peaks over threshold, as shares of rows below them, highest first.
BASE_SHARES = (0.995, 0.99, 0.98, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5)
ENOUGH_PEAKS = 30
SHAPE_LIMITS = (-0.2, 0.3)


def gpd_fit(excesses: FloatArray) -> tuple[float, float]:
    """Shape (positive: heavy tail) and scale of a generalised Pareto distribution of excesses (n,) > 0."""
    n = len(excesses)
    below = (np.arange(1, n + 1) - 0.35) / n  # (n,) plotting positions of the sorted excesses
    a0 = float(excesses.mean())
    a1 = float(np.mean(np.sort(excesses) * (1.0 - below)))
    return 2.0 - a0 / (a0 - 2.0 * a1), 2.0 * a0 * a1 / (a0 - 2.0 * a1)


def gumbel_fit(maxima: FloatArray) -> tuple[float, float]:
    """Location and scale of a Gumbel distribution of block maxima (n,), n >= 2."""
    n = len(maxima)
    b0 = float(maxima.mean())
    b1 = float(np.mean(np.sort(maxima) * np.arange(n) / (n - 1)))
    scale = (2.0 * b1 - b0) / math.log(2.0)
    return b0 - EULER_GAMMA * scale, scale


def peaks_over_threshold_level(scores: FloatArray, merge_gap: int, per_row: float) -> float:
    """The level that episodes exceed `per_row` times a row, from the tail of the episodes' peaks.

    scores (M,) as `episodes.as_stretches` returns them. An excess over base u follows a generalised
    Pareto law, so with z episodes a row above u the level is u + scale / shape ((z / per_row)^shape - 1).
    """
    base, peaks = _base_and_peaks(scores, merge_gap)
    rows = int(np.count_nonzero(scores > NOT_JUDGED))
    times_rarer = len(peaks) / rows / per_row
    if times_rarer <= 1.0:  # also without any peak: constant scores
        return base
    shape, scale = _tail(peaks - base)
    return base + scale / shape * math.expm1(shape * math.log(times_rarer))


def daily_maxima_level(maxima: FloatArray, per_block: float) -> float:
    """The level that the maximum of a block exceeds so rarely that episodes come `per_block` times a block.

    P(maximum <= z) = exp(-per_block) for independent episodes; solved for z in the Gumbel law.
    """
    location, scale = gumbel_fit(maxima)
    return location - scale * math.log(per_block)


def _base_and_peaks(scores: FloatArray, merge_gap: int) -> tuple[float, FloatArray]:
    """The highest base level with enough episodes above it, or else the one with most, and their peaks.

    A short series holds few episodes at the full gap. The gap is then halved until there are enough:
    peaks that belong together are counted twice, which makes the level higher, never lower.
    """
    judged = scores[scores > NOT_JUDGED]
    bases = np.quantile(judged, BASE_SHARES)  # (9,) falling
    while True:
        counts = EpisodeCounts(scores, merge_gap).at(bases)  # (9,)
        enough = np.flatnonzero(counts >= ENOUGH_PEAKS)
        if len(enough) or merge_gap == 0:
            break
        merge_gap //= 2
    chosen = int(enough[0]) if len(enough) else int(counts.argmax())
    base = float(bases[chosen])
    return base, episode_peaks(scores, base, merge_gap)


def _tail(excesses: FloatArray) -> tuple[float, float]:
    """Shape and scale for extrapolation: the shape drawn towards 0 (exponential) as far as data is short."""
    shape, _ = gpd_fit(excesses)
    trusted = shape * len(excesses) / (len(excesses) + ENOUGH_PEAKS)
    shape = min(max(trusted, SHAPE_LIMITS[0]), SHAPE_LIMITS[1]) or 1e-12  # at 0 the formula has only a limit
    # Keep the mean excess, scale / (1 - shape), which is known best.
    return shape, float(excesses.mean()) * (1.0 - shape)
