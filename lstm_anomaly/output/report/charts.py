"""Charts as plain data for the page's script: what is drawn, not how; binary numbers are base64 text."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lstm_anomaly.base.text import printable
from lstm_anomaly.base.types import FloatArray, IntArray, Series, TimeArray
from lstm_anomaly.detecting.views import EventView
from lstm_anomaly.output.report.thinning import thinned

LEAST_SHOWN = 0.01  # scores below are drawn here: their axis is logarithmic


@dataclass(frozen=True)
class Line:
    """One curve: its role, one of the script's `ROLES`, decides how it is drawn."""

    role: str
    name: str
    x: FloatArray
    y: FloatArray

    def as_dict(self) -> dict[str, Any]:
        """The fields, as the script of the page reads them."""
        return {
            "role": self.role,
            "name": printable(self.name),
            "x": _base64(self.x),
            "y": _base64(self.y, "<f4"),
        }


@dataclass(frozen=True)
class Panel:
    """Curves that share a vertical axis; `limit` is drawn as a line across."""

    title: str
    lines: list[Line]
    log: bool = False
    limit: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields, as the script of the page reads them."""
        lines = [line.as_dict() for line in self.lines]
        return {"title": printable(self.title), "log": self.log, "limit": self.limit, "lines": lines}


@dataclass(frozen=True)
class Chart:
    """Panels above each other that share a horizontal axis.

    is_time  x are milliseconds since 1970
    bands    ranges of x that are marked, the events
    """

    title: str
    panels: list[Panel]
    x_title: str
    is_time: bool = False
    bands: list[tuple[float, float]] = field(default_factory=list)
    band_name: str = "event"

    def as_dict(self) -> dict[str, Any]:
        """The fields, as the script of the page reads them."""
        return {
            "title": self.title,
            "xTitle": self.x_title,
            "isTime": self.is_time,
            "bands": self.bands,
            "bandName": self.band_name,
            "panels": [panel.as_dict() for panel in self.panels],
        }


def _base64(values: FloatArray, dtype: str = "<f8") -> str:
    return base64.b64encode(np.ascontiguousarray(values, dtype=dtype).tobytes()).decode("ascii")


class Axis:
    """Where the rows of a series lie on the horizontal axis: their time, or their number from 1."""

    def __init__(self, series: Series) -> None:
        self.is_time = series.times is not None
        self.title = "time (UTC)" if self.is_time else "row"
        self._times = series.times

    def at(self, rows: IntArray) -> FloatArray:
        """Milliseconds since 1970, or row numbers."""
        if self._times is None:
            return np.asarray(rows + 1.0, dtype=np.float64)
        return self._times[rows].astype("datetime64[ns]").astype(np.int64) / 1e6

    def after(self, rows: int, times: TimeArray | None, steps: int) -> FloatArray:
        """The places (S,) of the steps that follow this many rows, at these times if rows have any."""
        if times is None:
            return np.asarray(rows + 1.0 + np.arange(steps))
        return times.astype("datetime64[ns]").astype(np.int64) / 1e6

    def bands(self, spans: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
        """Ranges of rows, both ends included; each half a row wider, so that one row is a band, too."""
        out = []
        for start, end in spans:
            a, b = self.at(np.array([start, end]))
            half = self._half_step()
            out.append((float(a - half), float(b + half)))
        return out

    def _half_step(self) -> float:
        if self._times is None or len(self._times) < 2:
            return 0.5
        return (
            float((self._times[-1] - self._times[0]) / np.timedelta64(1, "ms")) / (len(self._times) - 1) / 2
        )


def score_line(axis: Axis, scores: FloatArray, most: int, keep: Sequence[int] = (), first: int = 0) -> Line:
    """Scores of rows from `first` on, thinned."""
    rows = thinned(scores, most, keep)
    return Line("score", "score", axis.at(rows + first), np.maximum(scores[rows], LEAST_SHOWN))


def seen_and_expected(
    axis: Axis, seen: FloatArray, expected: FloatArray, most: int, first: int = 0
) -> list[Line]:
    """A sensor's two curves, thinned each for itself."""
    out = []
    for role, values in (("seen", seen), ("expected", expected)):
        rows = thinned(values, most)
        out.append(Line(role, role, axis.at(rows + first), values[rows]))
    return out


def event_chart(axis: Axis, view: EventView, most: int) -> Chart:
    """An event with its context: score above, the sensors that carry it below."""
    keep = (
        [view.event.peak_row - view.first] if 0 <= view.event.peak_row - view.first < len(view.scores) else []
    )
    panels = [Panel("score", [score_line(axis, view.scores, most, keep, view.first)], log=True, limit=1.0)]
    for sensor in view.sensors:
        lines = seen_and_expected(axis, sensor.seen, sensor.expected, most, view.first)
        panels.append(Panel(sensor.name, lines))
    bands = axis.bands([(view.event.start, view.event.end)])
    return Chart("event", panels, axis.title, axis.is_time, bands)
