"""The report on one detection: what was found, where, in which sensors, and how good the data was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.text import count, number
from lstm_anomaly.decision.course import SYMBOL
from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.detecting.batch import Detection
from lstm_anomaly.detecting.forecast import Forecast
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.sentences import rounded
from lstm_anomaly.model.model import Model
from lstm_anomaly.output.report.charts import (
    Axis,
    Chart,
    Panel,
    event_chart,
    score_line,
    seen_and_expected,
)
from lstm_anomaly.output.report.fan import forecast_section
from lstm_anomaly.output.report.of_model import model_sections
from lstm_anomaly.output.report.page import Section, Table, page
from lstm_anomaly.output.report.shifts import Shift, drift_section
from lstm_anomaly.output.symbols import around

MOST_CHARTS = 200  # events with a chart of their own, the highest ones
OVERVIEW_POINTS = 6000  # of the score
SENSOR_POINTS = 80_000  # of all sensors' curves in the overview
EVENT_POINTS = 130_000  # of all events' curves
DRIFTED = (
    "The data no longer looks like training, see Drift: the promise on false alarms does not hold for it. If"
    " this is normal now, calibrate the model on it, or train again."
)
WAYS = {
    "up": "higher",
    "down": "lower",
    "flat": "stands still",
    "noisy": "jumps about",
    "relation": "goes its own way",
    SYMBOL: "symbols",
}
SENSORS_TOLD = 10  # in an event's table
MANY_MOVED = 0.5  # of the sensors: the summary says that the model may not fit


def detection_report(
    detection: Detection,
    model: Model,
    events: Sequence[PlacedEvent],
    notes: Sequence[str],
    title: str,
    coming: Forecast | None = None,
) -> str:
    """The whole file as text; `events` have their views, `notes` say what was noticed while reading.

    `coming` is what the model forecasts, if it does.
    """
    axis = Axis(detection.series)
    codes = {column.place for column in model.symbols}
    shifts = [Shift.of(detection, model, k) for k in range(len(model.sensors)) if k not in codes]
    sections = [
        _summary(detection, events, shifts),
        _overview(detection, events, axis),
        _list(events),
        *_each(events, axis, _Sequences(detection, model)),
        *([] if coming is None else [forecast_section(coming, axis)]),
        _quality(detection, notes),
        drift_section(shifts, detection.drift.findings()),
        *model_sections(model),
    ]
    subtitle = (
        f"What departs from normal, as {'a linear' if model.kind == 'linear' else 'an LSTM'} model learned it"
    )
    return page(title, subtitle, sections, {"sensors": _sensor_panels(detection, axis)})


def _summary(detection: Detection, events: Sequence[PlacedEvent], shifts: Sequence[Shift]) -> Section:
    counts = detection.counts()
    facts = [
        ("events", f"{len(events):,}"),
        ("rows", f"{counts['rows']:,}"),
        ("anomalous rows", f"{counts['anomalous']:,}"),
        ("rows that could not be judged", f"{counts['unknown']:,}"),
    ]
    stamps = detection.frame.stamps
    if stamps is not None and len(stamps):
        facts[1:1] = [("first row", str(stamps[0])), ("last row", str(stamps[-1]))]
    paragraphs = [
        "A row's score is a multiple of the threshold: above 1 the row is anomalous, and such rows that"
        " lie close together are an event. Severity is low from 1, medium from 2 and high from 4."
    ]
    if events:
        worst = max(events, key=lambda placed: placed.event.peak)
        place = events.index(worst) + 1
        told = f"The highest is event {place}. {worst.sentence}"
        paragraphs.insert(0, told)
    elif counts["judged"]:
        paragraphs.insert(0, "Nothing departs from normal.")
    else:
        paragraphs.insert(0, "No row could be judged, so this report says nothing about the data.")
    moved = [shift.sensor for shift in shifts if shift.said]
    if detection.drift.findings():
        paragraphs.insert(1, DRIFTED)
    elif counts["judged"] and shifts and len(moved) >= MANY_MOVED * len(shifts):
        paragraphs.insert(
            1,
            f"{len(moved)} of {count(len(shifts), 'sensor')} are not as they were in training, see Drift: the"
            " model may not know this way of running, and its verdicts then say little.",
        )
    return Section("summary", "Summary", paragraphs, facts)


def _overview(detection: Detection, events: Sequence[PlacedEvent], axis: Axis) -> Section:
    scores = detection.judgement.scores
    peaks = [placed.event.peak_row for placed in events]
    panel = Panel("score", [score_line(axis, scores, OVERVIEW_POINTS, peaks)], log=True, limit=1.0)
    bands = axis.bands((placed.event.start, placed.event.end) for placed in events)
    chart = Chart("overview", [panel], axis.title, axis.is_time, bands, "events")
    told = "The score of all rows against the limit, and one sensor below it. Events are shaded."
    names = list(detection.series.sensors)
    worst = max(events, key=lambda placed: placed.event.peak, default=None)
    chosen = names.index(worst.event.sensor) if worst and worst.event.first else 0
    return Section("overview", "Overview", [told], chart=chart, choices=names, chosen=chosen)


def _sensor_panels(detection: Detection, axis: Axis) -> list[dict[str, object]]:
    """For the sensor that is chosen below the overview."""
    sensors, judgement = detection.series.sensors, detection.judgement
    most = min(OVERVIEW_POINTS, SENSOR_POINTS // (2 * len(sensors)))
    panels = []
    for k, name in enumerate(sensors):
        lines = seen_and_expected(axis, detection.series.values[:, k], judgement.expected[:, k], most)
        panels.append(Panel(name, lines).as_dict())
    return panels


def _list(events: Sequence[PlacedEvent]) -> Section:
    if not events:
        return Section("events", "Events", ["There are none."])
    several = len({placed.source for placed in events}) > 1
    headings = ["event", "severity", "score", "sensor", "start", "end", "rows", "what happened"]
    rows = [
        [
            str(place),
            placed.event.severity,
            number(placed.event.peak, 3),
            placed.event.sensor,
            placed.start,
            placed.end,
            str(placed.event.duration),
            placed.sentence,
            *([placed.source] if several else []),
        ]
        for place, placed in enumerate(events, 1)
    ]
    shown = _with_chart(events)
    links = [f"event-{place}" if place in shown else "" for place in range(1, len(events) + 1)]
    table = Table(headings + ["file"] * several, rows, frozenset({0, 2, 6}), links)
    paragraphs = []
    if len(shown) < len(events):
        paragraphs = [f"The {len(shown)} highest of {len(events)} events have a chart below."]
    return Section("events", "Events", paragraphs, table=table, filters=["low", "medium", "high"])


def _with_chart(events: Sequence[PlacedEvent]) -> set[int]:
    """Places, from 1, of the events that get a chart."""
    order = sorted(range(len(events)), key=lambda k: -events[k].event.peak)
    return {k + 1 for k in order[:MOST_CHARTS]}


@dataclass(frozen=True)
class _Sequences:
    """The symbols around events."""

    detection: Detection
    model: Model

    def told(self, event: Event) -> list[str]:
        """A sentence, where symbols are the first to depart."""
        first, series = event.first, self.detection.series
        for column in self.model.symbols:
            if first and self.model.sensors[column.place] == first.sensor and first.direction == "symbol":
                a, b = next(((a, b) for a, b in series.segments if a <= event.start < b), (0, len(series)))
                text = around(series.values[a:b], column, series.symbols, (event.start - a, b - a))
                return [f"The sequence around it: {text}"]
        return []


def _each(events: Sequence[PlacedEvent], axis: Axis, sequences: _Sequences) -> list[Section]:
    shown = _with_chart(events)
    most = min(600, EVENT_POINTS // max(1, 7 * len(shown)))
    out = []
    for place, placed in enumerate(events, 1):
        if place not in shown or placed.view is None:
            continue
        event = placed.event
        parts = event.contributions[:SENSORS_TOLD]
        rows = [
            [c.sensor, f"{100 * c.share:.0f} %", *_readings(c), at, WAYS[c.kind]]
            for c, at in zip(parts, placed.told, strict=False)
        ]
        told = (
            f"{placed.start} to {placed.end}, {count(event.duration, 'row')}: lines {placed.first_line:,} to"
            f" {placed.last_line:,} of {placed.source}. Highest score {number(event.peak, 3)}x at"
            f" {placed.peak}."
        )
        if len(event.contributions) > len(parts):
            told += f" {len(event.contributions) - len(parts)} more sensors carry less."
        headings = ["sensor", "share", "farthest", "usual", "lowest to highest", "at", "how"]
        out.append(
            Section(
                f"event-{place}",
                f"Event {place}",
                [placed.sentence, told, *sequences.told(event)],
                table=Table(headings, rows, frozenset({1, 2, 3})) if rows else None,
                chart=event_chart(axis, placed.view, most),
                severity=event.severity,
                kind="event",
            )
        )
    return out


def _readings(part: Contribution) -> list[str]:
    """A sensor's farthest reading, what is usual there, and its span within the event; codes say nothing."""
    if part.kind == SYMBOL:
        return ["", "", ""]
    seen, low, high, lowest, highest = rounded(part, part.seen, *part.usual, *part.span)
    return [seen, f"{low} to {high}", f"{lowest} to {highest}"]


def _quality(detection: Detection, notes: Sequence[str]) -> Section:
    values = detection.frame.values
    missing = np.isnan(values).sum(axis=0) if len(values) else np.zeros(len(detection.frame.sensors))
    told = [*notes, *detection.cleaning.lines()]
    affected = [(name, int(n)) for name, n in zip(detection.frame.sensors, missing, strict=True) if n]
    if not affected:
        return Section("quality", "Data quality", [*told, "No reading is missing."])
    rows = [[name, f"{n:,}", f"{100 * n / len(values):.3g} %"] for name, n in affected]
    table = Table(["sensor", "missing readings", "of the rows"], rows, frozenset({1, 2}))
    return Section("quality", "Data quality", told, table=table)
