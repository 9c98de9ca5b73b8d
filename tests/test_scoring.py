"""From what networks say of rows to one score: each part on a case whose answer can be worked out by hand."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_anomaly.scoring.bias import LOOKED_BACK, Bias
from lstm_anomaly.scoring.memory import trailing_mean, trailing_sum
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.score import ALL_MEMORIES, MOST_NATS, STATISTIC_ROWS, Memories, level, raw_score
from lstm_anomaly.scoring.statistics import Usual, shares_of
from lstm_anomaly.scoring.units import drift, error_unit, usual_level
from lstm_anomaly.scoring.view import View


def test_trailing_sums_of_four_rows():
    x = np.array([1.0, 2, 3, 4])
    assert trailing_sum(x, 2, last=4).tolist() == [1, 3, 5, 7]
    assert trailing_sum(x, 3, last=4).tolist() == [1, 3, 6, 9]
    assert trailing_sum(x, 2, last=2).tolist() == [5, 7]
    assert trailing_sum(x, 9, last=1).tolist() == [10]
    assert trailing_sum(x, 2, last=0).tolist() == []


@pytest.mark.parametrize("length", [1, 2, 7, 8, 100])
def test_a_trailing_sum_of_columns_is_that_of_each(length):
    x = np.arange(240.0).reshape(120, 2) ** 2
    obvious = [[column[max(0, row - length + 1) : row + 1].sum() for column in x.T] for row in range(120)]
    np.testing.assert_array_equal(trailing_sum(x, length, last=120), obvious)
    np.testing.assert_array_equal(trailing_sum(x, length, last=5), obvious[-5:])


def test_trailing_means_are_over_the_rows_that_are_known():
    x = np.array([1.0, np.nan, 3, 5])
    assert trailing_mean(x, 2, last=4).tolist() == [1, 1, 3, 4]
    assert trailing_mean(x, 3, last=2).tolist() == [2, 4]
    assert np.isnan(trailing_mean(np.full(3, np.nan), 2, last=3)).all()
    assert np.isnan(trailing_mean(x, 1, last=4)).tolist() == [False, True, False, False]


NUMBERS = st.one_of(st.just(float("nan")), st.floats(-1e6, 1e6))


@settings(deadline=None)
@given(
    st.lists(NUMBERS, min_size=1, max_size=60),
    st.integers(1, 40),
    st.lists(st.integers(1, 20), min_size=1),
)
def test_trailing_means_are_bit_identical_however_the_rows_are_cut(values, length, sizes):
    x, pieces, stop = np.array(values), [], 0
    while stop < len(x):
        size = min(sizes[len(pieces) % len(sizes)], len(x) - stop)
        stop += size
        pieces.append(trailing_mean(x[max(0, stop - size - length + 1) : stop], length, size))
    np.testing.assert_array_equal(np.concatenate(pieces), trailing_mean(x, length, len(x)))


def test_the_unit_is_the_larger_error_times_how_much_the_held_out_one_exceeds_the_other():
    fitted, held_out = (
        np.array([[1.0, 4, 1], [1, 4, 3]]),
        np.array([[1.0, 2, 6]]),
    )  # means 1, 4, 2 and 1, 2, 6
    np.testing.assert_allclose(error_unit(fitted, held_out), [1, 4, 6 * (6 / 2)])


def test_no_sensor_is_trusted_more_than_a_hundred_times_the_median_one():
    errors = np.array([[0.0, 1, 1]])
    np.testing.assert_allclose(error_unit(errors, errors), [0.01, 1, 1])


def test_errors_that_scatter_about_zero_do_not_drift():
    assert drift(np.array([[1.0], [-1]] * 5)).tolist() == [1]


def test_drift_of_a_level_that_moves_on_from_part_to_part():
    """Five parts k - 1, k + 1. Part 0: the others have the mean 2.5 and the variance 1.25 + 1, and so on."""
    errors = np.array([[k + s] for k in range(5) for s in (-1.0, 1.0)])
    outer, inner, middle = (2.5**2 + 1) / 2.25, (1.25**2 + 1) / 3.1875, 1 / 3.5
    np.testing.assert_allclose(drift(errors), [(2 * outer + 2 * inner + middle) / 5])


def test_too_few_rows_show_no_drift():
    assert drift(np.arange(18.0).reshape(9, 2)).tolist() == [1, 1]


def test_the_usual_level_is_that_of_all_rows_or_of_the_held_out_ones_if_larger():
    assert usual_level(np.ones(3), np.array([3.0])) == 3
    assert usual_level(np.full(3, 5.0), np.array([1.0])) == 4


def test_a_view_gives_squared_errors_as_multiples_of_the_usual():
    view = View(unit=np.array([[1.0, 4], [1, 1]]), usual=np.array([2.0, 1]))
    errors = np.array([[[2.0, 4]], [[0, 3]]])  # two networks, one row, two sensors
    assert view.by_sensor(errors).tolist() == [[[2, 2]], [[0, 9]]]


def test_a_view_of_usual_rows_is_about_1(rng):
    errors = rng.normal(0, [0.5, 1, 2], size=(2, 1000, 3))
    errors[:, :3] = np.nan  # nothing is known of the first rows
    view = View.fit(errors, np.arange(1000) < 800)
    np.testing.assert_allclose(view.by_sensor(errors)[:, 3:].mean(axis=1), 1, atol=0.2)


def test_a_views_unit_is_that_of_the_errors_times_the_square_of_their_drift():
    errors = np.array([[k + s] for k in range(5) for s in (-1.0, 1.0)])
    fitted = np.arange(10) < 6
    squared = errors**2
    expected = error_unit(squared[fitted], squared[~fitted]) * drift(errors) ** 2
    np.testing.assert_allclose(View.fit(errors[np.newaxis], fitted).unit, [expected])


def test_without_held_out_rows_a_view_takes_all_rows_and_without_rows_1():
    errors = np.array([[[1.0], [-1], [1]]])
    assert View.fit(errors, np.ones(3, dtype=bool)).unit.tolist() == [[1]]
    assert View.fit(np.full((1, 3, 1), np.nan), np.ones(3, dtype=bool)).unit.tolist() == [[1]]


def test_networks_of_one_statistic_count_by_the_inverse_of_their_held_out_errors():
    names = ("forecaster", "autoencoder", "linear")
    np.testing.assert_allclose(shares_of(names, np.array([7.0, 3.0, 1.0])), [1, 1 / 4, 3 / 4])
    assert shares_of(("linear",), np.array([0.0])).tolist() == [1]


NAMES = ("forecaster", "autoencoder", "linear")
EQUAL = np.ones(3)


def readings_of(rng, rows, sensors):
    """As networks hand them over: memory laid out sensor by sensor."""

    def view(networks):
        return np.stack([rng.normal(size=(sensors, rows)).T for _ in range(networks)])

    return Readings(view(3), view(1))


def usual_of(rng, sensors, units=None):
    views = [View(np.ones((k, sensors)) if units is None else units(k), np.ones(k)) for k in (3, 1)]
    peers = Peers.fit(rng.normal(size=(300, sensors)))
    bias = Bias(np.full((2, sensors), 2.0), View(np.ones((4, sensors)), np.ones(4)))
    return Usual(NAMES, views[0], np.array([1.0, 0.25, 0.75]), views[1], bias, peers)


@pytest.mark.parametrize("sensors", [1, 7, 8, 40])
def test_statistics_of_a_row_are_bit_identical_alone_and_among_others(rng, sensors):
    """NumPy adds up eight and more numbers in another order when they are one row than when they are many."""
    usual = usual_of(rng, sensors, lambda k: rng.uniform(0.5, 2, (k, sensors)))
    readings = readings_of(rng, 50, sensors)
    for say in (usual.statistics, lambda r: usual.parts(r, EQUAL).T, lambda r: usual.expected(r, EQUAL).T):
        whole = say(readings)
        for row in range(50):
            alone = Readings(readings.errors[:, row : row + 1], readings.level[:, row : row + 1])
            np.testing.assert_array_equal(say(alone)[:, 0], whole[:, row])


def test_statistics_are_means_over_sensors_and_what_restores_is_averaged_before_it_is_squared(rng):
    errors = np.array([[[1.0, 3]], [[2, 0]], [[0, 4]]])  # three networks, one row, two sensors
    statistics = usual_of(rng, 2).statistics(Readings(errors, np.array([[[5.0, 1]]])))
    np.testing.assert_allclose(statistics[:, 0], [(1 + 9) / 2, (0.5**2 + 3**2) / 2, (25 + 1) / 2])


def test_what_a_network_cannot_say_is_nan_and_the_rest_is_known(rng):
    usual, readings = usual_of(rng, 2), readings_of(rng, 3, 2)
    readings.errors[0, 0] = readings.errors[2, :2] = np.nan
    known = np.isfinite(usual.statistics(readings))
    assert known.tolist() == [[False, True, True], [False, False, True], [True] * 3]
    assert np.isfinite(usual.parts(readings, EQUAL)).all()


def test_what_was_expected_is_the_mean_of_the_networks_by_weight(rng):
    """A row of 10, forecast as 9 with weight 1, and restored as 8 and 6, together 6.5, with weight 2."""
    usual = usual_of(rng, 1)
    readings = Readings(np.array([[[1.0]], [[2]], [[4]]]), np.array([[[10.0]]]))
    expected = (1 * 9 + 2 * (0.25 * 8 + 0.75 * 6)) / 3
    np.testing.assert_allclose(usual.expected(readings, np.array([1.0, 2, 5])), [[expected]])
    readings.errors[1:] = np.nan
    np.testing.assert_allclose(usual.expected(readings, np.array([1.0, 2, 5])), [[9]])


def test_a_bias_is_the_root_of_the_mean_over_sensors_of_squared_mean_errors(rng):
    """Over 30 rows: a forecast error of 1 in 15 of them, a level of 2 in all; another sensor has none."""
    usual = usual_of(rng, 2)
    bounded = np.zeros((2, LOOKED_BACK + 1, 2))
    bounded[0, -15:, 0], bounded[1, -30:, 0] = 1, 2
    forecast, level = np.sqrt(1 / 2), np.sqrt(4 / 2)  # of a mean error of 1, of 2
    of_100 = [forecast * 15 / 100, level * 30 / 100]
    found = usual.biases(bounded, last=1)[:, 0]
    np.testing.assert_allclose(found, [forecast * 15 / 30, level, *of_100])


def test_without_a_forecast_its_bias_is_usual_and_that_of_the_level_stays(rng):
    usual, bounded = usual_of(rng, 2).without_lstm(), np.full((1, 200, 2), 3.0)
    np.testing.assert_allclose(usual.biases(bounded, last=2), [[1, 1], [3, 3], [1, 1], [3, 3]])


def test_one_wild_row_counts_in_a_bias_up_to_its_bound_and_an_unknown_one_as_no_error(rng):
    usual = usual_of(rng, 1)
    errors = np.array([[[1e6], [np.nan], [-1]], [[-7], [0], [1]]])
    assert usual.bias.bounded(errors)[:, :, 0].tolist() == [[2, 0, -1], [-2, 0, 1]]


def test_what_is_usual_for_a_bias_is_learned_from_training_rows(rng):
    """Of noise the mean over L rows has a variance of 1 / L; what is rarer than 1 %, times root 2, is cut."""
    errors = rng.normal(size=(2, 20_000, 3))
    bias = Bias.fit(errors, np.arange(20_000) < 15_000)
    np.testing.assert_allclose(bias.bound, np.sqrt(2) * 2.576, rtol=0.05)
    usual = (bias.view.unit.T * bias.view.usual).T  # (4, 3)
    np.testing.assert_allclose(usual[:2], 1 / 30, rtol=0.3)
    np.testing.assert_allclose(usual[2:], 1 / 100, rtol=0.5)


# Statistics of 1 are usual; a row counts 2 at most in long memories; 1 is high in each memory.
NORMAL = Memories(np.full(3, 2.0), np.ones(len(ALL_MEMORIES)))


def usual_rows(count=400):
    return np.ones((STATISTIC_ROWS, count))


def level_of(statistics, last, look_ahead=0, weights=EQUAL):
    return level(statistics, NORMAL, weights, last, look_ahead)


def test_the_level_of_rows_that_are_as_high_as_normal_rows_get_is_1():
    np.testing.assert_allclose(level_of(usual_rows(), last=50), 1, rtol=1e-15)


@pytest.mark.parametrize(
    ("statistic", "extra"),
    [
        (0, (60 + 60 / 3 + 60 / 10 + 1 / 30 + 1 / 100) / 5),  # forecast
        (1, (60 + 60 / 3 + 60 / 10 + 1 / 30 + 1 / 100) / 5),  # restore
        (2, (60 + 60 / 10 + 1 / 100 + 1 / 300) / 4),  # level
    ],
)
def test_one_wild_row_counts_fully_in_short_memories_and_bounded_in_long_ones(statistic, extra):
    """60 more than usual; where rows are bounded to 2, 1 more. Weights: 1, 1, 1 and for biases .6."""
    statistics = usual_rows()
    statistics[statistic, -1] = 61
    np.testing.assert_allclose(level_of(statistics, last=2), [1, 1 + extra / 3.6])


def test_a_bias_has_a_part_of_the_weight_of_its_statistic():
    """Rows 3 to 6: of forecast and level over 30 rows, then over 100. Half of three tenths are for each."""
    statistics = usual_rows()
    statistics[3, -1] = 5
    weights = np.array([2.0, 1, 0])
    expected = 1 + 4 * 0.15 * 2 / (2.6 + 1)
    np.testing.assert_allclose(level_of(statistics, last=2, weights=weights), [1, expected])
    statistics[4, -1] = 9  # the level has no weight
    np.testing.assert_allclose(level_of(statistics, last=1, weights=weights), [expected])


def test_a_statistic_counts_by_its_weight_and_a_memory_by_what_is_high_in_it():
    statistics = usual_rows()
    statistics[0] = 2
    np.testing.assert_allclose(
        level_of(statistics, last=1, weights=np.array([3.0, 1, 0])), [(3 * 2 + 0.9 + 1) / 4.9]
    )
    high = Memories(NORMAL.most, np.full(len(ALL_MEMORIES), 4.0))
    np.testing.assert_allclose(level(usual_rows(), high, EQUAL, last=1), [1 / 4])


def test_without_look_ahead_a_row_knows_nothing_of_the_next_and_with_it_does():
    """With one row of look-ahead, memories of three rows and more hold the row after."""
    statistics = usual_rows()
    statistics[0, -1] = 61
    with_it = 1 + (60 / 3 + 60 / 10 + 1 / 30 + 1 / 100) / 5 / 3.6
    np.testing.assert_allclose(level_of(statistics[:, :-1], last=1), [1])
    np.testing.assert_allclose(level_of(statistics, last=1, look_ahead=1), [with_it])


def test_a_memory_looks_ahead_as_long_as_the_row_is_in_it():
    """Eleven rows after the judged one: in memories of 30 and 100 rows, not in those of 1, 3 and 10."""
    statistics = usual_rows()
    statistics[0, -2] = 61  # the row judged is the thirteenth from the end
    expected = 1 + (1 / 30 + 1 / 100) / 5 / 3.6
    np.testing.assert_allclose(level_of(statistics, last=1, look_ahead=12), [expected])


def test_with_look_ahead_a_memory_says_the_larger_of_what_it_holds_before_and_after():
    """Twelve rows after a wild one, which only memories of 30 and 100 rows still hold when the row comes."""
    statistics = usual_rows()
    statistics[0, -25] = 61
    expected = 1 + (1 / 30 + 1 / 100) / 5 / 3.6
    np.testing.assert_allclose(level_of(statistics, last=1, look_ahead=12), [expected])


def test_a_bias_of_later_rows_counts_where_it_is_larger():
    statistics = usual_rows()
    statistics[3, -1] = 5
    np.testing.assert_allclose(level_of(statistics, last=2, look_ahead=1), [1, 1 + 4 * 0.15 / 3.6])


def test_rows_that_never_come_are_left_out():
    statistics = usual_rows()
    statistics[:, -12:] = np.nan
    statistics[:, :-12] = 2
    np.testing.assert_allclose(level_of(statistics, last=20, look_ahead=12), 2)


def test_a_statistic_that_is_not_known_is_left_out_and_without_any_there_is_no_level():
    statistics = 2 * usual_rows()
    statistics[1] = np.nan
    np.testing.assert_allclose(level_of(statistics, last=3), 2)
    assert np.isnan(level_of(np.full((STATISTIC_ROWS, 400), np.nan), last=3)).all()


FITTED = np.ones(1000, dtype=np.bool_)


def test_bounds_are_twice_what_99_percent_of_the_rows_reach_and_memories_what_99_percent_stay_below():
    statistics = np.tile(np.arange(1000.0), (STATISTIC_ROWS, 1))
    statistics[1] *= 10
    statistics[2:] = np.nan  # not known: as usual
    memories = Memories.fit(statistics, FITTED)
    quantile = np.quantile(np.arange(1000), 0.99)
    np.testing.assert_allclose(memories.most, [2 * quantile, 20 * quantile, 2])
    means_of_three = [(0 + 1 + 1) / 3, (0 + 1 + 1) / 3, *range(1, 999)]  # the rows before were as usual
    np.testing.assert_allclose(memories.high[:2], [quantile, np.quantile(means_of_three, 0.99)])
    np.testing.assert_allclose(memories.high[10:], 1)


def test_what_rows_reach_that_were_not_fitted_counts_where_it_is_more():
    statistics = np.full((STATISTIC_ROWS, 1000), 2.0)
    statistics[:, 900:] = 5.0
    fitted = np.arange(1000) < 900
    assert Memories.fit(statistics, fitted).high[0] == 5
    assert Memories.fit(statistics[:, ::-1], fitted).high[0] == 5  # all rows count, too


def test_nothing_below_the_usual_is_high():
    assert (Memories.fit(np.full((STATISTIC_ROWS, 1000), 0.1), FITTED).high == 1).all()


def test_a_memory_longer_than_half_the_training_rows_is_not_used():
    memories = Memories.fit(np.ones((STATISTIC_ROWS, 150)), FITTED[:150])
    unused = [ALL_MEMORIES[k] for k in np.flatnonzero(memories.high == 0)]
    assert [(memory.row, memory.length) for memory in unused] == [
        *((0, 100), (1, 100), (2, 100), (2, 300)),
        *((5, 100), (6, 100)),
    ]
    short = usual_rows()
    short[2] = 3
    total = 4 / 5 + 0.15 + 4 / 5 + 2 / 4 + 0.15
    np.testing.assert_allclose(level(short, memories, EQUAL, last=1), [(total + 2 * 2 / 4) / total])


def test_novelty_multiplies_the_level_up_to_a_bound():
    raw = raw_score(np.array([2.0, 2, np.nan]), np.array([log(3), 1e9, 0]))
    np.testing.assert_allclose(raw, [6, 2 * exp(MOST_NATS), np.nan])
