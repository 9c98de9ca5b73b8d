"""Imputes a missing sensor by regression on the others, so that `detect` can go on without it.

The regression is that of training (`scoring/cross_sensor.py`), so the networks get rows as they know them.
The missing sensor adds no error of its own. The threshold was learned with all sensors. With fewer, anomalies
that only the missing one shows are not found, and the false-alarm budget is no longer certified.
"""

from dataclasses import replace

import numpy as np

from lstm_anomaly.base.errors import SensorsError
from lstm_anomaly.base.types import BoolArray, FloatArray, SensorFrame
from lstm_anomaly.model.model import Model


def without(model: Model, absent: tuple[str, ...]) -> Model:
    """The model for rows in which these sensors are imputed: none of them reads flat or counts as drift.

    Raises SensorsError when no sensor that moves is left.
    """
    of_all = np.array([name in absent for name in model.sensors])  # (F,)
    missing = of_all[model.roles.targets]  # (F_t,)
    symbols = tuple(column for column in model.symbols if not of_all[column.place])
    if missing.all() and not symbols:
        raise SensorsError(
            "no sensor that the model judges is in the input",
            hint="check the names of the columns; the model's are listed by `lstm-anomaly inspect`",
        )
    components = model.components
    share = 1.0 - float(missing.mean()) if len(missing) else 1.0
    usual = np.where(missing, np.inf, components.usual)  # (3, k, F_t)
    plain = np.where(missing, np.inf, components.plain * share)  # (3, F_t)
    least = np.where(missing, 0.0, model.stillness.least)
    return replace(
        model,
        components=replace(components, usual=usual, plain=plain),
        stillness=replace(model.stillness, least=least),
        isolation=model.isolation.without(missing),
        familiar=model.familiar.without(of_all),
        symbols=symbols,
    )


def impute(model: Model, frame: SensorFrame) -> SensorFrame:
    """The frame with its missing sensors imputed by regression on the others; an empty row stays empty."""
    missing = np.array([name in frame.absent for name in model.sensors])  # (F,)
    return replace(frame, values=imputed(model, frame.values, missing))


def imputed(model: Model, values: FloatArray, missing: BoolArray) -> FloatArray:
    """Rows (n, F) with the readings of the sensors that are `missing` (F,) imputed, whatever stands there.

    A row without a reading of any other sensor that moves has none of them afterwards.
    """
    targets = model.roles.targets
    tell = targets.copy()  # (F,)
    tell[[column.place for column in model.symbols if model.is_symbols_only]] = True
    rows = ~np.isnan(values[:, tell & ~missing]).all(axis=1)
    out = values.copy()
    out[:, missing] = np.nan
    out[np.ix_(rows, missing)] = model.scaler.center[missing]
    for k, sensor in enumerate(model.novelty.sensors):
        if missing[sensor]:
            out[rows, sensor] = _seen(model, k)
    moving = missing[targets]  # (F_t,)
    if moving.any():
        scale, center = model.scaler.scale[targets], model.scaler.center[targets]
        scaled = np.nan_to_num((out[np.ix_(rows, targets)] - center) / scale)  # (n, F_t)
        said = _said_by_others(model.cross_sensor.weights, scaled, moving)
        out[np.ix_(rows, missing & targets)] = said * scale[moving] + center[moving]
    return out


def _said_by_others(weights: FloatArray, rows: FloatArray, missing: BoolArray) -> FloatArray:
    """The readings of the missing that are just what all others say of them, (n, missing).

    Added up sensor after sensor: a product of matrices rounds a row by how many others there are.
    """
    among = weights[np.ix_(missing, missing)]
    told = -np.linalg.solve(among.T, weights[np.ix_(~missing, missing)].T).T  # (others, missing)
    out = np.zeros((len(rows), int(missing.sum())))
    for column, share in zip(np.flatnonzero(~missing), told, strict=True):
        out += rows[:, column : column + 1] * share
    return out


def _seen(model: Model, k: int) -> float:
    """A value that the k-th ruled sensor showed in training: the middle one."""
    rule = model.novelty
    stop = int(rule.counts[: k + 1].sum())
    seen = rule.values[stop - rule.counts[k] : stop]
    return float(seen[len(seen) // 2] * rule.scale[k])
