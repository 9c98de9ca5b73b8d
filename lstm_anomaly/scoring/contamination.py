"""Training rows that look like faults: there the relation of a sensor to the others breaks, and nowhere else.

A rare way of running keeps the relations between sensors; a fault breaks them. So each sensor is predicted
from the others, where they explain it. Its error is taken in units of its median size, which faults in up to
half of the rows do not move. It is remembered over 1 to 30 rows as in `components.py`, and the largest over
the sensors has a limit as in `limits.py`: from the maxima of blocks of rows, but by their lower half, which
faults that lie in half of the blocks do not move either,

    limit = exp(q50 + 4 sd),  sd = (q50 - q10) / 1.28    of log(max of a block)

for quantiles q of the blocks. What comes back in most blocks, such as a nightly job, raises it; a span that
goes above 1.7 times the limit looks like a fault, for as long as it stays above the limit. Sizes have floors,
a share of the sensor's own spread and that of the mean of independent rows, so that nearly equal sensors are
not held against each other for their last digits.
"""

from collections.abc import Iterator

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.scoring.components import (
    LEAST_EXPLAINED,
    LEAST_OF_ALL,
    LEAST_OF_MEDIAN,
    LEAST_SIZE,
    LENGTHS,
    SIGNED_LENGTHS,
)
from lstm_anomaly.scoring.limits import BLOCK_ROWS, DEVIATIONS, LEAST
from lstm_anomaly.scoring.moving_average import trailing_sum

BLOCKS = 48
LEAST_BLOCKS = 12
LOW = 0.1
LOW_DEVIATIONS = 1.2816  # of a normal distribution: so far below the median its lowest tenth begins
TIMES_LIMIT = 1.7
NORMAL_MEDIAN = 0.6745  # of the absolute values of a normal distribution of size 1
BOUND = 4.0  # a row counts in a mean with its sign at most this many times the median size
FAR = 3.5  # median sizes: where single rows of the guilty sensor are so far off a fault begins and ends
LEAST_OF_SPREAD = 0.05  # of a sensor's own spread: the rounding of copies of each other breaks no relation
LEAST_STATE = 50  # rows of a state that tell its own median size


def looks_like_fault(errors: FloatArray, level: FloatArray, state: IntArray | None = None) -> BoolArray:
    """Which of M rows look like faults, (M,), by the errors (M, F_t) of each sensor predicted from others.

    level (M, F_t) are the sensors' readings. With states (M,) errors are measured in each by itself.
    """
    rows, sensors = errors.shape
    spread = level.std(axis=0)  # (F_t,)
    size = np.maximum(_median_size(errors), LEAST_OF_SPREAD * spread)  # (F_t,)
    related = size**2 <= (1.0 - LEAST_EXPLAINED) * spread**2  # (F_t,)
    found = np.zeros(rows, np.bool_)
    if rows < LEAST_BLOCKS * BLOCK_ROWS or sensors < 2 or not related.any():
        return found
    sizes = size[np.newaxis] if state is None else _sizes_by_state(errors, size, state)[state]
    sizes = np.maximum(sizes, LEAST_OF_SPREAD * spread)  # (1 or M, F_t)
    scaled = (errors / sizes)[:, related]  # (M, F_r)
    for length, by_sensor in _memories(scaled):
        x = by_sensor.max(axis=1)  # (M,)
        limit = max(1.0, _robust_limit(x))
        edges = np.flatnonzero(np.diff(np.r_[False, x > limit, False]))
        for start, end in edges.reshape(-1, 2):
            peak = start + int(x[start:end].argmax())
            if x[peak] > TIMES_LIMIT * limit:
                first = max(0, start - length + 1)  # the memory is high after what it remembers
                far = np.abs(scaled[first:end, by_sensor[peak].argmax()]) > FAR
                inside = first + np.flatnonzero(far)
                first, end = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (first, end)
                found[first:end] = True
    return found


def _memories(scaled: FloatArray) -> Iterator[tuple[int, FloatArray]]:
    """Each memory in rows, and the size of scaled (M, F_r) in it, likewise (M, F_r)."""
    rows, squares = len(scaled), np.square(scaled)
    bounded = np.clip(scaled, -BOUND, BOUND)
    for length in LENGTHS:
        yield length, np.sqrt(np.maximum(trailing_sum(squares, length, rows), 0.0) / length)
    for length in SIGNED_LENGTHS:
        means = trailing_sum(bounded, length, rows) / length  # (M, F_r)
        yield length, np.abs(means / np.maximum(_median_size(means), length**-0.5))


def _robust_limit(x: FloatArray) -> float:
    """The level that x (M,) of normal rows hardly ever reaches, by the lower half of the blocks."""
    blocks = np.array_split(x, min(BLOCKS, len(x) // BLOCK_ROWS))
    logs = np.log(np.maximum([block.max() for block in blocks], LEAST))
    low, middle = np.quantile(logs, (LOW, 0.5))
    return float(np.exp(middle + DEVIATIONS * (middle - low) / LOW_DEVIATIONS))


def _median_size(x: FloatArray) -> FloatArray:
    """Size of each column of x (M, F), (F,), by its median, above 0."""
    size = np.median(np.abs(x), axis=0) / NORMAL_MEDIAN  # (F,)
    return np.asarray(np.maximum(size, LEAST_OF_MEDIAN * np.median(size) + LEAST_SIZE))


def _sizes_by_state(errors: FloatArray, size: FloatArray, state: IntArray) -> FloatArray:
    """The same of errors (M, F_t) in each state, (k, F_t), and `size` (F_t,) where a state has few rows."""
    sizes = np.tile(size, (int(state.max()) + 1, 1))  # (k, F_t)
    for k in np.flatnonzero(np.bincount(state) >= LEAST_STATE):
        own = np.median(np.abs(errors[state == k]), axis=0) / NORMAL_MEDIAN  # (F_t,)
        sizes[k] = np.maximum(own, LEAST_OF_ALL * size)
    return sizes
