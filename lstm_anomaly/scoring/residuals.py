"""Residuals: by how much each sensor departs from what four views expect of it, on the networks' scale.

    forecast   from the rows before, by linear regression
    restored   from the window that ends with the row: principal components, and the LSTM autoencoder
    related    from the other sensors, now and in the past, by linear regression
    lstm       from the rows before, by linear regression and the LSTM forecaster

What an LSTM and its linear counterpart expect is averaged by the inverse of their squared errors on rows that
the weights were not fitted to, the combination of least variance where errors are independent (Bates &
Granger 1969). The linear forecast stays a view of its own: it sees faults that an LSTM follows. In a linear
model the last view is silent.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray

VIEWS = ("forecast", "restored", "related", "lstm")
FORECAST, RESTORED, RELATED, LSTM = range(4)


@dataclass(frozen=True)
class Residuals:
    """Of n rows and F_t sensors.

    errors  (4, n, F_t) the row less what each view expects; NaN where one cannot say anything yet
    level   (n, F_t) the row less the mean of training
    """

    errors: FloatArray
    level: FloatArray


def mixed(linear: FloatArray, lstm: FloatArray, share: FloatArray) -> FloatArray:
    """The error of the mean of both predictions, (n, F_t); the LSTM's has the weight `share` (F_t,)."""
    return np.asarray(share * lstm + (1.0 - share) * linear)


def mean_square(errors: FloatArray) -> FloatArray:
    """Mean square over the rows of errors (..., n, F_t) that are known, (..., F_t); NaN where none is."""
    known = ~np.isnan(errors)
    total = np.where(known, np.square(errors), 0.0).sum(axis=-2)  # (..., F_t)
    count = known.sum(axis=-2)
    return np.asarray(np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0))


def lstm_shares(linear: FloatArray, lstm: FloatArray) -> FloatArray:
    """Share of the LSTM (F_t,) by the errors (n, F_t) of both on rows that neither was fitted to."""
    own, other = (1.0 / np.maximum(mean_square(part), 1e-12) for part in (lstm, linear))
    return np.nan_to_num(own / (own + other))
