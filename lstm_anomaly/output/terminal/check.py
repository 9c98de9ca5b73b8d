"""A check of data as text for people and as JSON for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lstm_anomaly.base.text import count, duration, listed, number, percent, printable
from lstm_anomaly.preparing.sensor_quality import SensorQuality
from lstm_anomaly.reading import FileReport
from lstm_anomaly.training.check_data import BudgetCheck, Check, FirstRow

SCHEMA_VERSION = 1
SENSORS_SHOWN = 12  # of each of the first rows
LINES_KEPT = 100  # refused rows and bad cells listed in JSON for each file; the counts are exact


def lines(checks: Mapping[str, Check], command: str) -> list[str]:
    """The findings, from the layout of the file to the next step; the last line says whether it can be used.

    checks  group -> what was found in its rows; "" is the group of all
    """
    files = next(iter(checks.values())).files
    found = [line for file in files if file.dialect for line in file.lines()]
    for group, check in checks.items():
        found += ["", f"{printable(group)}:"] if group else []
        found += _check_lines(check)
    unfit = [group for group, check in checks.items() if check.problems]
    if not unfit:
        return [*found, "", f"Fit to train on. Next: {command}"]
    if len(checks) > 1:
        return [*found, "", f"not usable: {len(unfit)} of {len(checks)} groups ({listed(unfit)})"]
    return found


def _check_lines(check: Check) -> list[str]:
    found = []
    if check.rows:
        found += [
            "",
            *_first_rows(check.first_rows),
            "",
            *_row_lines(check),
            "",
            *([*_sensor_table(check.sensors), ""] if check.sensors else ()),
            *_symbol_lines(check.vocabularies),
            *_oddity_lines(check.sensors),
        ]
    if check.budget:
        found.append(_budget_line(check.budget))
    found += [f"advice      {advice}" for advice in check.advice]
    return found + [f"not usable: {problem}" for problem in check.problems]


def _first_rows(rows: Sequence[FirstRow]) -> list[str]:
    """The first rows as they were understood, a column for each: a misreading shows here."""
    names = list(rows[0].readings)
    table = [["as read", *(f"line {row.place.rpartition(':')[2]}" for row in rows)]]
    if any(row.time for row in rows):
        table.append(["time (UTC)", *(row.time for row in rows)])
    for name in names[:SENSORS_SHOWN]:
        table.append([printable(name), *(_reading(row.readings[name]) for row in rows)])
    more = [f"and {len(names) - SENSORS_SHOWN} more"] if len(names) > SENSORS_SHOWN else []
    return [*_aligned(table), *more]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first column stands left and whose others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]


def _reading(value: float | str) -> str:
    return printable(value) if isinstance(value, str) else number(value, 10)


def _symbol_lines(vocabularies: Mapping[str, Sequence[str]]) -> list[str]:
    shown = {name: listed([text or "(empty)" for text in texts]) for name, texts in vocabularies.items()}
    return [
        f"symbols     {printable(name)}: {len(vocabularies[name]):,} different: {texts}"
        for name, texts in shown.items()
    ]


def _row_lines(check: Check) -> list[str]:
    span = f", {check.first} to {check.last}" if check.first else ""
    long = f" ({duration(check.span_seconds)})" if check.span_seconds else ""
    usable = f"{check.usable_rows:,} of them with every sensor"
    found = [f"rows        {count(check.rows, 'row')}{span}{long}; {usable}"]
    return found + [f"            {line}" for line in (check.cleaning.lines() if check.cleaning else ())]


def _sensor_table(sensors: Sequence[SensorQuality]) -> list[str]:
    rows = [("sensor", "missing", "low", "high", "mean", "spread", "values")]
    for s in sensors:
        share = s.missing / (s.missing + s.readings)
        shown = "-" if not s.missing else percent(share, 1) if share >= 0.001 else "<0.1 %"
        figures = [number(value) for value in (s.low, s.high, s.mean, s.spread)]
        rows.append((printable(s.name), shown, *figures, f"{s.distinct:,}"))  # type: ignore[arg-type]
    return _aligned(rows)


def _oddity_lines(sensors: Sequence[SensorQuality]) -> list[str]:
    return [f"note        {printable(s.name)} {oddity.text}" for s in sensors for oddity in s.oddities]


def _budget_line(budget: BudgetCheck) -> str:
    def extent(rows: int) -> str:
        step = budget.step_seconds
        return count(rows, "row") if step is None else duration(rows * step)

    if budget.is_enough:
        return f"budget      {budget.budget.words} can be certified with {extent(budget.present)} of data"
    needed, present = extent(budget.needed), extent(budget.present)
    instead = f" --false-alarms {budget.instead} can be certified." if budget.instead else ""
    return (
        f"budget      {budget.budget.words} cannot be certified at {percent(budget.confidence)} confidence:"
        f" that takes {needed} of data, and there are {present}.{instead}"
        " Without a certificate the threshold is an estimate."
    )


def json_document(checks: Mapping[str, Check], command: str) -> str:
    """The same in one object; that of groups holds one for each in `groups`."""
    usable = all(check.is_usable for check in checks.values())
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "usable": usable}
    if "" in checks:
        document |= _document(checks[""])
    else:
        document |= {"files": [_file(file) for file in next(iter(checks.values())).files]}
        document["groups"] = [
            {"group": group, **_document(check, files=False)} for group, check in checks.items()
        ]
    document["command"] = command if usable else None
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _document(check: Check, *, files: bool = True) -> dict[str, Any]:
    cleaning = check.cleaning
    return {
        "usable": check.is_usable,
        "problems": check.problems,
        **({"files": [_file(file) for file in check.files]} if files else {}),
        "rows": check.rows,
        "usable_rows": check.usable_rows,
        "first_rows": [
            {
                "place": row.place,
                "time": row.time or None,
                "readings": {
                    name: value if isinstance(value, str) else _finite(value)
                    for name, value in row.readings.items()
                },
            }
            for row in check.first_rows
        ],
        "first": check.first or None,
        "last": check.last or None,
        "span_seconds": check.span_seconds,
        "step_seconds": check.step_seconds,
        "irregular_share": cleaning.irregular_share if cleaning else None,
        "gaps": cleaning.gaps if cleaning else None,
        "longest_gap_at": (cleaning.longest_gap_at or None) if cleaning else None,
        "duplicate_stamps": cleaning.duplicates if cleaning else None,
        "backward_stamps": cleaning.backward if cleaning else None,
        "rows_without_time": cleaning.no_time if cleaning else None,
        "sensors": [_sensor(sensor) for sensor in check.sensors],
        "budget": _budget(check.budget) if check.budget else None,
        "advice": check.advice,
    }


def _file(file: FileReport) -> dict[str, Any]:
    return {
        "source": file.source,
        "dialect": file.dialect,
        "time_column": file.time_column,
        "time_format": file.time_format,
        "rows": file.rows,
        "blank_lines": file.blank_lines,
        "refused": {
            "count": file.refused_count,
            "by_reason": dict(file.refused_by_reason),
            "rows": [asdict(row) for row in file.refused[:LINES_KEPT]],
        },
        "bad_cells": {
            "count": file.bad_count,
            "by_sensor": dict(file.bad_by_sensor),
            "cells": [asdict(cell) for cell in file.bad_cells[:LINES_KEPT]],
        },
        "left_out": file.left_out,
        "named_like_labels": file.label_columns,
        "notes": file.notes,
    }


def _sensor(sensor: SensorQuality) -> dict[str, Any]:
    figures = {name: _finite(getattr(sensor, name)) for name in ("low", "high", "mean", "spread")}
    return {
        "name": sensor.name,
        "readings": sensor.readings,
        "missing": sensor.missing,
        **figures,
        "distinct": sensor.distinct,
        "oddities": [{"kind": oddity.kind, "text": oddity.text} for oddity in sensor.oddities],
    }


def _budget(budget: BudgetCheck) -> dict[str, Any]:
    return {
        "budget": str(budget.budget),
        "confidence": budget.confidence,
        "rows_needed": budget.needed,
        "rows_present": budget.present,
        "certifiable": budget.is_enough,
        "instead": budget.instead or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
