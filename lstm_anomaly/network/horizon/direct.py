"""All ways to forecast a horizon from a look-back, by name."""

from dataclasses import dataclass, field

import numpy as np

from lstm_anomaly.base.types import Array, FloatArray, IntArray
from lstm_anomaly.network.horizon.baselines import last_period, last_value, last_week, mean_period
from lstm_anomaly.network.horizon.ridge import ridge_changes
from lstm_anomaly.network.horizon.segment_lstm import Params, SegmentWorkspace, forecast_changes

METHODS = ("blend", "lstm", "ridge", "seasonal", "weekly", "level", "average", "last")
FITTED = ("blend", "lstm", "ridge")  # their errors on rows that they were fitted to say little
PERIODIC = ("seasonal", "average")
WEEKLY = ("weekly", "level")
FAR = 1e3  # training standard deviations; what is farther off says no more than "very far"


@dataclass(frozen=True)
class DirectForecaster:
    """What was fitted to forecast S steps from the L rows before.

    look_back  L; steps: S
    period     p rows after which readings repeat, 0 when they do not
    week       rows of a week, where the period is a day and a look-back holds a week and a day; else 0
    center, scale  (F,) mean and spread of each sensor in training, in its own unit
    lstm       see `segment_lstm_shapes`; shared by all sensors; None where there is to be no LSTM
    ridge      see `fit_ridge`; likewise
    blend      (F, methods) how much each of METHODS weighs in their mean; nothing for the mean itself
    """

    look_back: int
    steps: int
    period: int
    week: int
    center: FloatArray
    scale: FloatArray
    lstm: Params | None
    ridge: Array
    blend: FloatArray
    _workspaces: dict[int, SegmentWorkspace] = field(default_factory=dict, compare=False, repr=False)

    @property
    def methods(self) -> tuple[str, ...]:
        """Those that can be used: without a period there is no last one."""
        missing = (*(() if self.period else PERIODIC), *(() if self.week else WEEKLY))
        missing += () if self.lstm is not None else ("lstm",)
        return tuple(name for name in METHODS if name not in missing)

    def changes(self, method: str, x: Array, sensors: IntArray) -> Array:
        """How each of the next steps (S, B) differs from the last value, in training standard deviations.

        x (L, B) are look-backs of the sensors (B,), less their last values and in the same unit.
        """
        if method == "last":
            return last_value(x, self.steps)
        if method == "seasonal":
            return last_period(x, self.steps, self.period)
        if method == "weekly":
            return last_period(x, self.steps, self.week)
        if method == "level":
            return last_week(x, self.steps, self.week, self.period)
        if method == "average":
            return mean_period(x, self.steps, self.period)
        if method == "ridge":
            return ridge_changes(self.ridge, x)
        if method == "blend":
            return self._blended(x, sensors)
        assert self.lstm is not None, "its methods are none of `methods`"
        workspace = self._workspace(self.lstm, x.shape[1])
        return forecast_changes(self.lstm, x, sensors, workspace)[: self.steps]

    def _blended(self, x: Array, sensors: IntArray) -> Array:
        """The weighted mean of the methods, (S, B)."""
        weights = self.blend[sensors].astype(x.dtype)  # (B, methods)
        mean = np.zeros((self.steps, x.shape[1]), x.dtype)
        for number in np.flatnonzero(weights.any(axis=0)).tolist():
            mean += weights[:, number] * self.changes(METHODS[number], x, sensors)
        return mean

    def _workspace(self, params: Params, batch: int) -> SegmentWorkspace:
        if batch not in self._workspaces:
            read = self.look_back // params["embed.W"].shape[1]
            self._workspaces[batch] = SegmentWorkspace(params, read, batch)
        return self._workspaces[batch]


def scaled(values: FloatArray, center: FloatArray, scale: FloatArray) -> FloatArray:
    """Readings (F, n) in own units by the training rows' mean and spread (F,); not beyond `FAR`."""
    with np.errstate(over="ignore"):
        far: FloatArray = (values - center[:, np.newaxis]) / scale[:, np.newaxis]
    return np.clip(far, -FAR, FAR)
