"""Looks back on a training: how calibration rows were restored, how many episodes each level has."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, Segments, Series
from lstm_anomaly.decision import poisson
from lstm_anomaly.decision.episodes import EpisodeCounts, as_stretches
from lstm_anomaly.model.judge import judge
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.model import Model
from lstm_anomaly.preparing.windows import cut, finite_segments, window_starts

LEVELS = 200  # of the curve


@dataclass(frozen=True)
class LevelCurve:
    """What each level of the score would have meant on the calibration rows.

    levels  (K,) multiples of the threshold, ascending
    seen    (K,) episodes above them, in the budget's span of time or rows
    proven  (K,) the most that this proves, at the threshold's confidence
    """

    levels: FloatArray
    seen: FloatArray
    proven: FloatArray


@dataclass(frozen=True)
class Review:
    """A model and the rows that it was trained on, looked at afterwards.

    series       the training rows, M of them
    judgement    of the calibration rows; all others are unknown
    calibration  (M,) which rows those are
    errors       (M,) mean over the sensors of squared error, in training spreads
    curve        episodes by level
    """

    model: Model
    series: Series
    judgement: Judgement
    calibration: BoolArray
    errors: FloatArray
    curve: LevelCurve

    def windows(self) -> tuple[slice, slice]:
        """The calibration windows that were restored best and worst."""
        length = self.model.window
        starts = window_starts(finite_segments(np.isfinite(self.errors)), length)
        means = np.array([self.errors[start : start + length].mean() for start in starts])
        best, worst = int(starts[np.nanargmin(means)]), int(starts[np.nanargmax(means)])
        return slice(best, best + length), slice(worst, worst + length)


def review(model: Model, series: Series) -> Review:
    """Judge again the calibration rows of `series`, on which the model was trained."""
    summary = model.summary
    usable = tuple((a, b) for a, b in series.segments if b - a >= model.window)
    end = usable[-1][1]
    calibration = _last_rows(usable, summary.calibration_rows)
    run_up = _last_rows(usable, summary.calibration_rows + summary.validation_rows)
    judgement = judge(model, replace(series, segments=cut(usable, run_up[0][0], end)), for_threshold=True)
    inside = np.zeros(len(series), dtype=np.bool_)
    for a, b in calibration:
        inside[a:b] = True
    known = inside & np.isfinite(judgement.scores)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = (series.values - judgement.expected) / model.scaler.scale  # (M, F)
    errors = np.full(len(series), np.nan)
    if not model.is_symbols_only:
        errors = np.where(known, np.mean(np.square(distance[:, model.roles.targets]), axis=1), np.nan)
    scores = np.where(inside, judgement.scores, np.nan)[calibration[0][0] : end]
    breaks = [b[0] - calibration[0][0] for a, b in pairwise(calibration)]
    return Review(model, series, judgement, inside, errors, _curve(model, scores, breaks))


def _last_rows(segments: Segments, count: int) -> Segments:
    """The parts of segments that hold their last `count` rows."""
    out: list[tuple[int, int]] = []
    for a, b in reversed(segments):
        if count <= 0:
            break
        out.insert(0, (max(a, b - count), b))
        count -= b - out[0][0]
    return tuple(out)


def _curve(model: Model, scores: FloatArray, breaks: list[int]) -> LevelCurve:
    threshold = model.threshold
    known = scores[np.isfinite(scores)]
    counts = EpisodeCounts(as_stretches(scores, breaks, threshold.merge_gap), threshold.merge_gap)
    levels = np.geomspace(float(np.median(known)), max(1.5, 1.2 * float(known.max())), LEVELS)
    episodes = counts.at(levels)
    a_span = threshold.budget.rows_in_span(threshold.step_seconds) / max(1, len(known))
    most = [poisson.upper_bound(int(count), threshold.confidence) for count in episodes]
    return LevelCurve(
        np.asarray(levels, np.float64), np.asarray(episodes * a_span), np.asarray(np.array(most) * a_span)
    )
