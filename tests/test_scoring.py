"""From what networks say of rows to one score: each part on a case whose answer can be worked out by hand."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_anomaly.scoring.distance import LatentDistance
from lstm_anomaly.scoring.memory import trailing_mean, trailing_sum
from lstm_anomaly.scoring.peers import Peers
from lstm_anomaly.scoring.readings import Readings
from lstm_anomaly.scoring.score import MOST_NATS, Bounds, level, raw_score
from lstm_anomaly.scoring.statistics import Usual, View
from lstm_anomaly.scoring.units import drift, error_unit, usual_level


def test_trailing_sums_of_four_rows():
    x = np.array([1.0, 2, 3, 4])
    assert trailing_sum(x, 2, last=4).tolist() == [1, 3, 5, 7]
    assert trailing_sum(x, 3, last=4).tolist() == [1, 3, 6, 9]
    assert trailing_sum(x, 2, last=2).tolist() == [5, 7]
    assert trailing_sum(x, 9, last=1).tolist() == [10]
    assert trailing_sum(x, 2, last=0).tolist() == []


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


def test_a_view_gives_squared_errors_as_multiples_of_the_usual_averaged_over_networks():
    view = View(unit=np.array([[1.0, 4], [1, 1]]), usual=np.array([2.0, 1]))
    errors = np.array([[[2.0, 4]], [[0, 3]]])  # two networks, one row, two sensors
    assert view.by_sensor(errors).tolist() == [[(2 + 0) / 2, (2 + 9) / 2]]


def test_a_view_of_usual_rows_is_about_1(rng):
    errors = rng.normal(0, [0.5, 1, 2], size=(2, 1000, 3))
    errors[:, :3] = np.nan  # nothing is known of the first rows
    view = View.fit(errors, np.arange(1000) < 800)
    np.testing.assert_allclose(view.by_sensor(errors)[3:].mean(axis=0), 1, atol=0.2)


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


def readings_of(rng, rows, sensors):
    """As networks hand them over: memory laid out sensor by sensor."""

    def view(networks):
        return np.stack([rng.normal(size=(sensors, rows)).T for _ in range(networks)])

    latent = rng.normal(size=(rows, 20))
    return Readings(view(2), view(1), view(2), latent, np.zeros((rows, sensors)))


def rows_of(readings, rows):
    views = (getattr(readings, name)[:, rows] for name in ("near", "level", "slow"))
    return Readings(*views, readings.latent[rows], readings.expected[rows])


@pytest.mark.parametrize("sensors", [1, 7, 8, 40])
def test_statistics_of_a_row_are_bit_identical_alone_and_among_others(rng, sensors):
    """NumPy adds up eight and more numbers in another order when they are one row than when they are many."""
    views = [View(rng.uniform(0.5, 2, (k, sensors)), np.ones(k)) for k in (2, 1, 2)]
    peers = Peers.fit(rng.normal(size=(300, sensors)))
    usual = Usual(*views, LatentDistance.fit(rng.normal(size=(300, 20))), peers)
    readings = readings_of(rng, 50, sensors)
    statistics, parts = usual.statistics(readings)
    for row in range(50):
        alone, its_parts = usual.statistics(rows_of(readings, slice(row, row + 1)))
        np.testing.assert_array_equal(alone[:, 0], statistics[:, row])
        np.testing.assert_array_equal(its_parts[0], parts[row])


def test_what_a_network_cannot_say_is_nan_and_the_rest_is_known(rng):
    ones = [View(np.ones((k, 2)), np.ones(k)) for k in (2, 1, 2)]
    peers = Peers.fit(rng.normal(size=(300, 2)))
    usual = Usual(*ones, LatentDistance.fit(rng.normal(size=(300, 20))), peers)
    readings = readings_of(rng, 3, 2)
    readings.latent[0] = readings.slow[:, 1] = np.nan
    statistics, parts = usual.statistics(readings)
    assert np.isnan(statistics).tolist() == [
        [False] * 3,
        [False] * 3,
        [False, True, False],
        [True, False, False],
    ]
    assert np.isfinite(parts).all()


# near over 3, 10, 30, 100 rows: weights 1; level over 10, 100: 1/2; slow over 25: 1; latent over 25, 100: 1/2
WEIGHTS = 7
MOST = Bounds(np.full(4, 2.0))


def usual_rows(count=200):
    return np.ones((4, count))


def test_the_level_of_usual_rows_is_1():
    np.testing.assert_allclose(level(usual_rows(), MOST, last=50), 1, rtol=1e-15)


def test_one_wild_row_counts_fully_in_short_memories_and_bounded_in_long_ones():
    """60 more than usual: thirds and tenths of it; of what is bounded to 2, 1 more, 1/30 and 1/100."""
    statistics = usual_rows()
    statistics[0, -1] = 61
    expected = (WEIGHTS + 60 / 3 + 60 / 10 + 1 / 30 + 1 / 100) / WEIGHTS
    np.testing.assert_allclose(level(statistics, MOST, last=2), [1, expected])


@pytest.mark.parametrize(
    ("statistic", "extra"),
    [
        (1, 0.5 * 60 / 10 + 0.5 * 1 / 100),  # level
        (2, 1 / 25),  # slow
        (3, 0.5 * 1 / 25 + 0.5 * 1 / 100),  # latent
    ],
)
def test_the_same_for_the_other_statistics(statistic, extra):
    statistics = usual_rows()
    statistics[statistic, -1] = 61
    np.testing.assert_allclose(level(statistics, MOST, last=1), [(WEIGHTS + extra) / WEIGHTS])


def test_without_look_ahead_a_row_knows_nothing_of_the_next_and_with_it_does():
    statistics = usual_rows()
    statistics[0, -1] = 61
    with_it = (WEIGHTS + 60 / 3 + 60 / 10 + 1 / 30 + 1 / 100) / WEIGHTS
    np.testing.assert_allclose(level(statistics[:, :-1], MOST, last=1), [1])
    np.testing.assert_allclose(level(statistics, MOST, last=1, look_ahead=1), [with_it])


def test_a_memory_looks_ahead_half_its_length_at_most():
    """Six rows after the judged one: in memories of 30 and 100 rows, not in those of 3 and 10."""
    statistics = usual_rows()
    statistics[0, -7] = 61  # the row judged is the thirteenth from the end
    expected = (WEIGHTS + 1 / 30 + 1 / 100) / WEIGHTS
    np.testing.assert_allclose(level(statistics, MOST, last=1, look_ahead=12), [expected])


def test_rows_that_never_come_are_left_out():
    statistics = usual_rows()
    statistics[:, -12:] = np.nan
    statistics[:, :-12] = 2
    np.testing.assert_allclose(level(statistics, MOST, last=20, look_ahead=12), 2)


def test_a_statistic_that_is_not_known_is_left_out_and_without_any_there_is_no_level():
    statistics = 2 * usual_rows()
    statistics[3] = np.nan
    np.testing.assert_allclose(level(statistics, MOST, last=3), 2)
    assert np.isnan(level(np.full((4, 200), np.nan), MOST, last=3)).all()


def test_bounds_are_twice_what_99_percent_of_the_rows_reach():
    statistics = np.tile(np.arange(101.0), (4, 1))
    statistics[1] *= 10
    statistics[2, 0] = np.nan
    statistics[3] = np.nan
    np.testing.assert_allclose(Bounds.fit(statistics).most, [198, 1980, 2 * 99.01, 2])


def test_novelty_multiplies_the_level_up_to_a_bound():
    raw = raw_score(np.array([2.0, 2, np.nan]), np.array([log(3), 1e9, 0]))
    np.testing.assert_allclose(raw, [6, 2 * exp(MOST_NATS), np.nan])
