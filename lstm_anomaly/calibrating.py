"""Calibration: learns the threshold of a model on rows that its weights never saw, and what went with it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.decision.calibration import UNCERTIFIED_MARGIN, learn_threshold
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.episodes import highest_episodes
from lstm_anomaly.decision.spans import Span
from lstm_anomaly.judging import Judgement, judge
from lstm_anomaly.model import CalibrationEpisode, Model
from lstm_anomaly.scoring.units import drift
from lstm_anomaly.settings import LearningSettings
from lstm_anomaly.types import FloatArray, Segments, Series

MARGIN_POWER = 2.0  # means over many rows add a drift up, so that scores grow faster than squared distances
MOST_MARGIN = 2.0
STRANGEST = 5  # calibration episodes that are told, for a person to look at

NOT_LEARNED = learn_threshold(
    np.ones(1),
    budget=Budget.parse(DEFAULT_ROW_BUDGET),
    step_seconds=None,
    merge_gap=0,
    method="fixed",
    level=1.0,
)


def budget_of(settings: LearningSettings, step_seconds: float | None) -> Budget:
    """The budget asked for, or the default one."""
    return settings.budget or Budget.parse(DEFAULT_ROW_BUDGET if step_seconds is None else DEFAULT_BUDGET)


def calibrated(model: Model, series: Series, settings: LearningSettings) -> Model:
    """The model with the threshold that keeps the budget on all rows of `series`; weights stay.

    None of the rows may have been trained on. What reads flat or is outside anything seen, and what is
    familiar to the guard against drift, is widened where these normal rows call for it.
    """
    targets, inputs = model.roles.targets, model.roles.inputs
    scaled = model.scaler.transform(series.values)[inputs][targets[inputs]].T.astype(np.float64)
    sides = model.sides.tolerant(series.values[:, targets], scaled, series.segments)
    before = model.familiar
    model = calibrate_on(replace(model, sides=sides), series, series.segments, series.segments, settings)[0]
    return replace(model, familiar=model.familiar.joined(before))


def calibrate_on(
    model: Model, series: Series, judged: Segments, counted: Segments, settings: LearningSettings
) -> tuple[Model, FloatArray]:
    """The model with the threshold learned from the scores of the `counted` rows of `series`.

    The `judged` rows hold the counted ones; those before them fill the memories of the score. Returns the
    scores before the threshold, too, (n,), NaN where a row was not judged.
    """
    judgement = judge(replace(model, threshold=NOT_LEARNED), replace(series, segments=judged), hold=False)
    first, last = counted[0][0], counted[-1][1]
    inside = np.zeros(len(series), dtype=np.bool_)
    for a, b in counted:
        inside[a:b] = True
    raw = np.where(inside, judgement.scores, np.nan)[first:last]  # (n,)
    if not any(np.ptp(series.values[a:b][:, model.roles.targets], axis=0).any() for a, b in counted):
        raw = 0.0 * raw  # where nothing moves, scores are what memories began with, and say nothing
    breaks = tuple(b[0] - first for a, b in pairwise(counted) if a[1] == b[0])
    threshold = learn_threshold(
        raw,
        budget=budget_of(settings, model.step_seconds),
        step_seconds=model.step_seconds,
        merge_gap=max(model.window, settings.merge_gap),
        method=settings.threshold_method,
        confidence=settings.confidence,
        level=settings.threshold_level,
        breaks=breaks,
        margin=_margin(model, series),
    )
    spans = highest_episodes(raw, threshold.merge_gap, STRANGEST, breaks)
    rows = np.concatenate([series.values[a:b] for a, b in series.segments])
    model = replace(
        model,
        threshold=threshold,
        strangest=tuple(_episode(span, first, series, judgement, threshold.value) for span in spans),
        familiar=Familiar.fit(raw / threshold.value, rows),
    )
    baseline, linear = model.baseline, model.linear()
    if baseline is not None and linear is not None:
        beside = calibrate_on(linear, series, judged, counted, settings)[0]
        model = replace(model, baseline=replace(baseline, threshold=beside.threshold))
    return model, raw


def _margin(model: Model, series: Series) -> float:
    """How much an uncertified threshold is raised: by how far levels move from part to part of the rows.

    Where a part's rows lie d times farther, squared, from the mean of the other parts than those do, the rows
    to come will, too, and with them the errors.
    """
    rows = np.concatenate([series.values[a:b] for a, b in series.segments])
    scaled = model.scaler.transform(rows)[model.roles.targets].T.astype(np.float64)  # (M, F_t)
    moved = float(drift(scaled).mean()) ** MARGIN_POWER
    return float(np.clip(moved, UNCERTIFIED_MARGIN, MOST_MARGIN))


def _episode(
    span: Span, first: int, series: Series, judgement: Judgement, threshold: float
) -> CalibrationEpisode:
    """An episode, found in the rows from `first` on, with its place in the input."""
    start, end, peak = (first + row for row in (span.start, span.end, span.peak_row))
    places = (_place(series, start), _place(series, end))
    sensor = series.sensors[int(np.nan_to_num(judgement.errors[peak]).argmax())]
    return CalibrationEpisode(*places, score=span.peak / threshold, sensor=sensor)


def _place(series: Series, row: int) -> str:
    """Where in the input a row came from: its time stamp as it stood there.

    Without one its time in UTC, and without a time its number, counted from 1.
    """
    origin = np.flatnonzero(series.row_of == row)
    if series.stamps is not None and len(origin):
        return str(series.stamps[origin[0]])
    if series.times is not None:
        return str(np.datetime_as_string(series.times[row], unit="s"))
    return str(int(origin[0]) + 1 if len(origin) else row + 1)
