"""All figures of one detector on labelled rows: one column of the table that `evaluate` prints."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.evaluation.events import (
    detection_delays,
    event_precision,
    event_recall,
    events_of,
    labels_of,
    median_delay,
    widened,
)
from lstm_anomaly.evaluation.false_alarms import FalseAlarms
from lstm_anomaly.evaluation.ranking import auc_pr, auc_roc
from lstm_anomaly.evaluation.row_counts import RowCounts
from lstm_anomaly.evaluation.vus import vus, vus_window


@dataclass(frozen=True)
class LabelledRows:
    """What happened and what a detector said, for N rows in time order.

    labels        (N,) rows that are anomalous
    scores        (N,) multiples of the threshold, NaN where a row could not be judged
    alarms        (A, 2) first and last row of each event that the detector reported, both included
    clock         (N,) time of each row in sampling steps, so that gaps count
    readings      (N,) readings of the first sensor; their main period is the window of VUS
    step_seconds  sampling step, None when rows are only counted
    slack         rows around an event that are neither normal nor part of it when false alarms are
                  counted: labels are not exact, and a row after an event still has it in its window
    """

    labels: BoolArray
    scores: FloatArray
    alarms: IntArray
    clock: FloatArray
    readings: FloatArray
    step_seconds: float | None
    slack: int = 0


@dataclass(frozen=True)
class Figures:
    """How one detector did. A figure that the rows cannot give, such as recall without events, is NaN.

    rows, rows_unknown, rows_labelled  rows in all, not judged, labelled
    events, alarms     labelled events, and events that the detector reported
    event_recall       share of the labelled events with a flagged row
    event_precision    share of the alarms that touch a labelled row
    false_alarms       alarms that begin away from events, as a rate with its interval and verdict
    row_counts         rows flagged against rows labelled, hence FAR, MAR and F1; unknown rows are not flagged
    delay_rows         median of the sampling steps from the start of a found event to its first flagged row
    delay_seconds      the same in seconds; NaN when rows are only counted
    auc_roc, auc_pr, vus_roc, vus_pr   of the scores, held where an anomaly lasts; unknown rows rank lowest
    """

    name: str
    rows: int
    rows_unknown: int
    rows_labelled: int
    events: int
    alarms: int
    event_recall: float
    event_precision: float
    false_alarms: FalseAlarms
    row_counts: RowCounts
    delay_rows: float
    delay_seconds: float
    auc_roc: float
    auc_pr: float
    vus_roc: float
    vus_pr: float


def figures(name: str, rows: LabelledRows, budget: Budget, confidence: float) -> Figures:
    """Measure a detector, called `name` in the results, against the labels and its false-alarm budget."""
    labels, known = rows.labels, np.isfinite(rows.scores)  # (N,) each
    flags = known & (rows.scores > LIMIT)  # (N,)
    events = events_of(labels)  # (E, 2)
    scores = ranked(rows.scores)  # (N,)
    vus_roc, vus_pr = vus(labels, scores, vus_window(rows.readings[np.isfinite(rows.readings)]))
    delay = median_delay(detection_delays(events, flags, rows.clock))
    return Figures(
        name=name,
        rows=len(labels),
        rows_unknown=int((~known).sum()),
        rows_labelled=int(labels.sum()),
        events=len(events),
        alarms=len(rows.alarms),
        event_recall=event_recall(events, flags),
        event_precision=event_precision(rows.alarms, labels),
        false_alarms=_false_alarms(rows, events, budget, confidence),
        row_counts=RowCounts.of(labels, flags),
        delay_rows=delay,
        delay_seconds=np.nan if rows.step_seconds is None else delay * rows.step_seconds,
        auc_roc=auc_roc(labels, scores),
        auc_pr=auc_pr(labels, scores),
        vus_roc=vus_roc,
        vus_pr=vus_pr,
    )


def _false_alarms(rows: LabelledRows, events: IntArray, budget: Budget, confidence: float) -> FalseAlarms:
    """Alarms that begin on rows farther than the slack from every event, per judged row of that kind."""
    N = len(rows.labels)
    normal = ~labels_of(widened(events, rows.slack, N), N)  # (N,)
    judged = int((normal & np.isfinite(rows.scores)).sum())
    count = int(normal[rows.alarms[:, 0]].sum())
    return FalseAlarms(count, judged / budget.rows_in_span(rows.step_seconds), budget, confidence)


def ranked(scores: FloatArray) -> FloatArray:
    """Scores (N,) for ranking: a row that could not be judged gets the lowest score of the others."""
    known = np.isfinite(scores)
    return np.where(known, scores, scores[known].min() if known.any() else 0.0)
