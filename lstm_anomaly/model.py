"""A trained model: everything that detection needs."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.network_reader import Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.scoring.score import Bounds
from lstm_anomaly.scoring.sensors import SensorRoles
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.scoring.statistics import Usual
from lstm_anomaly.types import Resample


@dataclass(frozen=True)
class TrainingSummary:
    """What training did, in numbers that do not change from run to run (no dates, no seconds).

    rows              usable training rows
    rows_left_out     training rows in no segment long enough for a window
    fit_rows, validation_rows, calibration_rows   how the usable rows were split
    stride            rows between the starts of two windows that the weights were fitted to
    parameters        how many weights the networks have
    losses            mean squared error of scaled rows on the fit windows, an epoch each
    validation_losses the same on the validation windows
    best_epoch        the epoch whose weights were kept, counted from 1
    near_errors       for each network its mean squared error of the judged row on validation rows
    seed              of the random generator
    first, last       time stamps of the training rows (ISO 8601), empty without time
    versions          of Python, NumPy and this program
    """

    rows: int
    rows_left_out: int
    fit_rows: int
    validation_rows: int
    calibration_rows: int
    stride: int
    parameters: int
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    best_epoch: int
    near_errors: dict[str, float]
    seed: int
    first: str
    last: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Model:
    """What `train` learned and `detect` uses.

    kind          `lstm`, or `linear` for the baseline without any
    sensors       F names, in the order of every array's sensor axis
    step_seconds  sampling step, None when rows are only counted
    max_fill      rows for which a missing reading takes the last one
    resample      how rows of one step are joined into one before they are judged, None when they are not
    look_ahead    rows after a row that its verdict waits for
    roles         which sensors the networks read, which they forecast, which are ruled
    scaler        own units to the networks' scale and back, for all F sensors
    networks      what was fitted
    usual         what is usual for their errors and states
    bounds        the most that one row may count in a long memory
    novelty       values that ruled sensors have shown
    sides         what reads flat, and what is outside anything seen in training
    threshold     the raw score above which a row is anomalous
    summary       what training did
    """

    kind: str
    sensors: tuple[str, ...]
    step_seconds: float | None
    max_fill: int
    resample: Resample | None
    look_ahead: int
    roles: SensorRoles
    scaler: Scaler
    networks: Networks
    usual: Usual
    bounds: Bounds
    novelty: NoveltyRule
    sides: Sides
    threshold: Threshold
    summary: TrainingSummary

    @property
    def window(self) -> int:
        """T: the first T - 1 rows of a stretch cannot be judged."""
        return self.networks.window

    @property
    def step(self) -> np.timedelta64 | None:
        """The sampling step as a time difference, None when rows are only counted."""
        return None if self.step_seconds is None else np.timedelta64(round(self.step_seconds * 1e9), "ns")
