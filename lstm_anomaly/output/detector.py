"""The Python interface: fit, score, predict, detect, save and load, on arrays or data frames."""

import difflib
import os
import warnings
from dataclasses import fields, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.blas import one_thread
from lstm_anomaly.base.bounds import check_number, short
from lstm_anomaly.base.errors import InputError, OutputError, SensorsError, SettingsError
from lstm_anomaly.base.text import count, listed
from lstm_anomaly.base.types import (
    MOST_READING,
    BoolArray,
    FloatArray,
    IntArray,
    SensorFrame,
    SymbolColumns,
    TimeArray,
)
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.events import EventRules
from lstm_anomaly.detecting.batch import Detection, detect
from lstm_anomaly.detecting.forecast import Forecast, forecast
from lstm_anomaly.detecting.places import place
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import Judge
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.model import Model
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import data_frame, match_sensors
from lstm_anomaly.training.fit_networks import OnEpoch
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Arguments are named as the options of `train`; these are called otherwise inside.
_NAMED_OTHERWISE = {"model_kind": "kind", "threshold": "threshold_level"}
_INSIDE = {"kind", "threshold_level", "budget", "trained"}  # settings that are no arguments
ARGUMENTS = (
    "false_alarms",
    *_NAMED_OTHERWISE,
    *(field.name for field in fields(LearningSettings) if field.name not in _INSIDE),
)
_OF_EVENT = ("start", "end", "peak", "rows", "score", "severity")
_OF_SENSOR = ("sensor", "kind", "seen", "usual_low", "usual_high", "lowest", "highest")


class Detector:
    """Learns what normal rows look like, and scores rows by how far they depart from it.

    X is always rows of sensor readings, oldest first, a fixed time apart: an array
    (n_rows, n_sensors), or a DataFrame, whose column names are then the sensors' and whose
    DatetimeIndex, when it has one, gives the times, so that gaps are seen. NaN is a missing
    reading: short holes are filled with the last value, longer ones make rows that cannot be judged.

    A score is a multiple of the threshold: higher is more abnormal, above 1 is anomalous, 1001 is the
    highest there is, NaN means that the row could not be judged (a missing reading, or fewer than `window`
    rows before it). Rows after one above 1 are held at 1.01 for a while, see `decision/holding.py`. A row's
    score depends on the rows up to itself, and on `look_ahead` later ones if that is asked for.

    The method: three views say what each sensor should read. The rows before it (linear regression, and an
    LSTM forecaster), its window as principal components and an LSTM autoencoder restore it (Malhotra et al.
    2016, https://arxiv.org/abs/1607.00148), and the other sensors (linear regression). What a reading is
    off by, divided by what is usual in the plant's operating state, is remembered over several lengths, and
    each such component has a limit of its own. A row's score is the farthest above its limit; see
    docs/how-it-scores.md. The threshold keeps a budget of false alarms on all training rows, each judged by
    parts that were not fitted to it.

    While it computes, NumPy's OpenBLAS uses one thread, which is faster for products as small as these; the
    caller's number of threads is back when a method returns or raises.

    Args:
        false_alarms: Budget such as "1/week", "2/day" or "1/10000rows"; "auto", or left out: what the rows
            can support.
        settings: Named as the options of `lstm-anomaly train`, all optional; those left out are chosen from
            the data.

            - model_kind: "linear" without an LSTM, "lstm" with both, "pure": where there is an LSTM it alone
              counts; "auto": "lstm" where an LSTM does much better on held-out rows, else "linear"
            - preset: "fast", "default" or "thorough": how long the LSTMs are trained
            - look_ahead: later rows that a row's verdict may wait for
            - window: rows of the windows that the networks see, the judged row included
            - stride: rows between the starts of two training windows
            - hidden: units of each LSTM; layers: LSTMs on top of each other
            - epochs, batch_size, learning_rate, patience, weight_decay: of training
            - max_train_time: seconds after which training ends with the best weights so far
            - seed: of all randomness: the same seed and data give the same model
            - confidence: with which the budget shall hold
            - threshold_method, threshold: how the threshold is learned, and its level; a threshold alone is
              fixed
            - merge_gap: rows: anomalous rows at most this far apart are one event
            - horizon: how far `forecast` shall reach, in rows or as a timedelta; 0: none
            - trim: largest share of rows that training may leave out because they stand out; 0: faults stay
            - off: conditions under which the plant is off, such as "speed_rpm < 10"
            - tz: the zone whose time of day the rows follow, such as "Europe/Vienna"
            - holidays: dates that are like Sundays, such as "2026-12-25"

    Example:
        >>> detector = Detector(seed=1).fit(normal)  # doctest: +SKIP
        >>> detector.predict(new, unjudged=-1)  # doctest: +SKIP
        array([-1, -1, 0, ..., 1])
    """

    def __init__(self, *, false_alarms: str | None = None, **settings: Any) -> None:
        budget = None if false_alarms in (None, "auto") else Budget.parse(str(false_alarms))
        self._given = settings if false_alarms is None else {"false_alarms": false_alarms, **settings}
        self._settings = LearningSettings(budget=budget, **_learning_settings(settings))
        self._model: Model | None = None

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        if self._model is None:
            return f"Detector({given}), not fitted"
        model = self._model
        return (
            f"Detector({given}), fitted to {len(model.sensors)} sensors: {model.kind}, window {model.window}"
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Detector":
        """A fitted detector from a model file. Raises ModelFileError."""
        _check_path(path)
        detector = cls()
        detector._model = read_model(path)
        return detector

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a file, atomically. Raises OutputError."""
        _check_path(path)
        write_model(self.model_, path)

    @property
    def model_(self) -> Model:
        """The fitted model: sensors, window, weights, threshold, training summary."""
        if self._model is None:
            raise RuntimeError("this Detector is not fitted yet; call fit first, or Detector.load")
        return self._model

    @property
    def threshold_(self) -> float:
        """The multiple of a limit that counts as a score of 1."""
        return self.model_.threshold.value

    def fit(self, X: Any, y: object = None, *, on_epoch: OnEpoch | None = None) -> "Detector":
        """Learn from rows that are mostly normal; `y` is ignored, `on_epoch(network, report)` is called
        after each epoch of a network.

        Raises NotEnoughDataError, TrainingError, ThresholdError or SettingsError (all LstmAnomalyError).
        """
        if on_epoch is not None and not callable(on_epoch):
            raise SettingsError(
                f"on_epoch is {short(on_epoch)}, but must be a function",
                hint="on_epoch=lambda *news: print(news)",
            )
        series, _report = clean(frame_of(X))
        with one_thread():
            self._model = learn(series, self._settings, on_epoch)
        return self

    def score(self, X: Any) -> FloatArray:
        """A score for each row, (n_rows,): multiples of the threshold, NaN where not judged."""
        return self._detection(X).row_scores()

    def predict(self, X: Any, *, unjudged: int | None = None) -> IntArray:
        """1 for each anomalous row, 0 for the others, (n_rows,), `unjudged` for rows that were not judged.

        Without `unjudged` those are 0, too, and a UserWarning says how many there are.
        """
        if unjudged is not None:
            check_number("unjudged", unjudged, Integral, -(2**31), 2**31)
        scores = self.score(X)
        unknown = np.isnan(scores)
        if unjudged is None and unknown.any():
            warnings.warn(
                f"{int(unknown.sum())} of {len(scores)} rows could not be judged (a missing reading, or fewer"
                f" than {self.model_.window} rows before it) and are told as 0; predict(X, unjudged=-1) tells"
                " them apart",
                stacklevel=2,
            )
        return np.where(unknown, unjudged or 0, scores > 1).astype(np.int64)

    def detect(self, X: Any, rules: EventRules | None = None) -> list[Event]:
        """The events: runs of anomalous rows with their peak and the sensors that carry the error.

        Rows in an event are rows of X, counted from 0; `end` is inclusive.
        """
        detection = self._detection(X, rules)
        rows = detection.frame_rows()
        return [event.renumbered(rows) for event in detection.events]

    def forecast(self, X: Any, steps: int | None = None, method: str | None = None) -> Forecast:
        """What comes after the rows X: `values` (n_sensors, steps) and `interval(0.8)`, in own units.

        Fit with `horizon=` a number of rows, or a timedelta; a day is the default where X has times.
        `steps` may be fewer. Raises InputError when the model has no horizon, SettingsError when it is
        shorter than `steps`.
        """
        frame = _matched(frame_of(X), X, self.model_.sensors)
        with one_thread():
            return forecast(self.model_, frame, steps, method)

    def events_frame(self, X: Any, rules: EventRules | None = None) -> Any:
        """The events as a DataFrame, a row an event: places, score, severity, what its first sensor did.

        `sentence` says what happened. Rows without times are `line 1`, `line 2`, ...
        """
        detection = self._detection(X, rules)
        rows = detection.frame_rows()
        events = [place(event, detection.frame, rows).as_dict() for event in detection.events]
        first = [event["sensors"][0] if event["sensors"] else {} for event in events]
        columns = {name: [event[name] for event in events] for name in _OF_EVENT}
        columns |= {name: [part.get(name) for part in first] for name in _OF_SENSOR}
        return data_frame(columns | {"sentence": [event["sentence"] for event in events]})

    def plot(self, X: Any, event: int | None = None, rules: EventRules | None = None) -> "Figure":
        """A matplotlib figure of all rows, or of one event, by its place in what `detect` gives.

        Above is the score against the limit, with the events shaded; below are the sensors that carry most of
        them, as seen and as expected. Needs the extra `plot`. Raises OutputError where it is not installed,
        SettingsError when there is no such event.
        """
        if event is not None:
            check_number("event", event, Integral, -(2**31), 2**31)
        try:
            from lstm_anomaly.output.report.event_plots import figure
            from lstm_anomaly.output.report.series_plot import series_figure
        except ModuleNotFoundError as error:
            raise OutputError(
                f"pictures need the package {error.name}, which is not installed",
                hint="pip install 'lstm-anomaly[plot]'",
            ) from error
        detection = self._detection(X, rules)
        if event is None:
            return series_figure(detection)
        events = len(detection.events)
        if not -events <= event < events:
            raise SettingsError(
                f"there is no event {event}: these rows have {count(events, 'event')}",
                hint="events_frame(X) lists them, from 0",
            )
        found = detection.events[event]
        placed = place(found, detection.frame, detection.frame_rows())
        return figure(detection.events.index(found) + 1, placed, detection.view(found))

    def stream(self) -> Judge:
        """A judge that scores rows as they come, `judge.push(rows).scores`, equal to `score` of the whole.

        Where the model goes by the time of day (`model_.clock`) it is `judge.push(rows, times)`.
        """
        return _Stream(self.model_)

    def _detection(self, X: Any, rules: EventRules | None = None) -> Detection:
        if rules is not None and not isinstance(rules, EventRules):
            raise SettingsError(
                f"rules is {short(rules)}, but must be EventRules", hint="EventRules(merge_gap=3)"
            )
        frame = _matched(frame_of(X), X, self.model_.sensors)
        with one_thread():
            return detect(self.model_, frame, rules)


class _Stream(Judge):
    """A judge for programs that want their own number of threads back after each call."""

    def push(
        self,
        values: FloatArray,
        times: TimeArray | None = None,
        starts: BoolArray | None = None,
        symbols: SymbolColumns | None = None,
    ) -> Judgement:
        """As `Judge.push`, of what `score` takes; raises InputError, SensorsError or SettingsError else."""
        values = _matched(frame_of(values), values, self._model.sensors).values
        times = None if times is None else _one_a_row("times", times, "datetime64[ns]", len(values))
        starts = None if starts is None else _one_a_row("starts", starts, "bool", len(values))
        with one_thread():
            return super().push(values, times, starts, symbols)

    def finish(self) -> Judgement:
        with one_thread():
            return super().finish()


def _one_a_row(name: str, given: Any, dtype: str, rows: int) -> NDArray[Any]:
    """An argument as an array (rows,). Raises SettingsError where it cannot be one."""
    try:
        array = np.asarray(given, dtype)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{name} is {short(given)}, but must be an array of {dtype}") from error
    if array.shape != (rows,):
        raise SettingsError(f"{name} has the shape {array.shape}, but must have ({rows},): one for each row")
    return array


def _check_path(path: object) -> None:
    """Raise SettingsError for what names no file."""
    if not isinstance(path, (str, os.PathLike)):
        raise SettingsError(f"path is {short(path)}, but must be the name of a file")


def _learning_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments as fields of `LearningSettings`. Raises SettingsError for an unknown one."""
    for name in given:
        if name not in ARGUMENTS:
            near = [each for each in ARGUMENTS if name in each]
            near += difflib.get_close_matches(name, ARGUMENTS, n=1, cutoff=0.5)
            raise SettingsError(
                f"there is no setting '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""),
                hint="one of " + ", ".join(ARGUMENTS),
            )
    settings = {_NAMED_OTHERWISE.get(name, name): value for name, value in given.items()}
    if "threshold_level" in settings:
        settings.setdefault("threshold_method", "fixed")
    for name in ("off", "holidays"):
        if isinstance(settings.get(name), str):
            settings[name] = (settings[name],)
    return settings


def frame_of(X: Any) -> SensorFrame:
    """Rows from an array (n_rows, n_sensors) or a DataFrame, as if they had been read from a file.

    Values beyond `MOST_READING`, infinite ones among them, count as missing, and a warning tells of them.
    Raises InputError for other shapes and for text.
    """
    named = hasattr(X, "columns")
    try:
        values = np.array(X, dtype=np.float64)  # (N, F), a copy
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"readings must be numbers: {error}", hint="leave text columns out") from error
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2 or not values.shape[1]:
        raise InputError(
            f"readings must have the shape (n_rows, n_sensors), not {values.shape}",
            hint="a row for each time step, a column for each sensor",
        )
    sensors = tuple(str(c) for c in X.columns) if named else _numbered(values.shape[1])
    endless = np.abs(values) > MOST_READING  # (N, F)
    _warn_of_endless(endless, sensors)
    values[endless] = np.nan
    index = np.asarray(X.index) if named else np.empty(0)
    return SensorFrame(
        values=values,
        sensors=sensors,
        lines=np.arange(1, len(values) + 1),
        source_index=np.zeros(len(values), dtype=np.int64),
        sources=("<data>",),
        stamps=np.array([str(stamp) for stamp in X.index], dtype=object)
        if index.dtype.kind in "MO" and hasattr(getattr(X, "index", None), "tz")
        else None,
        times=_utc(X.index)
        if index.dtype.kind in "MO" and hasattr(getattr(X, "index", None), "tz")
        else None,
    )


def _warn_of_endless(endless: BoolArray, sensors: tuple[str, ...]) -> None:
    """Warn how many readings (N, F) are too large to be true, of which sensors, and where the first is."""
    if endless.any():
        told = ", ".join(
            f"{count:,} of '{sensors[k]}'" for k, count in enumerate(endless.sum(axis=0)) if count
        )
        first = int(endless.any(axis=1).argmax()) + 1
        text = f"readings beyond {MOST_READING:.0e} count as missing: {told} (the first in row {first:,})"
        warnings.warn(text, stacklevel=4)


def _utc(index: Any) -> NDArray[np.datetime64]:
    """A pandas DatetimeIndex, with or without a zone, as UTC times."""
    plain = index if index.tz is None else index.tz_convert("UTC").tz_localize(None)
    return np.asarray(plain, dtype="datetime64[ns]")


def _numbered(sensors: int) -> tuple[str, ...]:
    return tuple(f"sensor_{k}" for k in range(1, sensors + 1))


def _matched(frame: SensorFrame, X: Any, sensors: tuple[str, ...]) -> SensorFrame:
    """The frame with the model's sensors in the model's order; an array's columns count by position."""
    if hasattr(X, "columns"):
        return match_sensors(frame, sensors)
    if frame.values.shape[1] != len(sensors):
        raise SensorsError(
            f"{frame.values.shape[1]} sensors in an array, but the model was trained on {len(sensors)}",
            hint=f"these columns in this order: {listed(sensors)}",
        )
    return replace(frame, sensors=sensors)
