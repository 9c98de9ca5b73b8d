"""A picture of all rows that were judged, for notebooks; needs the extra `plot`."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_anomaly.base.text import count, printable
from lstm_anomaly.detecting.batch import Detection
from lstm_anomaly.output.report.event_plots import (
    BAND,
    EXPECTED,
    HEAD_HEIGHT,
    LEAST_SHOWN,
    LIMIT,
    PANEL_HEIGHT,
    SCORE,
    SEEN,
    WIDTH,
)

MOST_SENSORS = 4


def series_figure(detection: Detection) -> Figure:
    """Scores against the limit with the events shaded, and the sensors that carry most of the events."""
    series, judgement = detection.series, detection.judgement
    sensors = leading_sensors(detection)
    with rc_context({"text.parse_math": False}):
        picture = Figure(
            figsize=(WIDTH, HEAD_HEIGHT + PANEL_HEIGHT * (1 + len(sensors))), layout="constrained"
        )
        axes = picture.subplots(1 + len(sensors), 1, sharex=True, squeeze=False)[:, 0]
        x: NDArray[np.generic] = np.arange(len(series)) if series.times is None else series.times  # (M,)
        with np.errstate(invalid="ignore"):
            axes[0].plot(x, np.maximum(judgement.scores, LEAST_SHOWN), color=SCORE, lw=0.8, label="score")
        axes[0].axhline(1, color=LIMIT, ls="-.", lw=1.2, label="limit")
        axes[0].set_yscale("log")
        axes[0].set_title(count(len(detection.events), "event"), fontsize=9, loc="right")
        for ax, k in zip(axes[1:], sensors, strict=True):
            ax.plot(x, series.values[:, k], color=SEEN, lw=0.8, label="seen")
            ax.plot(x, judgement.expected[:, k], color=EXPECTED, lw=0.8, ls="--", label="expected")
            ax.set_title(printable(series.sensors[k]), fontsize=9, loc="right")
        for ax in axes:
            for event in detection.events:
                ax.axvspan(x[event.start], x[event.end], color=BAND, alpha=0.4, lw=1)  # of one row, too
            ax.grid(True, color="#dddddd", lw=0.6)
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, frameon=False)
        axes[-1].set_xlabel("row" if series.times is None else "time (UTC)")
    return picture


def leading_sensors(detection: Detection) -> list[int]:
    """Those with the largest shares of all events, at most `MOST_SENSORS`; the first ones without events."""
    names = detection.series.sensors
    shares = np.zeros(len(names))  # (F,)
    for event in detection.events:
        for part in event.contributions:
            shares[names.index(part.sensor)] += part.share
    return [int(k) for k in np.argsort(-shares, kind="stable")[:MOST_SENSORS]]
