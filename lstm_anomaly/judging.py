"""Scores rows with a trained model, whole series or piece by piece, with the same result."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.decision.holding import Holder
from lstm_anomaly.model import Model
from lstm_anomaly.network_reader import NetworkReader
from lstm_anomaly.reasons import ERROR, FLAT, UNSEEN
from lstm_anomaly.scoring.bias import LOOKED_BACK
from lstm_anomaly.scoring.memory import trailing_mean
from lstm_anomaly.scoring.novelty import MOST_AHEAD
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.score import LONGEST_MEMORY, ONLY_LEVEL, STATISTIC_ROWS, USUAL, level, raw_score
from lstm_anomaly.scoring.sides import SideReader, largest
from lstm_anomaly.types import BoolArray, FloatArray, IntArray, Series, TimeArray
from lstm_anomaly.windows import finite_segments

PIECE = 8192  # rows worked on at a time, so that memory does not grow with the input
EXPLAINED_ROWS = 10  # a sensor's part in a row's score is its mean error over so many rows


@dataclass(frozen=True)
class Judgement:
    """What the model makes of n rows.

    scores    (n,) multiples of the threshold, NaN where a row could not be judged
    errors    (n, F) each sensor's part in the score, at least 0, NaN likewise
    expected  (n, F) what the networks expected, in the sensors' own units, NaN likewise
    reasons   (n,) which sub-score it is, as in `lstm_anomaly.reasons`
    """

    scores: FloatArray
    errors: FloatArray
    expected: FloatArray
    reasons: IntArray

    @classmethod
    def unknown(cls, rows: int, sensors: int) -> "Judgement":
        """`rows` rows that could not be judged."""
        nothing = np.full((rows, sensors), np.nan)
        return cls(np.full(rows, np.nan), nothing, nothing.copy(), np.full(rows, ERROR, np.int64))

    @classmethod
    def joined(cls, parts: list["Judgement"], sensors: int) -> "Judgement":
        """Several judgements, one after the other."""
        parts = parts or [cls.unknown(0, sensors)]
        return cls(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.errors for part in parts]),
            np.concatenate([part.expected for part in parts]),
            np.concatenate([part.reasons for part in parts]),
        )


class Judge:
    """Judges rows as they come; verdicts come in the rows' order, `model.look_ahead` rows later.

    A row with a missing reading ends the stretch: it is unknown, and so are the rows after it until a
    whole window has passed.
    """

    def __init__(self, model: Model, hold: bool = True) -> None:
        """`hold` keeps anomalies going through their weaker rows, see `decision/holding.py`."""
        self._model, self._hold = model, hold
        self._stretch: _Stretch | None = None

    def push(self, values: FloatArray, times: TimeArray | None = None) -> Judgement:
        """Take the next rows, (n, F) in own units, at UTC times (n,); verdicts on the rows that are ready.

        Raises InputError when the model goes by the time of day and there are no times.
        """
        sensors = len(self._model.sensors)
        parts, position = [], 0
        for start, stop in finite_segments(np.asarray(np.isfinite(values).all(axis=1))):
            if start > position:
                parts += [self.finish(), Judgement.unknown(start - position, sensors)]
            self._stretch = self._stretch or _Stretch(self._model, self._hold)
            for first in range(start, stop, PIECE):
                piece = slice(first, min(first + PIECE, stop))
                parts.append(self._stretch.push(values[piece], None if times is None else times[piece]))
            position = stop
        if position < len(values):
            parts += [self.finish(), Judgement.unknown(len(values) - position, sensors)]
        return Judgement.joined(parts, sensors)

    def finish(self) -> Judgement:
        """Verdicts on the rows that still wait; the next rows begin a new stretch."""
        stretch, self._stretch = self._stretch, None
        return stretch.finish() if stretch else Judgement.unknown(0, len(self._model.sensors))


class _Stretch:
    """Consecutive rows without a gap: what must be remembered from the rows so far to judge the next."""

    def __init__(self, model: Model, hold: bool) -> None:
        self._model = model
        self._holder = Holder(model.threshold.merge_gap) if hold else None
        self._reader = NetworkReader(model.networks)
        self._side_reader = SideReader(model.sides)
        self._seen = 0  # rows pushed
        # Of the rows that a memory can still reach; before the first one all is taken to have been usual,
        # so that a memory of a hundred rows does not hang on the first few.
        self._statistics = np.full((STATISTIC_ROWS, LONGEST_MEMORY), USUAL)
        self._signed = np.zeros((len(model.usual.bias.bound), LOOKED_BACK, int(model.roles.targets.sum())))
        self._novelty = np.empty((0, len(model.novelty.sensors)))
        self._by_sensor = np.empty((0, int(model.roles.targets.sum())))
        self._expected = np.empty_like(self._by_sensor)
        self._sides = np.empty((2, *self._by_sensor.shape))
        self._judged = 0

    def push(self, values: FloatArray, times: TimeArray | None) -> Judgement:
        model = self._model
        scaled = model.network_rows(values, times)  # (F_in, n)
        readings = self._reader.push(scaled)
        statistics = self._statistics_of(readings)  # (7, n)
        by_sensor = model.usual.parts(readings, model.weights)
        first_known = max(0, model.window - 1 - self._seen)
        statistics[:, :first_known] = USUAL
        statistics[np.isnan(statistics)] = USUAL
        by_sensor[:first_known] = np.nan
        self._seen += len(values)
        self._statistics = np.concatenate([self._statistics, statistics], axis=1)
        self._novelty = np.concatenate([self._novelty, model.novelty.of_rows(values)])
        self._by_sensor = np.concatenate([self._by_sensor, by_sensor])
        self._expected = np.concatenate([self._expected, model.usual.expected(readings, model.weights)])
        targets = model.roles.targets
        moving = scaled[model.networks.targets].T.astype(np.float64)  # (n, F_t)
        sides = self._side_reader.push(values[:, targets], moving)
        self._sides = np.concatenate([self._sides, sides], axis=1)
        return self._verdicts(max(0, self._seen - model.look_ahead - self._judged))

    def _statistics_of(self, readings: Readings) -> FloatArray:
        """Statistics and biases of the next n rows, (7, n)."""
        usual, count = self._model.usual, readings.level.shape[1]
        signed = np.concatenate([self._signed, usual.signed(readings)], axis=1)  # (K, 99 + n, F_t)
        self._signed = signed[:, -LOOKED_BACK:]
        return np.concatenate([usual.statistics(readings), usual.biases(signed, count)])

    def finish(self) -> Judgement:
        """The rows that wait for later ones, judged without them."""
        waiting = self._seen - self._judged
        nothing = self._model.look_ahead
        self._statistics = np.pad(self._statistics, ((0, 0), (0, nothing)), constant_values=np.nan)
        self._novelty = np.pad(self._novelty, ((0, nothing), (0, 0)))
        self._sides = np.pad(self._sides, ((0, 0), (0, nothing), (0, 0)))
        for name in ("_by_sensor", "_expected"):
            padded = np.pad(getattr(self, name), ((0, nothing), (0, 0)), constant_values=np.nan)
            setattr(self, name, padded)
        return self._verdicts(waiting)

    def _verdicts(self, count: int) -> Judgement:
        """Judge the next `count` rows, after which `look_ahead` more are known."""
        model, ahead = self._model, self._model.look_ahead
        out = Judgement.unknown(count, len(model.sensors))
        if not count:
            return out
        rows = slice(len(self._by_sensor) - ahead - count, len(self._by_sensor) - ahead)
        moved = min(MOST_AHEAD, ahead)  # evidence is a sum, and has no two ends like a memory
        evidence = model.novelty.remembered(self._novelty, count + ahead)[moved : moved + count]  # (count, R)
        level_ = level(self._statistics, model.memories, model.weights, count, ahead)  # (count,)
        level_[np.isnan(self._by_sensor[rows]).all(axis=1)] = np.nan
        high = raw_score(level_, evidence.sum(axis=1)) / model.threshold.value
        scores, out.reasons[:] = largest(high, self._sides[:, rows])
        out.scores[:] = self._holder.push(scores) if self._holder else scores
        out.errors[:] = self._parts(level_, evidence, rows)
        beside = out.reasons != ERROR
        parts = self._sides[:, rows][out.reasons[beside] - FLAT, beside]  # (rows, F_t)
        out.errors[beside] = 0.0
        out.errors[np.ix_(beside, model.roles.targets)] = np.where(parts > 1.0, parts, 0.0)
        out.reasons[~beside & (evidence.sum(axis=1) > np.log(np.maximum(level_, 1.0)))] = UNSEEN
        out.reasons[~beside & self._far_from_all_levels(rows)] = UNSEEN
        expected = np.zeros_like(
            out.expected
        )  # scaled: a sensor that is not forecast is expected at its mean
        expected[:, model.roles.targets] = self._expected[rows]
        out.expected[:] = model.scaler.inverse(expected)
        out.errors[np.isnan(out.scores)] = out.expected[np.isnan(out.scores)] = np.nan
        self._judged += count
        self._forget()
        return out

    def _far_from_all_levels(self, rows: slice) -> BoolArray:
        """Where rows are outside anything seen, and their level is high in its memories, too, (count,)."""
        model, count = self._model, rows.stop - rows.start
        only = level(self._statistics, model.memories, ONLY_LEVEL, count, model.look_ahead)
        outside = self._sides[UNSEEN - FLAT, rows].max(axis=1) > 1.0  # (count,)
        return np.asarray(outside & (only > 1.0))

    def _parts(self, level_: FloatArray, evidence: FloatArray, rows: slice) -> FloatArray:
        """Each sensor's part in the score, (count, F), in nats.

        What raises the level is shared out by the sensors' errors over the last rows; what a ruled sensor
        showed for the first time is its own.
        """
        model, count = self._model, len(level_)
        parts = np.zeros((count, len(model.sensors)))
        for k, target in enumerate(np.flatnonzero(model.roles.targets)):
            recent = trailing_mean(self._by_sensor[: rows.stop, k], EXPLAINED_ROWS, count)
            parts[:, target] = np.nan_to_num(recent)
        total = parts.sum(axis=1)  # (count,)
        share = np.log1p(np.nan_to_num(level_)) / np.maximum(total, 1e-300)
        parts *= share[:, np.newaxis]
        parts[:, model.novelty.sensors] += evidence
        return parts

    def _forget(self) -> None:
        """Drop what no memory reaches any more."""
        kept = LONGEST_MEMORY + self._model.look_ahead
        self._statistics = self._statistics[:, -kept:]
        self._novelty = self._novelty[-kept:]
        self._by_sensor = self._by_sensor[-kept:]
        self._expected = self._expected[-kept:]
        self._sides = self._sides[:, -kept:]


def judge(model: Model, series: Series, hold: bool = True) -> Judgement:
    """Judge a whole series; rows outside its segments, and the first window - 1 of each, are unknown.

    For `hold` see `Judge`.
    """
    out = Judgement.unknown(*series.values.shape)
    judge_ = Judge(model, hold)
    for start, stop in series.segments:
        times = None if series.times is None else series.times[start:stop]
        verdicts = [judge_.push(series.values[start:stop], times), judge_.finish()]
        part = Judgement.joined(verdicts, len(model.sensors))
        out.scores[start:stop] = part.scores
        out.errors[start:stop] = part.errors
        out.expected[start:stop] = part.expected
        out.reasons[start:stop] = part.reasons
    return out
