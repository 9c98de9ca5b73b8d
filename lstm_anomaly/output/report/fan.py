"""What comes next in a report: each sensor's last rows, its forecast behind them, the intervals as a fan."""

import numpy as np

from lstm_anomaly.base.text import count, listed
from lstm_anomaly.detecting.forecast import Forecast
from lstm_anomaly.model.horizon import NAMES
from lstm_anomaly.output.report.charts import Axis, Chart, Line, Panel
from lstm_anomaly.output.report.page import Section
from lstm_anomaly.output.terminal.forecast import interval_lines

MOST_SENSORS = 12  # that get a panel
LEVELS = {0.8: "other", 0.95: "limit"}  # and the role of the curves of their ends


def forecast_section(found: Forecast, axis: Axis) -> Section:
    """The section, with a panel for each of the first sensors."""
    steps = found.values.shape[1]
    ways = listed(sorted({NAMES[method] for method in found.methods}))
    told = (
        f"{count(steps, 'row')} after the last one, by the {ways}, which did best on rows held out in"
        " training. Of the readings to come 80 and 95 % are expected between the ends of the fan."
    )
    panels = [_panel(found, axis, k) for k in range(min(len(found.sensors), MOST_SENSORS))]
    left_out = found.sensors[MOST_SENSORS:]
    more = [f"Not shown: {listed(left_out)}."] if left_out else []
    chart = Chart("forecast", panels, axis.title, axis.is_time)
    return Section(
        "forecast",
        "What comes next",
        [told, *found.notes, *interval_lines(found, [*LEVELS]), *more],
        chart=chart,
    )


def _panel(found: Forecast, axis: Axis, k: int) -> Panel:
    steps, seen = found.values.shape[1], found.seen[k]
    future = axis.after(found.first_row - 1, found.times, steps)
    past = future[0] - (future[-1] - future[0]) / max(steps - 1, 1) * np.arange(len(seen), 0, -1)
    lines = [Line("seen", "seen", past, seen), Line("expected", "forecast", future, found.values[k])]
    for level, role in LEVELS.items():
        low, high = found.interval(level)
        name = f"{100 * level:g} %"
        ends = np.concatenate([low[k], [np.nan], high[k]])  # one curve, broken between its two ends
        lines.append(Line(role, name, np.concatenate([future, future[-1:], future]), ends))
    return Panel(found.sensors[k], lines)
