"""Judging rows as they come: the same verdicts however they are cut, none too early, one for each row."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.decision.ending import Ending
from lstm_anomaly.decision.holding import Holder
from lstm_anomaly.model.judge import Judge, Judgement, judge
from lstm_anomaly.scoring.components import LENGTHS, SIGNED_LENGTHS, TOGETHER_LENGTHS
from lstm_anomaly.scoring.fault_isolation import rows_read
from lstm_anomaly.scoring.flatline import LENGTHS as FLAT_LENGTHS
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.scoring.networks import ResidualReader
from lstm_anomaly.scoring.novelty import MEMORY, MOST, MOST_AHEAD
from lstm_anomaly.scoring.reasons import (
    FLAT,
    FORECAST,
    MOST_TOLD,
    NEW_VALUE,
    RELATED,
    RESTORED,
    TOGETHER,
    UNSEEN,
)
from lstm_anomaly.scoring.unseen import SURE

SENSORS, WINDOW, ROWS = 13, 8, 260
VERDICTS = ("scores", "errors", "expected", "reasons")


def rows(count, seed=0):
    """Nine signals, more than NumPy adds up one by one; a switch; three sensors that stand still."""
    t, rng = np.arange(count)[:, np.newaxis], np.random.default_rng(seed)
    signals = np.sin(t / 20 + np.arange(9)) + 0.2 * rng.normal(size=(count, 9))
    return np.column_stack([signals, t // 60 % 2, np.tile([0.0, 7.0, -1e6], (count, 1))])


def new_rows():
    """With a spike, a level shift, a value never seen of two ruled sensors, and holes."""
    values = rows(ROWS, seed=1)
    values[60:63, 0] += 5
    values[100:140, 1] += 2
    values[120:125, 9] = 3
    values[122::9, 10] = 0.5
    values[150, 2] = np.nan
    values[190:193] = np.nan
    values[196, 5] = np.inf
    return values


@pytest.fixture(scope="module", params=["lstm", "linear"])
def model(request):
    return small_model(rows(700), kind=request.param)


def with_flat(model):
    """The model with flat limits for its first two targets."""
    targets = int(model.roles.targets.sum())  # the nine signals
    least = np.zeros((len(FLAT_LENGTHS), targets))
    least[:2, :2] = 0.1
    return replace(model, stillness=Stillness(least, np.full(targets, 1e-6)))


def with_threshold(model, value):
    return replace(model, threshold=replace(model.threshold, value=value))


def odd_rows():
    """Rows in which the second sensor stands still for a while, and the fourth is far out."""
    values = rows(ROWS, seed=1)
    values[50:90, 1] = values[50, 1]
    values[120:130, 3] = 30
    return values


def pushed(model, values, size):
    """All verdicts on rows that come `size` at a time."""
    judge_ = Judge(model)
    parts = [judge_.push(values[k : k + size]) for k in range(0, len(values), size)]
    return Judgement.joined([*parts, judge_.finish()], SENSORS)


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_verdicts_are_bit_identical_however_the_rows_are_cut(model, look_ahead, size):
    model = replace(model, look_ahead=look_ahead)
    whole, pieces = pushed(model, new_rows(), ROWS), pushed(model, new_rows(), size)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    assert np.isfinite(whole.scores).sum() > 200


@pytest.mark.usefixtures("tile_widths")
def test_verdicts_are_bit_identical_in_pieces_at_every_tile_width(model):
    whole, pieces = pushed(model, new_rows(), ROWS), pushed(model, new_rows(), 7)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_verdicts_waiting_longer_than_a_memory_are_the_same_in_pieces(model):
    model = replace(model, look_ahead=120)
    whole, pieces = pushed(model, new_rows(), ROWS), pushed(model, new_rows(), 7)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize("cores", [1, 2])
def test_pieces_that_are_read_ahead_get_the_verdicts_of_rows_pushed_whole(model, monkeypatch, cores):
    whole = pushed(model, new_rows(), ROWS)
    monkeypatch.setattr("lstm_anomaly.model.segment.usable_cores", lambda: cores)
    monkeypatch.setattr("lstm_anomaly.model.judge.PIECE", 16)
    pieces = pushed(model, new_rows(), ROWS)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize("size", [5, ROWS])
def test_verdicts_are_the_same_on_two_cores_as_on_one(model, monkeypatch, size):
    monkeypatch.setattr("lstm_anomaly.scoring.networks.WORTH_A_THREAD", 5)
    monkeypatch.setattr("lstm_anomaly.scoring.networks.usable_cores", lambda: 1)
    alone = pushed(model, new_rows(), size)
    monkeypatch.setattr("lstm_anomaly.scoring.networks.usable_cores", lambda: 2)
    apart = pushed(model, new_rows(), size)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(apart, name), getattr(alone, name))


class Naive:
    """Judges the rows of one stretch as slowly and obviously as possible."""

    def __init__(self, model, values):
        rows = model.network_rows(values, None)
        residuals = ResidualReader(model.networks, model.expectations).push(rows)
        inputs = rows[: model.roles.inputs.sum()].T.astype(np.float64)
        before = inputs[np.maximum(np.arange(len(values)) - 3, 0)]
        features = np.concatenate([inputs, inputs - before], axis=1)
        apart = np.linalg.norm(features[:, np.newaxis] - model.states.centres, axis=2)  # (n, k)
        self.distance, self.state = apart.min(axis=1), apart.argmin(axis=1)
        state = self.state
        self.scaled = np.nan_to_num(residuals.errors / model.components.usual[:, state])
        self.counted = np.isfinite(model.components.usual[:, 0])
        self.pooled = model.components.pooled(residuals)
        self.level = residuals.level
        level, read = residuals.level, rows_read(residuals.level.shape[1])
        back = [level[np.maximum(np.arange(len(values)) - k, 0)] for k in range(read)]
        taken = (np.concatenate(back, axis=1) @ model.isolation.weights.T) ** 2
        self.by_sensor = taken.reshape(len(values), -1, read).sum(axis=2) - model.isolation.usual
        self.errors = residuals.errors
        self.flat = model.stillness.multiples(values[:, model.roles.targets], len(values))
        self.evidence = model.novelty.of_rows(values)
        self.model, self.count, self.value = model, len(values), model.threshold.value

    def past(self, x, length, last, usual):
        """The rows of x (n, ...) up to `last`; before the first all was usual, after the last nothing is."""
        rows = range(last - length + 1, last + 1)
        after = 1.0 if x.ndim == 1 else 0.0  # of what all say together; of a sensor in one view
        return [
            np.full_like(x[0], usual) if j < 0 else x[j] if j < self.count else np.full_like(x[0], after)
            for j in rows
        ]

    def ends(self, length, row):
        return row, row + min(length - 1, self.model.look_ahead)

    def squares(self, view, length, last):
        x = self.scaled[view][:, self.counted[view]] ** 2
        mean = np.mean(self.past(x, length, last, 1.0), axis=0)
        return np.sqrt(np.mean(mean**2)) if mean.size else 0.0

    def means(self, view, k, last):
        counted, parts = self.counted[view], self.model.components
        bound = parts.bound[view]
        x = np.clip(self.scaled[view], -bound, bound)[:, counted]
        mean = np.mean(self.past(x, SIGNED_LENGTHS[k], last, 0.0), axis=0) / parts.signed[view, k][counted]
        return np.sqrt(np.mean(mean**4)) if mean.size else 0.0

    def components(self, row):
        out = []
        for view in range(4):
            out += [max(self.squares(view, n, last) for last in self.ends(n, row)) for n in LENGTHS]
            for k, length in enumerate(SIGNED_LENGTHS):
                out.append(max(self.means(view, k, last) for last in self.ends(length, row)))
        return np.array(out) / self.model.components.limits

    def together(self, row):
        """Before evidence."""
        found = []
        for view, levels in zip(self.pooled, self.model.components.high, strict=True):
            for length, high in zip(TOGETHER_LENGTHS, levels, strict=True):
                if np.isfinite(high):
                    ends = self.ends(length, row)
                    rows = np.minimum(view, 10 * levels[0]) if length >= 30 else view
                    found.append(max(np.mean(self.past(rows, length, last, 1.0)) for last in ends) / high)
        return np.mean(found) / self.model.components.together

    def novelty(self, row):
        last = row + min(MOST_AHEAD, self.model.look_ahead)
        total = self.evidence[max(0, last - MEMORY + 1) : last + 1].sum(axis=0)
        return np.minimum(total, MOST * self.model.novelty.evidence)

    def unseen(self, row):
        recent = self.distance[max(0, row - 4) : row + 1].sum() / 5
        return recent / self.model.unseen.limit / min(max(self.value, 1.0), SURE)

    def verdict(self, row):
        """The largest multiple, its reason, and what all say together."""
        together = self.together(row) * (1 + self.novelty(row).sum()) / self.value
        flat = self.flat[row].max() / max(self.value, 1.0)
        multiples = [*self.components(row) / self.value, together, self.unseen(row), flat]
        which = int(np.argmax(multiples))
        of_views = np.repeat([FORECAST, RESTORED, RELATED, FORECAST], 6)  # the last view forecasts, too
        reason = of_views[which] if which < 24 else (TOGETHER, UNSEEN, FLAT)[which - 24]
        if reason == TOGETHER and self.together(row) <= self.value and self.novelty(row).sum() > 0:
            reason = NEW_VALUE
        return max(multiples), reason, together

    def recent(self, row):
        """How unusual the row is by itself: its forecast, its relation, its distance."""
        alone = self.components(row)[[0, 12]]
        apart = self.distance[row] / self.model.unseen.limit / min(max(self.value, 1.0), SURE)
        still = self.flat[row].max() / max(self.value, 1.0)
        new = MOST_TOLD if self.evidence[row].any() else 0.0
        return max(*alone / self.value, apart**2, still if still > 1 else 0.0, new)

    def scores(self, rows):
        """While an anomaly lasts scores are 1.01 at least; below the limit `together` ranks rows."""
        left, scores = -1, []
        verdicts = [self.verdict(row) for row in rows]
        found, recent = np.array([v[0] for v in verdicts]), np.array([self.recent(row) for row in rows])
        lasting = Ending(self.model.threshold.merge_gap).push(found, recent).tolist()
        for (full, _reason, together), largest in zip(verdicts, lasting, strict=True):
            left = self.model.threshold.merge_gap if largest > 1 else left - 1 if largest > 0.7 else -1
            above = largest > 1 or left >= 0
            scores.append(
                min(max(largest, 1.01), MOST_TOLD + 1)
                if above
                else min(together, 1.0 if largest == full else 0.7)
            )
        return scores

    def parts(self, row, reason):
        parts = np.zeros(SENSORS)
        if reason == NEW_VALUE:
            parts[self.model.novelty.sensors] = self.novelty(row)
            return parts
        recent = np.nanmean(self.by_sensor[max(0, row - 10 + 1) : row + 1], axis=0).clip(0)
        of_target = {FLAT: self.flat[row], UNSEEN: self.level[row] ** 2}.get(reason, recent)
        parts[self.model.roles.targets] = of_target
        return parts

    def departs(self, row):
        usual = self.model.components.usual[:, self.state[row]]  # (4, F_t)
        return (abs(self.errors[0, row]) > 3 * usual[0]) | (abs(self.errors[2, row]) > 2 * usual[2])

    def expected(self, row):
        """By the forecast as a departure begins, then by the other sensors, else by the rows before."""
        forecast, restored, related, _lstm = self.errors[:, row]
        usual = self.model.components.usual[:, self.state[row]]  # (4, F_t)
        tells = np.isfinite(self.model.components.usual[2, 0])
        begins = ~np.any([self.departs(earlier) for earlier in range(max(0, row - 6), row)], axis=0)
        sharper = begins & tells & (abs(forecast) > 3 * usual[0]) & (usual[0] < usual[2])
        others = np.where(tells & ~np.isnan(related), related, (forecast + restored) / 2)
        scaled = np.zeros(SENSORS)
        error = np.where(sharper, forecast, others)
        scaled[self.model.roles.targets] = self.level[row] - error
        return self.model.scaler.inverse(scaled)


@pytest.mark.parametrize("threshold", [0.3, 3.0])
@pytest.mark.parametrize("look_ahead", [0, 12, 40])
def test_verdicts_equal_the_naive_version(model, look_ahead, threshold):
    model, values = replace(with_threshold(model, threshold), look_ahead=look_ahead), new_rows()[:150]
    naive = Naive(model, values)
    verdicts = pushed(model, values, 64)
    judged = range(WINDOW - 1, 150)
    np.testing.assert_allclose(verdicts.scores[judged], naive.scores(judged), rtol=1e-9)
    reasons = [naive.verdict(row)[1] for row in judged]
    assert verdicts.reasons[judged].tolist() == reasons
    parts = [naive.parts(row, reason) for row, reason in zip(judged, reasons, strict=True)]
    np.testing.assert_allclose(verdicts.errors[judged], parts, rtol=1e-9)
    expected = [naive.expected(row) for row in judged]
    np.testing.assert_allclose(verdicts.expected[judged], expected, rtol=1e-9, atol=1e-9)
    if not look_ahead and threshold > 1:
        assert {RELATED, TOGETHER, NEW_VALUE} <= set(reasons)


@pytest.mark.parametrize("size", [1, 50])
def test_anomalies_are_held_within_a_stretch_only_and_only_when_asked(model, size):
    values = rows(60, seed=1)
    raw = judge(model, series_of(values), for_threshold=True).scores
    limit = np.nanquantile(raw, 0.9)
    strict = with_threshold(model, limit * model.threshold.value)
    held = pushed(strict, values, size).scores
    apart = judge(strict, series_of(values), for_threshold=True).scores
    wanted = Holder(model.threshold.merge_gap).push(apart)
    above = wanted > 1
    np.testing.assert_array_equal(held[above], wanted[above])
    below = ~above & np.isfinite(apart)
    assert (held[below] <= apart[below]).all()
    assert (apart[above] < 1).any()


def test_expected_values_are_in_sensor_units_and_the_mean_of_constant_ones(model):
    values = rows(40, seed=1)
    expected = pushed(model, values, 40).expected[WINDOW - 1 :]
    assert np.abs(expected - values[WINDOW - 1 :])[:, :9].max() < 2
    np.testing.assert_array_equal(expected[:, 10:], values[WINDOW - 1 :, 10:])


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_a_long_series_is_judged_in_pieces_with_the_same_result(model, look_ahead, monkeypatch):
    model = replace(model, look_ahead=look_ahead)
    whole = pushed(model, new_rows(), ROWS)
    monkeypatch.setattr("lstm_anomaly.model.judge.PIECE", 11)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pushed(model, new_rows(), ROWS), name), getattr(whole, name))


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_a_series_is_judged_as_its_rows_are_in_pieces(model, look_ahead):
    model, values = replace(model, look_ahead=look_ahead), new_rows()
    whole, pieces = judge(model, series_of(values)), pushed(model, values, 16)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(whole, name), getattr(pieces, name))


def test_each_segment_is_judged_as_if_it_were_alone(model):
    values = rows(120, seed=2)
    series = replace(series_of(values), segments=((0, 50), (50, 120)))
    whole = judge(model, series)
    for a, b in series.segments:
        alone = judge(model, series_of(values[a:b]))
        np.testing.assert_array_equal(whole.scores[a:b], alone.scores)


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_a_verdict_is_the_same_whatever_comes_later_than_it_waits_for(model, look_ahead):
    model, values = replace(model, look_ahead=look_ahead), rows(ROWS, seed=1)
    before = pushed(model, values, ROWS)
    for row in (7, 120):
        changed = values.copy()
        changed[row + look_ahead + 1 :] = 50.0
        after = pushed(model, changed, ROWS)
        for name in VERDICTS:
            np.testing.assert_array_equal(getattr(after, name)[: row + 1], getattr(before, name)[: row + 1])
        assert after.scores[row + 1] != before.scores[row + 1]


@pytest.mark.parametrize("look_ahead", [0, 1, 12])
def test_a_verdict_comes_as_many_rows_later_as_it_waits_for(model, look_ahead):
    judge_ = Judge(replace(model, look_ahead=look_ahead))
    arrived = np.cumsum([len(judge_.push(row[np.newaxis]).scores) for row in rows(30)])
    assert arrived.tolist() == [max(0, n - look_ahead) for n in range(1, 31)]
    assert len(judge_.finish().scores) == look_ahead
    assert len(judge_.finish().scores) == 0


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_each_row_gets_one_verdict_in_its_place(model, look_ahead):
    model = replace(model, look_ahead=look_ahead)
    for size in (9, ROWS):
        verdicts = pushed(model, new_rows(), size)
        assert verdicts.scores.shape == (ROWS,)
        assert verdicts.errors.shape == verdicts.expected.shape == (ROWS, SENSORS)
        unknown = np.zeros(ROWS, dtype=bool)
        for first in (0, 151, 193, 197):  # rows with which a stretch begins
            unknown[first : first + WINDOW - 1] = True
        unknown[[150, 190, 191, 192, 196]] = True
        np.testing.assert_array_equal(np.isnan(verdicts.scores), unknown)


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_rows_with_a_missing_reading_or_before_a_full_window_are_unknown(model, look_ahead, rng):
    model = replace(model, look_ahead=look_ahead)
    for _ in range(13):
        values = rows(80, seed=1)
        holes = rng.random(80) < rng.choice([0.02, 0.1, 0.5])
        for row in np.flatnonzero(holes):
            values[row, rng.integers(SENSORS)] = rng.choice([np.nan, np.inf, -np.inf])
        scores = pushed(model, values, int(rng.integers(8, 80))).scores
        judged = [row >= WINDOW - 1 and not holes[row - WINDOW + 1 : row + 1].any() for row in range(80)]
        np.testing.assert_array_equal(np.isfinite(scores), judged)


def test_what_is_known_has_all_parts_and_what_is_not_has_none(model):
    verdicts = pushed(model, new_rows(), ROWS)
    known = np.isfinite(verdicts.scores)
    assert np.isfinite(verdicts.errors[known]).all()
    assert np.isfinite(verdicts.expected[known]).all()
    assert np.isnan(verdicts.errors[~known]).all()
    assert np.isnan(verdicts.expected[~known]).all()
    assert (verdicts.errors[known] >= 0).all()


def test_the_sensor_that_is_wrong_has_the_largest_part(model):
    values = rows(ROWS, seed=1)
    values[100:120, 4] += 6
    values[200:, 11] = 7.7
    worst = pushed(model, values, ROWS).errors.argmax(axis=1)
    assert worst[110] == 4
    assert worst[210] == 11


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("far", [[1e300], [1e308, -1e308, 1e308]])
def test_a_reading_beyond_all_bounds_gives_a_score_that_is_as_high_as_any(model, far, look_ahead):
    values, first = rows(60, seed=1), 0 if len(far) == 1 else 10
    values[30, first : first + len(far)] = far
    verdicts = pushed(replace(model, look_ahead=look_ahead), values, 60)
    assert np.isfinite(verdicts.scores[WINDOW - 1 :]).all()
    assert np.isfinite(verdicts.errors[WINDOW - 1 :]).all()
    assert verdicts.scores[30] > 1
    assert verdicts.scores[30:].max() <= MOST_TOLD + 1


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_flatline_and_unseen_values_are_bit_identical_in_any_pieces(model, look_ahead, size):
    model = replace(with_flat(model), look_ahead=look_ahead)
    whole, pieces = pushed(model, odd_rows(), ROWS), pushed(model, odd_rows(), size)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    assert {FLAT, UNSEEN} & set(whole.reasons)


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_the_highest_sub_score_above_its_limit_is_the_score_and_names_why(model, look_ahead):
    """With a threshold that no error reaches; what is far outside anything seen fires nevertheless."""
    lenient = replace(with_threshold(model, 1e4), look_ahead=look_ahead)
    verdicts, without = pushed(with_flat(lenient), odd_rows(), ROWS), pushed(lenient, rows(ROWS, 1), ROWS)
    fired = verdicts.scores > 1
    assert not (without.scores > 1).any()
    flat = np.flatnonzero(fired & (verdicts.reasons == FLAT))
    assert flat.tolist() == list(range(50 + FLAT_LENGTHS[0] - 1, 90))
    assert set(verdicts.errors[flat].argmax(axis=1)) == {1}
    unseen = np.flatnonzero(fired & (verdicts.reasons == UNSEEN))
    assert set(range(125, 130)) <= set(unseen) <= set(range(120, 135))
    assert set(verdicts.errors[unseen[unseen < 130]].argmax(axis=1)) == {3}
    assert set(np.flatnonzero(fired)) - set(flat) - set(unseen) <= set(range(120, 145))  # held


def test_a_larger_error_is_the_reason_rather_than_that_a_sensor_is_flat(model):
    assert FLAT in pushed(with_flat(model), odd_rows(), ROWS).reasons
    strict = with_threshold(with_flat(model), 1e-6)
    assert FLAT not in pushed(strict, odd_rows(), ROWS).reasons


def test_a_value_never_seen_of_a_sensor_that_stood_still_is_told_as_such(model):
    values = rows(ROWS, seed=1)
    values[200, 11] = 7.7
    reasons = pushed(model, values, ROWS).reasons
    assert NEW_VALUE not in reasons[:200]
    assert reasons[200] == NEW_VALUE


def test_no_rows_are_no_verdicts(model):
    judge_ = Judge(model)
    assert judge_.push(np.empty((0, SENSORS))).scores.shape == (0,)
    assert judge_.push(np.empty((0, SENSORS))).errors.shape == (0, SENSORS)
    assert judge_.finish().scores.shape == (0,)
