"""The networks of a model at work on rows as they come: from scaled rows to errors and latent states."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.row_scoring import reconstruct_at
from lstm_anomaly.network.tracking import Forecaster, ForecastTracker, SlowMeans
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.types import BoolArray, FloatArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Networks:
    """What was fitted to the training rows.

    window       T, rows of a window, the judged one included
    targets      (F,) which of the F input rows have errors that count
    reach        (F_t,) most that a reading counts for in the mean of the last 100 rows
    linear       principal components of windows; the whole model of `--model-kind linear`
    forecaster   the LSTM that forecasts the next row; None in a linear model
    autoencoder  the LSTM autoencoder, whose code is the latent state; None in a linear model
    """

    window: int
    targets: BoolArray
    reach: FloatArray
    linear: LinearAutoencoder
    forecaster: Forecaster | None = None
    autoencoder: Params | None = None

    def without_lstm(self) -> "Networks":
        """The linear network alone."""
        return replace(self, forecaster=None, autoencoder=None)


class NetworkReader:
    """Reads the rows of one stretch, in order and in any pieces, with every network of a model."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._tracker = None if networks.forecaster is None else ForecastTracker(networks.forecaster)
        self._slow = SlowMeans(networks.reach)
        self._tail: Array | None = None  # the rows that the next windows begin with

    def push(self, rows: Array) -> Readings:
        """Read the next scaled rows (F, n)."""
        restored, latent = self._read_windows(rows)
        expected = [restored] if self._tracker is None else [self._tracker.push(rows), restored]
        seen = rows[self._networks.targets].T.astype(np.float64)  # (n, F_t)
        return Readings(
            near=np.stack([seen - view for view in expected]),
            level=seen[np.newaxis],
            slow=self._slow.push(seen),
            latent=latent,
            expected=np.mean(expected, axis=0),
        )

    def _read_windows(self, rows: Array) -> tuple[FloatArray, FloatArray]:
        """Last row of each window as the linear network restores it, (n, F_t), and its code, (n, H)."""
        networks, window, count = self._networks, self._networks.window, rows.shape[1]
        context = rows if self._tail is None else np.concatenate([self._tail, rows], axis=1)
        self._tail = context[:, max(0, context.shape[1] - window + 1) :]
        whole = max(0, context.shape[1] - window + 1)  # windows, of which each ends with a new row
        restored = np.full((count, int(networks.targets.sum())), np.nan)
        if networks.autoencoder is None:
            latent = np.full((count, len(networks.linear.components)), np.nan)
        else:
            latent = np.full((count, networks.autoencoder["encoder.0.W_h"].shape[1]), np.nan)
        if whole:
            last, codes = networks.linear.rows(context)  # (whole, F), (whole, k)
            restored[count - whole :] = last[:, networks.targets]
            if networks.autoencoder is not None:
                codes = reconstruct_at(networks.autoencoder, context, window, position=0)[1]
            latent[count - whole :] = codes
        return restored, latent
