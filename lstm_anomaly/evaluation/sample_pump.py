"""Makes the sample files: a pump that runs well for two weeks, and a later week with eight faults in it.

`lstm-anomaly demo` runs on them, and sample_data/ holds them.

The pump follows a demand for water (a daily cycle, steps when consumers come and go, noise). Flow
follows demand; pressure rises with the square of flow; the motor draws current for the hydraulic
power; current heats the motor, which takes most of an hour to follow; vibration grows with flow.
The same seed gives the same bytes.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED = 20260302
MINUTES_A_DAY = 1440
# Sensor name -> digits after the point, as the logger writes them.
SENSORS = {"vibration_mm_s": 2, "temperature_c": 1, "pressure_bar": 2, "flow_m3_h": 1, "current_a": 2}
VIBRATION, TEMPERATURE, PRESSURE, FLOW, CURRENT = range(len(SENSORS))
NORMAL_START = np.datetime64("2026-03-02T00:00:00")
WEEK_START = np.datetime64("2026-03-23T00:00:00")


def lagged(x: Floats, minutes: float) -> Floats:
    """First-order lag of x (N,) with a time constant in minutes, started in balance."""
    keep = float(np.exp(-1.0 / minutes))
    level = float(x[0])
    out = np.empty_like(x)
    for row, value in enumerate(x.tolist()):
        level = keep * level + (1.0 - keep) * value
        out[row] = level
    return out


def wandering(rng: np.random.Generator, rows: int, minutes: float) -> Floats:
    """Noise (rows,) of unit size that is forgotten over this many minutes (a first-order autoregression)."""
    keep = float(np.exp(-1.0 / minutes))
    gain = float(np.sqrt((1.0 + keep) / (1.0 - keep)))  # undoes what the lag takes from the variance
    return gain * lagged(rng.standard_normal(rows), minutes)


def demand(rng: np.random.Generator, rows: int) -> Floats:
    """Share of the pump's rated flow that consumers ask for, (rows,), about 0.4 to 0.95."""
    minute = np.arange(rows)
    daily = 0.13 * np.sin(2 * np.pi * (minute / MINUTES_A_DAY - 0.3))
    # Every 90 minutes on average another set of consumers is on.
    changes = rng.random(rows) < 1 / 90
    levels = rng.choice([-0.08, -0.04, 0.0, 0.04, 0.08], size=rows)
    steps = levels[np.maximum.accumulate(np.where(changes, minute, 0))]
    return 0.68 + daily + lagged(steps, 12.0) + 0.012 * wandering(rng, rows, 20.0)


def make_normal(rng: np.random.Generator, days: int) -> Floats:
    """Readings of a healthy pump, one row a minute, (days * 1440, 5) in the order of `SENSORS`, unrounded."""
    rows = days * MINUTES_A_DAY
    load = demand(rng, rows)
    flow = 50.0 * load
    pressure = 2.2 + 3.2 * load**2 + 0.02 * wandering(rng, rows, 10.0)
    current = 6.0 + 0.085 * flow * pressure
    ambient = 21.0 + 2.5 * np.sin(2 * np.pi * (np.arange(rows) / MINUTES_A_DAY - 0.38))
    temperature = ambient + 14.0 + lagged(0.045 * current**2, 45.0) + 0.15 * wandering(rng, rows, 120.0)
    vibration = (0.9 + 1.6 * load**2) * (1.0 + 0.05 * wandering(rng, rows, 4.0))

    noise = rng.standard_normal((rows, len(SENSORS))) * [0.06, 0.12, 0.02, 0.25, 0.12]
    return np.column_stack([vibration, temperature, pressure, flow, current]) + noise


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: rows start..end (both included), and `change(rows (n, 5), rng)` in place."""

    start: str
    end: str
    kind: str
    sensor: int
    description: str
    change: Callable[[Floats, np.random.Generator], None]


def knock(rows: Floats, rng: np.random.Generator) -> None:
    """A loose part knocks: vibration jumps for three minutes."""
    rows[:, VIBRATION] += np.array([2.6, 3.4, 1.9])


def zero_shift(rows: Floats, rng: np.random.Generator) -> None:
    """The pressure transmitter's zero moves."""
    rows[:, PRESSURE] += 0.6


def bearing_heats(rows: Floats, rng: np.random.Generator) -> None:
    """A bearing that runs dry heats the housing, a little more every minute."""
    rows[:, TEMPERATURE] += np.linspace(0.0, 9.0, len(rows))


def frozen_flow(rows: Floats, rng: np.random.Generator) -> None:
    """The flow meter repeats its last reading."""
    rows[:, FLOW] = rows[0, FLOW]


def foreign_current(rows: Floats, rng: np.random.Generator) -> None:
    """The current transformer sits on another, equal pump's cable: plausible values, another load."""
    other = make_normal(rng, days=1)
    rows[:, CURRENT] = other[: len(rows), CURRENT]


def hunting_valve(rows: Floats, rng: np.random.Generator) -> None:
    """A control valve hunts with a period of 12 minutes: pressure and flow swing against each other."""
    swing = np.sin(2 * np.pi * np.arange(len(rows)) / 12.0)
    rows[:, PRESSURE] += 0.3 * swing
    rows[:, FLOW] -= 2.2 * swing


def loose_mount(rows: Floats, rng: np.random.Generator) -> None:
    """A loose mount: vibration scatters four times as wide about the same mean."""
    usual = lagged(rows[:, VIBRATION], 30.0)
    rows[:, VIBRATION] = usual + 4.0 * (rows[:, VIBRATION] - usual)


def voltage_dip(rows: Floats, rng: np.random.Generator) -> None:
    """The mains voltage dips for two minutes: the motor draws more current for the same power."""
    rows[:, CURRENT] *= 1.35


FAULTS = (
    Fault("2026-03-24T09:12:00", "2026-03-24T09:14:00", "spike", VIBRATION,
          "a loose part knocks", knock),
    Fault("2026-03-24T20:00:00", "2026-03-25T01:59:00", "level_shift", PRESSURE,
          "the transmitter's zero moves by 0.6 bar", zero_shift),
    Fault("2026-03-25T17:30:00", "2026-03-25T21:29:00", "stuck", FLOW,
          "the meter repeats its last reading", frozen_flow),
    Fault("2026-03-26T06:00:00", "2026-03-26T09:59:00", "lost_correlation", CURRENT,
          "the transformer sits on another pump's cable", foreign_current),
    Fault("2026-03-26T18:00:00", "2026-03-26T19:59:00", "oscillation", PRESSURE,
          "a control valve hunts: pressure and flow swing every 12 minutes", hunting_valve),
    Fault("2026-03-27T04:00:00", "2026-03-27T19:59:00", "drift", TEMPERATURE,
          "a bearing runs dry: 9 degrees over 16 hours", bearing_heats),
    Fault("2026-03-28T10:00:00", "2026-03-28T12:59:00", "amplitude", VIBRATION,
          "a loose mount: vibration scatters four times as wide", loose_mount),
    Fault("2026-03-29T15:40:00", "2026-03-29T15:41:00", "spike", CURRENT,
          "the mains voltage dips", voltage_dip),
)  # fmt: skip


def fault_rows(fault: Fault, start: np.datetime64) -> slice:
    """The rows of a fault in a file that begins at `start`."""
    first = (np.datetime64(fault.start) - start) // np.timedelta64(1, "m")
    last = (np.datetime64(fault.end) - start) // np.timedelta64(1, "m")
    return slice(int(first), int(last) + 1)


def make_week(rng: np.random.Generator) -> Floats:
    """A week of readings with every one of `FAULTS` in it, (10080, 5), unrounded."""
    values = make_normal(rng, days=7)
    for fault in FAULTS:
        fault.change(values[fault_rows(fault, WEEK_START)], rng)
    return values


def write_readings(path: Path, start: np.datetime64, values: Floats) -> None:
    """Readings (N, 5) as CSV, one row a minute from `start`, each sensor with its own digits."""
    stamps = start + np.arange(len(values)) * np.timedelta64(1, "m")
    form = "{}," + ",".join(f"{{:.{digits}f}}" for digits in SENSORS.values()) + "\n"
    lines = (
        form.format(str(stamp).replace("T", " "), *row) for stamp, row in zip(stamps, values, strict=True)
    )
    text = "timestamp," + ",".join(SENSORS) + "\n" + "".join(lines)
    path.write_text(text, encoding="utf-8", newline="")


def write_faults(path: Path) -> None:
    """The labels: one line a fault, start and end both inside it."""
    names = list(SENSORS)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["start", "end", "kind", "sensor", "description"])
        for fault in FAULTS:
            times = (fault.start.replace("T", " "), fault.end.replace("T", " "))
            out.writerow([*times, fault.kind, names[fault.sensor], fault.description])


def main(directory: Path) -> None:
    """Write normal.csv, week.csv and faults.csv into `directory`."""
    rng = np.random.default_rng(SEED)
    write_readings(directory / "normal.csv", NORMAL_START, make_normal(rng, days=14))
    write_readings(directory / "week.csv", WEEK_START, make_week(rng))
    write_faults(directory / "faults.csv")
