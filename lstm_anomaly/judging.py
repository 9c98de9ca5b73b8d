"""Scores rows with a trained model, whole series or piece by piece, with the same result."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.model import Model
from lstm_anomaly.network.row_scoring import reconstruct_at
from lstm_anomaly.scoring.errors import row_score, sensor_errors
from lstm_anomaly.types import FloatArray, Series
from lstm_anomaly.windows import finite_segments


@dataclass(frozen=True)
class Judgement:
    """What the model makes of M rows.

    scores    (M,) multiples of the threshold, NaN where a row could not be judged
    errors    (M, F) each sensor's squared error as a multiple of its usual one, NaN likewise
    expected  (M, F) what the network expected, in the sensors' own units, NaN likewise
    """

    scores: FloatArray
    errors: FloatArray
    expected: FloatArray

    @classmethod
    def unknown(cls, rows: int, sensors: int) -> "Judgement":
        """`rows` rows that could not be judged."""
        return cls(np.full(rows, np.nan), np.full((rows, sensors), np.nan), np.full((rows, sensors), np.nan))


class Judge:
    """Judges rows as they come. A row that is not finite is unknown, and so is the row after it
    until a whole window of finite rows has passed.

    One judge lives for one stretch of rows; `restart` begins the next, after a gap in time.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.restart()

    def restart(self) -> None:
        """Forget the rows seen: those that follow are not their continuation."""
        self._tail = np.empty((0, len(self._model.sensors)))  # the last window - 1 rows at most

    def push(self, values: FloatArray) -> Judgement:
        """Judge the next rows, (n, F) in own units; each gets its verdict at once."""
        out = Judgement.unknown(*values.shape)
        position = 0
        for start, stop in finite_segments(np.asarray(np.isfinite(values).all(axis=1))):
            if start > position:
                self.restart()
            self._push_finite(values[start:stop], out, start)
            position = stop
        if position < len(values):
            self.restart()
        return out

    def _push_finite(self, values: FloatArray, out: Judgement, at: int) -> None:
        model, window = self._model, self._model.window
        context = np.concatenate([self._tail, values])  # (window - 1 at most + n, F)
        self._tail = context[max(0, len(context) - window + 1) :]
        if len(context) < window:
            return
        scaled = model.scaler.transform(context)  # (F, rows)
        expected = reconstruct_at(model.params, scaled, window)[0]  # (judged, F)
        judged = slice(at + len(values) - len(expected), at + len(values))
        errors = sensor_errors(scaled[:, window - 1 :].T, expected, model.error_unit)  # (judged, F)
        out.scores[judged] = row_score(errors) / model.threshold.value
        out.errors[judged] = errors
        out.expected[judged] = model.scaler.inverse(expected)


def judge(model: Model, series: Series) -> Judgement:
    """Judge a whole series; rows outside its segments, and the first window - 1 of each, are unknown."""
    out = Judgement.unknown(*series.values.shape)
    judge_ = Judge(model)
    for start, stop in series.segments:
        judge_.restart()
        part = judge_.push(series.values[start:stop])
        out.scores[start:stop] = part.scores
        out.errors[start:stop] = part.errors
        out.expected[start:stop] = part.expected
    return out
