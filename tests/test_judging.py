"""Judging rows as they come: the same verdicts however they are cut, none too early, one for each row."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.decision.holding import Holder
from lstm_anomaly.judging import EXPLAINED_ROWS, Judge, Judgement, judge
from lstm_anomaly.network_reader import NetworkReader
from lstm_anomaly.reasons import ERROR, FLAT, UNSEEN
from lstm_anomaly.scoring.novelty import MEMORY, MOST
from lstm_anomaly.scoring.score import ALL_MEMORIES, BOUNDED_FROM
from lstm_anomaly.scoring.seen_range import SeenRange
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.scoring.stillness import LENGTHS, Stillness

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


def with_sides(model):
    """The model with flat limits for its first two targets, and two directions with their limits."""
    targets = int(model.roles.targets.sum())  # the nine signals
    least = np.zeros((len(LENGTHS), targets))
    least[:2, :2] = 0.1
    directions = np.zeros((2, targets))
    directions[0, 3], directions[1, 4:6] = 1, (0.6, 0.8)
    seen = SeenRange(directions, np.full(2, -2.5), np.full(2, 2.5), np.full(2, 0.2))
    return replace(model, sides=Sides(Stillness(least, np.full(targets, 0.01)), seen))


def sided_rows():
    """Rows in which the second sensor stands still for a while, the fourth is far out, two are jointly so."""
    values = rows(ROWS, seed=1)
    values[50:90, 1] = values[50, 1]
    values[120:130, 3] = 6
    values[150:160, 4:6] = 4
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
def test_verdicts_are_bit_identical_in_pieces_whatever_columns_the_blas_treats_alike(model):
    whole, pieces = pushed(model, new_rows(), ROWS), pushed(model, new_rows(), 7)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_verdicts_that_wait_for_more_rows_than_a_memory_has_are_the_same_in_pieces_too(model):
    model = replace(model, look_ahead=120)
    whole, pieces = pushed(model, new_rows(), ROWS), pushed(model, new_rows(), 7)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


@pytest.mark.parametrize("size", [5, ROWS])
def test_verdicts_are_the_same_on_two_cores_as_on_one(model, monkeypatch, size):
    monkeypatch.setattr("lstm_anomaly.network_reader.WORTH_A_THREAD", 5)
    monkeypatch.setattr("lstm_anomaly.network_reader.usable_cores", lambda: 1)
    alone = pushed(model, new_rows(), size)
    monkeypatch.setattr("lstm_anomaly.network_reader.usable_cores", lambda: 2)
    apart = pushed(model, new_rows(), size)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(apart, name), getattr(alone, name))


class Naive:
    """Judges the rows of one stretch as slowly and obviously as possible."""

    def __init__(self, model, values):
        readings = NetworkReader(model.networks).push(model.scaler.transform(values)[model.roles.inputs])
        statistics = model.usual.of_stretch(readings)
        self.by_sensor = model.usual.parts(readings, model.weights)
        statistics[:, : WINDOW - 1] = 1  # before the first whole window all was as usual
        self.statistics = np.where(np.isnan(statistics), 1, statistics)
        self.by_sensor[: WINDOW - 1] = np.nan
        self.evidence = model.novelty.of_rows(values)
        self.model, self.count = model, len(values)

    def level(self, row):
        memories, total, weights = self.model.memories, 0, 0
        for memory, high in zip(ALL_MEMORIES, memories.high, strict=True):
            weight = self.model.weights[memory.statistic] * memory.part
            ahead = row + min(memory.length - 1, self.model.look_ahead)
            total += weight * max(self.held(memory, row), self.held(memory, ahead)) / high
            weights += weight
        return total / weights

    def held(self, memory, last):
        if memory.is_mean:
            return self.statistics[memory.row][last] if last < self.count else 0
        past = range(last - memory.length + 1, min(last, self.count - 1) + 1)
        seen = [self.statistics[memory.row][j] if j >= 0 else 1 for j in past]
        most = self.model.memories.most[memory.statistic]
        return np.mean(np.minimum(seen, most) if memory.length >= BOUNDED_FROM else seen)

    def novelty(self, row):
        last = row + min(MEMORY // 4, self.model.look_ahead)
        total = self.evidence[max(0, last - MEMORY + 1) : last + 1].sum(axis=0)
        return np.minimum(total, MOST * self.model.novelty.evidence)

    def score(self, row):
        return self.level(row) * np.exp(min(50, self.novelty(row).sum())) / self.model.threshold.value

    def held_scores(self, rows):
        """While an anomaly lasts its rows' scores are 1.01 at least."""
        left, scores = -1, []
        for score in map(self.score, rows):
            left = self.model.threshold.merge_gap if score > 1 else left - 1 if score > 0.7 else -1
            scores.append(max(score, 1.01) if left >= 0 else score)
        return scores

    def parts(self, row):
        recent = np.nanmean(self.by_sensor[max(0, row - EXPLAINED_ROWS + 1) : row + 1], axis=0)
        parts = np.zeros(SENSORS)
        parts[self.model.roles.targets] = np.log1p(self.level(row)) * recent / recent.sum()
        parts[self.model.novelty.sensors] += self.novelty(row)
        return parts


@pytest.mark.parametrize("look_ahead", [0, 12, 40])
def test_scores_and_parts_equal_the_naive_version(model, look_ahead):
    model, values = replace(model, look_ahead=look_ahead), new_rows()[:150]
    naive = Naive(model, values)
    verdicts = pushed(model, values, 64)
    judged = range(WINDOW - 1, 150)
    np.testing.assert_allclose(verdicts.scores[judged], naive.held_scores(judged), rtol=1e-9)
    np.testing.assert_allclose(verdicts.errors[judged], [naive.parts(row) for row in judged], rtol=1e-9)
    if not look_ahead:
        assert verdicts.scores[122:].min() > 100 * np.nanmax(verdicts.scores[:100])  # so novelty took part


@pytest.mark.parametrize("size", [1, 50])
def test_anomalies_are_held_in_a_stretch_and_not_beyond_it_and_only_where_asked_for(model, size):
    values = rows(60, seed=1)
    raw = judge(model, series_of(values), hold=False).scores
    limit = np.nanquantile(raw, 0.9)
    strict = replace(model, threshold=replace(model.threshold, value=limit * model.threshold.value))
    held, apart = pushed(strict, values, size).scores, judge(strict, series_of(values), hold=False).scores
    np.testing.assert_allclose(apart, raw / limit)
    np.testing.assert_array_equal(held, Holder(model.threshold.merge_gap).push(apart))
    assert (held != apart).any()


def test_expected_values_are_the_networks_in_the_sensors_own_units_and_the_mean_of_what_stood_still(model):
    values = rows(40, seed=1)
    expected = pushed(model, values, 40).expected[WINDOW - 1 :]
    assert np.abs(expected - values[WINDOW - 1 :])[:, :9].max() < 2
    np.testing.assert_array_equal(expected[:, 10:], values[WINDOW - 1 :, 10:])


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_a_long_series_is_judged_in_pieces_with_the_same_result(model, look_ahead, monkeypatch):
    model = replace(model, look_ahead=look_ahead)
    whole = pushed(model, new_rows(), ROWS)
    monkeypatch.setattr("lstm_anomaly.judging.PIECE", 11)
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
def test_rows_with_a_missing_reading_are_unknown_and_all_before_a_window_passed(model, look_ahead, rng):
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


def test_the_sensors_parts_add_up_to_the_score_in_nats(model):
    """score * threshold = level * exp(novelty), and the parts share out log(1 + level) + novelty."""
    verdicts = pushed(model, rows(ROWS, seed=1), ROWS)  # nothing was never seen, so novelty is 0
    raw = verdicts.scores * model.threshold.value
    np.testing.assert_allclose(verdicts.errors.sum(axis=1), np.log1p(raw), rtol=1e-12)


def test_the_sensor_that_is_wrong_has_the_largest_part(model):
    values = rows(ROWS, seed=1)
    values[100:120, 4] += 6
    values[200:, 11] = 7.7
    worst = pushed(model, values, ROWS).errors.argmax(axis=1)
    assert worst[110] == 4
    assert worst[210] == 11


def test_a_reading_beyond_all_bounds_gives_a_finite_score(model):
    values = rows(60, seed=1)
    values[30, 0] = 1e300
    values[40, 10:13] = [1e308, -1e308, 1e308]
    scores = pushed(model, values, 60).scores
    assert np.isfinite(scores[WINDOW - 1 :]).all()
    assert scores[30] > scores[29]
    assert scores[40] > scores[39]


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_sub_scores_are_bit_identical_however_the_rows_are_cut(model, look_ahead, size):
    model = replace(with_sides(model), look_ahead=look_ahead)
    whole, pieces = pushed(model, sided_rows(), ROWS), pushed(model, sided_rows(), size)
    for name in VERDICTS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    assert {FLAT, UNSEEN} <= set(whole.reasons)


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_a_sub_score_above_its_limit_and_above_the_error_is_the_score_and_names_its_sensor(model, look_ahead):
    lenient = replace(model, threshold=replace(model.threshold, value=1e6), look_ahead=look_ahead)
    verdicts = pushed(with_sides(lenient), sided_rows(), ROWS)
    without = pushed(lenient, sided_rows(), ROWS)
    beside = verdicts.scores > 1
    np.testing.assert_array_equal(verdicts.reasons == ERROR, ~beside)
    np.testing.assert_array_equal(verdicts.scores[~beside], without.scores[~beside])  # ranked by the error
    flat = np.flatnonzero(verdicts.reasons == FLAT)
    assert flat.tolist() == list(range(50 + LENGTHS[0] - 1, 90))
    assert set(verdicts.errors[flat].argmax(axis=1)) == {1}
    unseen = np.flatnonzero(verdicts.reasons == UNSEEN)
    alone = unseen[unseen < 140]
    assert set(verdicts.errors[alone].argmax(axis=1)) == {3}
    assert set(verdicts.errors[unseen[unseen >= 150]].argmax(axis=1)) == {
        5
    }  # it moves most in that direction


def test_a_larger_error_is_the_reason_rather_than_that_a_sensor_is_flat(model):
    strict = replace(model, threshold=replace(model.threshold, value=1e-6))
    assert FLAT not in pushed(with_sides(strict), sided_rows(), ROWS).reasons


def test_a_value_never_seen_of_a_sensor_that_stood_still_is_outside_anything_seen(model):
    values = rows(ROWS, seed=1)
    values[200, 11] = 7.7
    assert pushed(model, values, ROWS).reasons[199:201].tolist() == [ERROR, UNSEEN]


def test_no_rows_are_no_verdicts(model):
    judge_ = Judge(model)
    assert judge_.push(np.empty((0, SENSORS))).scores.shape == (0,)
    assert judge_.push(np.empty((0, SENSORS))).errors.shape == (0, SENSORS)
    assert judge_.finish().scores.shape == (0,)
