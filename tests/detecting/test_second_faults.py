"""A second fault on another sensor is told: as an event of its own, or as one that takes over."""

import numpy as np
import pytest
from rows_in_pieces import frame_of, in_pieces, plant, watched
from small_models import small_model

from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.stream import Watcher


@pytest.fixture(scope="module", params=[0, 1])
def model(request):
    return small_model(plant(4000, 0), kind="linear", window=24, seed=request.param)


def with_faults(first, second):
    """s0 is too high in the rows `first`, s2 in `second`."""
    values = plant(1200, 1)
    values[first, 0] += 3
    values[second, 2] += 20
    return frame_of(values)


def test_one_within_the_memory_of_the_first_is_an_event_of_its_own(model):
    """After a long fault the event used to go on, and a fault in that tail was never named."""
    found = detect(model, with_faults(slice(300, 600), slice(640, 680)))
    (first, second) = found.events
    assert first.end < 600 + 24
    assert [e.contributions[0].sensor for e in found.events] == ["s0", "s2"]
    assert 640 <= second.start < 643


def test_one_that_begins_while_the_first_lasts_takes_over(model):
    frame = with_faults(slice(300, 400), slice(380, 500))
    (event,) = detect(model, frame).events
    (then,) = event.then
    assert (event.contributions[0].sensor, then.sensor) == ("s0", "s2")
    assert 380 <= then.row <= 412
    told = watched(model, [frame])[3][0].as_dict()["then"]
    assert told == [{"sensor": "s2", "from": str(frame.stamps[then.row])}]


def test_one_fault_alone_is_taken_over_by_none(model):
    (event,) = detect(model, with_faults(slice(300, 400), slice(0, 0))).events
    assert event.then == ()


@pytest.mark.parametrize("size", [1, 13])
def test_in_pieces_it_is_told_the_same(model, size):
    frame = with_faults(slice(300, 400), slice(380, 500))
    whole = watched(model, [frame])[3]
    pieces = watched(model, in_pieces(frame, size))[3]
    assert [(e.event, e.then) for e in pieces] == [(e.event, e.then) for e in whole]
    assert Watcher(model).judge_whole(frame).events[0].then == whole[0].then
    assert np.isfinite(whole[0].event.peak)
