"""Intervals around forecasts that hold: what held-out forecasts were off by, step by step (split conformal).

Forecasts of new rows are off by as much as forecasts of held-out rows were: nothing was fitted to either
 (Vovk, Gammerman & Shafer 2005; Lei et al. 2018). So the errors of held-out forecasts are kept, as
paths over the horizon, and an interval is what the middle share of them were within.

    score = error / (movement ** power * recent factor)

Where readings move more at some times than at others, errors are taken as multiples of how much the sensor
moved of late, to a power that held-out rows choose. Where forecasts have become better or worse than they
were, errors are taken as multiples of how far off the forecasts from the last rows were: that is known as
soon as the rows that they forecast have come (adaptive, after Gibbs & Candes 2021). Held-out errors are
divided by the same, each by what was known at its time, so the quantiles account for how little is known.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lstm_anomaly.base.types import Array, BoolArray, FloatArray, IntArray

MOST_KNOTS = 24  # steps whose errors are kept; between them they are interpolated
MOST_PATHS = 240
POWERS = (0.0, 0.5, 1.0)
LATELY = 0.25  # of a look-back, over which a sensor's movement is measured
STILL = 0.02  # training standard deviations; a sensor moves as much at least
TRIED = (0.025, 0.1, 0.9, 0.975)  # quantiles that powers are compared by
RECENT_HORIZONS = 3  # whose forecasts tell how far off forecasts are now
RECENT_ORIGINS = 12  # of them
PRIOR = 10  # errors as large as usual that a sensor's recent ones are averaged with
STEP_PRIOR = 12  # errors as large as the sensor's that those of one step are averaged with
MOST_CHANGE = 5.0  # times


def knots_of(steps: int) -> FloatArray:
    """Steps (K,) from 1 to the last, close together at first."""
    wanted = np.geomspace(1, steps, MOST_KNOTS).round() if steps > MOST_KNOTS else np.arange(1.0, steps + 1)
    return np.unique(wanted)


def at_steps(errors: Array, steps: int) -> FloatArray:
    """What is known at the knots (..., K), at each of the steps (..., S)."""
    knots, wanted = knots_of(steps), np.arange(1.0, steps + 1)
    after = np.clip(np.searchsorted(knots, wanted), 1, max(len(knots) - 1, 1))  # (S,)
    if len(knots) == 1:
        return np.repeat(errors.astype(np.float64), steps, axis=-1)
    share = (wanted - knots[after - 1]) / (knots[after] - knots[after - 1])
    return np.asarray(errors[..., after - 1] * (1 - share) + errors[..., after] * share)


def movement(x: Array) -> FloatArray:
    """How much look-backs x (L, B) moved of late, (B,)."""
    lately = x[-max(2, round(LATELY * len(x))) :].astype(np.float64)
    return np.asarray(lately.std(axis=0) + STILL)


def recent_spacing(steps: int, period: int) -> int:
    """Rows between the origins whose forecasts tell how far off forecasts are now.

    Whole periods where that is near: at some hours forecasts are farther off than at others.
    """
    apart = max(1, RECENT_HORIZONS * steps // RECENT_ORIGINS)
    return max(1, round(apart / period)) * period if 2 * apart >= period > 0 else apart


def recent_origins(at: int, apart: int) -> IntArray:
    """The origins before the row `at` that tell how far off forecasts are now, the last one first."""
    return at - apart * np.arange(1, RECENT_ORIGINS + 1)


@dataclass(frozen=True)
class HeldOut:
    """Rows that forecasts were made from to see what they are off by.

    at     (P,) evenly spaced
    rows   of the held-out part; as many origins as they hold horizons are independent
    steps  S, of each forecast
    apart  see `recent_spacing`
    """

    at: IntArray
    rows: int
    steps: int
    apart: int

    def recent(self) -> BoolArray:
        """Which of the origins tell how far off forecasts from another are, (P, P)."""
        since = self.at[:, np.newaxis] - self.at  # (P, P)
        spacing = int(self.at[1] - self.at[0]) if len(self.at) > 1 else 1
        near = (since + spacing // 2) % self.apart < spacing
        return np.asarray(near & (since > 0) & (since <= RECENT_ORIGINS * self.apart))


def recent_factor(relative: FloatArray) -> FloatArray:
    """How many times as far off as usual the forecasts of late were, by sensor and knot (F, K).

    `relative` (R, F, K) are absolute errors as multiples of the usual ones, NaN for readings yet to come.
    """
    return _factor(np.nansum(relative, axis=0), np.isfinite(relative).sum(axis=0))


def _factor(sums: FloatArray, counts: Array) -> FloatArray:
    """Means (..., F, K) of relative errors by their sums and counts, drawn to those over all knots."""
    of_sensor = (sums.sum(axis=-1) + PRIOR) / (counts.sum(axis=-1) + PRIOR)  # (..., F)
    factor = (sums + STEP_PRIOR * of_sensor[..., np.newaxis]) / (counts + STEP_PRIOR)
    return np.asarray(np.clip(factor, 1 / MOST_CHANGE, MOST_CHANGE))


@dataclass(frozen=True)
class ErrorPaths:
    """What held-out forecasts of one method were off by.

    errors  (P, F, K) float32 by path, sensor and knot, less the forecast, as the scores above
    usual   (F, K) float32 the mean of absolute errors divided by movement ** power
    power   see above
    rows    of the held-out part; as many origins as they hold horizons are independent
    """

    errors: Array
    usual: Array
    power: float
    rows: int

    @classmethod
    def of(cls, errors: FloatArray, moved: FloatArray, held_out: HeldOut) -> "ErrorPaths":
        """From errors (P, F, K), NaN where unknown, and how much each look-back had moved, (P, F)."""
        known, errors = np.isfinite(errors), _completed(errors)
        best, least = None, np.inf
        for power in POWERS:
            of_movement = moved[:, :, np.newaxis] ** power  # (P, F, 1)
            size = np.abs(errors) / of_movement  # (P, F, K)
            usual = np.maximum(size.mean(axis=0), 1e-9)  # (F, K)
            scale = of_movement * _recent_factors(np.where(known, size / usual, np.nan), held_out)
            loss = _held_out_loss(errors, scale)
            if loss < least:
                scores = (errors / scale).astype(np.float32)
                best, least = cls(scores, usual.astype(np.float32), power, held_out.rows), loss
        assert best is not None, "errors are finite"
        return best

    def quantiles(self, probability: float, steps: int) -> FloatArray:
        """The error (F, S) that a share of this size stays below, by the finite-sample rule of the method.

        Half of it is by the errors of all sensors, each by its own size: one sensor's are few.
        """
        count = len(self.errors)
        beyond = min(probability, 1 - probability)
        rank = max(int(np.floor((count + 1) * beyond)), 1)  # from the nearer end
        own = self._ordered[rank - 1 if probability < 0.5 else count - rank].copy()  # (F, K)
        sizes = self._sizes
        moving = (sizes > 0).all(axis=1)  # (F,)
        if moving.any():
            shared = np.median(own[moving] / sizes[moving], axis=0)  # (K,)
            own[moving] = (own[moving] + shared * sizes[moving]) / 2
        return at_steps(own, steps)

    @cached_property
    def _ordered(self) -> Array:
        """The errors (P, F, K), at each sensor and knot from the lowest to the highest."""
        ordered: Array = np.sort(self.errors, axis=0)
        return ordered

    @cached_property
    def _sizes(self) -> Array:
        """The median absolute error of each sensor and knot, (F, K)."""
        sizes: Array = np.median(np.abs(self.errors), axis=0)
        return sizes

    def paths(self, steps: int) -> FloatArray:
        """All errors at all steps, (P, F, S)."""
        return at_steps(self.errors, steps)

    def certified_steps(self, level: float, steps: int) -> int:
        """Steps for which enough independent forecasts were held out for intervals of this level."""
        needed = int(np.ceil(2 / (1 - level) - 1 - 1e-9))
        return min(self.rows // max(needed, 1), steps)


def pinball(y: FloatArray, quantile: FloatArray, probability: float) -> FloatArray:
    """The loss of a forecast quantile (Koenker & Bassett 1978): least, on average, for the true one."""
    over = y - quantile
    return np.maximum(probability * over, (probability - 1) * over)


def _completed(errors: FloatArray) -> FloatArray:
    """Unknown errors (P, F, K) replaced by known ones of the same sensor and step, 0 where there is none."""
    out = errors.copy()
    for f, k in zip(*np.nonzero(np.isnan(errors).any(axis=0)), strict=True):
        known = errors[np.isfinite(errors[:, f, k]), f, k]
        unknown = np.isnan(errors[:, f, k])
        out[unknown, f, k] = np.resize(known, int(unknown.sum())) if len(known) else 0.0
    return out


def _recent_factors(relative: FloatArray, held_out: HeldOut) -> FloatArray:
    """The `recent_factor` of each origin by relative errors (P, F, K) of those before it: (P, F, K)."""
    recent, at = held_out.recent(), held_out.at
    known = np.isfinite(relative)
    relative = np.where(known, relative, 0.0)
    sums, counts = np.empty((2, *relative.shape))
    for k, knot in enumerate(knots_of(held_out.steps)):
        came = (recent & (at + knot <= at[:, np.newaxis])).astype(np.float64)  # (P, P)
        sums[:, :, k], counts[:, :, k] = came @ relative[:, :, k], came @ known[:, :, k]
    return _factor(sums, counts)


def _held_out_loss(errors: FloatArray, scales: FloatArray) -> float:
    """Mean pinball loss of each half's quantiles on the other half: errors and scales (P, F, K)."""
    half, total = len(errors) // 2, 0.0
    if half < 10:
        return float(np.abs(scales - 1).max())  # too few to compare: the power 0
    parts = (slice(0, half), slice(half, None))
    for own, other in (parts, parts[::-1]):
        relative = errors[own] / scales[own]
        found = np.quantile(relative, TRIED, axis=0)  # (Q, F, K)
        for probability, quantile in zip(TRIED, found, strict=True):
            losses = pinball(errors[other], quantile * scales[other], probability)
            total += float(losses.mean())
    return total
