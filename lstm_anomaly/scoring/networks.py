"""The networks of a model at work on rows as they come: from scaled rows to residuals."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.processes import usable_cores
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.threads import run_both
from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray
from lstm_anomaly.network.autoencoder import Params
from lstm_anomaly.network.following import RUN, RUN_UP, following_work
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.regression import LONGEST_LAG, Regression, with_run_up
from lstm_anomaly.network.sliding_windows import SHARED, context_rows, restore_rows, restoring_work
from lstm_anomaly.network.tracking import Forecaster, ForecastTracker
from lstm_anomaly.scoring.residuals import Residuals, mixed

Array = NDArray[Any]

LSTMS = ("forecaster", "autoencoder")
WORTH_A_THREAD = 2048  # rows


@dataclass(frozen=True)
class Networks:
    """What was fitted to the training rows.

    window       T, rows of a window, the judged one included
    targets      (F,) which of the F input rows have errors that count
    linear       principal components of windows: the linear autoencoder
    forecaster   the LSTM that forecasts the next row; None in a linear model
    autoencoder  the LSTM autoencoder; None in a linear model
    """

    window: int
    targets: BoolArray
    linear: LinearAutoencoder
    forecaster: Forecaster | None = None
    autoencoder: Params | None = None

    def without_lstm(self) -> "Networks":
        """The linear network alone."""
        return replace(self, forecaster=None, autoencoder=None)

    @property
    def names(self) -> tuple[str, ...]:
        """The networks that expect something of a row, in the order of the views of `NetworkErrors`."""
        all_names = ("forecaster", "autoencoder", "linear")
        return tuple(name for name in all_names if getattr(self, name) is not None)


# What a row's errors depend on beside the rows and the networks: memories of other numbers are of no use.
READING = {"run": RUN, "run-up": RUN_UP, "shared": SHARED}


@dataclass(frozen=True)
class NetworkErrors:
    """How far n rows are from what the networks expected, on their scale; NaN where one cannot say yet.

    errors    (S, n, F_t) the row less what each network expected, in the order of the model's networks
    level     (1, n, F_t) the row less the mean of training
    """

    errors: FloatArray
    level: FloatArray

    @classmethod
    def joined(cls, parts: list["NetworkErrors"]) -> "NetworkErrors":
        """Those of several stretches, one after the other."""
        if len(parts) == 1:  # a copy of very many sensors' errors is large
            return parts[0]
        return cls(
            errors=np.concatenate([part.errors for part in parts], axis=1),
            level=np.concatenate([part.level for part in parts], axis=1),
        )


@saved_as("network reader")
class NetworkReader:
    """Reads the rows of one stretch, in order and in any pieces, with every network of a model."""

    _networks: Networks
    _tracker: ForecastTracker | None
    _seen: int
    _tail: Annotated[Float32Array, "I n"] | None

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._tracker = None if networks.forecaster is None else ForecastTracker(networks.forecaster)
        self._seen = 0  # rows
        self._tail: Array | None = None  # the last of them, which the next windows begin with

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        seen = 0 if self._tail is None else self._tail.shape[1]
        return seen == min(self._seen, context_rows(self._networks.window))

    def push(self, rows: Array) -> NetworkErrors:
        """Read the next scaled rows (F, n), many of them with two processor cores."""
        networks, tracker, count = self._networks, self._tracker, rows.shape[1]
        apart = tracker is not None and count >= WORTH_A_THREAD and usable_cores() > 1
        restoring = 1 if networks.autoencoder is None else 2
        restored = np.empty((restoring, count, int(networks.targets.sum())), np.float64)  # (1 or 2, n, F_t)
        expected: list[FloatArray] = []
        context = rows if self._tail is None else np.concatenate([self._tail, rows], axis=1)  # (F, m)
        self._tail = context[:, max(0, context.shape[1] - context_rows(networks.window)) :]
        self._seen += count
        shared = count if not apart else int(count * self._share_beside())

        def here() -> None:
            if tracker is not None:
                expected.append(tracker.push(rows))
            self._restore(context, restored, slice(shared, count))

        run_both(here, lambda: self._restore(context, restored, slice(0, shared)), apart)
        seen = rows[networks.targets].T.astype(np.float64)  # (n, F_t)
        errors = np.stack([seen - view for view in (*expected, *restored)])  # (S, n, F_t)
        return NetworkErrors(errors=errors, level=seen[np.newaxis])

    def _restore(self, context: Array, restored: FloatArray, part: slice) -> None:
        """Write the rows of a part as the autoencoders restore them to `restored` (1 or 2, n, F_t): as the
        LSTM does if there is one, as the linear one does last; NaN for rows that end no window.
        """
        networks, count = self._networks, restored.shape[1]
        before = context.shape[1] - count  # rows of the context that are not new
        first = min(max(part.start, networks.window - 1 - (self._seen - count)), part.stop)
        restored[:, part.start : first] = np.nan
        if first == part.stop:
            return
        wanted = slice(before + first, before + part.stop)
        if networks.autoencoder is not None:
            number = self._seen - context.shape[1]
            expected = restore_rows(networks.autoencoder, context, networks.window, number, wanted)  # (n, F)
            restored[0, first : part.stop] = expected[:, networks.targets]
        windows = context[:, wanted.start - networks.window + 1 : wanted.stop]  # (F, n + T - 1)
        restored[-1, first : part.stop] = networks.linear.last_rows(windows)[:, networks.targets]

    def _share_beside(self) -> float:
        """The share of rows to restore beside the forecaster, so that both threads have as much to do."""
        networks = self._networks
        if networks.forecaster is None or networks.autoencoder is None:
            return 1.0
        following = following_work(networks.forecaster.params)
        restoring = restoring_work(networks.autoencoder, networks.window)
        return min(1.0, (following + restoring) / (2 * restoring))


@dataclass(frozen=True)
class Expectations:
    """What the views need beside the networks.

    forecast, related  the two regressions
    shares             (2, F_t) share of the LSTM in its view, and of the autoencoder in the restored row
    """

    forecast: Regression
    related: Regression
    shares: FloatArray


def unjudged_rows(window: int, forecast: Regression, *, resumes: bool) -> int:
    """How many first rows of a stretch are not judged: those that end no window.

    Where it `resumes` right after a stop, only those that there can be no forecast of: a plant that stops
    every night is to be watched in the morning. Views that look back farther say nothing of them.
    """
    return min(window - 1, forecast.reach) if resumes else window - 1


@saved_as("residual reader")
class ResidualReader:
    """Reads the rows of one stretch, in order and in any pieces, by all views of a model."""

    _networks: Networks
    _expectations: "Expectations"
    _reader: NetworkReader
    _before: Annotated[Float32Array, f"I {LONGEST_LAG}"] | None
    _seen: int

    def __init__(self, networks: Networks, expectations: Expectations) -> None:
        self._networks, self._expectations = networks, expectations
        self._reader = NetworkReader(networks)
        self._before: Float32Array | None = None  # (F, LONGEST_LAG) the rows before the next ones
        self._seen = 0  # rows

    def push(self, rows: Float32Array) -> Residuals:
        """The next scaled rows (F, n), n at least 1."""
        context = with_run_up(rows) if self._before is None else np.concatenate([self._before, rows], axis=1)
        self._before = context[:, -LONGEST_LAG:]
        by_network = self._reader.push(rows)
        level = by_network.level[0]  # (n, F_t)
        forecast, related = (
            level - regression.expected(context)
            for regression in (self._expectations.forecast, self._expectations.related)
        )
        forecast[: max(0, self._expectations.forecast.reach - self._seen)] = np.nan
        related[: max(0, self._expectations.related.reach - self._seen)] = np.nan
        self._seen += rows.shape[1]
        shares, restored, by_lstm = (
            self._expectations.shares,
            by_network.errors[-1],
            np.full_like(level, np.nan),
        )
        lstm, autoencoder = (lstm_errors(self._networks, by_network, name) for name in LSTMS)
        if lstm is not None and autoencoder is not None:
            by_lstm, restored = mixed(forecast, lstm, shares[0]), mixed(restored, autoencoder, shares[1])
        return Residuals(np.stack([forecast, restored, related, by_lstm]), level)


def lstm_errors(networks: Networks, by_network: NetworkErrors, name: str) -> FloatArray | None:
    """The errors (n, F_t) of one LSTM, None where there is none."""
    return by_network.errors[networks.names.index(name)] if name in networks.names else None
