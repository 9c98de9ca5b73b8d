"""Calibration: learns the threshold of a model from held-out rows."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.types import FloatArray, Series
from lstm_anomaly.decision.budget import DEFAULT_BUDGET, DEFAULT_ROW_BUDGET, Budget
from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.episodes import highest_episodes
from lstm_anomaly.decision.learn_threshold import ThresholdOptions, learn_threshold
from lstm_anomaly.decision.spans import Span
from lstm_anomaly.model.judge import judge
from lstm_anomaly.model.model import NOT_LEARNED, CalibrationEpisode, Model
from lstm_anomaly.preparing.windows import cut_out
from lstm_anomaly.scoring.components import LENGTHS
from lstm_anomaly.scoring.unseen import mean_distances
from lstm_anomaly.training.settings import LearningSettings

MARGIN = 2.0  # factor of a threshold that rows are too few to certify: drift, and all that they cannot show
ROOM = 1.2  # factor of a certified one
LEAST = 0.75  # multiples of a limit that are always normal: where nothing moves, the threshold is not zero
FARTHEST_BUDGET = 25  # times the rows: a span for which one false alarm is more than they can tell about
STRANGEST = 5  # calibration episodes that are told, for a person to look at
_RUN_UP = 400  # rows before a peak that are judged again to tell whose it was


def budget_of(settings: LearningSettings, step_seconds: float | None, rows: int) -> Budget:
    """The budget asked for; else one false alarm in the longest span that `rows` rows can certify.

    A week, a day or an hour, and 10,000 rows where they have no time.
    """
    if settings.budget:
        return settings.budget
    if step_seconds is None:
        return Budget.parse(DEFAULT_ROW_BUDGET)
    spans = [Budget.parse(text) for text in (DEFAULT_BUDGET, "1/day", "1/hour")]
    most = FARTHEST_BUDGET * rows
    return next((span for span in spans if span.rows_in_span(step_seconds) <= most), spans[-1])


def calibrated(model: Model, series: Series, settings: LearningSettings) -> Model:
    """The model with the threshold that keeps the budget on all rows of `series`; all else stays.

    None of the rows may have been trained on. What reads flat, what is too far from every operating state,
    and the ranges of the check of drift, are widened where these normal rows call for it.
    """
    is_off = model.off.of_rows(series.values, model.sensors)
    series = replace(series, segments=cut_out(series.segments, is_off))
    moving = series.values[:, model.roles.targets]
    before = model.familiar
    if not model.is_symbols_only:
        model = replace(
            model,
            stillness=model.stillness.lowered(moving, series.segments),
            unseen=model.unseen.widened(_distances(model, series)),
        )
    raw = judge(replace(model, threshold=NOT_LEARNED), series, for_threshold=True).scores
    model = with_threshold(model, series, raw, settings)
    return replace(model, familiar=familiar_of(series, judge(model, series).scores).joined(before))


def familiar_of(series: Series, scores: FloatArray) -> Familiar:
    """What the check of drift compares with: scores (M,) as `detect` gives them, and readings."""
    found = Familiar.fit(scores, np.concatenate([series.values[a:b] for a, b in series.segments]))
    return found if series.symbols is None else found.unwatched(np.isin(series.sensors, series.symbols.names))


def _distances(model: Model, series: Series) -> FloatArray:
    """Mean distances from the operating states of all rows in the segments, (M,)."""
    scaled = model.scaler.transform(series.values)[model.roles.inputs].T.astype(np.float64)  # (rows, F_i)
    parts = [mean_distances(model.states, scaled[a:b]) for a, b in series.segments]
    return np.concatenate(parts) if parts else np.zeros(0)


def with_threshold(model: Model, series: Series, raw: FloatArray, settings: LearningSettings) -> Model:
    """The model with the threshold learned from `raw` (M,), the largest multiple of a limit of each row.

    NaN where a row was not judged. Every reason for which a row may alarm is in these multiples, so that the
    episodes that are counted are those of all of them.
    """
    known = np.flatnonzero(np.isfinite(raw))
    first, last = (int(known[0]), int(known[-1]) + 1) if len(known) else (0, 0)
    inside = np.maximum(raw[first:last], LEAST)  # (n,)
    starts = [b[0] for a, b in pairwise(series.segments) if a[1] == b[0]]
    breaks = tuple(start - first for start in starts if first < start < last)
    asked = ThresholdOptions(
        budget=budget_of(settings, model.step_seconds, len(known)),
        step_seconds=model.step_seconds,
        merge_gap=max(model.window, settings.merge_gap),
        method=settings.threshold_method,
        confidence=settings.confidence,
        level=settings.threshold_level,
        margin=MARGIN,
        room=ROOM,
    )
    threshold = learn_threshold(inside, asked, breaks)
    spans = highest_episodes(raw[first:last], threshold.merge_gap, STRANGEST, breaks)
    return replace(
        model,
        threshold=threshold,
        strangest=tuple(_episode(model, span, first, series, threshold.value) for span in spans),
    )


def _episode(model: Model, span: Span, first: int, series: Series, threshold: float) -> CalibrationEpisode:
    """An episode, found in the rows from `first` on, with its place in the input.

    A memory is at its highest after what it remembers, so that the rows before are looked at, too: the
    sensor is the one that is farthest from what the model expects of any of them, and the episode starts
    no later than where the sensors' parts are at least half as large as there.
    """
    start, end = first + span.start, first + span.end
    a = next(a for a, b in series.segments if a <= start < b)
    run_up = (max(a, start - _RUN_UP), end + 1)
    earliest = max(a, start - max(LENGTHS))
    judged = judge(model, replace(series, segments=(run_up,)), for_threshold=True)
    errors = np.nan_to_num(judged.errors[earliest : end + 1])  # (n, F)
    whole = errors.sum(axis=1)  # (n,)
    sensor = series.sensors[int(errors[whole.argmax()].argmax())]
    start = min(start, earliest + int((whole >= 0.5 * whole.max()).argmax()))
    return CalibrationEpisode(place(series, start), place(series, end), span.peak / threshold, sensor)


def place(series: Series, row: int) -> str:
    """Where in the input a row came from: its time stamp as it stood there.

    Without one its time in UTC, and without a time its number, counted from 1.
    """
    origin = np.flatnonzero(series.row_of == row)
    if series.stamps is not None and len(origin):
        return str(series.stamps[origin[0]])
    if series.times is not None:
        return str(np.datetime_as_string(series.times[row], unit="s"))
    return str(int(origin[0]) + 1 if len(origin) else row + 1)
