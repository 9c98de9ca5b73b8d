"""Found events as text: a table for people, CSV and JSON for programs.

The JSON schema only ever gains fields; `schema_version` changes when a meaning does.
"""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lstm_anomaly.decision.events import Contribution, Event
from lstm_anomaly.text import count, number, printable
from lstm_anomaly.types import IntArray, SensorFrame

SCHEMA_VERSION = 1
SENSORS_IN_TABLE = 3
NARROW = 120  # columns of a terminal below which the table would break its sentences
LEAST_SHARE = 0.05  # of an event, for a sensor other than the first to be named
PLACE_FIELDS = ("start", "end", "peak", "source", "first_line", "last_line")
EVENT_FIELDS = ("rows", "score", "mean_score", "severity")
SENSOR_FIELDS = ("sensor", "share", "seen", "expected", "direction")
_SEVERITY_STYLE = {"low": "yellow", "medium": "dark_orange", "high": "bold red"}


@dataclass(frozen=True)
class PlacedEvent:
    """An event with the places of its rows in the input.

    start, end, peak   time stamps as they stood in the file, or `line 17` without a time column
    first_line, last_line  `file` and line numbers of the first and last row
    """

    event: Event
    source: str
    first_line: int
    last_line: int
    start: str
    end: str
    peak: str

    def as_dict(self) -> dict[str, Any]:
        """The fields of one event in JSON."""
        event = self.event
        return {
            "start": self.start,
            "end": self.end,
            "peak": self.peak,
            "source": self.source,
            "first_line": self.first_line,
            "last_line": self.last_line,
            "rows": event.duration,
            "score": _rounded(event.peak),
            "mean_score": _rounded(event.mean),
            "severity": event.severity,
            "sensors": [_contribution(c) for c in event.contributions],
        }


def _contribution(c: Contribution) -> dict[str, Any]:
    return {
        "sensor": c.sensor,
        "share": _rounded(c.share),
        "seen": _rounded(c.seen),
        "expected": _rounded(c.expected),
        "direction": c.direction,
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


def place(event: Event, frame: SensorFrame, frame_rows: IntArray) -> PlacedEvent:
    """Find an event's rows, which are rows of the cleaned series, in the input."""
    first, last, peak = (int(frame_rows[row]) for row in (event.start, event.end, event.peak_row))

    def stamp(row: int) -> str:
        return f"line {frame.lines[row]}" if frame.stamps is None else str(frame.stamps[row])

    return PlacedEvent(
        event=event,
        source=frame.sources[frame.source_index[first]],
        first_line=int(frame.lines[first]),
        last_line=int(frame.lines[last]),
        start=stamp(first),
        end=stamp(last),
        peak=stamp(peak),
    )


def json_lines(events: Iterable[PlacedEvent]) -> str:
    """One JSON object a line, one line an event."""
    return "".join(
        json.dumps({"schema_version": SCHEMA_VERSION, **event.as_dict()}) + "\n" for event in events
    )


def json_document(events: Iterable[PlacedEvent], summary: dict[str, Any]) -> str:
    """One JSON document: `summary`, then all events."""
    document = {"schema_version": SCHEMA_VERSION, **summary, "events": [event.as_dict() for event in events]}
    return json.dumps(document, indent=2) + "\n"


def csv_table(events: Iterable[PlacedEvent]) -> str:
    """One line an event, with the sensor that carries most of it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*PLACE_FIELDS, *EVENT_FIELDS, *SENSOR_FIELDS])
    for event in events:
        fields = event.as_dict()
        top = fields.pop("sensors")[0]
        writer.writerow([*fields.values(), *top.values()])
    return out.getvalue()


def table(events: list[PlacedEvent], *, terminal: bool, color: bool, unicode: bool, width: int | None) -> str:
    """A table for people; off a terminal as wide as its content, never cut, never wrapped.

    On a terminal too narrow for it, each event is a line of its own with its sensors below.
    """
    if terminal and width is not None and width < NARROW:
        return "".join(map(_block, events))
    several = len({placed.source for placed in events}) > 1
    rows = Table(box=SIMPLE_HEAD if unicode else ASCII2, title=None, highlight=False)
    if several:
        rows.add_column("file", no_wrap=True)
    for name, justify in (("start", "left"), ("end", "left"), ("rows", "right"), ("score", "right")):
        rows.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    rows.add_column("severity", no_wrap=True)
    rows.add_column("what departs", no_wrap=not terminal)
    for placed in events:
        event = placed.event
        rows.add_row(
            *([Text(printable(placed.source))] if several else []),
            Text(printable(placed.start)),
            Text(printable(placed.end)),
            f"{event.duration}",
            f"{number(event.peak, 3)}x",
            Text(event.severity, style=_SEVERITY_STYLE[event.severity]),
            Text("\n".join(map(sensor_sentence, _telling(event)))),
        )
    return rendered(rows, terminal=terminal, color=color, width=width)


def _block(placed: PlacedEvent) -> str:
    """An event on lines of its own: `start to end, 12 rows, 3.4x high`, and a line a sensor."""
    event = placed.event
    head = f"{printable(placed.start)} to {printable(placed.end)}"
    size = f"{count(event.duration, 'row')}, {number(event.peak, 3)}x, {event.severity}"
    return "".join(
        f"{line}\n" for line in [head, f"  {size}", *(f"  {sensor_sentence(c)}" for c in _telling(event))]
    )


def _telling(event: Event) -> list[Contribution]:
    """The sensors worth a line: the first, and others that carry a visible part."""
    first, *others = event.contributions[:SENSORS_IN_TABLE]
    return [first, *(c for c in others if c.share >= LEAST_SHARE)]


def sensor_sentence(c: Contribution) -> str:
    """`pressure_bar 62 %: saw 3.1, expected 4.7`."""
    return f"{printable(c.sensor)} {100 * c.share:.0f} %: saw {number(c.seen)}, expected {number(c.expected)}"


def rendered(what: Table, *, terminal: bool, color: bool, width: int | None) -> str:
    """Text of a rich object, with trailing blanks cut; `width` counts on a terminal only."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width if terminal else 100_000,
        height=25,  # without one, rich takes the width of a dumb terminal for 80
        force_terminal=color,
        no_color=not color,
        color_system="auto" if color else None,
        emoji=False,
        markup=False,
        highlight=False,
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines() if line.strip())
