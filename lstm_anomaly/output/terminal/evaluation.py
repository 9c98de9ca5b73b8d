"""Evaluation as text: a table for people with one column a method, and JSON for programs."""

import json
import math
from collections.abc import Sequence
from typing import Any

from rich.text import Text

from lstm_anomaly.base.text import count, duration, number, printable
from lstm_anomaly.evaluation.false_alarms import FalseAlarms, Verdict
from lstm_anomaly.evaluation.figures import Figures
from lstm_anomaly.output.terminal.canvas import Canvas

SCHEMA_VERSION = 1
_VERDICT_STYLE = {Verdict.PASS: "green4", Verdict.FAIL: "bold red", Verdict.TOO_SHORT: "dark_goldenrod"}


def table(results: Sequence[Figures], canvas: Canvas) -> str:
    """One row a figure, one column a method."""
    shown = canvas.table()
    shown.add_column("", no_wrap=True)
    for result in results:
        shown.add_column(Text(printable(result.name)), no_wrap=not canvas.terminal)
    columns = [_cells(result) for result in results]
    for name in columns[0]:
        shown.add_row(name, *(column[name] for column in columns))
    return canvas.rendered(shown)


def json_document(results: Sequence[Figures]) -> str:
    """All results in one object; a figure that the rows cannot give is null."""
    document = {"schema_version": SCHEMA_VERSION, "results": [as_dict(result) for result in results]}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def as_dict(result: Figures) -> dict[str, Any]:
    """One result in JSON. FAR and MAR are shares of rows; the false alarms' rate is in the budget's span."""
    alarms, rows = result.false_alarms, result.row_counts
    low, high = alarms.bounds
    return {
        "name": result.name,
        "rows": result.rows,
        "rows_unknown": result.rows_unknown,
        "rows_labelled": result.rows_labelled,
        "events": result.events,
        "alarms": result.alarms,
        "event_recall": _finite(result.event_recall),
        "event_precision": _finite(result.event_precision),
        "false_alarms": {
            "count": alarms.count,
            "exposure": alarms.exposure,
            "per": alarms.budget.per,
            "rate": _finite(alarms.rate),
            "low": _finite(low),
            "high": _finite(high),
            "confidence": alarms.confidence,
            "budget": str(alarms.budget),
            "verdict": alarms.verdict.value,
        },
        "row_false_alarm_rate": _finite(rows.false_alarm_rate),
        "row_missed_alarm_rate": _finite(rows.missed_alarm_rate),
        "row_f1": _finite(rows.f1),
        "delay_rows": _finite(result.delay_rows),
        "delay_seconds": _finite(result.delay_seconds),
        "auc_roc": _finite(result.auc_roc),
        "auc_pr": _finite(result.auc_pr),
        "vus_roc": _finite(result.vus_roc),
        "vus_pr": _finite(result.vus_pr),
    }


def _cells(result: Figures) -> dict[str, str | Text]:
    """What stands beside each figure's name in the table."""
    alarms, rows = result.false_alarms, result.row_counts
    verdict = alarms.verdict
    return {
        "labelled events found": _part(result.event_recall, result.events),
        "alarms that met an event": _part(result.event_precision, result.alarms),
        f"false alarms {alarms.budget.per}": _rate(alarms),
        f"budget {alarms.budget}": Text(verdict.value, style=_VERDICT_STYLE[verdict]),
        "delay of detection, median": _delay(result),
        "normal rows flagged (FAR)": _percent(rows.false_alarm_rate),
        "labelled rows missed (MAR)": _percent(rows.missed_alarm_rate),
        "row F1": number(rows.f1, 3),
        "AUC-ROC": number(result.auc_roc, 3),
        "AUC-PR": number(result.auc_pr, 3),
        "VUS-ROC": number(result.vus_roc, 3),
        "VUS-PR": number(result.vus_pr, 3),
        "rows": f"{result.rows:,}, {result.rows_labelled:,} labelled, {result.rows_unknown:,} not judged",
    }


def _part(portion: float, whole: int) -> str:
    return f"{round(portion * whole)} of {whole} ({_percent(portion)})" if whole else "-"


def _rate(alarms: FalseAlarms) -> str:
    """`1.4 (0.07 to 6.6 at 90 % confidence)`."""
    low, high = alarms.bounds
    upper = number(high, 3) if math.isfinite(high) else "any"
    confidence = f"{100 * alarms.confidence:.4g} % confidence"
    return f"{number(alarms.rate, 3)} ({number(low, 3)} to {upper} at {confidence})"


def _delay(result: Figures) -> str:
    """`12 rows (12 min)`."""
    if math.isnan(result.delay_rows):
        return "-"
    rows = (
        count(int(result.delay_rows), "row")
        if result.delay_rows.is_integer()
        else f"{result.delay_rows:,} rows"
    )
    return rows if math.isnan(result.delay_seconds) else f"{rows} ({duration(result.delay_seconds)})"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{number(100 * share, 3)} %"


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
