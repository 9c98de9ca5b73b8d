"""Training where all columns are symbols: a model without sensors, and without all that is about them."""

import platform
from dataclasses import replace

import numpy as np

from lstm_anomaly.base.errors import NotEnoughDataError, SettingsError
from lstm_anomaly.base.types import BoolArray, Series
from lstm_anomaly.base.version import __version__
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.model.model import NOT_LEARNED, Model, TrainingSummary
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.regression import FORECAST_LAGS, RELATED_LAGS, Regression, usable_lags
from lstm_anomaly.network.training.progress import Keep
from lstm_anomaly.preparing.scaler import Scaler
from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.preparing.windows import Split, rows_in, split_chronologically
from lstm_anomaly.scoring.components import (
    COMPONENTS,
    SIGNED_LENGTHS,
    TOGETHER_LENGTHS,
    TOGETHER_VIEWS,
    Components,
)
from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression
from lstm_anomaly.scoring.fault_isolation import FaultIsolation
from lstm_anomaly.scoring.flatline import LENGTHS, Stillness
from lstm_anomaly.scoring.networks import LSTMS, Expectations, Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.residuals import VIEWS
from lstm_anomaly.scoring.states import OperatingStates
from lstm_anomaly.scoring.symbols.column import SymbolColumn, why
from lstm_anomaly.scoring.unseen import Unseen
from lstm_anomaly.training.calibrate import budget_of, familiar_of, with_threshold
from lstm_anomaly.training.fit_networks import OnEpoch
from lstm_anomaly.training.fit_symbols import fit_symbols
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.split import CALIBRATION_SHARE, VALIDATION_SHARE

LEAST_ROWS = 50


def symbol_mask(series: Series) -> BoolArray:
    """Which sensors are symbols, (F,)."""
    return np.isin(series.sensors, () if series.symbols is None else series.symbols.names)


def is_symbols_only(series: Series) -> bool:
    """Whether there is nothing but symbols to learn from."""
    return bool(symbol_mask(series).all())


def learn_symbols(
    series: Series, settings: LearningSettings, on_epoch: OnEpoch | None, keep: Keep | None
) -> Model:
    """Train a model on sequences of symbols alone; as `learn`."""
    rows = rows_in(series.segments)
    if settings.horizon:
        raise SettingsError(
            "a horizon needs sensors, and all columns are symbols", hint="leave --horizon out"
        )
    if rows < LEAST_ROWS:
        raise NotEnoughDataError(
            f"{rows} rows of symbols are too few to learn from; at least {LEAST_ROWS} are needed",
            hint="a longer file",
        )
    step = None if series.step is None else float(series.step / np.timedelta64(1, "s"))
    per_row = budget_of(settings, step, rows).per_row(step)
    columns, largest = fit_symbols(series, series.segments, settings, per_row, on_epoch, keep)
    split = split_chronologically(series.segments, VALIDATION_SHARE, CALIBRATION_SHARE)
    model = _without_sensors(series, columns, step, _summary(series, split, columns, settings))
    raw = np.full(len(series), np.nan)
    raw[np.concatenate([np.arange(a, b) for a, b in series.segments])] = largest
    model = with_threshold(model, series, raw, settings)
    return replace(model, familiar=familiar_of(series, raw / model.threshold.value))


def _without_sensors(
    series: Series, columns: tuple[SymbolColumn, ...], step: float | None, summary: TrainingSummary
) -> Model:
    """A model of no sensor: all that is about sensors is empty."""
    F, none = len(series.sensors), np.zeros(len(series.sensors), np.bool_)
    session = None if series.symbols is None else series.symbols.session
    empty, weights = np.zeros(0), np.zeros((0, 0), np.float32)
    forecast, related = (
        Regression(usable_lags(lags, 0), weights, np.zeros((0, 1), np.float32))
        for lags in (FORECAST_LAGS, RELATED_LAGS)
    )
    linear = LinearAutoencoder(np.zeros(0, np.float32), weights, 1)
    numbers = np.zeros(0, np.int64)
    return Model(
        kind="lstm" if any(column.lstm is not None for column in columns) else "linear",
        sensors=series.sensors,
        step_seconds=step,
        max_fill=series.max_fill,
        resample=series.resample,
        look_ahead=int(session is not None),
        clock=False,
        roles=SensorRoles(none, none, none),
        scaler=Scaler(np.zeros(F), np.ones(F)),
        networks=Networks(1, np.zeros(0, np.bool_), linear),
        expectations=Expectations(forecast, related, np.zeros((len(LSTMS), 0))),
        states=OperatingStates(np.zeros((1, 0)), np.array([rows_in(series.segments)])),
        components=Components(
            usual=np.zeros((len(VIEWS), 1, 0)),
            bound=np.zeros((len(VIEWS), 0)),
            signed=np.zeros((len(VIEWS), len(SIGNED_LENGTHS), 0)),
            plain=np.zeros((len(TOGETHER_VIEWS), 0)),
            high=np.ones((len(TOGETHER_VIEWS), len(TOGETHER_LENGTHS))),
            limits=np.ones(COMPONENTS),
            together=1.0,
        ),
        unseen=Unseen(1.0),
        novelty=NoveltyRule(numbers, empty, empty, empty, numbers),
        stillness=Stillness(np.zeros((len(LENGTHS), 0)), empty),
        cross_sensor=CrossSensorRegression(np.zeros((0, 0))),
        isolation=FaultIsolation(np.zeros((0, 0)), empty),
        threshold=NOT_LEARNED,
        familiar=Familiar.fit(empty, series.values[:1]),
        strangest=(),
        summary=summary,
        symbols=columns,
        session=session,
    )


def _summary(
    series: Series, split: Split, columns: tuple[SymbolColumn, ...], settings: LearningSettings
) -> TrainingSummary:
    values = np.concatenate([series.values[a:b] for a, b in series.segments])
    weights = [array.size for column in columns for array in (column.lstm or {}).values()]
    return TrainingSummary(
        rows=len(values),
        rows_left_out=len(series.row_of) - len(values),
        fit_rows=rows_in(split.fit),
        validation_rows=rows_in(split.validation),
        calibration_rows=rows_in(split.calibration),
        stride=1,
        timed_out="",
        parameters=sum(weights),
        losses=(),
        validation_losses=(),
        best_epoch=0,
        trimmed_rows=0,
        held_out={},
        doubts=(),
        preset=settings.preset,
        why_kind="; ".join(why(series.sensors[column.place], column) for column in columns),
        seed=settings.seed,
        first="",
        last="",
        lowest=tuple(map(float, values.min(axis=0))),
        highest=tuple(map(float, values.max(axis=0))),
        versions={"lstm-anomaly": __version__, "numpy": np.__version__, "python": platform.python_version()},
    )
