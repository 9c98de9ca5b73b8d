"""How far each sensor is from where it was in training: its mean and its spread, in a table of the report."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.text import listed, number
from lstm_anomaly.detecting.batch import Detection
from lstm_anomaly.model.model import Model
from lstm_anomaly.output.report.page import Section, Table

MOVED = 1.0  # training spreads: a sensor's mean that is farther off is said to have moved
SPREAD_FACTOR = 2.0  # a spread this many times another is said to have changed


@dataclass(frozen=True)
class Shift:
    """One sensor's mean and spread in training and here; `said` is empty when they are alike."""

    sensor: str
    then: tuple[float, float]
    now: tuple[float, float]

    @classmethod
    def of(cls, detection: Detection, model: Model, sensor: int) -> "Shift":
        """That of the sensor with this number."""
        values = detection.series.values[:, sensor]
        known = values[np.isfinite(values)]
        now = (float(known.mean()), float(known.std())) if len(known) else (np.nan, np.nan)
        then = (float(model.scaler.center[sensor]), float(model.scaler.scale[sensor]))
        return cls(model.sensors[sensor], then, now)

    @property
    def moved(self) -> float:
        """How far the mean is off, in spreads of training."""
        return (self.now[0] - self.then[0]) / self.then[1]

    @property
    def factor(self) -> float:
        """The spread here as a multiple of that in training."""
        return self.now[1] / self.then[1]

    @property
    def said(self) -> str:
        """What has changed, in a word or two."""
        if not np.isfinite(self.moved):
            return "no readings"
        said = []
        if abs(self.moved) > MOVED:
            said.append("higher" if self.moved > 0 else "lower")
        if self.factor > SPREAD_FACTOR:
            said.append("scatters more")
        if self.factor < 1 / SPREAD_FACTOR:
            said.append("scatters less")
        return ", ".join(said)


def drift_section(shifts: Sequence[Shift], findings: Sequence[str]) -> Section:
    """The section on drift: in what rows no longer look like training (`findings`), and how sensors moved."""
    rows = [
        [
            shift.sensor,
            *(
                f"{number(mean)} \N{PLUS-MINUS SIGN} {number(spread, 3)}"
                for mean, spread in (shift.then, shift.now)
            ),
            f"{shift.moved:+.2f}",
            number(shift.factor, 3),
            shift.said,
        ]
        for shift in shifts
    ]
    headings = [
        "sensor",
        "training",
        "here",
        "mean moved, in training spreads",
        "spread, times that in training",
        "",
    ]
    told = "Mean and spread (standard deviation) of each sensor in the training data and here."
    moved = [shift.sensor for shift in shifts if shift.said]
    verdict = (
        f"Not as in training: {listed(moved)}. If this is how it runs from now on, train again."
        if moved
        else "All sensors have the level and the spread that they had in training."
    )
    found = [f"The data no longer looks like training: {'; '.join(findings)}."] if findings else []
    return Section("drift", "Drift", [*found, verdict, told], table=Table(headings, rows, frozenset({3, 4})))
