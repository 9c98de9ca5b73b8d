"""A series on even steps: gaps become steps that are unknown, long ones lose whole cycles."""

from dataclasses import replace

import numpy as np
from small_models import series_of

from lstm_anomaly.preparing.grid import even_grid

NAN = np.nan


def test_an_unknown_reading_holds_the_one_before():
    grid = even_grid(series_of([[1.0, 5], [NAN, 6], [3, NAN]]))
    np.testing.assert_array_equal(grid.values, [[1, 1, 3], [5, 6, 6]])
    np.testing.assert_array_equal(grid.known, [[True, False, True], [True, True, False]])


def test_before_the_first_reading_of_a_sensor_stands_that_one():
    grid = even_grid(series_of([[NAN, 1.0], [NAN, 2], [7, 3]]))
    np.testing.assert_array_equal(grid.values[0], [7, 7, 7])
    np.testing.assert_array_equal(grid.known[0], [False, False, True])


def test_a_sensor_without_a_reading_is_zero_and_unknown():
    grid = even_grid(series_of([[NAN, 1.0], [NAN, 2]]))
    np.testing.assert_array_equal(grid.values[0], [0, 0])
    assert not grid.known[0].any()


def at(minutes, **changes):
    """A series with one sensor that reads the minute."""
    series = series_of(np.array(minutes, dtype=float)[:, np.newaxis])
    times = np.datetime64("2024-03-01T00:00", "ns") + np.array(minutes) * np.timedelta64(1, "m")
    return replace(series, times=times, **changes)


def test_rows_that_are_lost_are_steps_that_are_unknown():
    grid = even_grid(at([0, 1, 4, 5]))
    np.testing.assert_array_equal(grid.values, [[0, 1, 1, 1, 4, 5]])
    np.testing.assert_array_equal(grid.known, [[True, True, False, False, True, True]])


def test_a_gap_of_weeks_loses_whole_days_of_minutes():
    rows = 1500
    grid = even_grid(at([*range(rows), *range(20 * 1440, 20 * 1440 + rows)]))
    assert len(grid) == rows + 1440 + (20 * 1440 - rows + 1) % 1440 + rows - 1
    phases = np.arange(len(grid)) % 1440
    np.testing.assert_array_equal(phases[grid.known[0]], grid.values[0][grid.known[0]] % 1440)


def test_rows_that_are_scattered_thinly_follow_each_other():
    grid = even_grid(at([0, *np.arange(1, 9) * 1000]))
    assert len(grid) == 9


def test_rows_without_times_follow_each_other():
    series = replace(at([0, 3, 9]), times=None, step=None)
    assert len(even_grid(series)) == 3


def test_rows_that_are_to_be_ignored_are_unknown():
    grid = even_grid(at([0, 1, 2], segments=((0, 1), (2, 3))))
    np.testing.assert_array_equal(grid.known, [[True, False, True]])
