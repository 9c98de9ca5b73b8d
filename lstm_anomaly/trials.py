"""Trials: faults put into copies of training rows tell how far each statistic can be trusted on this data.

Which network sees faults best depends on the plant. Where the next row follows from the last ones by a
law, the LSTM's forecast does; where sensors say the same thing in noise, restoring a row from its window
does. Neither the errors on normal rows nor anything a user could be asked tells, so it is tried out: weak
faults of four kinds go into one sensor at a time, and a statistic's power is how much better than chance
it tells the rows with a fault from those without.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.evaluation.ranking import auc_roc
from lstm_anomaly.network_reader import NetworkReader, Networks
from lstm_anomaly.scoring.memory import trailing_mean
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.scaler import CLIP
from lstm_anomaly.scoring.score import LINEAR_WEIGHTS, STATISTICS, USUAL
from lstm_anomaly.scoring.statistics import Usual
from lstm_anomaly.types import BoolArray, Float32Array, FloatArray, IntArray

MOST_ROWS = 3000  # the last training rows, that faults are put into
LEAST_FAULTS = 12  # of each length; few rows are gone through several times
MOST_ROUNDS = 3
LENGTHS = (10, 60)  # rows of a fault
MEMORIES = (1, 10)  # rows over which a statistic is averaged
RUN_UP = 30  # rows before the first fault
SIZES = (1.0, 3.0)  # of a fault, in standard deviations of its sensor
KINDS = ("shift", "noise", "stuck", "spike")
LEAST_POWER = 0.02  # no statistic is left out for good


def trial_weights(
    networks: Networks, usual: Usual, scaled: Float32Array, rows: tuple[int, int], rng: np.random.Generator
) -> FloatArray:
    """Weights of the three statistics, (3,): forecast and restore share 2 by their power, level has 1.

    The trial takes place in the training rows `rows[0] .. rows[1] - 1` of scaled (F, M).
    """
    if "forecaster" not in networks.names:
        return np.array(LINEAR_WEIGHTS)
    first = max(rows[0], rows[1] - MOST_ROWS)
    power = np.mean(
        [
            _power(networks, usual, scaled[:, first : rows[1]], length, rng)
            for length in LENGTHS
            if rows[1] - first >= RUN_UP + 2 * length
        ]
        or [np.ones(len(STATISTICS))],
        axis=0,
    )
    weights = np.ones(len(STATISTICS))
    near = [STATISTICS.index("forecast"), STATISTICS.index("restore")]
    trusted = np.maximum(power[near], LEAST_POWER)
    weights[near] = 2 * trusted / trusted.sum()
    return weights


def put_faults(
    rows: Float32Array, sensors: Sequence[int] | IntArray, length: int, rng: np.random.Generator
) -> tuple[Float32Array, BoolArray]:
    """A copy of rows (F, M) with faults of `length` rows in one of `sensors` each, and which rows have one.

    Kinds follow each other; between two faults lie at least as many rows as one has, and 25 at least.
    """
    rows, faulty = rows.copy(), np.zeros(rows.shape[1], dtype=np.bool_)
    gap, start, kind = max(40, 2 * length), RUN_UP, int(rng.integers(len(KINDS)))
    while start + gap // 3 + length < rows.shape[1]:
        a = start + int(rng.integers(gap // 3))
        part = rows[rng.choice(sensors)]
        size = float(part.std() * rng.uniform(*SIZES) * rng.choice([-1, 1]))
        b = a + (2 if KINDS[kind] == "spike" else length)
        part[a:b] = _faulty(KINDS[kind], part[a - 1 : b], size, rng)
        faulty[a:b] = True
        start, kind = start + length + gap, (kind + 1) % len(KINDS)
    return np.clip(rows, -CLIP, CLIP, out=rows), faulty


def _faulty(kind: str, part: NDArray[np.float32], size: float, rng: np.random.Generator) -> FloatArray:
    """What a sensor reads during a fault; `part` begins with the row before it."""
    match kind:
        case "shift":
            return np.asarray(part[1:] + size)
        case "spike":
            return np.asarray(part[1:] + 2 * size)
        case "noise":
            return np.asarray(part[1:] + size * rng.standard_normal(len(part) - 1))
        case _:
            return np.full(len(part) - 1, part[0], dtype=np.float64)


def _power(
    networks: Networks, usual: Usual, rows: Float32Array, length: int, rng: np.random.Generator
) -> FloatArray:
    """How much better than chance each statistic tells faulty rows, (3,): 2 AUC - 1, at least 0."""
    faults_a_round = rows.shape[1] // (length + max(40, 2 * length))
    rounds = int(np.clip(LEAST_FAULTS // max(faults_a_round, 1), 1, MOST_ROUNDS))
    found = []
    for _ in range(rounds):
        changed, faulty = put_faults(rows, np.flatnonzero(networks.targets), length, rng)
        statistics = usual.statistics(_read(networks, changed))
        statistics[np.isnan(statistics)] = USUAL
        for memory in MEMORIES:
            means = [trailing_mean(x, memory, len(x))[RUN_UP:] for x in statistics]
            found.append([auc_roc(faulty[RUN_UP:], mean) for mean in means])
    return np.asarray(np.maximum(0.0, 2 * np.array(found) - 1).mean(axis=0))


def _read(networks: Networks, rows: Float32Array) -> Readings:
    return NetworkReader(networks).push(rows)
