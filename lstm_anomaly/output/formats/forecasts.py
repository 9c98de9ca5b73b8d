"""Forecasts as text for programs: a line for each sensor and step in CSV and JSON lines, or one document."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from lstm_anomaly.base.types import TimeArray
from lstm_anomaly.detecting.forecast import Forecast, Reached
from lstm_anomaly.output.formats.csv_text import csv_text

SCHEMA_VERSION = 1
DIGITS = 7  # of a forecast


@dataclass(frozen=True)
class ForecastView:
    """What is shown of a forecast: with intervals of these levels, its times in this zone, None for UTC."""

    forecast: Forecast
    levels: Sequence[float]
    zone: tzinfo | None

    @property
    def stamps(self) -> list[str]:
        """When each step is: times (ISO 8601) in the zone, or row numbers."""
        if self.forecast.times is None:
            return [str(self.forecast.first_row + k) for k in range(self.forecast.values.shape[1])]
        return stamps(self.forecast.times, self.zone)


def csv_lines(view: ForecastView, *, excel_safe: bool) -> str:
    """`timestamp,sensor,forecast,lo_80,hi_80,...` and a line for each sensor and step."""
    records = [*_records(view)]
    rows = [list(records[0]), *(list(record.values()) for record in records)] if records else []
    return csv_text(rows, excel_safe=excel_safe)


def json_lines(view: ForecastView) -> str:
    """The same, one JSON object a line."""
    records = ({"schema_version": SCHEMA_VERSION, **record} for record in _records(view))
    return "".join(json.dumps(record) + "\n" for record in records)


def json_document(view: ForecastView, limits: Sequence[Reached]) -> str:
    """One document: sensors with their methods, limits and what is to be known, then all forecasts."""
    forecast, stamps = view.forecast, view.stamps
    steps, horizon = forecast.values.shape[1], forecast.expected.horizon
    certified = {
        name: {_label(level): horizon.paths[name].certified_steps(level, steps) for level in view.levels}
        for name in sorted(set(forecast.methods))
    }
    document = {
        "schema_version": SCHEMA_VERSION,
        "steps": steps,
        "sensors": [
            {"name": name, "method": method, "certified_steps": certified[method]}
            for name, method in zip(forecast.sensors, forecast.methods, strict=True)
        ],
        "notes": list(forecast.notes),
        "limits": [_limit(reached, stamps) for reached in limits],
        "forecasts": [*_records(view)],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def stamps(times: TimeArray, zone: tzinfo | None) -> list[str]:
    """UTC times (n,) as ISO 8601: with the offset of the zone, or plain without one."""
    if zone is None:
        unit = "s" if bool((times.astype("datetime64[s]") == times).all()) else "us"
        return [str(time) for time in times.astype(f"datetime64[{unit}]")]
    moments = times.astype("datetime64[us]").tolist()
    return [moment.replace(tzinfo=UTC).astimezone(zone).isoformat() for moment in moments]


def _records(view: ForecastView) -> Iterator[dict[str, Any]]:
    forecast, when = view.forecast, view.stamps
    ends = [(_label(level), *forecast.interval(level)) for level in view.levels]
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
