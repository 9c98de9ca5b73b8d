"""Components of a score, by naive loops and by hand: memories, sensors, limits, and what all say together."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.scoring import components as module
from lstm_anomaly.scoring.components import (
    COMPONENTS,
    LENGTHS,
    SIGNED_LENGTHS,
    TOGETHER_LENGTHS,
    Components,
    fit_components,
    has_relation,
    larger,
)
from lstm_anomaly.scoring.limits import rare_limit
from lstm_anomaly.scoring.residuals import FORECAST, LSTM, RELATED, RESTORED, Residuals, lstm_shares, mixed

ROWS, SENSORS = 600, 3


def residuals_of(rows=ROWS, sensors=SENSORS, seed=0):
    rng = np.random.default_rng(seed)
    errors = rng.normal(size=(4, rows, sensors)) * [[[0.3]], [[0.5]], [[0.2]], [[0.3]]]
    return Residuals(errors, rng.normal(size=(rows, sensors)))


def fitted(residuals, state=None, states=1, evidence=None, look_ahead=0):
    rows = residuals.errors.shape[1]
    state = np.zeros(rows, np.int64) if state is None else state
    evidence = np.zeros(rows) if evidence is None else evidence
    return fit_components(residuals, state, states, evidence, look_ahead)[:2]


def plain(sensors):
    """Components in which everything usual is 1, and every limit."""
    ones = np.ones((4, sensors))
    return Components(
        ones[:, np.newaxis],
        9 * ones,
        np.ones((4, 2, sensors)),
        ones[:3],
        np.ones((3, 5)),
        np.ones(COMPONENTS),
        1.0,
    )


def test_the_memories_are_these():
    assert LENGTHS == (1, 3, 10, 30)
    assert SIGNED_LENGTHS == (10, 30)
    assert TOGETHER_LENGTHS == (1, 3, 10, 30, 100)
    assert module.LONGEST == 100
    assert COMPONENTS == 24


def test_over_sensors_stands_the_root_of_the_mean_fourth_power():
    """Residuals of 3, 1, 1 and 0 times the usual: root of (81 + 1 + 1 + 0) / 4."""
    scaled = np.zeros((4, 1, 4))
    scaled[FORECAST] = [[3.0, -1.0, 1.0, 0.0]]
    assert plain(4).of_rows(scaled, 1)[0, 0] == pytest.approx(np.sqrt(83 / 4))


def naive(known, scaled, row, v):
    """The six components of one view at one row, value by value."""
    counted = np.isfinite(known.usual[v, 0])
    past = scaled[v, : row + 1, counted].T
    found = []
    for length in LENGTHS:
        seen = [past[-1 - k] ** 2 if k < len(past) else np.ones(past.shape[1]) for k in range(length)]
        found.append(np.sqrt(np.mean(np.mean(seen, axis=0) ** 2)))
    for k, length in enumerate(SIGNED_LENGTHS):
        edge = known.bound[v, counted]
        means = sum(np.clip(x, -edge, edge) for x in past[-length:]) / length / known.signed[v, k, counted]
        found.append(np.sqrt(np.mean(means**4)))
    return np.array(found) / known.limits[6 * v : 6 * v + 6]


def test_components_of_every_row_equal_a_naive_loop():
    known, _ = fitted(residuals_of())
    new = residuals_of(120, seed=1)
    new.errors[:, 40:45, 1] += 4  # beyond the bounds
    scaled = known.scaled(new.errors, np.zeros(120, np.int64))
    found = known.of_rows(scaled, 120)
    for v in (FORECAST, RESTORED, RELATED, LSTM):
        expected = np.array([naive(known, scaled, row, v) for row in range(120)]).T
        np.testing.assert_allclose(found[6 * v : 6 * v + 6], expected, rtol=1e-9)


def test_together_equals_a_naive_loop():
    known, _ = fitted(residuals_of())
    new = residuals_of(150, seed=1)
    new.errors[:, 50] *= 60  # a wild row
    pooled = known.pooled(new)
    parts = (new.errors[FORECAST], new.errors[RESTORED], new.level)
    by_hand = [np.mean(part**2 / unit, axis=1) for part, unit in zip(parts, known.plain, strict=True)]
    np.testing.assert_allclose(pooled, by_hand)

    def bounded(view, v, length):
        """In 30 rows and more a row counts at most ten times what 99 % of rows stay below."""
        return np.minimum(view, 10 * known.high[v, 0]) if length >= 30 else view

    expected = []
    for row in range(150):
        means = [
            np.mean([bounded(view, v, length)[row - k] if row >= k else 1.0 for k in range(length)])
            / known.high[v, m]
            for v, view in enumerate(by_hand)
            for m, length in enumerate(TOGETHER_LENGTHS)
        ]
        expected.append(np.mean(means))
    np.testing.assert_allclose(known.together_of(pooled, 150), expected)


def test_a_multiple_of_1_means_the_limit():
    """In training every component reaches its limit's share that its own highest row has, and no more."""
    data = residuals_of()
    known, largest = fitted(data)
    raw = replace(known, limits=np.ones(COMPONENTS))
    scaled = known.scaled(data.errors, np.zeros(ROWS, np.int64))
    for x, limit, multiple in zip(
        raw.of_rows(scaled, ROWS), known.limits, known.of_rows(scaled, ROWS), strict=True
    ):
        assert limit == pytest.approx(rare_limit(x)) or np.isinf(limit)
        np.testing.assert_allclose(multiple, x / limit)
    assert 0.3 < largest.max() < 1.2


def test_evidence_multiplies_what_all_say_together():
    data, evidence = residuals_of(), np.zeros(ROWS)
    _, before = fitted(data)
    evidence[300] = 1e3
    known, after = fitted(data, evidence=evidence)
    together = known.together_of(known.pooled(data), ROWS)[300] * (1 + 1e3) / known.together
    assert after[300] == pytest.approx(max(before[300], together))


@pytest.mark.parametrize(("explained", "counts"), [(0.69, False), (0.71, True)])
def test_a_sensor_the_others_do_not_explain_has_no_relation_to_break(explained, counts):
    """Where 70 % of its variance is explained a broken relation shows."""
    data = residuals_of()
    sign = np.where(np.arange(ROWS) % 2, 1.0, -1.0)
    data.level[:, 1] = sign
    data.errors[RELATED, :, 1] = np.sqrt(1 - explained) * sign
    assert has_relation(data)[1] == counts
    known, _ = fitted(data)
    assert np.isfinite(known.usual[RELATED, :, 1]).all() == counts
    assert np.isfinite(known.usual[:RELATED]).all()


def test_where_no_sensor_is_explained_no_relation_has_a_limit():
    data = residuals_of()
    data.errors[RELATED] = data.level
    known, largest = fitted(data)
    assert np.isinf(known.limits[12:18]).all()
    assert np.isfinite(largest).all()
    assert not known.of_rows(100 + np.zeros((4, 5, SENSORS)), 5)[12:18].any()


@pytest.mark.parametrize(("rows", "longest"), [(39, 3), (40, 10), (119, 10), (120, 30)])
def test_a_memory_longer_than_a_quarter_of_the_rows_says_nothing(rows, longest):
    known, _ = fitted(residuals_of(rows))
    lengths = np.tile([*LENGTHS, *SIGNED_LENGTHS], 3)
    np.testing.assert_array_equal(np.isfinite(known.limits[:12]), (lengths <= longest)[:12])


def test_each_state_has_its_own_usual_size_that_leans_on_all_rows():
    """State 1 has 100 of 600 rows with residuals of 4, not 1: 20 rows of the overall size are added."""
    data = residuals_of(sensors=1)
    state = (np.arange(ROWS) >= 500).astype(np.int64)
    data.errors[FORECAST, :, 0] = np.where(state, 4.0, -1.0)
    known, _ = fitted(data, state, states=2)
    overall = (500 * 1 + 100 * 16) / 600
    expected = [np.sqrt((500 * 1 + 20 * overall) / 520), np.sqrt((100 * 16 + 20 * overall) / 120)]
    np.testing.assert_allclose(known.usual[FORECAST, :, 0], expected)


def test_a_usual_size_leans_on_a_tenth_of_the_median_sensors_at_least():
    data = residuals_of(sensors=5)
    data.errors[FORECAST, :, 0] = 0.0
    known, _ = fitted(data)
    sizes = np.sqrt(np.square(data.errors[FORECAST]).mean(axis=0))
    leant = 0.1 * np.median(sizes) * np.sqrt(20 / (ROWS + 20))
    assert known.usual[FORECAST, 0, 0] == pytest.approx(leant, rel=1e-3)


def test_a_states_usual_size_is_a_tenth_of_that_of_all_rows_at_least():
    """In 5,900 of 6,000 rows there is no residual, and in the others it is 1."""
    data, state = residuals_of(6000, sensors=1), (np.arange(6000) >= 5900).astype(np.int64)
    data.errors[FORECAST, :, 0] = state
    known, _ = fitted(data, state, states=2)
    assert known.usual[FORECAST, 0, 0] == pytest.approx(0.1 * np.sqrt(100 / 6000))


def test_no_residual_counts_beyond_what_nearly_all_rows_reach_in_a_mean():
    data = residuals_of()
    known, _ = fitted(data)
    scaled = np.abs(known.scaled(data.errors, np.zeros(ROWS, np.int64)))
    np.testing.assert_allclose(known.bound[:2], np.sqrt(2) * np.quantile(scaled, 0.99, axis=1)[:2], rtol=1e-3)


def test_a_view_that_cannot_speak_yet_says_nothing_and_moves_no_limit():
    data = residuals_of()
    known, _ = fitted(data)
    data.errors[RESTORED, :120] = np.nan  # four blocks of 24 and more
    silent, largest = fitted(data)
    assert np.isfinite(largest).all()
    ratio = silent.limits[6:12] / known.limits[6:12]
    assert ((ratio > 0.5) & (ratio < 2)).all()
    assert not silent.scaled(data.errors, np.zeros(ROWS, np.int64))[RESTORED, :120].any()
    assert (silent.pooled(data)[1, :120] == 1.0).all()


def test_looking_ahead_takes_the_larger_of_now_and_later():
    x = np.array([1.0, 5.0, 2.0, 7.0, 0.0, 3.0])
    assert larger(x, length=1, last=4, look_ahead=2).tolist() == [1, 5, 2, 7]  # it remembers no later row
    assert larger(x, length=2, last=4, look_ahead=2).tolist() == [5, 5, 7, 7]
    assert larger(x, length=30, last=4, look_ahead=2).tolist() == [2, 7, 2, 7]


def test_the_threshold_counts_verdicts_as_looking_ahead_makes_them():
    data = residuals_of()
    data.errors[:, 200:210] *= 3
    known, now = fitted(data)
    ahead, later = fitted(data, look_ahead=12)
    np.testing.assert_array_equal(known.limits, ahead.limits)
    assert (later >= now).all()
    zeros = np.zeros(ROWS + 12, np.int64)
    errors = np.pad(data.errors, ((0, 0), (0, 12), (0, 0)))
    pooled = np.pad(known.pooled(data), ((0, 0), (0, 12)), constant_values=1.0)
    judged = np.maximum(
        known.of_rows(known.scaled(errors, zeros), ROWS, 12).max(axis=0),
        known.together_of(pooled, ROWS, 12) / known.together,
    )
    np.testing.assert_allclose(later[:-12], judged[:-12])


@pytest.mark.parametrize("size", [1, 7, 64])
def test_components_are_the_same_bits_however_rows_are_cut(size):
    known, _ = fitted(residuals_of(sensors=29))
    new = residuals_of(400, 29, seed=1)
    scaled, pooled = known.scaled(new.errors, np.zeros(400, np.int64)), known.pooled(new)
    whole, both = known.of_rows(scaled, 400), known.together_of(pooled, 400)
    for a in range(0, 400, size):
        b, first = min(a + size, 400), max(0, a - 99)
        np.testing.assert_array_equal(known.of_rows(scaled[:, first:b], b - a), whole[:, a:b])
        np.testing.assert_array_equal(known.together_of(pooled[:, first:b], b - a), both[a:b])


def test_the_share_of_an_lstm_is_by_the_inverse_of_squared_errors():
    """Squared errors of 1 and 4: four fifths to the better one."""
    linear, lstm = np.array([[2.0], [-2.0]]), np.array([[1.0], [1.0]])
    share = lstm_shares(linear, lstm)
    assert share.tolist() == [0.8]
    np.testing.assert_allclose(mixed(linear, lstm, share), [[1.2], [0.4]])


def test_a_view_without_residuals_is_silent():
    data = residuals_of()
    data.errors[LSTM] = np.nan  # as in a linear model
    known, largest = fitted(data)
    assert np.isinf(known.limits[18:]).all()
    assert np.isfinite(largest).all()
    assert not known.of_rows(known.scaled(data.errors, np.zeros(ROWS, np.int64)), ROWS)[18:].any()
