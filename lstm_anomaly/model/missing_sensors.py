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
        familiar=model.familiar.without(of_all),
        symbols=symbols,
    )


def impute(model: Model, frame: SensorFrame) -> SensorFrame:
    """The frame with its missing sensors imputed by regression on the others; an empty row stays empty."""
    missing = np.array([name in frame.absent for name in model.sensors])  # (F,)
    values = frame.values.copy()
    rows = ~np.isnan(values).all(axis=1)
    values[np.ix_(rows, missing)] = model.scaler.center[missing]
    for k, sensor in enumerate(model.novelty.sensors):
        if missing[sensor]:
            values[rows, sensor] = _seen(model, k)
    targets = model.roles.targets
    moving = missing[targets]  # (F_t,)
    if moving.any() and not moving.all():
        scale, center = model.scaler.scale[targets], model.scaler.center[targets]
        scaled = np.nan_to_num((values[np.ix_(rows, targets)] - center) / scale)  # (n, F_t)
        expected = _by_the_others(model.cross_sensor.weights, scaled, moving)
        values[np.ix_(rows, missing & targets)] = expected * scale[moving] + center[moving]
    return replace(frame, values=values)


def _by_the_others(weights: FloatArray, rows: FloatArray, missing: BoolArray) -> FloatArray:
    """Readings of the missing sensors that fit their regressions on all others exactly, (n, missing)."""
    told = rows[:, ~missing] @ weights[np.ix_(~missing, missing)]  # (n, missing)
    among = weights[np.ix_(missing, missing)]
    return np.asarray(np.linalg.solve(among.T, -told.T).T)


def _seen(model: Model, k: int) -> float:
    """A value that the k-th ruled sensor showed in training: the middle one."""
    rule = model.novelty
    stop = int(rule.counts[: k + 1].sum())
    seen = rule.values[stop - rule.counts[k] : stop]
    return float(seen[len(seen) // 2] * rule.scale[k])
