"""Rows and sensors of a frame chosen by the user's words or the model's, and nothing quietly changed."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.reading import (
    drop_empty_sensors,
    join_frames,
    match_sensors,
    select_in_pieces,
    select_rows,
    split_groups,
    take_rows,
)


@pytest.fixture
def frame() -> SensorFrame:
    return SensorFrame(
        values=np.array([[1.0, 10.0], [2.0, 20.0], [3.0, np.nan], [4.0, 40.0]]),
        sensors=("a", "b"),
        lines=np.array([2, 3, 5, 6]),
        source_index=np.zeros(4, np.int64),
        sources=("x.csv",),
        stamps=np.array(["t1", "t2", "t3", "t4"], object),
        times=np.array([1, 2, 3, 4], "datetime64[s]").astype("datetime64[ns]"),
    )


@pytest.mark.parametrize(
    ("rows", "first_column"),
    [
        ("1:2", [1, 2]),
        ("2:", [2, 3, 4]),
        (":3", [1, 2, 3]),
        ("3", [3]),
        (":", None),
        ("2:99", [2, 3, 4]),
        (" 2 : 3 ", [2, 3]),
    ],
)
def test_rows_are_counted_from_one_and_both_ends_included(frame, rows, first_column):
    if first_column is None:
        with pytest.raises(InputError, match="is no range of rows"):
            select_rows(frame, rows)
        return
    part = select_rows(frame, rows)
    assert part.values[:, 0].tolist() == first_column
    assert len(part.lines) == len(part.stamps) == len(part.times) == len(part)


@pytest.mark.parametrize("rows", ["", "a:b", "1-4", "-1", "1:2:3", "1.5:2", "1,2"])
def test_a_range_that_is_none_is_refused(frame, rows):
    with pytest.raises(InputError, match=r"is no range of rows.*--rows 1:400 or --rows 401:"):
        select_rows(frame, rows)


@pytest.mark.parametrize("rows", ["0:2", "3:2"])
def test_a_range_without_rows_is_refused(frame, rows):
    with pytest.raises(InputError, match="names no row"):
        select_rows(frame, rows)


@pytest.mark.parametrize("rows", ["5:", "5:9"])
def test_rows_that_are_not_there_are_refused(frame, rows):
    with pytest.raises(InputError, match="which has 4 rows"):
        select_rows(frame, rows)


def test_sensors_are_put_into_the_models_order_and_the_others_left_out(frame):
    matched = match_sensors(frame, ["b"])
    assert matched.sensors == ("b",)
    assert matched.values.shape == (4, 1)
    assert matched.values[1, 0] == 20


def test_a_missing_sensor_names_both_lists_and_a_near_name(frame):
    with pytest.raises(SensorsError) as caught:
        match_sensors(frame, ["A", "b", "flow"])
    assert "no column 'A', 'flow'; wanted: 'A', 'b', 'flow'; in the file: 'a', 'b'" in str(caught.value)
    assert "perhaps 'a' for 'A'" in str(caught.value)


def test_sensors_without_a_single_reading_can_be_dropped(frame):
    frame.values[:, 1] = np.nan
    kept, dropped = drop_empty_sensors(frame)
    assert kept.sensors == ("a",)
    assert dropped == ("b",)


def test_joining_parts_gives_the_whole(frame):
    whole = join_frames([select_rows(frame, "1:1"), select_rows(frame, "2:4")])
    np.testing.assert_array_equal(whole.values, frame.values)
    assert whole.stamps.tolist() == frame.stamps.tolist()
    np.testing.assert_array_equal(whole.times, frame.times)
    assert whole.place(2) == "x.csv:5"


@pytest.mark.parametrize("rows", ["1:4", "2:3", "3:", ":2", "4"])
def test_rows_are_selected_across_pieces_as_from_the_whole(frame, rows):
    pieces = [select_rows(frame, "1"), select_rows(frame, "2:3"), select_rows(frame, "4")]
    selected = join_frames(list(select_in_pieces(pieces, rows)))
    assert selected.lines.tolist() == select_rows(frame, rows).lines.tolist()


def test_pieces_behind_the_last_row_are_not_asked_for(frame):
    def pieces():
        yield frame
        raise AssertionError("read on")

    assert len(join_frames(list(select_in_pieces(pieces(), "1:4")))) == 4


def test_groups_come_as_they_first_appear_and_rows_without_one_in_none(frame):
    grouped = replace(frame, groups=np.array(["b", "", "a", "b"], object))
    assert [(name, rows.tolist()) for name, rows in split_groups(grouped).items()] == [
        ("b", [0, 3]),
        ("a", [2]),
    ]
    assert split_groups(take_rows(grouped, slice(0, 0))) == {}
