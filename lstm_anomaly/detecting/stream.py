"""Detection on rows as they come: the same scores and events for a file, a pipe, or one row at a time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Annotated

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame
from lstm_anomaly.decision.drift import DriftWatch
from lstm_anomaly.decision.event import Event, silent_event
from lstm_anomaly.decision.events import EventRules, EventTracker
from lstm_anomaly.detecting.batch import detect, follow, judged_rows
from lstm_anomaly.detecting.newest import NewestTime
from lstm_anomaly.detecting.pending import PendingRows
from lstm_anomaly.detecting.places import CLOSED, ONGOING, OPEN, Place, PlacedEvent, place
from lstm_anomaly.detecting.verdicts import Judging, Tally, Verdicts
from lstm_anomaly.detecting.views import ViewRecorder
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.missing_sensors import impute
from lstm_anomaly.model.model import Model
from lstm_anomaly.model.partial_judge import PartialJudge
from lstm_anomaly.model.silent_sensors import Silence, SilentSensors
from lstm_anomaly.preparing.clean_stream import Cleaner, CleanRows
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.preparing.step_check import StepCheck
from lstm_anomaly.reading import join_frames, take_rows

ORDER_SEEN_IN = 3  # rows that show whether an input begins with its newest
_NOT_REMEMBERED = {"tally", "worst", "_recorder", "_model", "_keep", "_rules", "_silent_after"}
Keep = Callable[[list[Event]], list[Event]]


class Watcher:
    """Judges rows as they come, in order; verdicts and events do not depend on how the rows were cut.

    model   whose sensors the frames have, in its order
    rules   how rows become events; by default what calibration counted as one episode
    keep    which events count; all of them by default
    views   keep with each event the rows to see it in
    silent_after  rows without a reading from which a sensor is silent; see `SilentSensors`

    Memory does not grow with the rows. `tally` and `report` are of all rows so far, `newest` is their latest
    plausible time stamp in UTC, and `worst` (F,) the highest part that each sensor had in a score.
    """

    _newest: NewestTime
    _cleaner: Cleaner
    _silent_sensors: SilentSensors
    _judge: PartialJudge
    _step_check: StepCheck
    _drift: DriftWatch
    _tracker: EventTracker
    _frame: SensorFrame | None
    _row_of: Annotated[IntArray, "n"]
    _waiting: PendingRows | None
    _judged: int
    _last_off: bool
    _last_score: float
    _last_errors: Annotated[FloatArray, "F"]
    _was_finite: bool
    _places: dict[int, Place]
    _hole_places: dict[int, Place]
    _changed: list[PlacedEvent]

    def __init__(
        self,
        model: Model,
        rules: EventRules | None = None,
        keep: Keep = list,
        *,
        views: bool = False,
        silent_after: int | None = None,
    ) -> None:
        self.tally = Tally()
        self._newest = NewestTime()
        self.worst = np.zeros(len(model.sensors))
        self._model = model
        self._keep = keep
        self._cleaner = Cleaner(
            len(model.sensors),
            step=model.step,
            max_fill=model.max_fill,
            resample=model.resample,
            patience=model.window - 1,
        )
        self._silent_after = silent_after
        self._silent_sensors = SilentSensors(model, silent_after)
        self._judge = PartialJudge(model)
        self._step_check = model.step_check()
        self._drift = DriftWatch(model.familiar, model.sensors)
        self._rules = rules or EventRules(merge_gap=model.threshold.merge_gap)
        self._tracker = EventTracker(model.sensors, self._rules, model.summary.span)
        self._frame: SensorFrame | None = None  # rows of the input without a verdict
        self._row_of = np.empty(0, np.int64)  # their rows in the series, -1 for none
        self._waiting: PendingRows | None = None  # rows of the series without a verdict
        self._judged = 0  # rows of the series with a verdict
        self._last_off = False
        self._last_score = np.nan  # of the last of them, which may be repeated
        self._last_errors = np.full(len(model.sensors), np.nan)  # (F,) likewise
        self._was_finite = False
        self._places: dict[int, Place] = {}  # of the open event's rows
        self._hole_places: dict[int, Place] = {}  # of rows where a sensor delivers nothing
        self._changed: list[PlacedEvent] = []  # sensors that fell silent, or are back
        self._recorder = ViewRecorder(model.sensors) if views else None

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        frame, waiting = self._frame, self._waiting
        if frame is None or waiting is None:
            return not (frame or waiting or len(self._row_of) or self._judged or self._judge.waiting)
        rows = len(waiting.values)
        is_whole = len(frame) == len(self._row_of) and rows == self._judge.waiting
        is_whole &= self._judged + rows == self._cleaner.row_count == self._silent_sensors.row_count
        is_whole &= self._judged == self._tracker.row_count
        is_placed = self._places.keys() >= {*self._tracker.rows_told()}
        return is_whole and is_placed and self._hole_places.keys() >= self._silent_sensors.rows

    def memory(self) -> dict[str, object]:
        """What another Watcher of the same model and rules needs to go on where this one is."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_REMEMBERED}

    def recall(self, memory: dict[str, object]) -> None:
        """Go on where the Watcher that gave this memory was; counts and reports begin anew."""
        vars(self).update(memory)
        if not self.makes_sense():
            raise ValueError("its parts do not go together")
        self._cleaner.report = CleanReport(0, step=self._cleaner.report.step)
        self._newest.begin_run()

    @property
    def newest(self) -> np.datetime64 | None:
        """The latest time stamp so far that is plausible, in UTC."""
        return self._newest.value

    @property
    def sensors(self) -> tuple[str, ...]:
        """The model's."""
        return self._model.sensors

    @property
    def model(self) -> Model:
        """By which rows are judged."""
        return self._model

    @property
    def judged_by(self) -> Model:
        """The model without the sensors that are silent."""
        return self._judge.reduced

    @property
    def left_out(self) -> tuple[str, ...]:
        """The sensors that `judged_by` is without."""
        return self._judge.silent

    def leave_out(self, sensors: tuple[str, ...]) -> None:
        """Judge without these: before `recall`, what the memory is of."""
        self._judge.leave_out(sensors)

    @property
    def scheme(self) -> tuple[object, ...]:
        """What else its memory goes with, beside the model and the rules."""
        return self._model.resample, self._silent_after

    @property
    def rules(self) -> EventRules:
        """How rows become events."""
        return self._rules

    @property
    def report(self) -> CleanReport:
        """What cleaning noticed."""
        return self._cleaner.report

    @property
    def drift(self) -> list[str]:
        """How the rows so far differ from training, a sentence each."""
        return self._drift.findings()

    def drift_news(self) -> list[str]:
        """The same, once; again only after there was nothing to say for a while."""
        return self._drift.news()

    def warnings(self) -> list[str]:
        """What must be known even when nobody watches."""
        return self._newest.lines()

    def push(self, frame: SensorFrame) -> Verdicts:
        """Take the next rows and give the verdicts that are certain: all but the last `look_ahead`."""
        self._model.check_times(frame)
        self._step_check.push(frame.times, ", ".join(frame.sources))
        self._newest.push(frame)
        if frame.absent:
            frame = self._complete(frame)
        return self._verdicts(self._judge_next(self._cleaner.push(frame), frame))

    def _judge_next(self, clean: CleanRows, frame: SensorFrame) -> list[Judgement]:
        rows = self._silent_sensors.push(clean.values, clean.starts)
        self.report.imputed_rows += rows.imputed_rows
        begins = rows.begins(self._was_finite)
        running = rows.running.values
        if len(running):
            self._was_finite = bool(np.isfinite(running[-1]).all())
        delivered = rows.delivered
        if self._waiting is None or self._frame is None:
            self._waiting = PendingRows(
                rows.values, delivered, rows.off, begins, clean.origin, frame, clean.held
            )
            self._frame = frame
        else:
            self._waiting = self._waiting.joined(clean, rows, begins, frame)
            self._frame = join_frames([self._frame, frame])
        self._row_of = np.concatenate([self._row_of, clean.row_of])
        self._note_silences(rows.silences)
        return [self._judge.push(rows, clean.times, frame.symbols)]

    def _note_silences(self, silences: tuple[Silence, ...]) -> None:
        """Keep the places of rows with which a silence begins or ends, and tell of those that do."""
        waiting = self._waiting
        assert waiting is not None, "rows have been pushed"
        ends = {row for one in silences for row in (one.start, one.end)}
        self._hole_places = {
            row: self._hole_places[row] if row in self._hole_places else waiting.place(row - self._judged)
            for row in sorted(self._silent_sensors.rows | ends)
        }
        self._changed += [self._silence(one, CLOSED if one.is_over else OPEN) for one in silences]

    def _silence(self, one: Silence, state: str) -> PlacedEvent:
        k = self._model.sensors.index(one.sensor)
        event = silent_event(one.sensor, one.start, one.end, float(self._model.scaler.center[k]))
        return PlacedEvent.at(event, state, [self._hole_places[row] for row in event.rows_told])

    def silent(self) -> list[PlacedEvent]:
        """The sensors that deliver nothing, an event each."""
        return [self._silence(one, ONGOING) for one in self._silent_sensors.open]

    def finish(self) -> Verdicts:
        """The verdicts that still wait, without the rows that they wait for, and the event still open.

        Call it once, at the end of an input that had rows.
        """
        verdicts = self._without_later_rows()
        last = self._placed(self._tracker.finish(), self._places.__getitem__, OPEN)
        self._places = {}
        return replace(verdicts, events=[*verdicts.events, *last, *self.silent()])

    def pause(self, position: int) -> Verdicts | None:
        """The verdicts that wait for later rows, if a row at `position` (ns since 1970, or lines) would come
        after a gap: the same that such a row would bring. Else None.
        """
        if self._frame is None or not len(self._frame) or not self._cleaner.is_gap(position):
            return None
        return self._without_later_rows()

    def _without_later_rows(self) -> Verdicts:
        assert self._frame is not None, "rows have been pushed"
        last_rows = self._judge_next(self._cleaner.finish(), take_rows(self._frame, slice(0, 0)))
        return self._verdicts([*last_rows, self._judge.finish()])

    def judge_whole(self, frame: SensorFrame) -> Verdicts:
        """All verdicts on an input that is known whole, which is sorted by time before it is judged.

        Call it instead of `push` and `finish`.
        """
        self._newest.push(frame if frame.times is None else take_rows(frame, np.argsort(frame.times)))
        whole = detect(self._model, frame, self._rules, self._silent_after)
        self._note_worst(whole.judgement)
        self._cleaner.report = whole.cleaning
        rows = whole.frame_rows()
        events = [place(event, frame, rows) for event in self._keep(whole.events)]
        if self._recorder:
            events = [replace(one, view=whole.view(one.event)) for one in events]
        for one in whole.silences:
            expected = float(self._model.scaler.center[self._model.sensors.index(one.sensor)])
            event = silent_event(one.sensor, one.start, one.end, expected)
            events.append(replace(place(event, frame, rows), state=CLOSED if one.is_over else ONGOING))
        self._drift = whole.drift
        verdicts = Verdicts(frame, whole.row_scores(), whole.row_errors(), events, whole.row_off())
        self.tally.add(verdicts.scores, verdicts.off)
        return verdicts

    def open_event(self) -> PlacedEvent | None:
        """The event that may go on, as far as it is known; None when there is none that counts."""
        event = self._tracker.open_event()
        if event is None or event.duration < self._rules.min_duration:
            return None
        placed = self._placed([event], self._places.__getitem__, OPEN)
        return placed[0] if placed else None

    def _complete(self, frame: SensorFrame) -> SensorFrame:
        """The frame with values for its absent sensors, which are the same ones in all frames."""
        if self.tally.rows == 0 and self._frame is None:
            self._judge = PartialJudge(self._model, frame.absent)
            self._drift = DriftWatch(self._judge.reduced.familiar, self._model.sensors)
        return impute(self._model, frame)

    def _note_worst(self, judgement: Judgement) -> None:
        errors = np.nan_to_num(judgement.errors)  # (n, F)
        shares = errors / np.maximum(errors.sum(axis=1, keepdims=True), 1e-300)
        parts = np.nan_to_num(judgement.scores)[:, np.newaxis] * shares
        self.worst = np.maximum(self.worst, parts.max(axis=0, initial=0.0))

    def _verdicts(self, parts: list[Judgement]) -> Verdicts:
        judgement = Judgement.joined(parts, len(self._model.sensors))
        assert self._waiting is not None, "rows have been pushed"
        self._note_worst(judgement)
        ready, self._waiting = self._waiting.cut(len(judgement.scores))
        events = self._find_events(judgement, ready)
        # From the row before on, since a row with the same time stamp takes over its verdict.
        scores = np.concatenate([[self._last_score], judgement.scores])
        errors = np.concatenate([self._last_errors[np.newaxis], judgement.errors])
        changed, self._changed = self._changed, []
        off = np.concatenate([[self._last_off], ready.off])
        settled = self._settle(scores, errors, off, events + changed)
        self._judged += len(judgement.scores)
        self._last_score, self._last_off = float(scores[-1]), bool(off[-1])
        self._last_errors = errors[-1].copy()  # not a part of all these rows
        self.tally.add(settled.scores, settled.off)
        return settled

    def _settle(
        self, scores: FloatArray, errors: FloatArray, off: BoolArray, events: list[PlacedEvent]
    ) -> Verdicts:
        """Verdicts on the rows of the input up to the first that still waits."""
        assert self._frame is not None, "rows have been pushed"
        waits = self._row_of >= self._judged + len(scores) - 1
        count = int(waits.argmax()) if waits.any() else len(waits)
        rows, self._row_of = self._row_of[:count], self._row_of[count:]
        at = np.maximum(rows - self._judged + 1, 0)
        known = rows >= 0
        frame = take_rows(self._frame, slice(0, count))
        self._frame = take_rows(self._frame, slice(count, None))
        scores = np.where(known, scores[at], np.nan)
        errors = np.where(known[:, np.newaxis], errors[at], np.nan)
        return Verdicts(frame, scores, errors, events, known & off[at])

    def _find_events(self, judgement: Judgement, ready: PendingRows) -> list[PlacedEvent]:
        rows = judged_rows(ready.values, judgement)
        if self._recorder:
            self._recorder.push(rows)
        found = follow(self._tracker, self._drift, rows, ready.delivered, ready.begins)

        def find(row: int) -> Place:
            return self._places[row] if row in self._places else ready.place(row - self._judged)

        placed = self._placed(found, find, CLOSED)
        self._places = {row: find(row) for row in self._tracker.rows_told()}
        return placed

    def _placed(self, events: list[Event], find: Callable[[int], Place], state: str) -> list[PlacedEvent]:
        placed = [
            PlacedEvent.at(event, state, list(map(find, event.rows_told))) for event in self._keep(events)
        ]
        if self._recorder:
            placed = [replace(one, view=self._recorder.view(one.event)) for one in placed]
        return placed


def watch(watcher: Judging, pieces: Iterable[SensorFrame]) -> Iterator[Verdicts]:
    """The verdicts on an input in pieces, as they become certain.

    An input that begins with its newest rows is read whole and sorted first: nothing of it could be judged
    in the order in which it comes.
    """
    pieces = iter(pieces)
    head: list[SensorFrame] = []
    while sum(map(len, head)) < ORDER_SEEN_IN and (piece := next(pieces, None)) is not None:
        head.append(piece)
    if head and _is_newest_first(take_rows(join_frames(head), slice(0, ORDER_SEEN_IN))):
        yield watcher.judge_whole(join_frames([*head, *pieces]))
        return
    for piece in chain(head, pieces):
        yield watcher.push(piece)
    if head:
        yield watcher.finish()


def _is_newest_first(frame: SensorFrame) -> bool:
    if frame.times is None:
        return False
    steps = np.diff(frame.times[~np.isnat(frame.times)].astype(np.int64))
    return len(steps) > 1 and bool((steps <= 0).all() and (steps < 0).any())
