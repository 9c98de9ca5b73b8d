"""What forecasts from past rows were off by, where what they forecast has come meanwhile."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.decision.intervals import (
    ErrorPaths,
    knots_of,
    movement,
    recent_factor,
    recent_origins,
    recent_spacing,
)
from lstm_anomaly.network.horizon.direct import DirectForecaster, scaled
from lstm_anomaly.network.horizon.origins import Origins
from lstm_anomaly.preparing.grid import Grid

BATCH = 512  # look-backs that are worked on at a time


def columns(at: IntArray, sensors: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Every row with every sensor, (B,) each, `BATCH` at most at a time."""
    every_at, every_sensor = np.repeat(at, len(sensors)), np.tile(sensors, len(at))
    for start in range(0, len(every_at), BATCH):
        yield every_at[start : start + BATCH], every_sensor[start : start + BATCH]


def past_errors(
    direct: DirectForecaster, origins: Origins, at: IntArray, methods: Sequence[str]
) -> tuple[dict[str, FloatArray], FloatArray]:
    """What forecasts from the rows `at` (P,) were off by at the knots, by method: (P, F, K).

    In training standard deviations, NaN where unknown. And how much each look-back had moved, (P, F).
    """
    every, knots = np.arange(origins.sensors), knots_of(direct.steps).astype(np.int64) - 1
    found: dict[str, list[FloatArray]] = {method: [] for method in methods}
    moved = []
    for rows, sensors in columns(at, every):
        x, last = origins.look_backs(rows, sensors)
        y, weights = (each[knots] for each in origins.targets(rows, sensors, last))  # (K, B)
        moved.append(movement(x))
        for method, errors in found.items():
            off = y - direct.changes(method, x, sensors)[knots]  # (K, B)
            errors.append(np.where(weights > 0, off, np.nan).T.astype(np.float64))
    shape = (len(at), len(every))
    whole = {method: np.concatenate(errors).reshape(*shape, -1) for method, errors in found.items()}
    return whole, np.concatenate(moved).reshape(shape)


class RecentErrors:
    """How far off the forecasts from the last rows before any row of a grid were; each is made once."""

    def __init__(self, direct: DirectForecaster, paths: Mapping[str, ErrorPaths], grid: Grid) -> None:
        self._direct, self._paths, steps = direct, paths, direct.steps
        ahead = ((0, 0), (0, steps))  # what the last rows forecast is yet to come
        rows = np.pad(scaled(grid.values, direct.center, direct.scale), ahead)  # (F, M + S)
        self._origins = Origins(rows, np.pad(grid.known, ahead), direct.look_back, steps)
        self._knots, self._apart = knots_of(steps), recent_spacing(steps, direct.period)
        self._known: dict[tuple[str, int], FloatArray] = {}

    def factor(self, method: str, at: int) -> FloatArray:
        """The recent factor (F, K) of forecasts from the row `at`, by the rows before it alone."""
        rows = recent_origins(at, self._apart)
        rows = rows[rows >= self._direct.look_back]
        self.add(method, rows)
        if not len(rows):
            return np.ones(self._paths[method].usual.shape)
        relative = np.stack([self._known[method, row] for row in rows.tolist()])  # (R, F, K)
        come = rows[:, np.newaxis] + self._knots <= at  # (R, K)
        return recent_factor(np.where(come[:, np.newaxis], relative, np.nan))

    def add(self, method: str, rows: IntArray) -> None:
        """Forecast from these rows all at once, which is faster than when they are asked for."""
        rows = rows[[(method, row) not in self._known for row in rows.tolist()]]
        if not len(rows):
            return
        paths = self._paths[method]
        errors, moved = past_errors(self._direct, self._origins, rows, [method])
        relative = np.abs(errors[method]) / (moved**paths.power)[:, :, np.newaxis] / paths.usual
        self._known |= {(method, row): found for row, found in zip(rows.tolist(), relative, strict=True)}
