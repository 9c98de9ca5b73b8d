"""The networks of a model at work on rows as they come: from scaled rows to errors and latent states."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.forking import run_both, shared_empty, usable_cores
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.row_scoring import reconstruct_at
from lstm_anomaly.network.tracking import Forecaster, ForecastTracker, SlowMeans
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.types import BoolArray, FloatArray

Array = NDArray[Any]

WORTH_A_PROCESS = 2048  # rows


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
        """Read the next scaled rows (F, n), many of them with two processor cores."""
        networks, tracker, count = self._networks, self._tracker, rows.shape[1]
        apart = tracker is not None and count >= WORTH_A_PROCESS and usable_cores() > 1
        make = shared_empty if apart else np.empty
        restored = make((count, int(networks.targets.sum())), np.float64)
        latent = make((count, self._code_size()), np.float64)
        expected = [restored]
        context = rows if self._tail is None else np.concatenate([self._tail, rows], axis=1)
        self._tail = context[:, max(0, context.shape[1] - networks.window + 1) :]

        def follow_rows() -> None:
            if tracker is not None:
                expected.insert(0, tracker.push(rows))

        run_both(follow_rows, lambda: self._read_windows(context, restored, latent), apart)
        seen = rows[networks.targets].T.astype(np.float64)  # (n, F_t)
        return Readings(
            near=np.stack([seen - view for view in expected]),
            level=seen[np.newaxis],
            slow=self._slow.push(seen),
            latent=latent,
            expected=np.mean(expected, axis=0),
        )

    def _code_size(self) -> int:
        autoencoder = self._networks.autoencoder
        size = (
            len(self._networks.linear.components) if autoencoder is None else autoencoder["output.W"].shape[1]
        )
        return int(size)

    def _read_windows(self, context: Array, restored: FloatArray, latent: FloatArray) -> None:
        """Write the last row of each window as the linear network restores it to `restored` (n, F_t), and
        the window's code to `latent` (n, H); NaN for rows that end no window.
        """
        networks, count = self._networks, len(restored)
        whole = max(0, context.shape[1] - networks.window + 1)  # windows, of which each ends with a new row
        restored[: count - whole] = latent[: count - whole] = np.nan
        if whole:
            last, codes = networks.linear.rows(context)  # (whole, F), (whole, k)
            restored[count - whole :] = last[:, networks.targets]
            if networks.autoencoder is not None:
                codes = reconstruct_at(networks.autoencoder, context, networks.window, position=0)[1]
            latent[count - whole :] = codes
