"""Models in a tenth of a second: the whole line of training, with few updates and few units."""

from contextlib import AbstractContextManager
from unittest.mock import patch

import numpy as np

from lstm_anomaly.base.types import Series
from lstm_anomaly.preparing.windows import finite_segments
from lstm_anomaly.training import fit_networks as fitting
from lstm_anomaly.training.settings import EFFORTS, LearningSettings
from lstm_anomaly.training.train import learn

SMALL = {"window": 8, "hidden": 4, "epochs": 1}


def series_of(values):
    """Rows (M, F) a minute apart as a clean series; rows with a missing reading are in no segment."""
    values = np.asarray(values, dtype=np.float64)
    return Series(
        values=values,
        sensors=tuple(f"s{k}" for k in range(values.shape[1])),
        times=np.datetime64("2024-03-01T00:00", "ns") + np.arange(len(values)) * np.timedelta64(1, "m"),
        step=np.timedelta64(1, "m"),
        segments=finite_segments(np.isfinite(values).all(axis=1)),
        row_of=np.arange(len(values)),
    )


def little_effort() -> AbstractContextManager[object]:
    """Models are trained as with `--preset fast` inside: for tests that are not about how well they learn."""
    return patch.dict(EFFORTS, default=EFFORTS["fast"])


def small_model(values, series=None, **settings):
    """A model of the rows (M, F), trained with a forecaster of 4 units and an epoch of 600 updates.

    `series` takes the place of the rows.
    """
    with patch.object(fitting, "FORECASTER_UPDATES", 600), patch.object(fitting, "FORECASTER_HIDDEN", 4):
        return learn(series or series_of(values), LearningSettings(**{**SMALL, **settings}))
