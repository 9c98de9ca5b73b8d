"""Where windows start, and that no row is in windows of two parts of the split."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.preparing.windows import (
    Split,
    cut,
    finite_segments,
    rows_in,
    split_chronologically,
    window_starts,
)


def test_windows_fill_each_segment_and_cross_none():
    assert window_starts(((0, 5), (7, 10)), window=3).tolist() == [0, 1, 2, 7]


@pytest.mark.parametrize(("stride", "starts"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (9, [0])])
def test_a_stride_that_does_not_divide_leaves_the_last_rows_out(stride, starts):
    assert window_starts(((0, 7),), window=3, stride=stride).tolist() == starts


def test_a_segment_shorter_than_a_window_has_none():
    assert window_starts(((0, 2), (5, 7)), window=3).tolist() == []


def test_a_segment_as_long_as_a_window_has_one():
    assert window_starts(((4, 7),), window=3).tolist() == [4]


def test_finite_segments_are_the_runs_of_true():
    ok = np.array([False, True, True, False, True])
    assert finite_segments(ok) == ((1, 3), (4, 5))
    assert finite_segments(~np.ones(3, bool)) == ()


def test_cut_keeps_what_lies_between():
    assert cut(((0, 4), (6, 9)), 2, 7) == ((2, 4), (6, 7))


def test_the_split_is_in_time_order_and_counts_usable_rows_only():
    split = split_chronologically(((0, 10), (20, 30)), validation=0.2, calibration=0.3)
    assert split == Split(fit=((0, 10),), validation=((20, 24),), calibration=((24, 30),))


segments = st.lists(st.integers(1, 30), min_size=2, max_size=12).map(
    lambda lengths: tuple(
        (int(a), int(b)) for a, b in zip(np.cumsum(lengths)[:-1:2], np.cumsum(lengths)[1::2], strict=False)
    )
)


@given(segments, st.floats(0, 0.4), st.floats(0, 0.4))
def test_every_usable_row_is_in_exactly_one_part(segments, validation, calibration):
    split = split_chronologically(segments, validation, calibration)
    parts = (*split.fit, *split.validation, *split.calibration)
    rows = [row for a, b in parts for row in range(a, b)]
    assert rows == [row for a, b in segments for row in range(a, b)]
    assert abs(rows_in(split.calibration) - calibration * rows_in(segments)) <= 1


@given(segments, st.integers(1, 8))
def test_no_row_is_in_windows_of_two_parts(segments, window):
    split = split_chronologically(segments, 0.15, 0.25)
    seen = [
        {row for start in window_starts(part, window) for row in range(start, start + window)}
        for part in (split.fit, split.validation, split.calibration)
    ]
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    assert not seen[0] & seen[2]
