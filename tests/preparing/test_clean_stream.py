"""Cleaning of rows as they arrive: what `clean` makes of the whole, however they are cut."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.preparing.clean_stream import Cleaner
from lstm_anomaly.reading import take_rows

MINUTE = np.timedelta64(1, "m")
NAN = np.nan


def frame_of(values, minutes=None, lines=None, source=None):
    values = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    count = len(values)
    times = None
    if minutes is not None:
        offsets = [
            np.timedelta64("NaT", "s") if m is None else np.timedelta64(round(m * 60), "s") for m in minutes
        ]
        times = (np.datetime64("2024-03-01", "ns") + np.array(offsets, "m8[ns]")).astype("M8[ns]")
    return SensorFrame(
        values=values,
        sensors=tuple(f"s{k}" for k in range(values.shape[1])),
        lines=np.arange(2, count + 2) if lines is None else np.asarray(lines),
        source_index=np.zeros(count, np.int64) if source is None else np.asarray(source),
        sources=("a.csv", "b.csv", "c.csv"),
        times=times,
    )


def pushed(frame, cuts, **how):
    """Values, starts and row_of of the frame cleaned in pieces, and the report."""
    cleaner = Cleaner(frame.values.shape[1], **how)
    edges = [0, *sorted(cuts), len(frame)]
    parts = [cleaner.push(take_rows(frame, slice(a, b))) for a, b in pairwise(edges)]
    parts.append(cleaner.finish())
    values, starts, row_of = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "starts", "row_of")
    )
    return values, starts, row_of, cleaner.report


def segments(values, starts):
    finite = np.isfinite(values).all(axis=1)
    begins = finite & (starts | ~np.append(False, finite[:-1]))
    runs = []
    for start in np.flatnonzero(begins):
        stop = start + 1
        while stop < len(values) and finite[stop] and not starts[stop]:
            stop += 1
        runs.append((int(start), stop))
    return tuple(runs)


@st.composite
def frames_in_order(draw):
    """Frames whose stamps do not run backward, with gaps, repeats, unreadable stamps and holes."""
    count = draw(st.integers(1, 40))
    cell = st.one_of(st.sampled_from([1.0, 2.0, NAN]), st.floats(-5, 5))
    values = draw(st.lists(st.tuples(cell, cell), min_size=count, max_size=count))
    if draw(st.booleans()):
        steps = draw(st.lists(st.sampled_from([0, 1, 1, 1, 2, 5, 6]), min_size=count, max_size=count))
        lost = draw(st.lists(st.booleans(), min_size=count, max_size=count))
        minutes = np.cumsum(steps).tolist()
        if draw(st.booleans()):
            minutes = [None if gone else m for m, gone in zip(minutes, lost, strict=True)]
        return frame_of(values, minutes)
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 2, 4, 5, 9]), min_size=count, max_size=count))
    source = np.cumsum(draw(st.lists(st.sampled_from([0] * 9 + [1]), min_size=count, max_size=count)))
    return frame_of(values, lines=np.cumsum(steps), source=np.minimum(source, 2))


@given(frames_in_order(), st.data(), st.integers(0, 4))
def test_rows_in_order_are_cleaned_in_pieces_as_in_the_whole(frame, data, max_fill):
    cuts = data.draw(st.lists(st.integers(0, len(frame)), max_size=6))
    series, report = clean(frame, step=MINUTE, max_fill=max_fill)
    values, starts, row_of, found = pushed(frame, cuts, step=MINUTE, max_fill=max_fill)
    np.testing.assert_array_equal(values, series.values)
    np.testing.assert_array_equal(row_of, series.row_of)
    assert segments(values, starts) == series.segments
    for name in ("rows", "judged", "no_time", "duplicates", "gaps", "filled_cells", "empty_rows", "segments"):
        assert getattr(found, name) == getattr(report, name), name
    assert found.missing_by_sensor == report.missing_by_sensor


@given(frames_in_order(), st.data(), st.sampled_from(["mean", "last", "max"]))
def test_rows_in_order_are_joined_in_pieces_as_in_the_whole(frame, data, how):
    if frame.times is None:
        return
    cuts = data.draw(st.lists(st.integers(0, len(frame)), max_size=6))
    width = np.timedelta64(3, "m")
    series, report = clean(frame, step=width, resample=how)
    values, starts, row_of, found = pushed(frame, cuts, step=width, resample=how)
    np.testing.assert_array_equal(values, series.values)
    np.testing.assert_array_equal(row_of, series.row_of)
    assert segments(values, starts) == series.segments
    for name in ("rows", "judged", "no_time", "duplicates", "gaps", "filled_cells", "empty_rows", "segments"):
        assert getattr(found, name) == getattr(report, name), name


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.data(), st.integers(1, 5))
def test_rows_in_any_order_are_cleaned_the_same_however_they_are_cut(minutes, data, patience):
    frame = frame_of(np.arange(len(minutes)), minutes)
    cuts = data.draw(st.lists(st.integers(0, len(frame)), max_size=6))
    how = data.draw(st.sampled_from([{}, {"resample": "mean"}]))
    whole = pushed(frame, [], step=MINUTE, patience=patience, **how)
    pieces = pushed(frame, cuts, step=MINUTE, patience=patience, **how)
    for a, b in zip(whole[:3], pieces[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert vars(whole[3]) == vars(pieces[3])


def test_a_late_row_is_left_out_and_the_rows_around_it_follow_each_other():
    frame = frame_of([1, 2, 4, 3, 5], [1, 2, 4, 3, 5])
    values, starts, row_of, report = pushed(frame, [], step=MINUTE, patience=3)
    assert values.ravel().tolist() == [1, 2, 4, 5]
    assert starts.tolist() == [True, False, False, False]
    assert row_of.tolist() == [0, 1, 2, -1, 3]
    assert (report.late, report.first_late) == (1, "a.csv:5")
    assert "1 row came after later ones (first: a.csv:5) and cannot be judged" in report.lines()


@pytest.mark.parametrize("cuts", [[], [4, 5, 6]])
def test_time_goes_on_from_late_rows_when_they_have_become_many(cuts):
    frame = frame_of([11, 12, 13, 1, 2, 3, 4], [11, 12, 13, 1, 2, 3, 4])
    values, starts, row_of, report = pushed(frame, cuts, step=MINUTE, patience=2)
    assert values.ravel().tolist() == [11, 12, 13, 1, 2, 3, 4]
    assert np.flatnonzero(starts).tolist() == [0, 3]
    assert row_of.tolist() == [0, 1, 2, -1, -1, 5, 6]
    assert report.turned_back == 1


def test_a_repeated_row_has_the_first_ones_verdict_a_differing_one_none():
    frame = frame_of([1, 1, 9, 2], [1, 1, 1, 2])
    assert pushed(frame, [1, 2], step=MINUTE)[2].tolist() == [0, 0, -1, 1]


def test_without_a_step_gaps_are_measured_by_the_first_differences_alone():
    frame = frame_of(np.arange(9), [0, 1, 2, 3, 30, 31, 32, 33, 34])
    for cuts in ([], [1, 2, 3, 4]):
        assert np.flatnonzero(pushed(frame, cuts)[1]).tolist() == [0, 4]


def test_the_hour_that_the_end_of_summer_time_repeats_is_named():
    frame = frame_of(np.arange(7), [58, 59, 60, 1, 2, 3, 4])
    report = pushed(frame, [], step=MINUTE, patience=2)[3]
    assert any("summer time" in line for line in report.lines())


def test_what_lies_between_two_sessions_is_no_gap():
    frame = replace(frame_of([1, 2, 3, 4], [0, 1, 90, 91]), groups=np.array(["a", "a", "b", "b"], object))
    _, starts, _, report = pushed(frame, (), step=MINUTE)
    assert starts.tolist() == [True, False, True, False]
    assert report.gaps == 0
