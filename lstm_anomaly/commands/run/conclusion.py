"""How a run of `detect` ends: what monitoring is told, and the exit status."""

import os
import time
from typing import TYPE_CHECKING

import numpy as np

from lstm_anomaly.base.text import duration
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.frame.unattended import Unattended
from lstm_anomaly.commands.run.detect_run import Outcome
from lstm_anomaly.decision.event import SILENT

if TYPE_CHECKING:
    from lstm_anomaly.detecting.verdicts import Judging

EXIT_ANOMALIES = 1
EXIT_TROUBLE = 2
EXIT_NOT_JUDGED = 3


def conclude(
    outcome: Outcome, watcher: "Judging", told: Unattended, console: Console, path: str, plugin: bool
) -> int:
    """Say what is too old or could not be judged, write a plugin's line, and return the exit status."""
    gaps = outcome.gaps if told.on_gap == "fail" else 0
    trouble = f"{path}: rows could not be found (--on-gap fail)" if gaps else _trouble(watcher, told, path)
    if plugin:
        from lstm_anomaly.output.formats import nagios

        still_open = outcome.still_open
        events = [event for event in outcome.events if event.event.kind != SILENT]
        events, silent = events + ([still_open] if still_open else []), watcher.silent()
        status = nagios.UNKNOWN if trouble else nagios.plugin_status(events, watcher.tally, silent)
        console.deliver(nagios.plugin_lines(status, events, watcher.tally, silent, trouble))
        return status
    if trouble:
        console.trouble([f"lstm-anomaly: {trouble}"])
    if outcome.failures:
        return EXIT_TROUBLE
    if outcome.count and not gaps:
        return EXIT_ANOMALIES
    return EXIT_NOT_JUDGED if trouble else 0


def _trouble(watcher: "Judging", told: Unattended, path: str) -> str:
    tally = watcher.tally
    if told.max_age is not None:
        age = _age(watcher, path)
        if age is None:
            return f"{path}: no row has a plausible time stamp, so --max-age cannot be checked"
        if age > told.max_age:
            ages = f"{duration(age)} old, more than {duration(told.max_age)} (--max-age)"
            return f"{path}: the latest row is {ages}: is its logger running?"
    if told.on_unknown == "fail" and tally.rows and not tally.judged:
        return f"{path}: none of {tally.rows:,} rows could be judged (--on-unknown fail)"
    return ""


def _age(watcher: "Judging", path: str) -> float | None:
    """Seconds since the latest row: by its time stamp, or without one by when the file was written."""
    if watcher.newest is not None:
        return time.time() - float(watcher.newest.astype("datetime64[ns]").astype(np.int64)) / 1e9
    try:
        return None if path == "-" else time.time() - os.stat(path).st_mtime
    except OSError:
        return None
