"""Leaves out of training what stands out in it: faults that are in the data are not to be learned as normal.

The rows before the calibration rows are cut into `PARTS` in time order. A linear autoencoder of the
windows of the other parts restores the windows of each, so that no autoencoder judges what it was fitted to.
A window stands out when its error is both

    more than `TIMES_USUAL` times the median error of its part, and
    more than `TIMES_HIGH` times the multiple that 95 % of all windows keep,

so that little stands out where errors vary widely by nature. Rows are left out when most of their windows
stand out, the worst ones first where they are more than the share that may be. Calibration rows are never
left out for that: the threshold would promise what does not hold.

Before that, rows that look like faults (`scoring/contamination.py`) are left out wherever they are. They
would make limits and threshold so high that the same fault is never found again.
"""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, IntArray, Segments
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.regression import fit_related
from lstm_anomaly.preparing.windows import Split, cut, cut_out, rows_in, window_starts
from lstm_anomaly.scoring.contamination import looks_like_fault
from lstm_anomaly.scoring.states import OperatingStates, state_features, with_first_rows

PARTS = 5
TIMES_USUAL = 10.0
TIMES_HIGH = 3.0
HIGH = 0.95
MOST_WINDOWS = 1000  # that one autoencoder is fitted to
MOSTLY = 2 / 3  # of the windows that hold a row
LEAST_WINDOWS = 20  # in a part; of fewer it is not known what is usual
MOST_FAULTS = 0.1  # of the rows: where more looks like faults, it is another way of running
MOST_ROUNDS = 10  # of looking for faults and fitting again without them
MOST_VALUES = 10_000_000  # that are looked at in one piece


@dataclass(frozen=True)
class Trimmed:
    """A split without the rows that stood out.

    split     what is left
    rows      how many rows were left out
    standing  share of the windows that stood out, left out or not
    """

    split: Split
    rows: int
    standing: float


def trim(scaled: Float32Array, split: Split, window: int, most: float) -> Trimmed:
    """Leave out at most the share `most` of the fit and validation rows of scaled readings (F, M)."""
    starts = window_starts((*split.fit, *split.validation), window)
    if most == 0 or len(starts) < PARTS * LEAST_WINDOWS:
        return Trimmed(split, 0, 0.0)
    multiples = _held_out_multiples(scaled, starts, window)  # (W,)
    limit = max(TIMES_USUAL, TIMES_HIGH * float(np.quantile(multiples, HIGH)))
    standing = float(np.mean(multiples > limit))
    budget = int(most * rows_in((*split.fit, *split.validation)))
    rows = _rows_of(starts, multiples > limit, window, scaled.shape[1])
    while rows.sum() > budget:
        limit *= 1.05
        rows = _rows_of(starts, multiples > limit, window, scaled.shape[1])
    left = replace(split, fit=cut_out(split.fit, rows), validation=cut_out(split.validation, rows))
    return Trimmed(left, int(rows.sum()), standing)


def _held_out_multiples(scaled: Float32Array, starts: IntArray, window: int) -> FloatArray:
    """Each window's error by the other parts' autoencoder, as a multiple of the median of its part, (W,)."""
    parts = np.array_split(starts, PARTS)
    out = []
    for k, part in enumerate(parts):
        others = np.concatenate(parts[:k] + parts[k + 1 :])
        others = others[:: max(1, len(others) // MOST_WINDOWS)]
        errors = LinearAutoencoder.fit(scaled, others, window).errors(scaled, part)
        out.append(errors / max(float(np.median(errors)), 1e-9))
    return np.concatenate(out)


def _rows_of(starts: IntArray, standing: BoolArray, window: int, row_count: int) -> BoolArray:
    """Rows (row_count,) that lie in windows, most of which stand out."""
    windows, bad = (_covered(some, window, row_count) for some in (starts, starts[standing]))
    rows: BoolArray = (bad > 0) & (bad >= MOSTLY * windows)
    return rows


def _covered(starts: IntArray, window: int, row_count: int) -> IntArray:
    """How many of the windows hold each row, (row_count,)."""
    edges = np.zeros(row_count + 1, np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + window, -1)
    return np.cumsum(edges)[:row_count]


def fault_rows(
    scaled: Float32Array, targets: BoolArray, segments: Segments, rng: np.random.Generator
) -> BoolArray:
    """Which rows of scaled readings (F, M) in the segments look like faults, (M,); `targets` (F,) move.

    Of very many rows each piece is looked at by itself.
    """
    rows = np.zeros(scaled.shape[1], np.bool_)
    most = MOST_VALUES // (4 * len(scaled)) + 1
    for first in range(0, scaled.shape[1], most):
        piece = cut(segments, first, first + most)
        if piece:
            rows |= _faults_of(scaled, targets, piece, rng)
    return rows


def _faults_of(
    scaled: Float32Array, targets: BoolArray, segments: Segments, rng: np.random.Generator
) -> BoolArray:
    """Round after round: faults that the largest ones hid in the fits show once those are left out.

    Where there are some, it is looked once more for smaller ones, by operating states: these are not told
    from rows most of which may be faults.
    """
    rows, by_state = np.zeros(scaled.shape[1], np.bool_), False
    for _ in range(MOST_ROUNDS):
        left = cut_out(segments, rows)
        inside = np.concatenate([np.arange(a, b) for a, b in left])  # (n,)
        regression, errors = fit_related(scaled, targets, left)  # (n, F_t)
        number = np.concatenate([np.arange(b - a) for a, b in left])  # (n,) of a row in its stretch
        errors[number < regression.reach] = 0.0  # not known
        state = None
        if by_state:
            parts = [with_first_rows(scaled[:, a:b].T.astype(np.float64)) for a, b in left]
            features = np.concatenate([state_features(part) for part in parts])  # (n, 2 F)
            state = OperatingStates.fit(features, rng).of_rows(features)[0]
        found = looks_like_fault(errors, scaled[targets][:, inside].T.astype(np.float64), state)
        rows[inside[found]] = True
        if rows.sum() > MOST_FAULTS * rows_in(segments):
            return np.zeros_like(rows)
        if not found.any():
            if by_state or not rows.any():
                break
            by_state = True
    return rows
