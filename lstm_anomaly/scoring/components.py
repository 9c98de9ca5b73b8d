"""From residuals to multiples of limits: the components that a row's score is the largest of.

Every view's residuals, in units of what is usual in the row's operating state, are remembered over 1, 3, 10
and 30 rows, as the root of their mean square and (over 10 and 30) as the mean with its sign, in which a small
shift that lasts shows long before it does in squares (Roberts 1959). Over the sensors stands the mean of the
fourth powers, between their mean, which drowns one sensor's fault among many, and their largest, which makes
every sensor's accident an alarm. Each such component is divided by its own limit (`limits.py`), so that 1
means the same for all: normal rows will hardly ever be there.

Beside them stands a combination of all sensors and views,

    together = mean over forecast, restored and level, over 1 to 100 rows, of
               (mean over sensors and rows of squared residuals / what 99 % of normal rows stay below)
               times (1 + evidence of values never seen, in nats)

which finds what is weak everywhere. Rows below the limit are ranked by it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.scoring.limits import bounded_limit, high_level, standing_out
from lstm_anomaly.scoring.moving_average import trailing_sum
from lstm_anomaly.scoring.novelty import MOST_AHEAD
from lstm_anomaly.scoring.residuals import FORECAST, RELATED, RESTORED, VIEWS, Residuals, mean_square

LENGTHS = (1, 3, 10, 30)  # rows that a component remembers
SIGNED_LENGTHS = (10, 30)
TOGETHER_LENGTHS = (1, 3, 10, 30, 100)
TOGETHER_VIEWS = ("forecast", "restored", "level")
LONGEST = max(TOGETHER_LENGTHS)
BOUNDED_FROM = 30  # rows: in what remembers this many a row counts at most ten times what 99 % stay below
BOUND = 10.0
PARTS = len(LENGTHS) + len(SIGNED_LENGTHS)  # of one view
COMPONENTS = len(VIEWS) * PARTS
OF_ONE_ROW = [FORECAST * PARTS, RELATED * PARTS]  # without what windows and LSTMs remember of a fault
MOST_OF_ROWS = 0.25  # of the training rows: what is usual in a longer memory they cannot tell
LEAST_EXPLAINED = 0.7  # of a sensor's variance: where others explain less there is no relation to break
PRIOR_ROWS = 20  # a state's usual size leans on that of all rows, as if it had this many of them
LEAST_OF_MEDIAN = 0.1  # no sensor's usual size is below this share of the median sensor's
LEAST_OF_ALL = 0.1  # nor a state's below this share of that of all rows
LEAST_SIZE = 1e-6
BOUND_QUANTILE = 0.99  # a row counts in a mean with sign at most sqrt(2) times what 99 % of rows reach


@dataclass(frozen=True)
class Components:
    """Usual sizes of residuals, and limits, for F_t sensors and k states.

    usual     (4, k, F_t) root mean square of each view's residuals in each state; infinite: does not count
    bound     (4, F_t) the largest residual, in units of the usual, that counts in a mean with its sign
    signed    (4, 2, F_t) usual size of such a mean over each of `SIGNED_LENGTHS`
    plain     (3, F_t) mean square of what `together` adds up, whatever the state
    high      (3, 5) what 99 % of normal rows stay below; infinite: a memory too long for the rows
    limits    (24,) of the components, each view's squares first, then its means; infinite likewise
    together  limit of that
    """

    usual: FloatArray
    bound: FloatArray
    signed: FloatArray
    plain: FloatArray
    high: FloatArray
    limits: FloatArray
    together: float

    def scaled(self, errors: FloatArray, state: IntArray) -> FloatArray:
        """Residuals (4, n, F_t) in units of what is usual in each row's state (n,), likewise; NaN is 0."""
        return _scaled(errors, self.usual, state)

    def pooled(self, residuals: Residuals) -> FloatArray:
        """What `together` remembers of each row, (3, n): 1 is usual, and stands where nothing is known."""
        return _pooled(residuals, self.plain)

    def of_rows(self, scaled: Iterable[FloatArray], last: int, look_ahead: int = 0) -> FloatArray:
        """The components of `last` rows as multiples of their limits, (24, last).

        From the scaled residuals of each view, (n, F_t). Of the n rows the last `look_ahead` come after
        those. With them a component that remembers L rows is the larger of what it is at the row, and
        min(L - 1, look_ahead) rows later.
        """
        counted = np.isfinite(self.usual[:, 0])  # (3, F_t)
        found = []
        for v, of_view in enumerate(scaled):
            if np.isinf(self.limits[v * PARTS : (v + 1) * PARTS]).all():  # a view that is silent
                found += [np.zeros(last + look_ahead) for _ in range(PARTS)]
                continue
            view, edge, size = (x[..., counted[v]] for x in (of_view, self.bound[v], self.signed[v]))
            found += _parts(view, edge, size, last + look_ahead)
        lengths = (*LENGTHS, *SIGNED_LENGTHS) * len(VIEWS)
        later = [larger(x, length, last, look_ahead) for x, length in zip(found, lengths, strict=True)]
        return np.array(later) / self.limits[:, np.newaxis]

    def standing_out(self, errors: FloatArray, state: IntArray) -> tuple[float, int, int]:
        """The span of M rows that stands out most from the others in a component, see `limits.standing_out`.

        From their residuals (4, M, F_t) and states (M,).
        """
        found = self.of_rows(_scaled_views(errors, self.usual, state), errors.shape[1])  # (24, M)
        return max(standing_out(x) for x in found)

    def together_of(self, pooled: FloatArray, last: int, look_ahead: int = 0) -> FloatArray:
        """`together` of `last` rows, before evidence, (last,), from pooled (3, n); likewise."""
        total, count = np.zeros(last), 0
        for view, levels in zip(pooled, self.high, strict=True):
            bounded = np.minimum(view, BOUND * levels[0])  # (n,) a wild row does not stay for long
            for length, level in zip(TOGETHER_LENGTHS, levels, strict=True):
                if np.isfinite(level):
                    rows = view if length < BOUNDED_FROM else bounded
                    mean = _mean(rows, length, last + look_ahead, usual=1.0)
                    total += larger(mean, length, last, look_ahead) / level
                    count += 1
        return np.asarray(total / max(count, 1))


def larger(x: FloatArray, length: int, last: int, look_ahead: int) -> FloatArray:
    """The larger of x (last + look_ahead,) at a row and later, while it remembers the row, (last,)."""
    ahead = min(length - 1, look_ahead)
    return np.maximum(x[:last], x[ahead : ahead + last])


def fit_components(
    residuals: Residuals, state: IntArray, states: int, evidence: FloatArray, look_ahead: int = 0
) -> tuple[Components, FloatArray, FloatArray]:
    """From residuals of M normal rows that nothing was fitted to, their states (M,) and evidence (M,).

    Returns the components, and of each row the largest multiple of a limit, (M,), for the threshold, and
    that of what all say together, (M,), which rows below the threshold are ranked by: as they will be where
    verdicts wait for `look_ahead` rows, since the larger of two is high in more rows.
    """
    errors = residuals.errors
    rows = errors.shape[1]
    overall = np.sqrt(np.nan_to_num([mean_square(view) for view in errors]))  # (4, F_t)
    floor = LEAST_OF_MEDIAN * np.median(overall, axis=1, keepdims=True) + LEAST_SIZE  # (4, 1)
    overall = np.maximum(overall, floor)
    usual = np.array([_by_state(*view, state, states) for view in zip(errors, overall, strict=True)])
    usual[RELATED][:, ~has_relation(residuals)] = np.inf
    usual[np.isnan(errors).all(axis=(1, 2))] = np.inf  # stretches too short for a view to say anything
    bound, signed = np.empty_like(overall), np.empty((len(VIEWS), len(SIGNED_LENGTHS), overall.shape[1]))
    for v, view in enumerate(_scaled_views(errors, usual, state)):
        bound[v] = np.sqrt(2.0) * np.quantile(np.abs(view), BOUND_QUANTILE, axis=0) + LEAST_SIZE  # (F_t,)
        signed[v] = [_size(_signed_mean(view, bound[v], length, rows)) for length in SIGNED_LENGTHS]
    plain = _plain(residuals)
    unknown = Components(usual, bound, signed, plain, np.ones((3, 5)), np.ones(COMPONENTS), 1.0)
    found = unknown.of_rows(_scaled_views(errors, usual, state), rows)  # (24, M), before their limits
    lengths = (*LENGTHS, *SIGNED_LENGTHS) * len(VIEWS)
    speaks = np.repeat(np.isfinite(errors).any(axis=2), PARTS, axis=0)  # (24, M)
    limits = np.array(
        [
            bounded_limit(x[known]) if length <= MOST_OF_ROWS * rows and x[known].any() else np.inf
            for x, known, length in zip(found, speaks, lengths, strict=True)
        ]
    )
    pooled = _pooled(residuals, plain)
    high = np.array(
        [
            [
                high_level(_mean(view, length, rows)) if length <= 2 * MOST_OF_ROWS * rows else np.inf
                for length in TOGETHER_LENGTHS
            ]
            for view in pooled
        ]
    )  # (3, 5)
    known = replace(unknown, high=high, limits=limits)
    together = known.together_of(pooled, rows) * (1.0 + evidence)  # (M,)
    components = replace(known, together=bounded_limit(together))
    if look_ahead:
        found = np.array([_ahead(x, length, look_ahead) for x, length in zip(found, lengths, strict=True)])
        waiting = np.pad(pooled, ((0, 0), (0, look_ahead)), constant_values=1.0)  # as at the end of a stretch
        moved = _ahead(evidence, MOST_AHEAD + 1, look_ahead)
        together = known.together_of(waiting, rows, look_ahead) * (1.0 + moved)
    together = together / components.together
    largest = np.maximum((found / limits[:, np.newaxis]).max(axis=0), together)
    return components, largest, together


def _scaled(errors: FloatArray, usual: FloatArray, state: IntArray) -> FloatArray:
    """Residuals (..., n, F_t) in units of the usual (..., k, F_t) in each row's state (n,), likewise."""
    return np.nan_to_num(errors / usual[..., state, :])


def _scaled_views(errors: FloatArray, usual: FloatArray, state: IntArray) -> Iterator[FloatArray]:
    """One view's after the other, (M, F_t): all at once are the largest array of a training."""
    return (_scaled(*view, state) for view in zip(errors, usual, strict=True))


def _ahead(x: FloatArray, length: int, look_ahead: int) -> FloatArray:
    """What `larger` makes of x (M,) with nothing after its last row, (M,)."""
    return larger(np.pad(x, (0, look_ahead)), length, len(x), look_ahead)


def has_relation(residuals: Residuals) -> BoolArray:
    """Which sensors the others explain well enough for a broken relation to show, (F_t,)."""
    left = mean_square(residuals.errors[RELATED])  # (F_t,)
    variance = residuals.level.var(axis=0)
    return np.asarray(left <= (1.0 - LEAST_EXPLAINED) * np.maximum(variance, 1e-12))


def _by_state(errors: FloatArray, overall: FloatArray, state: IntArray, states: int) -> FloatArray:
    """Root mean square of errors (M, F_t) in each state, (k, F_t), leaning on the overall one (F_t,)."""
    squares = np.nan_to_num(np.square(errors))
    sums = np.array([squares[state == k].sum(axis=0) for k in range(states)])  # (k, F_t)
    counts = np.bincount(state, minlength=states)[:, np.newaxis]  # (k, 1)
    size = np.sqrt((sums + PRIOR_ROWS * overall**2) / (counts + PRIOR_ROWS))
    return np.asarray(np.maximum(size, LEAST_OF_ALL * overall))


def _parts(scaled: FloatArray, bound: FloatArray, signed: FloatArray, last: int) -> list[FloatArray]:
    """One view's components before their limits, (last,) each, from its scaled residuals (n, F_t)."""
    if not scaled.shape[1]:
        return [np.zeros(last) for _ in (*LENGTHS, *SIGNED_LENGTHS)]
    squares = np.square(scaled)
    parts = [_over_sensors(np.square(_mean(squares, length, last, usual=1.0))) ** 0.5 for length in LENGTHS]
    for k, length in enumerate(SIGNED_LENGTHS):
        means = _signed_mean(scaled, bound, length, last) / signed[k]  # (last, F_t)
        parts.append(np.sqrt(_over_sensors(np.square(np.square(means)))))  # many times faster than ** 4
    return parts


def _signed_mean(scaled: FloatArray, bound: FloatArray, length: int, last: int) -> FloatArray:
    """Mean with sign over `length` rows of scaled residuals (n, F_t), each bounded, (last, F_t)."""
    return _mean(np.clip(scaled, -bound, bound), length, last)


def _size(x: FloatArray) -> FloatArray:
    """Root mean square of each column of x (M, F_t), (F_t,), above 0."""
    size = np.sqrt(np.square(x).mean(axis=0))  # (F_t,)
    return np.asarray(np.maximum(size, LEAST_OF_MEDIAN * np.median(size) + LEAST_SIZE))


def _plain(residuals: Residuals) -> FloatArray:
    """Mean squares of forecast, restored and level, (3, F_t)."""
    parts = (residuals.errors[FORECAST], residuals.errors[RESTORED], residuals.level)
    squares = [mean_square(np.ascontiguousarray(part)) for part in parts]  # added up row after row
    plain = np.nan_to_num(squares, nan=np.inf)  # (3, F_t)
    floor = LEAST_OF_MEDIAN**2 * np.median(plain, axis=1, keepdims=True) + LEAST_SIZE**2  # (3, 1)
    return np.asarray(np.maximum(plain, floor))


def _pooled(residuals: Residuals, plain: FloatArray) -> FloatArray:
    parts = (residuals.errors[FORECAST], residuals.errors[RESTORED], residuals.level)
    means = [_over_sensors(np.square(part) / unit) for part, unit in zip(parts, plain, strict=True)]
    return np.where(np.isnan(means), 1.0, means)


def _mean(x: FloatArray, length: int, last: int, usual: float = 0.0) -> FloatArray:
    """Mean over `length` rows that end with each of the last rows of x (n, ...); `usual` before the first."""
    if length == 1:
        return np.asarray(x[len(x) - last :])
    total = trailing_sum(x - usual, length, last) if usual else trailing_sum(x, length, last)
    return np.asarray(total / length + usual)


def _over_sensors(x: FloatArray) -> FloatArray:
    """Mean of each row of x (n, F_t), (n,).

    Sensor is added after sensor. NumPy's sum adds in another order when there is one row only, so that its
    last bits hang on how the rows were cut; its running sum does not, and takes fewer calls for a few rows.
    """
    if len(x) < x.shape[1]:
        return np.asarray(np.cumsum(x, axis=1)[:, -1] / x.shape[1])
    total = x[:, 0].copy()  # (n,)
    for sensor in range(1, x.shape[1]):
        total += x[:, sensor]
    return np.asarray(total / x.shape[1])
