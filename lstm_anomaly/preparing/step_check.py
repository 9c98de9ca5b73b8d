"""Are new rows as far apart as those that the model was trained on? Others make no sense to it.

Rows every minute in a model of five minutes read flat; rows every ten minutes jump.
"""

from typing import Annotated

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import IntArray, TimeArray
from lstm_anomaly.preparing.report import duration

STEPS = 20  # differences of time stamps that tell
NEAREST, FARTHEST = 0.6, 1.7  # times the step: what is still the same one
MOST_OTHERS = 0.8  # share of the differences that must be another step: a hole is none


@saved_as("step check")
class StepCheck:
    """Looks at the first time stamps of an input, which may come in pieces."""

    _step: np.timedelta64 | None
    _nearest: float
    _steps: Annotated[IntArray, "n"]
    _last: Annotated[IntArray, "m"]

    def __init__(self, step: np.timedelta64 | None, *, is_joined: bool) -> None:
        """`step` of the model, None when its rows are only counted; `is_joined`: finer rows are resampled."""
        self._step = step
        self._nearest = 0.0 if is_joined else NEAREST
        self._steps: IntArray = np.empty(0, np.int64)  # ns
        self._last: IntArray = np.empty(0, np.int64)

    def push(self, times: TimeArray | None, where: str) -> None:
        """Take the next time stamps, (n,). Raises InputError, naming the input, when rows do not fit."""
        if self._step is None or times is None or len(self._steps) >= STEPS:
            return
        known = np.concatenate(
            [self._last, times[~np.isnat(times)].astype("datetime64[ns]").astype(np.int64)]
        )
        self._last = known[-1:]
        steps = np.diff(known)
        self._steps = np.concatenate([self._steps, steps[steps > 0]])[:STEPS]
        if len(self._steps) < STEPS:
            return
        ratio = self._steps / float(self._step.astype("timedelta64[ns]").astype(np.int64))
        if float(np.mean((ratio < self._nearest) | (ratio > FARTHEST))) < MOST_OTHERS:
            return
        usual = np.timedelta64(round(float(np.median(self._steps))), "ns")
        told = f"rows come every {duration(usual)}, and the model knows one every {duration(self._step)}"
        if usual < self._step:
            hint = "--resample-by last (or mean, max), which joins them; or a model of rows like these"
        else:
            hint = f"a model trained with --resample {duration(usual).replace(' ', '')}"
        raise InputError(told, where=where, hint=hint)
