"""Forecasts for people: a line for each sensor, with its past and what is to come as a small curve."""

import re
from collections.abc import Sequence

import numpy as np
from rich.text import Text

from lstm_anomaly.base.text import count, number, printable
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.detecting.forecast import Forecast, Reached
from lstm_anomaly.model.horizon import NAMES
from lstm_anomaly.output.formats.forecasts import ForecastView
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.events import MOST_NAME
from lstm_anomaly.output.terminal.sparklines import bars, columns

CURVE = 16  # characters of the past, and of what is to come
_LEAST_CURVE = 4
_LEAST_WIDTH = {"method": 120, "lowest": 140, "highest": 140}  # of a terminal from which there is room


def table(view: ForecastView, canvas: Canvas) -> str:
    """One row a sensor: its last reading, what is to come, and the first level's interval at the end."""
    forecast, level, last = view.forecast, view.levels[0], view.stamps[-1]
    low, high = forecast.interval(level)
    rows = [_cells(forecast, k, (low[k], high[k]), canvas) for k in range(len(forecast.sensors))]
    titles = {
        "end": f"row {last}" if forecast.times is None else last,
        "within": f"{100 * level:g} % interval",
    }
    if canvas.terminal:  # in two lines, for the sake of its width
        titles = {name: re.sub("T| (?=i)", "\n", title, count=1) for name, title in titles.items()}
    left_out = canvas.hidden(_LEAST_WIDTH)
    names = [name for name in rows[0] if name not in left_out]
    if half := _half_of_curve(
        [[titles.get(name, name), *(row[name].plain for row in rows)] for name in names], canvas
    ):
        names.insert(1, "past and forecast")
        for k, row in enumerate(rows):
            row["past and forecast"] = _curve(forecast, k, half, canvas)
    shown = canvas.table()
    for name in names:
        right = name in ("now", "end", "lowest", "highest")
        shown.add_column(titles.get(name, name), justify="right" if right else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*(row[name] for name in names))
    return canvas.rendered(shown)


def _half_of_curve(columns: Sequence[Sequence[str]], canvas: Canvas) -> int:
    """Characters of the past, and of what is to come, for which the other columns leave room."""
    if not canvas.terminal or canvas.width is None:
        return CURVE
    taken = sum(3 + max(len(line) for cell in column for line in cell.split("\n")) for column in columns)
    half = (canvas.width - taken - 5) // 2
    return 0 if half < _LEAST_CURVE else min(half, CURVE)


def _cells(
    forecast: Forecast, k: int, interval: tuple[FloatArray, FloatArray], canvas: Canvas
) -> dict[str, Text]:
    seen, values = forecast.seen[k], forecast.values[k]
    known = seen[np.isfinite(seen)]
    low, high = interval
    return {
        "sensor": Text(canvas.shortened(printable(forecast.sensors[k]), MOST_NAME)),
        "now": Text(number(float(known[-1])) if len(known) else "-"),
        "end": Text(number(float(values[-1]))),
        "within": Text(f"{number(float(low[-1]))} to {number(float(high[-1]))}"),
        "lowest": Text(number(float(values.min()))),
        "highest": Text(number(float(values.max()))),
        "method": Text(NAMES[forecast.methods[k]]),
    }


def _curve(forecast: Forecast, k: int, half: int, canvas: Canvas) -> Text:
    """The past of a sensor and what is to come, in at most `half` characters each."""
    seen, values = forecast.seen[k], forecast.values[k]
    everything = np.concatenate([seen[np.isfinite(seen)], values])
    ends = (float(everything.min()), float(everything.max()))
    past, future = (bars(_means(part, half), *ends, unicode=canvas.unicode) for part in (seen, values))
    curve = Text(past, style="dim")
    curve.append("|" if not canvas.unicode else "│")
    curve.append(future, style="steel_blue")
    return curve


def _means(values: FloatArray, most: int) -> FloatArray:
    """Means of at most this many parts, NaN where nothing is known."""
    parts = [values[part] for part in columns(len(values), most)]
    return np.array([np.nanmean(part) if np.isfinite(part).any() else np.nan for part in parts])


def interval_lines(forecast: Forecast, levels: Sequence[float]) -> list[str]:
    """How far the intervals are certified."""
    steps, horizon = forecast.values.shape[1], forecast.expected.horizon
    out = []
    for level in levels:
        certified = min(horizon.paths[name].certified_steps(level, steps) for name in forecast.methods)
        if certified < steps:
            until = f"only up to step {certified:,}" if certified else "for no step"
            out.append(
                f"{100 * level:g} % intervals are certified {until}, since too few rows were held out in"
                " training. Read the others as estimates, or train on more rows."
            )
    return out


def limit_line(reached: Reached, view: ForecastView) -> str:
    """`level reaches 90 or more within 24 rows with a chance of 63 %, half of the time by ...`."""
    when, steps = view.stamps, view.forecast.values.shape[1]
    way = "or more" if reached.above else "or less"
    line = (
        f"{printable(reached.sensor)} reaches {number(reached.limit)} {way} within {count(steps, 'row')}"
        f" with a chance of {100 * reached.chance:.0f} %"
    )
    if reached.median is not None:
        line += f", and if it does then half of the time by {when[reached.median]}"
    if reached.expected is not None:
        line += f"; the forecast itself reaches it at {when[reached.expected]}"
    return f"{line}."
