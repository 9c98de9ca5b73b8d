"""Cleaning sorts, joins, fills and cuts, and says so; it never looks ahead and never invents a row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import SensorFrame, Series
from lstm_anomaly.preparing.clean import clean

NAN = np.nan
SECOND = np.timedelta64(1, "s")


def frame_of(
    values: list[object], seconds: list[float] | None = None, files: list[int] | None = None
) -> SensorFrame:
    """A frame of one sensor, or of several where `values` holds lists; no times when `seconds` is None."""
    table = np.array(values, float).reshape(len(values), -1 if values else 1)
    times = None
    if seconds is not None:
        ns = [None if s is None else round(s * 1e9) for s in seconds]
        times = np.array(["NaT" if n is None else n for n in ns], "datetime64[ns]")
    source = np.array(files or [0] * len(table))
    return SensorFrame(
        values=table,
        sensors=tuple("abcdefgh"[: table.shape[1]]),
        lines=np.arange(2, len(table) + 2),
        source_index=source,
        sources=("x.csv", "y.csv"),
        stamps=None if times is None else times.astype(str).astype(object),
        times=times,
    )


def column(series: Series) -> list[float]:
    return series.values[:, 0].tolist()


def test_even_rows_stay_as_they_are():
    series, report = clean(frame_of([1, 2, 3], [0, 1, 2]))
    assert column(series) == [1, 2, 3]
    assert series.segments == ((0, 3),)
    assert series.row_of.tolist() == [0, 1, 2]
    assert series.step == SECOND
    assert report.lines() == ["one row every 1 s"]
    assert report.judged == 3


def test_rows_are_sorted_by_time_and_the_first_step_back_is_named():
    series, report = clean(frame_of([1, 3, 2, 4], [0, 2, 1, 3]))
    assert column(series) == [1, 2, 3, 4]
    assert series.row_of.tolist() == [0, 2, 1, 3]
    assert (report.backward, report.first_backward) == (1, "x.csv:4")


def test_the_first_of_rows_with_one_stamp_is_used_and_the_other_not_judged():
    series, report = clean(frame_of([1, 2, 9, 3], [0, 1, 1, 2]))
    assert column(series) == [1, 2, 3]
    assert series.row_of.tolist() == [0, 1, -1, 2]
    assert (report.duplicates, report.first_duplicate) == (1, "x.csv:4")


def test_a_row_that_repeats_another_wholly_shares_its_row():
    series, report = clean(frame_of([[1, NAN], [1, NAN], [2, 5]], [0, 0, 1]))
    assert series.row_of.tolist() == [0, 0, 1]
    assert report.duplicates == 1


def test_a_gap_splits_the_series():
    series, report = clean(frame_of([1, 2, 3, 4, 5], [0, 1, 2, 8, 9]))
    assert series.segments == ((0, 3), (3, 5))
    assert report.gaps == 1
    assert report.longest_gap == 6 * SECOND
    assert report.longest_gap_at == "x.csv:5"


@pytest.mark.parametrize(("lost", "segments"), [(3, ((0, 6),)), (4, ((0, 3), (3, 6)))])
def test_up_to_max_fill_lost_rows_are_bridged(lost, segments):
    seconds = [0, 1, 2, 3 + lost, 4 + lost, 5 + lost]
    assert clean(frame_of([1] * 6, seconds))[0].segments == segments


def test_without_filling_one_lost_row_is_a_gap():
    assert clean(frame_of([1] * 4, [0, 1, 3, 4]), max_fill=0)[0].segments == ((0, 2), (2, 4))


def test_jitter_is_no_gap_and_not_irregular():
    rng = np.random.default_rng(5)
    seconds = (np.arange(100) + rng.uniform(-0.2, 0.2, 100)).tolist()
    series, report = clean(frame_of([1] * 100, seconds))
    assert series.segments == ((0, 100),)
    assert abs(series.step - SECOND) < np.timedelta64(20, "ms")
    assert report.irregular_share == 0


def test_stamps_without_a_common_step_are_used_and_reported():
    rng = np.random.default_rng(5)
    seconds = np.cumsum(rng.exponential(1.0, 200)).tolist()
    series, report = clean(frame_of([1] * 200, seconds))
    assert len(series) == 200
    assert any("irregular time stamps" in line for line in report.lines())


def test_a_short_hole_takes_the_last_value_and_never_the_next():
    series, report = clean(frame_of([1, NAN, NAN, NAN, 5], [0, 1, 2, 3, 4]))
    assert column(series) == [1, 1, 1, 1, 5]
    assert series.segments == ((0, 5),)
    assert report.filled_cells == 3


def test_a_long_hole_is_filled_for_max_fill_rows_and_then_stays_missing():
    values = [[1, 0], *[[NAN, 0]] * 5, [7, 0]]
    series, report = clean(frame_of(values, list(range(7))), max_fill=2)
    assert column(series)[:3] == [1, 1, 1]
    assert np.isnan(column(series)[3:6]).all()
    assert series.segments == ((0, 3), (6, 7))
    assert report.missing_rows == 3
    assert report.judged == 4
    assert report.missing_by_sensor == {"a": 3}


def test_a_row_without_any_reading_is_filled_for_windows_but_never_judged():
    series, report = clean(frame_of([1, NAN, 3], [0, 1, 2]))
    assert series.segments == ((0, 3),)
    assert series.row_of.tolist() == [0, -1, 2]
    assert report.empty_rows == 1
    assert report.judged == 2


def test_nothing_is_carried_across_a_gap():
    series, _ = clean(frame_of([[1, 1], [2, 2], [NAN, 3], [4, 4]], [0, 1, 60, 61]))
    assert np.isnan(series.values[2, 0])
    assert series.segments == ((0, 2), (3, 4))


def test_missing_values_at_the_start_have_nothing_to_take():
    assert clean(frame_of([[NAN, 1], [2, 2]], [0, 1]))[0].segments == ((1, 2),)


def test_rows_without_a_readable_time_are_left_out():
    series, report = clean(frame_of([1, 2, 3], [0, None, 1]))
    assert column(series) == [1, 3]
    assert series.row_of.tolist() == [0, -1, 1]
    assert report.no_time == 1


def test_without_time_rows_are_counted_and_each_file_stands_alone():
    series, report = clean(frame_of([1, 2, 3, 4], files=[0, 0, 1, 1]))
    assert (series.times, series.step) == (None, None)
    assert series.segments == ((0, 2), (2, 4))
    assert report.gaps == 0


def test_without_time_many_refused_lines_are_a_gap():
    frame = frame_of([1, 2, 3, 4])
    frame.lines[2:] += 10
    series, report = clean(frame)
    assert series.segments == ((0, 2), (2, 4))
    assert (report.gaps, report.longest_gap) == (1, None)


def test_files_that_follow_each_other_in_time_are_one_stretch():
    assert clean(frame_of([1, 2, 3, 4], [0, 1, 2, 3], [0, 0, 1, 1]))[0].segments == ((0, 4),)


def test_a_step_that_is_given_decides_what_a_gap_is():
    series, report = clean(frame_of([1, 2, 3], [0, 60, 120]), step=SECOND)
    assert series.segments == ((0, 1), (1, 2), (2, 3))
    assert series.step == SECOND
    assert any("rows come every 1 min, but the step is set to 1 s" in line for line in report.lines())


def test_an_hour_back_is_told_as_the_end_of_summer_time():
    minutes = [*range(0, 60, 10), *range(0, 60, 10), 60, 70]
    _, report = clean(frame_of([1.0] * len(minutes), [60 * m for m in minutes]))
    assert any("summer time" in line for line in report.lines())


@pytest.mark.parametrize(("how", "expected"), [("mean", [2, 5]), ("last", [3, 5]), ("max", [3, 5])])
def test_resampling_joins_the_rows_of_a_step(how, expected):
    frame = frame_of([1, 3, NAN, 5], [61, 75, 119, 121])
    series, _ = clean(frame, step=np.timedelta64(1, "m"), resample=how)
    assert column(series) == expected
    assert [str(time) for time in series.times.astype("datetime64[s]")] == [
        "1970-01-01T00:01:00",
        "1970-01-01T00:02:00",
    ]
    assert series.row_of.tolist() == [0, 0, -1, 1]


def test_resampling_needs_a_step_and_a_time():
    with pytest.raises(InputError, match="no step to resample to"):
        clean(frame_of([1], [0]), resample="mean")
    with pytest.raises(InputError, match="no time stamps"):
        clean(frame_of([1]), step=SECOND, resample="mean")


@pytest.mark.parametrize("seconds", [[], None])
def test_a_frame_without_rows_gives_a_series_without_rows(seconds):
    series, _ = clean(frame_of([], seconds))
    assert (len(series), series.segments, len(series.row_of)) == (0, (), 0)


@given(
    cells=st.lists(st.tuples(st.integers(0, 30), st.sampled_from([1.0, 2.0, NAN])), min_size=1, max_size=40),
    max_fill=st.integers(0, 4),
)
def test_segments_are_finite_and_apart_and_every_row_has_its_place(cells, max_fill):
    frame = frame_of([[value, 0.0] for _, value in cells], [float(second) for second, _ in cells])
    series, report = clean(frame, max_fill=max_fill)
    for start, stop in series.segments:
        assert 0 <= start < stop <= len(series)
        assert np.isfinite(series.values[start:stop]).all()
        inner = np.diff(series.times[start:stop])
        assert all(series.step is not None and step <= (max_fill + 1.5) * series.step for step in inner)
    inside = {row for start, stop in series.segments for row in range(start, stop)}
    assert len(inside) == sum(stop - start for start, stop in series.segments)
    assert report.judged == sum(int(row) in inside for row in series.row_of)
    placed = series.row_of >= 0
    assert (series.times[series.row_of[placed]] == frame.times[placed]).all()
    assert (np.diff(series.times) > np.timedelta64(0, "ns")).all()


@given(
    cells=st.lists(st.sampled_from([1.0, 2.0, NAN]), min_size=2, max_size=40),
    cut=st.integers(1, 39),
)
def test_later_rows_never_change_earlier_ones(cells, cut):
    seconds = [float(n) for n in range(len(cells))]
    whole, _ = clean(frame_of([[value, 0.0] for value in cells], seconds), step=SECOND)
    part, _ = clean(frame_of([[value, 0.0] for value in cells[:cut]], seconds[:cut]), step=SECOND)
    np.testing.assert_array_equal(part.values, whole.values[: len(part)])
