"""Metrics for the textfile collector of node_exporter: the latest values, without time stamps of samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lstm_anomaly.base.text import number

PREFIX = "lstm_anomaly_"
_TOTALS = {
    "rows": ("rows_total", "Rows of the input."),
    "judged": ("rows_judged_total", "Rows that were judged."),
    "anomalous": ("rows_anomalous_total", "Anomalous rows."),
    "unknown": ("rows_unknown_total", "Rows that could not be judged."),
    "off": ("rows_off_total", "Rows in which the plant was off."),
    "events": ("events_total", "Events that were reported."),
    "gaps": ("gaps_total", "Times that rows between two runs could not be found."),
}


@dataclass(frozen=True)
class Metrics:
    """What a run reports.

    source, model   names of the input and of the model, the labels of every metric
    now             seconds since 1970
    newest          the latest time stamp likewise, None without one
    totals          rows by what became of them, and events, over all runs that share a state
    event_open      whether an event is going on
    sensors, worst  each sensor's highest part in a score of this run
    silent          those that deliver nothing
    """

    source: str
    model: str
    now: float
    newest: float | None
    totals: Mapping[str, int]
    event_open: bool
    sensors: Sequence[str]
    worst: Sequence[float]
    silent: Sequence[str] = ()


def textfile(metrics: Metrics) -> str:
    """The whole content of a `.prom` file."""
    labels = {"model": metrics.model, "source": metrics.source}
    lines = _metric(
        "last_success_timestamp_seconds",
        "gauge",
        "Time when a run last delivered its results.",
        {},
        f"{metrics.now:.3f}",
        labels,
    )
    if metrics.newest is not None:
        what = "Time stamp of the latest row."
        value = f"{metrics.newest:.3f}"
        lines += _metric("newest_row_timestamp_seconds", "gauge", what, {}, value, labels)
    for name, (metric, what) in _TOTALS.items():
        lines += _metric(metric, "counter", what, {}, str(metrics.totals.get(name, 0)), labels)
    what = "1 while an event is going on."
    lines += _metric("event_open", "gauge", what, {}, str(int(metrics.event_open)), labels)
    for k, (sensor, worst) in enumerate(zip(metrics.sensors, metrics.worst, strict=True)):
        what = "" if k else "Largest contribution of a sensor to a score; the sum of all has the threshold 1."
        lines += _metric("sensor_score", "gauge", what, {"sensor": sensor}, number(worst, 6), labels)
    for k, sensor in enumerate(metrics.sensors):
        what = "" if k else "1 while a sensor delivers nothing."
        lines += _metric(
            "sensor_silent", "gauge", what, {"sensor": sensor}, str(int(sensor in metrics.silent)), labels
        )
    return "".join(f"{line}\n" for line in lines)


def _metric(
    name: str, kind: str, what: str, own: Mapping[str, str], value: str, labels: Mapping[str, str]
) -> list[str]:
    head = [f"# HELP {PREFIX}{name} {what}", f"# TYPE {PREFIX}{name} {kind}"] if what else []
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in {**labels, **own}.items())
    return [*head, f"{PREFIX}{name}{{{shown}}} {value}"]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
