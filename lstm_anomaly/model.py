"""A trained model: everything that detection needs, and how it becomes named arrays and back."""

import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.errors import LstmAnomalyError, ModelFileError
from lstm_anomaly.network.autoencoder import Params, parameter_shapes
from lstm_anomaly.scoring.scaler import Scaler
from lstm_anomaly.storage import load_arrays, save_arrays
from lstm_anomaly.types import FloatArray


@dataclass(frozen=True)
class TrainingSummary:
    """What training did, in numbers that do not change from run to run (no dates, no seconds).

    rows              usable training rows
    rows_left_out     training rows in no segment long enough for a window
    fit_rows, validation_rows, calibration_rows   how the usable rows were split
    stride            rows between the starts of two windows that the weights were fitted to
    parameters        how many weights the network has
    losses            mean squared error of scaled rows on the fit windows, an epoch each
    validation_losses the same on the validation windows
    best_epoch        the epoch whose weights were kept, counted from 1
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
    seed: int
    first: str
    last: str
    versions: dict[str, str]


@dataclass(frozen=True)
class Model:
    """What `train` learned and `detect` uses.

    sensors       F names, in the order of every array's sensor axis
    step_seconds  sampling step, None when rows are only counted
    window        T, rows that a verdict looks back on, the judged row included
    hidden, layers  sizes of the network
    params        its weights by name
    scaler        own units to the network's scale and back
    error_unit    (F,) each sensor's mean squared reconstruction error on training rows, scaled
    threshold     the raw score above which a row is anomalous
    summary       what training did
    """

    sensors: tuple[str, ...]
    step_seconds: float | None
    window: int
    hidden: int
    layers: int
    params: Params
    scaler: Scaler
    error_unit: FloatArray
    threshold: Threshold
    summary: TrainingSummary

    @property
    def step(self) -> np.timedelta64 | None:
        """The sampling step as a time difference, None when rows are only counted."""
        return None if self.step_seconds is None else np.timedelta64(round(self.step_seconds * 1e9), "ns")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, atomically. Raises OutputError."""
        header = {
            "sensors": list(self.sensors),
            "step_seconds": self.step_seconds,
            "window": self.window,
            "hidden": self.hidden,
            "layers": self.layers,
            "threshold": self.threshold.to_dict(),
            "summary": asdict(self.summary),
        }
        arrays: dict[str, NDArray[Any]] = {
            "scaler.center": self.scaler.center,
            "scaler.scale": self.scaler.scale,
            "error_unit": self.error_unit,
            **self.params,
        }
        save_arrays(path, header, arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Model":
        """Read a model file. Raises ModelFileError when it is not one, damaged, or makes no sense."""
        header, arrays = load_arrays(path)
        try:
            return _from_parts(header, arrays)
        except (KeyError, TypeError, ValueError, LstmAnomalyError) as error:
            reason = f"its content makes no sense ({type(error).__name__}: {error})"
            raise ModelFileError(reason, where=os.fspath(path)) from error


def _from_parts(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Model:
    sensors = tuple(header["sensors"])
    window, hidden, layers = (header[name] for name in ("window", "hidden", "layers"))
    _check(len(set(sensors)) == len(sensors) > 0, "sensors are missing or doubled")
    _check(all(isinstance(name, str) for name in sensors), "a sensor's name is not text")
    _check(all(type(size) is int and size > 0 for size in (window, hidden, layers)), "a size is not positive")
    weights = parameter_shapes(len(sensors), hidden, layers)
    per_sensor = {name: (len(sensors),) for name in ("scaler.center", "scaler.scale", "error_unit")}
    shapes = {name: array.shape for name, array in arrays.items()}
    _check(shapes == {**weights, **per_sensor}, "arrays are not those that the sizes call for")
    _check(all(arrays[name].dtype == np.float32 for name in weights), "weights are not float32")
    _check(all(arrays[name].dtype == np.float64 for name in per_sensor), "statistics are not float64")
    _check(
        bool((arrays["scaler.scale"] > 0).all() and (arrays["error_unit"] > 0).all()),
        "a scale is not positive",
    )
    step = header["step_seconds"]
    _check(step is None or (isinstance(step, float) and step > 0), "the sampling step is not positive")
    summary = header["summary"]
    return Model(
        sensors=sensors,
        step_seconds=step,
        window=window,
        hidden=hidden,
        layers=layers,
        params={name: arrays[name] for name in weights},
        scaler=Scaler(arrays["scaler.center"], arrays["scaler.scale"]),
        error_unit=arrays["error_unit"],
        threshold=Threshold.from_dict(header["threshold"]),
        summary=TrainingSummary(
            **{**summary, **{name: tuple(summary[name]) for name in ("losses", "validation_losses")}}
        ),
    )


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
