"""The mean of errors with their sign: a small shift that lasts shows there long before it does in squares.

Over L rows the mean of an error that scatters about zero gets smaller, with 1 / sqrt(L) where rows are
independent, and a shift stays what it is. That is the moving-average control chart (Roberts 1959), over
all sensors as in MEWMA (Lowry et al. 1992), but in units learned from training rows:

    bias = sqrt(mean over sensors of (mean over L rows of r_c)^2 / d_c)

with `d_c` the usual square of such a mean. The root keeps it on the scale of the other statistics: a shift
that trebles the mean square of independent errors makes the squared mean over 100 rows 200 times the usual.
Each row's error is bounded first, so that a short, wild event does not hold a mean up after it is over.
"""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.scoring.memory import trailing_sum
from lstm_anomaly.scoring.score import BIAS_LENGTHS, BOUND_FACTOR, HIGH_QUANTILE
from lstm_anomaly.scoring.view import View
from lstm_anomaly.types import BoolArray, FloatArray

LOOKED_BACK = max(BIAS_LENGTHS) - 1  # rows before a row that its bias needs


@dataclass(frozen=True)
class Bias:
    """What is usual for the mean of K kinds of signed errors: those in `BIASED`, the level's is last.

    bound  (K, F_t) the largest error of one row that counts in a mean
    view   what is usual for the means, first those of each kind over the first length, then over the next
    """

    bound: FloatArray
    view: View

    @classmethod
    def fit(cls, errors: FloatArray, fitted: BoolArray) -> "Bias":
        """From signed errors (K, M, F_t) on training rows; the weights were fitted to `fitted` (M,)."""
        bound = np.sqrt(BOUND_FACTOR) * np.nanquantile(np.abs(errors), HIGH_QUANTILE, axis=1)  # (K, F_t)
        bound = np.maximum(bound, 1e-12)
        return cls(bound, View.fit(_means(_bounded(errors, bound), errors.shape[1]), fitted))

    def only_level(self) -> "Bias":
        """The same for the level alone."""
        kinds = len(self.bound)
        view = View(self.view.unit[kinds - 1 :: kinds], self.view.usual[kinds - 1 :: kinds])
        return replace(self, bound=self.bound[-1:], view=view)

    def bounded(self, errors: FloatArray) -> FloatArray:
        """Signed errors (K, n, F_t) of rows as they count in a mean: bounded, and 0 where not known."""
        return _bounded(errors, self.bound)

    def by_sensor(self, bounded: FloatArray, last: int) -> FloatArray:
        """Squared means as multiples of the usual, (S, last, F_t), for the last rows of (K, n, F_t)."""
        return self.view.by_sensor(_means(bounded, last))


def _bounded(errors: FloatArray, bound: FloatArray) -> FloatArray:
    limit = bound[:, np.newaxis]  # (K, 1, F_t)
    return np.asarray(np.clip(np.nan_to_num(errors), -limit, limit))


def _means(bounded: FloatArray, last: int) -> FloatArray:
    """Means over each of the lengths, (S, last, F_t), that end with the last rows of (K, n, F_t)."""
    return np.array(
        [trailing_sum(kind, length, last) / length for length in BIAS_LENGTHS for kind in bounded]
    )
