"""Forecasts as text for programs: a line for each sensor and step in CSV and JSON lines, or one document."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np

from lstm_anomaly.base.types import TimeArray
from lstm_anomaly.detecting.forecast import Forecast, Reached
from lstm_anomaly.output.formats.csv_text import csv_text

SCHEMA_VERSION = 1
DIGITS = 7  # of a forecast


def csv_lines(forecast: Forecast, levels: Sequence[float], zone: tzinfo | None, *, excel_safe: bool) -> str:
    """`timestamp,sensor,forecast,lo_80,hi_80,...` and a line for each sensor and step."""
    records = [*_records(forecast, levels, zone)]
    rows = [list(records[0]), *(list(record.values()) for record in records)] if records else []
    return csv_text(rows, excel_safe=excel_safe)


def json_lines(forecast: Forecast, levels: Sequence[float], zone: tzinfo | None) -> str:
    """The same, one JSON object a line."""
    return "".join(
        json.dumps({"schema_version": SCHEMA_VERSION, **record}) + "\n"
        for record in _records(forecast, levels, zone)
    )


def json_document(
    forecast: Forecast, levels: Sequence[float], zone: tzinfo | None, limits: Sequence[Reached]
) -> str:
    """One document: sensors with their methods, limits and what is to be known, then all forecasts."""
    steps, horizon = forecast.values.shape[1], forecast.expected.horizon
    certified = {
        name: {_label(level): horizon.paths[name].certified_steps(level, steps) for level in levels}
        for name in sorted(set(forecast.methods))
    }
    stamps = stamps_of(forecast, zone)
    document = {
        "schema_version": SCHEMA_VERSION,
        "steps": steps,
        "sensors": [
            {"name": name, "method": method, "certified_steps": certified[method]}
            for name, method in zip(forecast.sensors, forecast.methods, strict=True)
        ],
        "notes": list(forecast.notes),
        "limits": [_limit(reached, stamps) for reached in limits],
        "forecasts": [*_records(forecast, levels, zone)],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def stamps_of(forecast: Forecast, zone: tzinfo | None) -> list[str]:
    """When each step is: times (ISO 8601) in the zone, in UTC without one, or row numbers."""
    if forecast.times is None:
        return [str(forecast.first_row + k) for k in range(forecast.values.shape[1])]
    return stamps(forecast.times, zone)


def stamps(times: TimeArray, zone: tzinfo | None) -> list[str]:
    """UTC times (n,) as ISO 8601: with the offset of the zone, or plain without one."""
    if zone is None:
        unit = "s" if bool((times.astype("datetime64[s]") == times).all()) else "us"
        return [str(time) for time in times.astype(f"datetime64[{unit}]")]
    seconds = times.astype("datetime64[us]").astype(np.int64) / 1e6
    return [datetime.fromtimestamp(each, UTC).astimezone(zone).isoformat() for each in seconds.tolist()]


def _records(forecast: Forecast, levels: Sequence[float], zone: tzinfo | None) -> Iterator[dict[str, Any]]:
    ends = [(_label(level), *forecast.interval(level)) for level in levels]
    when = stamps_of(forecast, zone)
    for k, sensor in enumerate(forecast.sensors):
        for step, stamp in enumerate(when):
            record: dict[str, Any] = {"timestamp": stamp, "sensor": sensor}
            record["forecast"] = rounded(forecast.values[k, step])
            for label, low, high in ends:
                record[f"lo_{label}"], record[f"hi_{label}"] = rounded(low[k, step]), rounded(high[k, step])
            yield record


def _limit(reached: Reached, when: Sequence[str]) -> dict[str, Any]:
    return {
        "sensor": reached.sensor,
        "limit": reached.limit,
        "way": "above" if reached.above else "below",
        "chance": reached.chance,
        "expected": None if reached.expected is None else when[reached.expected],
        "median": None if reached.median is None else when[reached.median],
    }


def _label(level: float) -> str:
    return f"{100 * level:g}"


def rounded(value: float) -> float:
    """A number of `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")
