"""What is usual: how large a forecast error each sensor has on rows that the weights were not fitted to."""

import numpy as np

from lstm_anomaly.types import FloatArray

BLOCKS = 5
FLOOR = 0.01  # of the median sensor's: no sensor may be trusted more than so


def error_unit(fitted: FloatArray, held_out: FloatArray) -> FloatArray:
    """The unit of each sensor's squared error, (F,), from squared errors on fitted and held-out rows.

    fitted and held_out are (rows, F). The unit is the larger of the two means, times how many times
    the held-out one exceeds the fitted one: a sensor whose errors double on rows that were not fitted
    drifts, or was learned by heart, and is trusted half as much as its held-out error alone would say.
    """
    inside, outside = fitted.mean(axis=0), held_out.mean(axis=0)  # (F,)
    unit = np.maximum(inside, outside)
    unit = np.maximum(unit, FLOOR * np.median(unit) + 1e-12)
    distrust = outside / np.maximum(inside, FLOOR * np.median(inside) + 1e-12)  # (F,)
    return np.asarray(unit * np.maximum(1.0, distrust))


def drift(errors: FloatArray) -> FloatArray:
    """How much farther each sensor's errors lie, squared, from the mean of other times than of their own.

    errors (M, F), signed, in time order; at least 1, (F,). The rows are cut into `BLOCKS` parts, and each
    is measured by the mean and variance of the others. A level that moves on from part to part gives 2 to
    10: it says little about the rows to come. Errors that scatter about zero give 1.
    """
    blocks = np.array_split(errors, BLOCKS)
    if min(map(len, blocks)) < 2:
        return np.ones(errors.shape[1])
    farther = []
    for k, block in enumerate(blocks):
        others = np.concatenate(blocks[:k] + blocks[k + 1 :])
        mean, variance = others.mean(axis=0), others.var(axis=0) + 1e-12  # (F,)
        farther.append(((block - mean) ** 2).mean(axis=0) / variance)
    return np.asarray(np.maximum(1.0, np.mean(farther, axis=0)))


def usual_level(fitted: FloatArray, held_out: FloatArray) -> float:
    """The usual value of a statistic, given on fitted and on held-out rows: the held-out one if larger."""
    return max(float(np.concatenate([fitted, held_out]).mean()), float(held_out.mean()), 1e-12)
