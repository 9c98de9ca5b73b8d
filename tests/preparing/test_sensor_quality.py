"""Each oddity of a sensor is found where it is, and not where it is not."""

import numpy as np
import pytest

from lstm_anomaly.preparing.sensor_quality import sensor_qualities
from lstm_anomaly.reading import read_csvs

ROWS = 2000


@pytest.fixture
def good(rng):
    """A reading with noise, as most are, (ROWS,)."""
    return 20 + np.sin(np.arange(ROWS) / 50) + 0.1 * rng.normal(size=ROWS)


def oddities(*columns):
    names = [f"s{k}" for k in range(len(columns))]
    qualities = sensor_qualities(np.column_stack(columns), names)
    return [[oddity.kind for oddity in quality.oddities] for quality in qualities]


def test_plain_readings_have_nothing_odd(good, rng):
    assert oddities(good, rng.normal(size=ROWS), np.round(good, 1)) == [[], [], []]


def test_the_sample_data_has_nothing_odd(root):
    frame, _ = read_csvs([str(root / "sample_data" / "normal.csv")])
    assert [quality.oddities for quality in sensor_qualities(frame.values, frame.sensors)] == [()] * 5


def test_figures_are_of_the_readings_that_are_there():
    values = np.array([[1.0], [np.nan], [3.0], [3.0]])
    (found,) = sensor_qualities(values, ["a"])
    assert (found.readings, found.missing, found.distinct) == (3, 1, 2)
    assert (found.low, found.high, found.mean) == (1.0, 3.0, pytest.approx(7 / 3))


def test_a_sensor_without_readings(good):
    assert oddities(good, np.full(ROWS, np.nan))[1] == ["no readings"]


def test_a_sensor_that_never_moves(good):
    assert oddities(good, np.full(ROWS, 0.1))[1] == ["constant"]


def test_a_sensor_with_few_values_is_a_state(good):
    assert oddities(good, np.arange(ROWS) // 100 % 3)[1] == ["states"]


def test_a_run_of_one_reading_far_longer_than_usual_is_stuck(good):
    good[700:760] = good[700]
    (found,) = sensor_qualities(good[:, np.newaxis], ["a"])
    (oddity,) = found.oddities
    assert (oddity.kind, oddity.row) == ("stuck", 700)
    assert "for 60 rows" in oddity.text


def test_long_runs_of_a_slow_coarse_sensor_are_not_stuck():
    assert oddities(np.round(20 * np.sin(np.arange(ROWS) / 300))) == [[]]


def test_a_missing_reading_ends_a_run(good):
    good[700:760] = good[700]
    good[700:760:20] = np.nan
    assert oddities(good) == [[]]


@pytest.mark.parametrize("side", ["min", "max"])
def test_readings_cut_off_at_one_value_are_railed(good, side):
    cut = np.quantile(good, 0.2 if side == "min" else 0.8)
    column = np.maximum(good, cut) if side == "min" else np.minimum(good, cut)
    assert "railed" in oddities(column)[0]


def test_what_never_falls_is_a_counter(good, rng):
    total = np.cumsum(rng.integers(0, 3, ROWS))
    assert oddities(good, total)[1] == ["counter"]
    total[1000:] -= total[1000]  # set back to 0 once
    assert oddities(good, total)[1] == []


@pytest.mark.parametrize("value", [-9999.0, 32767.0])
def test_a_value_far_from_all_others_is_told_with_its_place_and_number(good, value):
    good[[300, 900]] = value
    (found,) = sensor_qualities(good[:, np.newaxis], ["a"])
    (oddity,) = found.oddities
    assert (oddity.kind, oddity.row, oddity.value) == ("far off", 300, value)
    assert "in 2 rows" in oddity.text


def test_an_offset_beside_which_changes_vanish(good):
    assert oddities(1e9 + good / 100) == [["badly scaled"]]


def test_sensors_that_say_the_same_are_told_once(good, rng):
    found = oddities(good, rng.normal(size=ROWS), good, 3 - 2 * good)
    assert found == [[], [], ["duplicate"], ["duplicate"]]


def test_what_is_missing_too_often(good):
    good[::3] = np.nan
    assert oddities(good) == [["much missing"]]


def test_few_rows_are_not_judged():
    assert oddities([1.0, 2.0, 3.0], [0.0, 0.0, 1.0]) == [[], []]
