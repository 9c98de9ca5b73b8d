"""A picture of each event as a PNG or SVG file, for mail and tickets; needs the extra `report`."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from lstm_anomaly.base.files import atomic_write
from lstm_anomaly.base.text import count, number, printable, wrapped
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.views import EventView

# Okabe & Ito's palette: told apart by colour-blind readers, and by the dashes without any colour.
SEEN, EXPECTED, SCORE, LIMIT, BAND = "#0072b2", "#d55e00", "#000000", "#aa3377", "#f0e442"
WIDTH, PANEL_HEIGHT, HEAD_HEIGHT = 9.0, 1.7, 1.3  # inches
LETTERS_A_LINE = 110
LEAST_SHOWN = 0.01


def write_plots(events: Sequence[PlacedEvent], folder: str, format_: str) -> list[Path]:
    """Write a file for each event that has a view into `folder`, which is made when it is not there."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    digits = len(str(len(events)))
    out = []
    for place, placed in enumerate(events, 1):
        if placed.view is None:
            continue
        start = re.sub(r"[^0-9A-Za-z]+", "-", placed.start).strip("-")
        path = target / f"event-{place:0{digits}}-{start}.{format_}"
        picture = io.BytesIO()
        # Names are text: no formulas between dollar signs; the same input gives the same bytes.
        with rc_context({"text.parse_math": False, "svg.hashsalt": "event", "svg.fonttype": "none"}):
            metadata = {"Date": None} if format_ == "svg" else {"Software": "lstm-anomaly"}
            figure(place, placed, placed.view).savefig(picture, format=format_, dpi=110, metadata=metadata)
        with atomic_write(path) as file:
            file.write(picture.getvalue())
        out.append(path)
    return out


def figure(place: int, placed: PlacedEvent, view: EventView) -> Figure:
    """Score above, the sensors that carry the event below, with rows before and after it."""
    event = placed.event
    panels = 1 + len(view.sensors)
    picture = Figure(figsize=(WIDTH, HEAD_HEIGHT + PANEL_HEIGHT * panels), layout="constrained")
    axes = picture.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]
    head = f"Event {place}: {placed.start} to {placed.end}, {count(event.duration, 'row')}, {event.severity}"
    words = "\n".join(wrapped([printable(placed.sentence)], LETTERS_A_LINE, indent=0))
    picture.suptitle(f"{printable(head)}\n{words}", fontsize=10, x=0.01, ha="left")
    rows = np.arange(len(view.scores)) - (event.start - view.first)
    with np.errstate(invalid="ignore"):
        axes[0].plot(rows, np.maximum(view.scores, LEAST_SHOWN), color=SCORE, lw=1.2)
    axes[0].axhline(1, color=LIMIT, ls="-.", lw=1.2, label="limit")
    axes[0].set_yscale("log")
    for ticks in (axes[0].yaxis.set_major_formatter, axes[0].yaxis.set_minor_formatter):
        ticks(FuncFormatter(_tick))
    axes[0].set_ylabel("score")
    axes[0].set_title(f"highest {number(event.peak, 3)}x the limit", fontsize=9, loc="right")
    for ax, sensor in zip(axes[1:], view.sensors, strict=True):
        ax.plot(rows, sensor.seen, color=SEEN, lw=1.3, label="seen")
        ax.plot(rows, sensor.expected, color=EXPECTED, lw=1.3, ls="--", label="expected")
        ax.set_title(f"{printable(sensor.name)}: {100 * sensor.share:.0f} %", fontsize=9, loc="right")
    for ax in axes:
        _finish(ax, event.duration)
    axes[-1].set_xlabel(f"rows from {printable(placed.start)}")
    return picture


def _tick(value: float, _position: int | None) -> str:
    """1, 2 and 5 and their tenfolds; other ticks of a logarithmic axis stay bare."""
    return f"{value:g}" if f"{value:e}"[0] in "125" else ""


def _finish(ax: Axes, duration: int) -> None:
    ax.axvspan(-0.5, duration - 0.5, color=BAND, alpha=0.4, lw=0)
    ax.grid(True, color="#dddddd", lw=0.6)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, frameon=False, borderaxespad=0.1)
