"""Found events as text for programs: CSV and JSON, whole or an event at a time.

The JSON schema only ever gains fields; `schema_version` changes when a meaning does.
"""

import json
from collections.abc import Iterable
from typing import Any

from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.output.formats.csv_text import csv_text

SCHEMA_VERSION = 1
PLACE_FIELDS = ("start", "end", "peak", "source", "first_line", "last_line")
EVENT_FIELDS = ("rows", "score", "mean_score", "severity", "reason")
SENSOR_FIELDS = ("sensor", "share", "seen", "expected", "direction")
NAME_FIELDS = ("group", "id", "state", "kind", "maintenance", "then")


def json_lines(events: Iterable[PlacedEvent]) -> str:
    """One JSON object a line, one line an event."""
    return "".join(
        json.dumps({"schema_version": SCHEMA_VERSION, **event.as_dict()}) + "\n" for event in events
    )


def json_document(events: Iterable[PlacedEvent], summary: dict[str, Any]) -> str:
    """One JSON document: `summary`, then all events."""
    document = {"schema_version": SCHEMA_VERSION, **summary, "events": [event.as_dict() for event in events]}
    return json.dumps(document, indent=2) + "\n"


def csv_header() -> str:
    """The line that names the columns of `csv_lines`."""
    return csv_text([[*PLACE_FIELDS, *EVENT_FIELDS, *SENSOR_FIELDS, *NAME_FIELDS]])


def csv_lines(events: Iterable[PlacedEvent], *, excel_safe: bool = False) -> str:
    """One line an event, with the sensor that carries most of it; `excel_safe` as in `csv_text`."""
    fields = [event.as_dict() for event in events]
    tops = [event.pop("sensors")[0] for event in fields]
    for event in fields:
        event["then"] = "; ".join(f"{one['sensor']} from {one['from']}" for one in event["then"])
    names = [[event.pop(name) for name in NAME_FIELDS] for event in fields]
    rows = [
        [*event.values(), *top.values(), *name] for event, top, name in zip(fields, tops, names, strict=True)
    ]
    return csv_text(rows, excel_safe=excel_safe)
