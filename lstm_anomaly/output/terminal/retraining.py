"""The result of learning again, for people and for programs."""

import json
from dataclasses import asdict

from lstm_anomaly.base.text import count, number, printable
from lstm_anomaly.output.terminal.summary import threshold_line
from lstm_anomaly.training.retrain import Retrained


def retraining_lines(outcome: Retrained, path: str) -> list[str]:
    """The comparison as plain text, one thing a line."""
    old, new = outcome.old, outcome.new
    without = f", {count(outcome.left_out, 'anomalous row')} left out" if outcome.left_out else ""
    fate = "replaced by the new model" if outcome.is_new else "kept as it was"
    return [
        f"rows        {outcome.rows:,}{without}; {outcome.held_out:,} of them held out for the comparison",
        f"forecast    mean squared error {number(old.forecast, 3)} (old), {number(new.forecast, 3)} (new)",
        f"restored    mean squared error {number(old.restored, 3)} (old), {number(new.restored, 3)} (new)",
        f"alarms      {old.alarms} with {count(old.anomalous, 'anomalous row')} (old), {new.alarms} with"
        f" {count(new.anomalous, 'anomalous row')} (new)",
        *_limit_lines(outcome),
        *([threshold_line(outcome.model)] if outcome.is_new else []),
        f"{path}: {fate}, since {outcome.why}.",
    ]


def _limit_lines(outcome: Retrained) -> list[str]:
    pairs = [
        f"{printable(one.sensor)} {number(one.old, 3)} -> {number(one.new, 3)}" for one in outcome.limits
    ]
    told = (
        [f"limits      least deviation that is found when it lasts ten rows: {', '.join(pairs)}"]
        if pairs
        else []
    )
    return [*told, *(f"warning     {text}" for text in warnings(outcome))]


def warnings(outcome: Retrained) -> list[str]:
    """Warnings of what the new model no longer finds, a sentence each."""
    return [
        f"the limit of {printable(one.sensor)} is {one.new / one.old:.2g} times what it was: faults from"
        f" {number(one.old, 3)} to {number(one.new, 3)} are no longer seen. Where old rows differ from new"
        " ones, --forget SPAN leaves the old ones out"
        for one in outcome.limits
        if one.has_doubled
    ]


def retraining_document(outcome: Retrained) -> str:
    """The same as JSON."""
    document = {
        "schema_version": 1,
        "kept": "new" if outcome.is_new else "old",
        "why": outcome.why,
        "rows": outcome.rows,
        "held_out": outcome.held_out,
        "left_out": outcome.left_out,
        "old": asdict(outcome.old),
        "new": asdict(outcome.new),
        "limits": [asdict(one) for one in outcome.limits],
        "warnings": warnings(outcome),
    }
    return json.dumps(document, indent=2) + "\n"
