"""How well forecasts do on public series, beside the baselines: one table.

    python benchmarks/forecasting.py DATA [--seeds 3] [--only ETTh1]

DATA is a folder with ETTh1.csv, ETTh2.csv, exchange_rate.csv and m4_hourly_52.csv. Published tables fit to
the first part of a series, stop by the second, and test on the third, at every row of it; errors are of
readings divided by their spread in the first part. Here the first two parts are what `train` gets. The labels
of nothing are read, and no setting is chosen by what the test rows show.
"""

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from lstm_anomaly.base.types import Series
from lstm_anomaly.decision.intervals import at_steps, movement, pinball, recent_origins, recent_spacing
from lstm_anomaly.model.horizon import Horizon, expect
from lstm_anomaly.model.past_errors import RecentErrors, columns
from lstm_anomaly.network.horizon.direct import scaled
from lstm_anomaly.network.horizon.origins import Origins
from lstm_anomaly.preparing.grid import even_grid
from lstm_anomaly.preparing.windows import finite_segments
from lstm_anomaly.training.fit_horizon import fit_horizon
from lstm_anomaly.training.settings import LearningSettings

LEVEL = 0.8
SHOWN_STEPS = (1, 24, 96)
M4_STEPS, M4_PERIOD = 48, 24
M4_SHOWN_STEPS = (1, 24, 48)


@dataclass(frozen=True)
class Task:
    """A series, how far it is to be forecast, and where its three parts end."""

    name: str
    steps: int
    parts: tuple[int, int, int]
    step: np.timedelta64


def tasks(folder, only):
    """Everything but M4, as far as its name begins with `only`."""
    hour, day = np.timedelta64(1, "h"), np.timedelta64(1, "D")
    days = len(pd.read_csv(folder / "exchange_rate.csv"))
    parts = (int(0.7 * days), days - int(0.2 * days), days)
    found = [Task("ETTh1", steps, (8640, 11520, 14400), hour) for steps in (96, 192, 720)]
    found += [Task("ETTh2", 96, (8640, 11520, 14400), hour), Task("exchange_rate", 96, parts, day)]
    return [task for task in found if task.name.startswith(only)]


def series_of(values, step):
    """Rows (M, F) a step apart."""
    times = np.datetime64("2016-07-01", "ns") + np.arange(len(values)) * step
    return Series(
        values=values,
        sensors=tuple(f"s{k}" for k in range(values.shape[1])),
        times=times,
        step=step.astype("timedelta64[ns]"),
        segments=finite_segments(np.isfinite(values).all(axis=1)),
        row_of=np.arange(len(values)),
    )


def fitted(values, task, seed):
    """The horizon, and the seconds of processor time that it took."""
    began = time.process_time()
    moving = np.ones(values.shape[1], bool)
    horizon = fit_horizon(
        series_of(values, task.step), LearningSettings(horizon=task.steps, seed=seed), moving
    )
    return horizon, time.process_time() - began


class Tested:
    """Forecasts of the test rows, at every one of them: errors (P, F, S) by method, published scale."""

    def __init__(self, horizon: Horizon, values, task):
        fit, before, end = task.parts
        self.horizon, direct = horizon, horizon.direct
        grid = even_grid(series_of(values[:end], task.step))
        origins = Origins(
            scaled(grid.values, direct.center, direct.scale), grid.known, direct.look_back, task.steps
        )
        self.unit = direct.scale / values[:fit].std(axis=0)  # (F,)
        self.errors, moved = {name: [] for name in direct.methods}, []
        rows = np.arange(before, end - task.steps + 1)
        for at, of in columns(rows, np.arange(values.shape[1])):
            x, last = origins.look_backs(at, of)
            y, _weights = origins.targets(at, of, last)
            moved.append(movement(x))
            for name, found in self.errors.items():
                found.append((y - direct.changes(name, x, of)).T)
        shape = (len(rows), values.shape[1])
        self.errors = {name: np.concatenate(found).reshape(*shape, -1) for name, found in self.errors.items()}
        moved, recent = np.concatenate(moved).reshape(shape), RecentErrors(direct, horizon.paths, grid)
        apart = recent_spacing(task.steps, direct.period)
        earlier = np.arange(recent_origins(before, apart)[-1], rows[-1])
        self.scales = {}
        for name in direct.methods:
            recent.add(name, earlier[earlier >= direct.look_back])
            factors = np.stack([recent.factor(name, at) for at in rows.tolist()])  # (P, F, K)
            self.scales[name] = moved[:, :, np.newaxis] ** horizon.paths[name].power * factors

    def figures(self, methods):
        """MSE, MAE, coverage at `SHOWN_STEPS`, and mean pinball loss, of a method for each sensor."""
        steps, unit = self.horizon.steps, self.unit[:, np.newaxis]
        errors = np.stack([self.errors[name][:, f] for f, name in enumerate(methods)], axis=1)  # (P, F, S)
        inside, loss = np.zeros(steps), 0.0
        for f, name in enumerate(methods):
            paths, scale = self.horizon.paths[name], at_steps(self.scales[name][:, f], steps)  # (P, S)
            low, high = (paths.quantiles(p, steps)[f] * scale for p in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
            inside += ((low <= errors[:, f]) & (errors[:, f] <= high)).mean(axis=0) / len(methods)
            for end, p in ((low, (1 - LEVEL) / 2), (high, (1 + LEVEL) / 2)):
                loss += float(pinball(errors[:, f], end, p).mean()) * self.unit[f] / (2 * len(methods))
        off = errors * unit
        shown = [float(inside[step - 1]) for step in SHOWN_STEPS if step <= steps]
        return float(np.square(off).mean()), float(np.abs(off).mean()), shown, loss


def run(folder, task, seed):
    """Print the lines of one task."""
    values = pd.read_csv(folder / f"{task.name}.csv").iloc[:, 1:].to_numpy(float)
    horizon, seconds = fitted(values[: task.parts[1]], task, seed)
    tested = Tested(horizon, values, task)
    print(f"\n{task.name}, {task.steps} steps, seed {seed}: {seconds:.1f} s of processor time to train")
    print(f"  {'':10} {'MSE':>7} {'MAE':>7}  in 80 % at steps {SHOWN_STEPS}   pinball")
    for name in ("chosen", *horizon.direct.methods):
        mse, mae, inside, loss = tested.figures(horizon.methods_of(None if name == "chosen" else name))
        shares = ", ".join(f"{share:.3f}" for share in inside)
        print(f"  {name:10} {mse:7.4f} {mae:7.4f}  {shares:27}  {loss:7.4f}", flush=True)


def run_m4(folder, seed):
    """Print sMAPE and MASE on M4's hourly series, as in that competition."""
    data = pd.read_csv(folder / "m4_hourly_52.csv")
    known = [
        part.value.to_numpy() for _name, part in data[data.part == "train"].groupby("series", sort=False)
    ]
    came = np.stack(
        [part.value.to_numpy() for _name, part in data[data.part == "test"].groupby("series", sort=False)]
    )
    values = np.full((max(map(len, known)), len(known)), np.nan)
    for k, each in enumerate(known):
        values[-len(each) :, k] = each
    task = Task("M4 hourly", M4_STEPS, (0, 0, 0), np.timedelta64(1, "h"))
    horizon, seconds = fitted(values, task, seed)
    grid = even_grid(series_of(values, task.step))
    usual = np.array([np.abs(each[M4_PERIOD:] - each[:-M4_PERIOD]).mean() for each in known])
    print(f"\nM4 hourly, {len(known)} series, seed {seed}: {seconds:.1f} s of processor time to train")
    print(f"  {'':10} {'sMAPE':>7} {'MASE':>7}  in 80 %, and at steps {M4_SHOWN_STEPS}")
    for name in ("chosen", *horizon.direct.methods):
        found = expect(horizon, grid, len(grid), horizon.methods_of(None if name == "chosen" else name))
        off = np.abs(found.values - came)
        smape = float((200 * off / (np.abs(found.values) + np.abs(came))).mean())
        mase = float((off.mean(axis=1) / usual).mean())
        low, high = found.interval(LEVEL)
        inside = ((low <= came) & (came <= high)).mean(axis=0)  # (S,)
        shares = ", ".join(f"{inside[step - 1]:.3f}" for step in M4_SHOWN_STEPS)
        print(f"  {name:10} {smape:7.2f} {mase:7.3f}  {inside.mean():.3f}: {shares}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    for seed in range(given.seeds):
        for task in tasks(given.data, given.only):
            run(given.data, task, seed)
        if "M4".startswith(given.only[:2]):
            run_m4(given.data, seed)


if __name__ == "__main__":
    main()
