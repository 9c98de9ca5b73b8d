"""A trained model: everything that detection needs."""

from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from lstm_anomaly.base.errors import InputError, SettingsError
from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, Resample, SensorFrame, TimeArray
from lstm_anomaly.decision.budget import DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.model.horizon import Horizon
from lstm_anomaly.preparing.calendar import UTC_DAYS, Calendar
from lstm_anomaly.preparing.off_rule import NEVER_OFF, OffRule
from lstm_anomaly.preparing.scaler import Scaler
from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.preparing.step_check import StepCheck
from lstm_anomaly.scoring.components import Components
from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression
from lstm_anomaly.scoring.fault_isolation import FaultIsolation
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.scoring.networks import Expectations, Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.states import OperatingStates
from lstm_anomaly.scoring.symbols.column import SymbolColumn
from lstm_anomaly.scoring.unseen import Unseen

MODEL_KINDS = ("lstm", "pure", "linear")


@dataclass(frozen=True)
class TrainingSummary:
    """What training did, in numbers that do not change from run to run (no dates, no seconds).

    rows              usable training rows
    rows_left_out     training rows in no segment long enough for a window
    fit_rows, validation_rows, calibration_rows   how the usable rows were split
    stride            rows between the starts of two windows that the weights were fitted to
    timed_out         networks whose training `--max-train-time` ended, joined by commas
    parameters        how many weights the networks have
    losses            mean squared error of scaled rows on the fit windows, an epoch each
    validation_losses the same on the validation windows
    best_epoch        the epoch whose weights were kept, counted from 1
    trimmed_rows      rows that stood out or looked like faults, and were left out
    held_out          mean squared errors on rows that the LSTMs were not fitted to: `forecast_lstm` and
                      `forecast_linear` of the next row, `restored_lstm` and `restored_linear` of rows
                      restored from their windows
    doubts            what keeps the training data from being a clean picture of normal, a clause each
    preset            how long the LSTMs were trained
    why_kind          why the model is of its kind
    seed              of the random generator
    first, last       time stamps of the training rows (ISO 8601), empty without time
    lowest, highest   of each sensor's readings in the training rows, in its own unit
    versions          of Python, NumPy and this program
    """

    rows: int
    rows_left_out: int
    fit_rows: int
    validation_rows: int
    calibration_rows: int
    stride: int
    timed_out: str
    parameters: int
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    best_epoch: int
    trimmed_rows: int
    held_out: dict[str, float]
    doubts: tuple[str, ...]
    preset: str
    why_kind: str
    seed: int
    first: str
    last: str
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    versions: dict[str, str]

    @property
    def span(self) -> FloatArray:
        """(2, F) each sensor's lowest and highest reading in the training rows."""
        return np.array([self.lowest, self.highest])


@dataclass(frozen=True)
class CalibrationEpisode:
    """One of the highest episodes of the calibration rows, for a person to say whether it was normal.

    start, end  time stamps as they stood in the input, or row numbers counted from 1; both included
    score       its peak, a multiple of the threshold
    sensor      the sensor that carried most of it
    """

    start: str
    end: str
    score: float
    sensor: str


@dataclass(frozen=True)
class Model:
    """What `train` learned and `detect` uses.

    kind          `linear` without an LSTM, `lstm` with both, `pure`: where there is an LSTM it alone counts
    sensors       F names, in the order of every array's sensor axis
    step_seconds  sampling step, None when rows are only counted
    max_fill      rows for which a missing reading takes the last one
    resample      how rows of one step are joined into one before they are judged, None when they are not
    look_ahead    rows after a row that its verdict waits for
    clock         whether the networks read the time of day, after the sensors
    roles         which sensors the networks read, which they forecast, which are ruled
    scaler        own units to the networks' scale and back, for all F sensors
    networks      what was fitted
    expectations  the linear regressions, and the weight of the LSTMs beside them
    states        operating states that were found
    components    usual sizes of residuals in each state, and limits of their moving averages
    unseen        limit of the distance from the nearest state
    novelty       values that ruled sensors have shown
    stillness     ranges below which a sensor reads flat
    cross_sensor  regression of each sensor on the others: imputes a missing one
    isolation     names the sensor at fault
    threshold     the largest multiple of a limit above which a row is anomalous
    familiar      scores and readings in training, for the check of drift
    strangest     the highest episodes of the calibration rows, the highest first
    null_values   texts that stood for "no reading" in the training rows, and do in those to be judged
    summary       what training did
    off           in which rows the plant is off, which are neither learned nor judged
    calendar      what local days are, and whether their kind counts
    horizon       what forecasts the rows to come, None in a model that was trained without
    symbols       what is known of the sensors that are symbols
    session       column whose changes begin new sequences of symbols, None when there is none
    """

    kind: str
    sensors: tuple[str, ...]
    step_seconds: float | None
    max_fill: int
    resample: Resample | None
    look_ahead: int
    clock: bool
    roles: SensorRoles
    scaler: Scaler
    networks: Networks
    expectations: Expectations
    states: OperatingStates
    components: Components
    unseen: Unseen
    novelty: NoveltyRule
    stillness: Stillness
    cross_sensor: CrossSensorRegression
    isolation: FaultIsolation
    threshold: Threshold
    familiar: Familiar
    strangest: tuple[CalibrationEpisode, ...]
    summary: TrainingSummary
    null_values: tuple[str, ...] = ()
    horizon: Horizon | None = None
    off: OffRule = NEVER_OFF
    calendar: Calendar = UTC_DAYS
    symbols: tuple[SymbolColumn, ...] = ()
    session: str | None = None

    @property
    def is_symbols_only(self) -> bool:
        """Whether no sensor has readings that are numbers."""
        return len(self.symbols) == len(self.sensors)

    @property
    def window(self) -> int:
        """T: the first T - 1 rows of a stretch cannot be judged."""
        return self.networks.window

    @property
    def step(self) -> np.timedelta64 | None:
        """The sampling step as a time difference, None when rows are only counted."""
        return None if self.step_seconds is None else np.timedelta64(round(self.step_seconds * 1e9), "ns")

    @property
    def sizes(self) -> dict[str, int]:
        """What letters stand for in the shapes of what is remembered of rows, as in `schema.py`."""
        gauges = int(self.roles.inputs.sum())
        return {
            "F": len(self.sensors),
            "G": gauges,  # the sensors among the networks' rows
            "I": gauges + (self.calendar.row_count if self.clock else 0),
            "Y": int(self.roles.targets.sum()),
            "R": len(self.novelty.sensors),
            "S": len(self.symbols),
        }

    def network_rows(self, values: FloatArray, times: TimeArray | None) -> Float32Array:
        """What the networks read of rows (n, F) in own units at UTC times (n,), (F_in, n).

        Raises InputError when they need the time of day and there are no times.
        """
        self._require_times(times)
        scaled = self.scaler.transform(values)[self.roles.inputs]
        return (
            np.concatenate([scaled, self.calendar.rows(times)])
            if self.clock and times is not None
            else scaled
        )

    def resampled_by(self, rule: str | None) -> "Model":
        """The model for finer rows, which are joined by this rule; None: as it is. Raises SettingsError."""
        if rule is None:
            return self
        if self.step_seconds is None:
            raise SettingsError(
                "--resample-by needs a model that was trained on rows with time stamps", hint="leave it out"
            )
        return replace(self, resample=cast(Resample, rule))

    def step_check(self) -> StepCheck:
        """What looks whether rows are as far apart as the model's."""
        return StepCheck(self.step, is_joined=self.resample is not None)

    def check_step(self, frame: SensorFrame) -> None:
        """Raise InputError, naming the input, when its rows are not as far apart as the model's."""
        times = None if frame.times is None else np.sort(frame.times)
        self.step_check().push(times, ", ".join(frame.sources))

    def check_times(self, frame: SensorFrame) -> None:
        """Raise InputError, naming the input, when it has no times and the model goes by the time of day."""
        self._require_times(frame.times, ", ".join(frame.sources))

    def _require_times(self, times: TimeArray | None, where: str = "") -> None:
        if self.clock and times is None:
            raise InputError(
                "the rows have no time stamps, and the model judges them by the time of day",
                where=where,
                hint="rows with a time column, or a model of rows without one",
            )


NOT_LEARNED = Threshold(
    value=1.0,
    method="fixed",
    level=1.0,
    certified=False,
    budget=Budget.parse(DEFAULT_ROW_BUDGET),
    confidence=0.9,
    rows=0,
    left_out=0,
    step_seconds=None,
    merge_gap=0,
    allowed=-1,
    episodes=0,
    margin=1.0,
)
"""Of a model that has no threshold yet."""


def with_clock(targets: BoolArray, calendar: Calendar) -> BoolArray:
    """Which of the networks' rows are forecast, (F_in,), when those of the clock follow."""
    return np.concatenate([targets, np.zeros(calendar.row_count, dtype=np.bool_)])
