"""Is the sensor that an event names first the one at fault? Faults are injected, so the cause is known.

    python benchmarks/attribution.py [--faults 240] [--seed 1]

Two plants, each with two weeks of normal rows to train on. `pump` is the sample data's pump. `mixed` has 12
sensors that follow two hidden drivers with lags, on scales from 1e-3 to 1e6 and with noise from 1 to 20 %: a
fault of a noisy sensor then misleads what the networks expect of a quiet one. Into fresh rows of each plant
faults of seven kinds are put, one sensor each, far from each other. Counted are the first event of each
fault that was found, and whether its guilty sensor is the first it names, or among the first three.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Series
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.events import EventRules, find_events
from lstm_anomaly.detecting.batch import judged_rows
from lstm_anomaly.evaluation.sample_pump import SENSORS, lagged, make_normal
from lstm_anomaly.model.judge import judge
from lstm_anomaly.model.model import Model
from lstm_anomaly.training.train import learn

Floats = NDArray[np.float64]
Rng = np.random.Generator

ROWS_A_DAY = 1440
TRAINING_ROWS = 14 * ROWS_A_DAY
APART = 1300  # rows from one fault to the next: long memories have forgotten
AFTERMATH = 30  # rows after a fault in which an event may still begin because of it


def pump(rng: Rng, rows: int) -> Floats:
    """The sample data's pump, rounded as its logger does, (rows, 5)."""
    values = make_normal(rng, days=-(-rows // ROWS_A_DAY))[:rows]
    return np.column_stack([np.round(values[:, k], digits) for k, digits in enumerate(SENSORS.values())])


def mixed(rng: Rng, rows: int) -> Floats:
    """Twelve sensors that follow a slow wave and a switching load, (rows, 12); always the same twelve."""
    minute = np.arange(rows)
    wander = np.cumsum(rng.standard_normal(rows)) * 0.01
    wave = np.sin(2 * np.pi * minute / 700) + wander - lagged(wander, 2000)
    load = 0.5 * np.sign(np.sin(2 * np.pi * minute / 311)) + 3 * lagged(rng.standard_normal(rows), 30)
    make_up, columns = np.random.default_rng(7), []
    for _ in range(12):
        follows, lag = make_up.normal(size=2), make_up.choice([0, 3, 10, 30])
        noise, scale = make_up.choice([0.01, 0.05, 0.2]), 10 ** make_up.uniform(-3, 6)
        clean = follows[0] * wave + follows[1] * load
        clean = lagged(clean, lag) if lag else clean
        columns.append(scale * (5 + clean + noise * rng.standard_normal(rows)))
    return np.column_stack(columns)


PLANTS: dict[str, Callable[[Rng, int], Floats]] = {"pump": pump, "mixed": mixed}


# Each fault changes the readings x (n,) of one sensor whose usual spread is s; `other` are readings (n,) of
# the same sensor at another time.
def spike(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Jumps for one to four rows."""
    return x + _sign(rng) * rng.uniform(3, 6) * s


def shift(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """The zero moves."""
    return x + _sign(rng) * rng.uniform(1, 3) * s


def drift(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Moves away a little more every row."""
    return x + np.linspace(0, _sign(rng) * rng.uniform(2, 4) * s, len(x))


def stuck(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Repeats one reading."""
    return np.full_like(x, x[0])


def scatter(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Noise is added."""
    return x + rng.uniform(0.7, 1.5) * s * rng.standard_normal(len(x))


def stranger(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Plausible readings that do not go with the others."""
    return other


def swing(rng: Rng, x: Floats, s: float, other: Floats) -> Floats:
    """Swings with a period of 6 to 20 rows."""
    return x + rng.uniform(0.8, 2) * s * np.sin(2 * np.pi * np.arange(len(x)) / rng.uniform(6, 20))


def _sign(rng: Rng) -> int:
    return int(rng.choice([-1, 1]))


# Kind of fault -> how it changes readings, and its least and most rows.
FAULTS: dict[str, tuple[Callable[[Rng, Floats, float, Floats], Floats], int, int]] = {
    "spike": (spike, 1, 4),
    "shift": (shift, 60, 360),
    "drift": (drift, 200, 600),
    "stuck": (stuck, 200, 400),
    "scatter": (scatter, 60, 240),
    "stranger": (stranger, 120, 360),
    "swing": (swing, 100, 240),
}


@dataclass(frozen=True)
class Injected:
    """A fault of one sensor in rows first..last, both included."""

    kind: str
    sensor: int
    first: int
    last: int


def injected(rng: Rng, values: Floats, elsewhere: Floats, spread: Floats, count: int) -> list[Injected]:
    """Put `count` faults into values (rows, F), in place; kinds and sensors take turns."""
    kinds, sensors = list(FAULTS), values.shape[1]
    out = []
    for number in range(count):
        kind, sensor = kinds[number % len(kinds)], number // len(kinds) % sensors
        change, least, most = FAULTS[kind]
        first = APART // 2 + number * APART
        rows = slice(first, first + int(rng.integers(least, most + 1)))
        values[rows, sensor] = change(rng, values[rows, sensor], spread[sensor], elsewhere[rows, sensor])
        out.append(Injected(kind, sensor, rows.start, rows.stop - 1))
    return out


def series_of(values: Floats) -> Series:
    """Rows a minute apart, all of them usable."""
    times = np.datetime64("2026-03-02", "ns") + np.arange(len(values)) * np.timedelta64(1, "m")
    names = tuple(f"s{k}" for k in range(values.shape[1]))
    return Series(values, names, times, np.timedelta64(1, "m"), ((0, len(values)),), np.arange(len(values)))


def first_events(
    model: Model, series: Series, faults: list[Injected]
) -> Iterator[tuple[Injected, Event | None]]:
    """The first event that each fault caused, None where it was not found."""
    rows = judged_rows(series.values, judge(model, series))
    events = find_events(rows, series.sensors, EventRules(merge_gap=model.threshold.merge_gap))
    for fault in faults:
        met = (e for e in events if e.start <= fault.last + AFTERMATH and e.end >= fault.first)
        yield fault, next(met, None)


def measured(plant: str, count: int, seed: int) -> Counter[tuple[str, str]]:
    """(kind of fault, figure) -> how many, for figures `put`, `found`, `first` and `in three`."""
    make = PLANTS[plant]
    streams = np.random.default_rng(seed).spawn(4)
    normal = make(streams[0], TRAINING_ROWS)
    model = learn(series_of(normal))
    rows = (count + 1) * APART
    values, elsewhere = make(streams[1], rows), make(streams[2], rows)
    faults = injected(streams[3], values, elsewhere, normal.std(axis=0), count)
    figures: Counter[tuple[str, str]] = Counter()
    for fault, event in first_events(model, series_of(values), faults):
        figures[fault.kind, "put"] += 1
        if event is not None:
            named = [contribution.sensor for contribution in event.contributions]
            rank = named.index(f"s{fault.sensor}") if named else len(model.sensors)
            figures[fault.kind, "found"] += 1
            figures[fault.kind, "first"] += rank == 0
            figures[fault.kind, "in three"] += rank < 3
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--faults", type=int, default=240, help="in each plant")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    whole: Counter[str] = Counter()
    line = "{:8} {:10} {:>5} {:>6} {:>12} {:>12}"
    print(line.format("plant", "fault", "put", "found", "first", "in three"))
    for plant in PLANTS:
        figures = measured(plant, given.faults, given.seed)
        for kind in FAULTS:
            print(line.format(plant, kind, *_cells({name: figures[kind, name] for name in _FIGURES})))
        for (_kind, name), amount in figures.items():
            whole[name] += amount
    print(line.format("both", "all", *_cells(whole)))


_FIGURES = ("put", "found", "first", "in three")


def _cells(figures: dict[str, int] | Counter[str]) -> list[str]:
    put, found, first, in_three = (figures[name] for name in _FIGURES)
    return [str(put), str(found), *(f"{n} ({n / max(found, 1):.1%})" for n in (first, in_three))]


if __name__ == "__main__":
    main()
