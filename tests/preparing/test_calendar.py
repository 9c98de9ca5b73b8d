"""Local days and their kinds: weekends and holidays have a daily curve of their own, clocks shift nothing."""

from dataclasses import replace

import numpy as np
import pytest
from rows_in_pieces import in_pieces, watched
from small_models import series_of

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import judge
from lstm_anomaly.preparing.calendar import Calendar, few_weekends, follows_week
from lstm_anomaly.preparing.time_of_day import clock_rows
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

HOUR = np.timedelta64(30, "m")
A_DAY = 48
MONDAY = "2024-01-01"
HOLIDAY = "2024-02-14"  # a Wednesday


def times(days, start=MONDAY):
    return np.datetime64(start, "ns") + np.arange(days * A_DAY) * HOUR


def plant(stamps, seed, free=(), calendar=None):
    """Two sensors that follow the time of day, and rest on weekends and on `free` days; (M, 2)."""
    local = (calendar or Calendar()).local(stamps)
    rests = Calendar(holidays=tuple(free)).kinds(local).any(axis=0)
    day = clock_rows(local)[0].astype(np.float64)
    load = np.where(rests, 0.2 * day - 2, day)
    noise = np.random.default_rng(seed).normal(size=(len(stamps), 2))
    return np.column_stack([20 + 2 * load, 4 + load]) + 0.15 * noise


def series(stamps, values):
    return replace(series_of(values), times=stamps, step=HOUR)


def model_of(days, seed=0, **settings):
    stamps = times(days)
    return learn(series(stamps, plant(stamps, seed)), LearningSettings(kind="linear", seed=seed, **settings))


@pytest.fixture(scope="module", params=[0, 1])
def model(request):
    return model_of(42, request.param, holidays=(HOLIDAY,))


def test_days_are_of_their_kind():
    stamps = np.array(["2024-02-14", "2024-02-16", "2024-02-17", "2024-02-18"], "datetime64[ns]")
    saturday, free = Calendar(holidays=(HOLIDAY,)).kinds(stamps).tolist()
    assert saturday == [False, False, True, False]
    assert free == [True, False, False, True]


@pytest.mark.parametrize(
    ("utc", "local"),
    [
        ("2024-03-31T00:59", "2024-03-31T01:59"),
        ("2024-03-31T01:00", "2024-03-31T03:00"),
        ("2024-10-27T00:59", "2024-10-27T02:59"),
        ("2024-10-27T01:00", "2024-10-27T02:00"),
    ],
)
def test_local_time_follows_the_change_of_clocks(utc, local):
    found = Calendar("Europe/Vienna").local(np.array([utc], "datetime64[ns]"))
    assert found[0] == np.datetime64(local, "ns")


def test_a_change_of_clocks_shifts_nothing_that_networks_read():
    """Seven in the morning is seven, in March and in April."""
    winter, summer = (
        np.array([stamp], "datetime64[ns]") for stamp in ("2024-03-25T06:00", "2024-04-01T05:00")
    )
    vienna = Calendar("Europe/Vienna", weekly=True)
    np.testing.assert_array_equal(vienna.rows(winter), vienna.rows(summer))
    assert not np.array_equal(Calendar(weekly=True).rows(winter), Calendar(weekly=True).rows(summer))


def test_the_kind_of_day_counts_where_held_out_weeks_follow_it(model):
    assert (model.clock, model.calendar.weekly) == (True, True)
    stamps = times(42)
    every_day = np.column_stack([clock_rows(stamps)[0], clock_rows(stamps)[1]]).T
    parts = ((0, 28 * A_DAY),), ((28 * A_DAY, 42 * A_DAY),)
    assert not follows_week(Calendar(), every_day.astype(np.float32), stamps, *parts)


def test_weekends_and_holidays_are_no_surprise(model):
    stamps = times(28, "2024-02-12")
    rows = series(stamps, plant(stamps, 5, free=[HOLIDAY]))
    is_holiday = stamps.astype("datetime64[D]") == np.datetime64(HOLIDAY)
    known = judge(model, rows).scores
    unknown = judge(replace(model, calendar=replace(model.calendar, holidays=())), rows).scores
    assert np.nanmax(known[~is_holiday]) <= 1
    assert np.nanmax(known[is_holiday]) < 0.01 * np.nanmax(unknown[is_holiday])


def test_a_working_day_on_a_sunday_is_one(model):
    stamps = times(14, "2024-02-26")
    values = plant(stamps, 5)
    values[6 * A_DAY : 7 * A_DAY] = values[4 * A_DAY : 5 * A_DAY]
    assert (judge(model, series(stamps, values)).scores[6 * A_DAY : 7 * A_DAY] > 1).sum() > 10


def test_few_weekends_are_said():
    short = model_of(12)
    assert not short.calendar.weekly
    assert any("it saw 1 weekend, and days off are unlike others" in doubt for doubt in short.summary.doubts)
    stamps = times(12)
    noise = np.random.default_rng(0).normal(size=(1, len(stamps))).astype(np.float32)
    assert few_weekends(Calendar(), noise, stamps, ((0, len(stamps)),)) is None


def test_the_calendar_is_in_the_model_file(model, tmp_path):
    write_model(model, tmp_path / "m")
    assert read_model(tmp_path / "m").calendar == model.calendar


def test_rows_in_pieces_are_judged_as_whole(model):
    stamps = times(9, "2024-02-14")
    values = plant(stamps, 3)
    frame = SensorFrame(
        values, model.sensors, np.arange(len(values)), np.zeros(len(values), np.int64), ("x",), times=stamps
    )
    whole = detect(model, frame).row_scores()
    for size in (1, 50):
        np.testing.assert_array_equal(watched(model, in_pieces(frame, size))[1], whole)
