"""Detection on rows as they were read: clean, judge, group into events, and back to the input's rows."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame, Series
from lstm_anomaly.decision.drift import DriftWatch
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.events import EventRules, EventTracker, row_states
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.detecting.verdicts import Tally
from lstm_anomaly.detecting.views import EventView, view
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.missing_sensors import impute
from lstm_anomaly.model.model import Model
from lstm_anomaly.model.partial_judge import PartialJudge
from lstm_anomaly.model.silent_sensors import Silence, SilentSensors
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.fill import finite_runs
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.preparing.windows import cut_out


@dataclass(frozen=True)
class Detection:
    """What was found in one input.

    frame      the rows as read, N of them
    series     the same cleaned, in time order, M rows
    judgement  scores, errors and expected values, M rows
    events     found events; their rows are rows of `series`
    cleaning   what cleaning noticed
    drift      knows how the rows differ from training
    off        (M,) rows in which the plant is off
    silences   sensors that delivered nothing for long: those that are over, then those that are not
    """

    frame: SensorFrame
    series: Series
    judgement: Judgement
    events: list[Event]
    cleaning: CleanReport
    drift: DriftWatch
    off: BoolArray
    silences: tuple[Silence, ...] = ()

    def view(self, event: Event) -> EventView:
        """The event with the rows around it."""
        return view(event, judged_rows(self.series.values, self.judgement), self.series.sensors)

    def row_scores(self) -> FloatArray:
        """A score for each row of the input, (N,), NaN where it could not be judged."""
        known = self.series.row_of >= 0
        return np.where(known, self.judgement.scores[np.where(known, self.series.row_of, 0)], np.nan)

    def row_off(self) -> BoolArray:
        """In which rows of the input the plant is off, (N,)."""
        known = self.series.row_of >= 0
        return (
            np.asarray(known & self.off[np.where(known, self.series.row_of, 0)]) if len(self.off) else known
        )

    def row_errors(self) -> FloatArray:
        """Each sensor's part in the score of each row of the input, (N, F), NaN likewise."""
        known = self.series.row_of >= 0
        errors = self.judgement.errors[np.where(known, self.series.row_of, 0)]  # (N, F)
        return np.where(known[:, np.newaxis], errors, np.nan)

    def counts(self) -> dict[str, int]:
        """How many input rows there were, were judged, anomalous, unknown, and off."""
        tally = Tally()
        tally.add(self.row_scores(), self.row_off())
        return vars(tally)

    def frame_rows(self) -> IntArray:
        """For each row of the series the input row that it came from, (M,)."""
        origin = np.zeros(len(self.series), dtype=np.int64)
        rows = np.flatnonzero(self.series.row_of >= 0)[::-1]  # the first input row of a pair wins
        origin[self.series.row_of[rows]] = rows
        return origin


def detect(
    model: Model, frame: SensorFrame, rules: EventRules | None = None, silent_after: int | None = None
) -> Detection:
    """Judge the rows of `frame`, whose sensors are the model's in the model's order.

    An event is what calibration counted as one episode: by default `rules` merges parts that lie
    within the model's own merge gap. From `silent_after` rows without a reading on a sensor is silent
    and imputed, see `SilentSensors`.
    """
    model.check_times(frame)
    model.check_step(frame)
    if frame.absent:
        frame = impute(model, frame)
    series, cleaning = clean(frame, step=model.step, max_fill=model.max_fill, resample=model.resample)
    starts = np.zeros(len(series), np.bool_)
    starts[list(series.starts) if len(series) else []] = True
    silent_sensors = SilentSensors(model, silent_after)
    completed = silent_sensors.push(series.values, starts)
    cleaning.imputed_rows = completed.imputed_rows
    segments = cut_out(finite_runs(completed.values, np.flatnonzero(starts)), completed.off)
    series = replace(series, values=completed.values, segments=segments)
    begins = completed.begins(was_finite=False)
    judge = PartialJudge(model, frame.absent)
    drift = DriftWatch(judge.reduced.familiar, model.sensors)
    verdicts = [judge.push(completed, series.times, series.symbols), judge.finish()]
    judgement = Judgement.joined(verdicts, len(model.sensors))
    rows = judged_rows(series.values, judgement)
    rules = rules or EventRules(merge_gap=model.threshold.merge_gap)
    tracker = EventTracker(series.sensors, rules, model.summary.span)
    events = follow(tracker, drift, rows, completed.delivered, begins) + tracker.finish()
    over = tuple(silence for silence in completed.silences if silence.is_over)
    silences = (*over, *silent_sensors.open)
    return Detection(frame, series, judgement, events, cleaning, drift, completed.off, silences)


def follow(
    tracker: EventTracker, drift: DriftWatch, rows: JudgedRows, readings: FloatArray, begins: BoolArray
) -> list[Event]:
    """Let events and drift go on through the next rows (m,); the events that come to an end.

    readings  (m, F) as they were delivered
    begins    (m,) where a row does not follow the row before it, in time or since the plant was off
    """
    found: list[Event] = []
    cuts = [0, *np.flatnonzero(begins).tolist(), len(begins)]
    for first, stop in pairwise(cuts):
        if first == stop:
            continue
        if begins[first]:
            found += tracker.finish()
            drift.pause()
        drift.push(readings[first:stop], rows.scores[first:stop])
        found += tracker.push(rows[first:stop])
    return found


def judged_rows(values: FloatArray, judgement: Judgement) -> JudgedRows:
    """Rows (M, F) of cleaned readings beside what was made of them."""
    j = judgement
    return JudgedRows(j.scores, j.errors, values, j.expected, j.margins, j.reasons, j.words)


def states(scores: FloatArray) -> list[str]:
    """`normal`, `anomaly` or `unknown` for each score."""
    return [str(state) for state in row_states(scores)]
