"""A picture of each sensor's forecast as a fan behind its last rows; needs the extra `report`."""

import io
import re
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from lstm_anomaly.base.files import atomic_write
from lstm_anomaly.base.text import printable
from lstm_anomaly.model.horizon import NAMES
from lstm_anomaly.output.formats.forecasts import ForecastView

SEEN, EXPECTED = "#0072b2", "#d55e00"  # Okabe & Ito's palette


def write_fans(view: ForecastView, folder: str) -> list[Path]:
    """Write a PNG for each sensor into `folder`, which is made when it is not there."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    digits, out = len(str(len(view.forecast.sensors))), []
    for k, sensor in enumerate(view.forecast.sensors):
        name = re.sub(r"[^0-9A-Za-z]+", "-", sensor).strip("-")[:60]
        path = target / f"forecast-{k + 1:0{digits}}-{name or 'sensor'}.png"
        picture = io.BytesIO()
        with rc_context({"text.parse_math": False}):  # names are text: no formulas between dollar signs
            metadata = {"Software": "lstm-anomaly"}
            fan(view, k).savefig(picture, format="png", dpi=110, metadata=metadata)
        with atomic_write(path) as file:
            file.write(picture.getvalue())
        out.append(path)
    return out


def fan(view: ForecastView, k: int) -> Figure:
    """One sensor: the last rows, the forecast, and its intervals, the wider the paler."""
    picture = Figure(figsize=(9.0, 3.2), layout="constrained")
    ax = picture.subplots()
    forecast = view.forecast
    seen, values = forecast.seen[k], forecast.values[k]
    past, future = np.arange(-len(seen), 0), np.arange(len(values))
    for level in sorted(view.levels, reverse=True):
        low, high = forecast.interval(level)
        label = f"{100 * level:g} %"
        ax.fill_between(future, low[k], high[k], color=EXPECTED, alpha=0.2, lw=0, label=label)
    ax.plot(past, seen, color=SEEN, lw=1.3, label="seen")
    ax.plot(future, values, color=EXPECTED, lw=1.5, ls="--", label="forecast")
    ax.axvline(-0.5, color="#777777", lw=0.8)
    ax.set_title(
        f"{printable(forecast.sensors[k])}, by {NAMES[forecast.methods[k]]}", fontsize=10, loc="left"
    )
    ax.set_xlabel(f"rows from {printable(view.stamps[0])}")
    ax.grid(True, color="#dddddd", lw=0.6)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=5, fontsize=8, frameon=False)
    return picture
