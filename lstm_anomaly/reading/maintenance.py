"""Maintenance: spans of time in which events are shown, and alarm nobody."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading.labels import read_spans
from lstm_anomaly.reading.options import ReadOptions


@dataclass(frozen=True)
class Maintenance:
    """Spans of time, both ends included, with the reason of each."""

    spans: tuple[tuple[np.datetime64, np.datetime64, str], ...] = ()

    def reason(self, started: np.datetime64 | None, ended: np.datetime64 | None) -> str:
        """Why an event from `started` to `ended` alarms nobody: "" unless it lies within one span.

        One that goes on after the span is none of it. Raises InputError when rows have no time stamps.
        """
        if not self.spans:
            return ""
        if started is None or ended is None:
            raise InputError("--maintenance goes by time stamps, and the rows have none", hint="leave it out")
        found = (reason for first, last, reason in self.spans if first <= started and ended <= last)
        return next(found, "")


NO_MAINTENANCE = Maintenance()


def read_maintenance(path: str, options: ReadOptions) -> Maintenance:
    """The spans of a CSV of `start,end,reason`; raises InputError with `file:line` for anything else."""
    starts, ends, reasons = read_spans(path, options)
    named = [reason or "maintenance" for reason in reasons]
    return Maintenance(tuple(zip(starts, ends, named, strict=True)))
