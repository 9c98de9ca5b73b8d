"""Evaluation: what a detection found, set against labels, row by row in time order."""

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, Series
from lstm_anomaly.detecting.batch import Detection
from lstm_anomaly.evaluation.figures import Figures, LabelledRows, figures
from lstm_anomaly.model.model import Model

_NAMES = {"lstm": "LSTM", "pure": "LSTM", "linear": "linear"}


def evaluate(model: Model, detection: Detection, labels: BoolArray) -> list[Figures]:
    """How well the events and scores of a detection match `labels` (N,), one for each input row.

    Budget and confidence are those that the threshold was learned for.
    """
    threshold = model.threshold
    rows = labelled_rows(detection, labels, model)
    return [figures(_NAMES[model.kind], rows, threshold.budget, threshold.confidence)]


def labelled_rows(detection: Detection, labels: BoolArray, model: Model) -> LabelledRows:
    """The M clean rows with their labels, scores and alarms.

    A row that cleaning made of several input rows is labelled when one of them is; input rows that it
    left out do not count. False alarms are counted a window away from events.
    """
    series = detection.series
    clean_labels = np.zeros(len(series), dtype=np.bool_)  # (M,)
    clean_labels[series.row_of[labels & (series.row_of >= 0)]] = True
    alarms = [(event.start, event.end) for event in detection.events]
    return LabelledRows(
        labels=clean_labels,
        scores=detection.judgement.scores,
        alarms=np.array(alarms, dtype=np.int64).reshape(-1, 2),
        clock=_steps_since_start(series),
        readings=series.values[:, 0],
        step_seconds=model.threshold.step_seconds,
        slack=model.window,
    )


def _steps_since_start(series: Series) -> FloatArray:
    """Time of each row of the series, (M,), in sampling steps; rows are counted where there is no time."""
    if series.times is None or series.step is None:
        return np.arange(len(series), dtype=np.float64)
    steps: FloatArray = (series.times - series.times[0]) / series.step
    return steps
