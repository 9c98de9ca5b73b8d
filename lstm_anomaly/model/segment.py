"""Scores the rows of one stretch without a gap, in any pieces: what must be remembered from row to row."""

from typing import Annotated

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_anomaly.base.processes import usable_cores
from lstm_anomaly.base.snapshot import UNBOUNDED, saved_as
from lstm_anomaly.base.threads import made_ahead
from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, IntArray, SymbolColumns, TimeArray
from lstm_anomaly.decision.course import EXPLAINED_ROWS, USUAL_MARGINS
from lstm_anomaly.decision.ending import Ending
from lstm_anomaly.decision.holding import LASTS_ABOVE, Holder
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.model.judgement import Judgement
from lstm_anomaly.model.model import Model
from lstm_anomaly.model.symbol_rows import SymbolReaders, SymbolVerdicts
from lstm_anomaly.network.regression import FORECAST_LAGS
from lstm_anomaly.scoring import residuals as views
from lstm_anomaly.scoring.components import LONGEST, OF_ONE_ROW, PARTS
from lstm_anomaly.scoring.fault_isolation import with_run_up
from lstm_anomaly.scoring.moving_average import trailing_mean, trailing_sum
from lstm_anomaly.scoring.networks import ResidualReader
from lstm_anomaly.scoring.novelty import MOST_AHEAD
from lstm_anomaly.scoring.reasons import (
    FLAT,
    FORECAST,
    MOST_TOLD,
    NEW_VALUE,
    RELATED,
    RESTORED,
    SYMBOLS,
    TOGETHER,
    UNSEEN,
    no_words,
)
from lstm_anomaly.scoring.residuals import VIEWS, Residuals
from lstm_anomaly.scoring.states import CHANGE, state_features, with_first_rows
from lstm_anomaly.scoring.unseen import MEMORY as UNSEEN_MEMORY

MISLED_ROWS = max(FORECAST_LAGS)  # after a departure the forecast expects more of it
RETURNS_FROM = 2.0  # margins from what the other sensors expect: back from there is no departure
_REASONS = np.array(
    [*np.repeat([FORECAST, RESTORED, RELATED, FORECAST], PARTS), TOGETHER, UNSEEN, FLAT, SYMBOLS]
)


@saved_as("segment 2")
class Segment:
    """Consecutive rows without a gap: what must be remembered from the rows so far to judge the next."""

    _model: Model
    _unknown: int
    _ending: Ending
    _holder: Holder | None
    _reader: ResidualReader
    _seen: int
    _judged: int
    _before: Annotated[FloatArray, f"{CHANGE} G"] | None
    _levels: Annotated[FloatArray, "k Y"] | None
    _readings: Annotated[FloatArray, "r Y"]
    _scaled: Annotated[FloatArray, f"{len(VIEWS)} n Y"]
    _pooled: Annotated[FloatArray, "3 n"]
    _distance: Annotated[FloatArray, "n"]
    _novelty: Annotated[FloatArray, "n R", UNBOUNDED]
    _flat: Annotated[FloatArray, "n Y", UNBOUNDED]
    _by_sensor: Annotated[FloatArray, "n Y"]
    _level: Annotated[FloatArray, "n Y"]
    _expected: Annotated[FloatArray, "n Y"]
    _margins: Annotated[FloatArray, "n Y", UNBOUNDED]
    _departed: Annotated[BoolArray, f"2 {MISLED_ROWS} Y"]
    _readers: SymbolReaders | None
    _symbols: SymbolVerdicts | None

    def __init__(self, model: Model, for_threshold: bool, unknown: int) -> None:
        """`unknown`: its first rows, which are not judged."""
        self._model = model
        self._unknown = unknown
        self._ending = Ending(model.threshold.merge_gap)
        self._holder = None if for_threshold else Holder(model.threshold.merge_gap)
        self._reader = ResidualReader(model.networks, model.expectations)
        self._seen = 0  # rows pushed
        self._judged = 0
        targets = int(model.roles.targets.sum())
        self._before: FloatArray | None = None  # (CHANGE, F) the inputs before the next rows
        self._levels: FloatArray | None = None  # (K - 1, F_t) levels before the next rows
        self._readings = np.empty((0, targets))  # that what reads flat looks back on
        # Of the rows that a memory can still reach:
        self._scaled = np.empty((len(VIEWS), 0, targets))
        self._pooled = np.empty((3, 0))
        self._distance = np.empty(0)
        self._novelty = np.empty((0, len(model.novelty.sensors)))
        self._flat = np.empty((0, targets))
        self._by_sensor = np.empty((0, targets))
        self._level = np.empty((0, targets))
        self._expected = np.empty((0, targets))
        self._margins = np.empty((0, targets))
        self._departed = np.zeros((2, MISLED_ROWS, targets), np.bool_)  # upwards and downwards
        self._readers = SymbolReaders(model) if model.symbols else None
        self._symbols = None if self._readers is None else self._readers.nothing()

    @property
    def waiting(self) -> int:
        """Rows without a verdict."""
        return self._seen - self._judged

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        kept, looks_back = LONGEST + self._model.look_ahead, self._model.stillness.reach - 1
        is_whole = len(self._distance) == min(self._seen, kept)
        is_whole &= len(self._readings) == min(self._seen, looks_back)
        is_whole &= self._symbols is None or len(self._symbols.words) == len(self._distance)
        has_symbols = bool(self._model.symbols)
        is_whole &= (self._readers is not None, self._symbols is not None) == (has_symbols, has_symbols)
        return is_whole and self.waiting == min(self._seen, self._model.look_ahead)

    def push(
        self, pieces: list[tuple[FloatArray, TimeArray | None]], symbols: SymbolColumns | None
    ) -> list[Judgement]:
        """Verdicts on rows in pieces: while those of one are scored, the networks read the next one's."""
        apart = len(pieces) > 1 and usable_cores() > 1
        read = made_ahead(self._read, pieces, apart)
        return [self._score(values, symbols, *found) for (values, _), found in zip(pieces, read, strict=True)]

    def _read(self, piece: tuple[FloatArray, TimeArray | None]) -> tuple[Float32Array, Residuals]:
        """The scaled rows (F_in, n) of a piece, and how far they are from what was expected."""
        rows = self._model.network_rows(*piece)  # (F_in, n)
        return rows, self._reader.push(rows)

    def _score(
        self, values: FloatArray, symbols: SymbolColumns | None, rows: Float32Array, residuals: Residuals
    ) -> Judgement:
        """Verdicts on the rows that are ready, now that n more are known."""
        model, count = self._model, len(values)
        inputs = rows[: int(model.roles.inputs.sum())].T.astype(np.float64)  # (n, F_i)
        context = with_first_rows(inputs) if self._before is None else np.concatenate([self._before, inputs])
        self._before = context[-CHANGE:]
        state, distance = model.states.of_rows(state_features(context))  # (n,), (n,)
        scaled = model.components.scaled(residuals.errors, state)  # (4, n, F_t)
        pooled = model.components.pooled(residuals)  # (3, n)
        self._scaled = np.concatenate([self._scaled, scaled], axis=1)
        self._pooled = np.concatenate([self._pooled, pooled], axis=1)
        self._distance = np.concatenate([self._distance, distance])
        self._novelty = np.concatenate([self._novelty, model.novelty.of_rows(values)])
        self._readings = np.concatenate([self._readings, values[:, model.roles.targets]])
        self._flat = np.concatenate([self._flat, model.stillness.multiples(self._readings, count)])
        self._readings = self._readings[max(0, len(self._readings) - model.stillness.reach + 1) :]
        self._by_sensor = np.concatenate([self._by_sensor, self._parts_of(scaled, residuals.level)])
        self._level = np.concatenate([self._level, np.square(residuals.level)])
        expected, margins = self._expected_of(residuals, state)
        self._expected = np.concatenate([self._expected, expected])
        self._margins = np.concatenate([self._margins, margins])
        if self._readers is not None and self._symbols is not None:
            begins = np.arange(self._seen, self._seen + count) == 0
            self._symbols = self._symbols.joined(self._readers.push(values, begins, symbols))
        self._seen += count
        return self._verdicts(max(0, self._seen - model.look_ahead - self._judged))

    def _parts_of(self, scaled: FloatArray, level: FloatArray) -> FloatArray:
        """Each sensor's part in n rows, (n, F_t): of very many sensors its own residuals."""
        isolation = self._model.isolation
        if not len(isolation.weights):
            return np.asarray(np.square(scaled).sum(axis=0))
        levels = with_run_up(level) if self._levels is None else np.concatenate([self._levels, level])
        self._levels = levels[len(level) :]
        return isolation.of_rows(levels)

    def _expected_of(self, residuals: Residuals, state: IntArray) -> tuple[FloatArray, FloatArray]:
        """What was expected of n rows in these states (n,), and by how much it is usually missed, scaled.

        Both (n, F_t): by the other sensors where they tell, else by the rows before. A forecast follows a
        fault that lasts; what the other sensors say does not. But a forecast is closer, and shows first how
        a reading departs. It tells that unless the reading only comes back from where it was in the last
        rows: of that the forecast expects more, and takes the return for a departure.
        """
        usual = self._model.components.usual  # (4, k, F_t)
        tells = np.isfinite(usual[views.RELATED, 0])  # (F_t,)
        forecast, restored, related = residuals.errors[: views.RELATED + 1]  # (n, F_t) each
        forecast_margin, restored_margin, related_margin = usual[: views.RELATED + 1, state]  # (n, F_t) each
        far, away = USUAL_MARGINS * forecast_margin, RETURNS_FROM * related_margin  # (n, F_t) each
        departed = np.stack(
            [(forecast > far) | (related > away), (forecast < -far) | (related < -away)]
        )  # (2, n, F_t)
        context = np.concatenate([self._departed, departed], axis=1)  # (2, MISLED_ROWS + n, F_t)
        self._departed = context[:, -MISLED_ROWS:]
        lately = np.asarray(sliding_window_view(context[:, :-1], MISLED_ROWS, axis=1).any(axis=-1))
        returns = lately.any(axis=0)  # (n, F_t)
        by_forecast = tells & (np.abs(forecast) > far) & ~returns & (forecast_margin < related_margin)
        near = np.where(np.isnan(restored), forecast, restored)
        near = 0.5 * (near + np.where(np.isnan(forecast), near, forecast))
        by_related = tells & ~np.isnan(related)
        missed = np.where(by_forecast, forecast, np.where(by_related, related, near))
        before = 0.5 * (restored_margin + forecast_margin)  # (n, F_t)
        margin = np.where(by_forecast, forecast_margin, np.where(by_related, related_margin, before))
        return np.asarray(residuals.level - missed), margin

    def finish(self) -> Judgement:
        """The rows that wait for later ones, judged without them."""
        waiting, nothing = self._seen - self._judged, self._model.look_ahead
        below = ((0, nothing), (0, 0))
        self._scaled = np.pad(self._scaled, ((0, 0), *below))
        self._pooled = np.pad(self._pooled, ((0, 0), (0, nothing)), constant_values=1.0)
        self._distance = np.pad(self._distance, (0, nothing))
        for name in ("_novelty", "_flat", "_by_sensor", "_level", "_expected", "_margins"):
            setattr(self, name, np.pad(getattr(self, name), below))
        if self._readers is not None and self._symbols is not None:
            told = self._symbols.joined(self._readers.finish())
            self._symbols = SymbolVerdicts(
                np.pad(told.multiples, below), np.concatenate([told.words, no_words(nothing)])
            )
        return self._verdicts(waiting)

    def _verdicts(self, count: int) -> Judgement:
        """Judge the next `count` rows, after which `look_ahead` more are known."""
        model, ahead = self._model, self._model.look_ahead
        out = Judgement.unknown(count, len(model.sensors))
        if not count:
            return out
        rows = slice(len(self._distance) - ahead - count, len(self._distance) - ahead)
        value = model.threshold.value
        components = model.components.of_rows(self._scaled, count, ahead)  # (24, count)
        moved = min(MOST_AHEAD, ahead)  # evidence is a sum, and has no two ends like a memory
        evidence = model.novelty.remembered(self._novelty, count + ahead)[moved : moved + count]
        total = np.cumsum(evidence, axis=1)[:, -1] if evidence.shape[1] else np.zeros(count)
        alone = model.components.together_of(self._pooled, count, ahead) / model.components.together
        together = alone * (1.0 + total)
        distance = trailing_sum(self._distance[: rows.stop], UNSEEN_MEMORY, count) / UNSEEN_MEMORY
        unseen = model.unseen.multiples(distance, value)
        flat = self._flat[rows].max(axis=1)
        multiples = np.concatenate([components / value, [together / value, unseen, flat / max(value, 1.0)]])
        if self._symbols is not None:
            told = self._symbols.rows(rows)
            multiples = np.concatenate([multiples, [told.multiples.max(axis=1) / value]])
        largest, which = multiples.max(axis=0), multiples.argmax(axis=0)
        out.reasons[:] = _REASONS[which]
        out.reasons[(out.reasons == TOGETHER) & (alone <= value) & (total > 0)] = NEW_VALUE
        first = min(count, max(0, self._unknown - self._judged))  # rows too early to be judged
        largest[:first] = np.nan  # not judged, they begin no anomaly that lasts
        if self._holder is None:
            out.scores[:] = largest
        else:
            recent = self._recent(components / value, flat / max(value, 1.0), rows)
            if self._symbols is not None:  # which remember nothing
                recent = np.maximum(recent, multiples[-1])
            lasting = self._ending.push(largest, recent)
            held = np.minimum(self._holder.push(lasting), MOST_TOLD + 1.0)
            # Below the limit rows are ranked by what all say together, which sees weak events best.
            most = np.where(lasting < largest, LASTS_ABOVE, LIMIT)  # of which memory is no sign
            out.scores[:] = np.where(held > LIMIT, held, np.minimum(together / value, most))
        out.errors[:] = self._errors(out.reasons, evidence, rows)
        if self._symbols is not None:
            by_symbols = out.reasons == SYMBOLS
            places = [column.place for column in model.symbols]
            out.errors[by_symbols] = 0.0
            out.errors[np.ix_(by_symbols, places)] = told.multiples[by_symbols]
            out.words[by_symbols] = told.words[by_symbols]
        expected = np.zeros_like(out.expected)  # scaled: a sensor that is no target is expected at its mean
        expected[:, model.roles.targets] = self._expected[rows]
        out.expected[:] = model.scaler.inverse(expected)
        margins = np.ones_like(out.margins)  # and misses that by its spread
        margins[:, model.roles.targets] = self._margins[rows]
        out.margins[:] = margins * model.scaler.scale
        out.expected[:, [column.place for column in model.symbols]] = np.nan
        for unknown in (out.scores, out.errors, out.expected, out.margins):
            unknown[:first] = np.nan
        self._judged += count
        self._forget()
        return out

    def _recent(self, components: FloatArray, flat: FloatArray, rows: slice) -> FloatArray:
        """How unusual rows are by themselves, multiples of the limit, (count,), as `Ending` takes them.

        A distance is squared, since components are squares.
        """
        model = self._model
        apart = model.unseen.multiples(self._distance[rows], model.threshold.value)
        alone = components[OF_ONE_ROW].max(axis=0)
        still = np.where(flat > LIMIT, flat, 0.0)  # a sensor may well be nearly as still
        new = np.where(self._novelty[rows].any(axis=1), MOST_TOLD, 0.0)
        return np.asarray(np.max([alone, np.square(apart), still, new], axis=0))

    def _errors(self, reasons: IntArray, evidence: FloatArray, rows: slice) -> FloatArray:
        """Each sensor's part in the score, (count, F), by what its reason looks at."""
        model, count = self._model, len(reasons)
        parts = np.zeros((count, len(model.sensors)))
        recent = trailing_mean(self._by_sensor[: rows.stop], EXPLAINED_ROWS, count)  # (count, F_t)
        for reason, of_target in ((FLAT, self._flat[rows]), (UNSEEN, self._level[rows])):
            recent = np.where((reasons == reason)[:, np.newaxis], of_target, recent)
        parts[:, model.roles.targets] = np.maximum(np.nan_to_num(recent), 0.0)
        new = reasons == NEW_VALUE
        parts[new] = 0.0
        parts[np.ix_(new, model.novelty.sensors)] = evidence[new]
        return parts

    def _forget(self) -> None:
        """Drop the rows that no moving average reaches any more."""
        kept = LONGEST + self._model.look_ahead
        self._scaled, self._pooled = self._scaled[:, -kept:], self._pooled[:, -kept:]
        for name in ("_distance", "_novelty", "_flat", "_by_sensor", "_level", "_expected", "_margins"):
            setattr(self, name, getattr(self, name)[-kept:])
        if self._symbols is not None:
            self._symbols = self._symbols.rows(slice(-kept, None))
