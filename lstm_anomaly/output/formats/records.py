"""Found events as text for programs: CSV and JSON, whole or an event at a time.

The JSON schema only ever gains fields; `schema_version` changes when a meaning does.
"""

import json
from collections.abc import Iterable
from typing import Any

from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.output.formats.csv_text import csv_text

SCHEMA_VERSION = 2
PLACE_FIELDS = ("start", "end", "peak", "source", "first_line", "last_line")
EVENT_FIELDS = ("rows", "score", "mean_score", "severity", "reason")
SENSOR_FIELDS = ("sensor", "share", "seen", "expected", "direction")
NAME_FIELDS = ("group", "id", "state", "sentence")
LATER_FIELDS = ("kind", "at", "usual_low", "usual_high", "lowest", "highest")  # of the sensor
LAST_FIELDS = ("maintenance",)


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
    return csv_text(
        [[*PLACE_FIELDS, *EVENT_FIELDS, *SENSOR_FIELDS, *NAME_FIELDS, *LATER_FIELDS, *LAST_FIELDS]]
    )


def csv_lines(events: Iterable[PlacedEvent], *, excel_safe: bool = False) -> str:
    """One line an event, with the sensor that carries most of it; `excel_safe` as in `csv_text`."""
    rows = []
    for fields in (event.as_dict() for event in events):
        first = fields["sensors"][0] if fields["sensors"] else dict.fromkeys((*SENSOR_FIELDS, *LATER_FIELDS))
        rows.append(
            [fields[name] for name in (*PLACE_FIELDS, *EVENT_FIELDS)]
            + [first[name] for name in SENSOR_FIELDS]
            + [fields[name] for name in NAME_FIELDS]
            + [first[name] for name in LATER_FIELDS]
            + [fields[name] for name in LAST_FIELDS]
        )
    return csv_text(rows, excel_safe=excel_safe)
