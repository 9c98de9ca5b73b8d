"""A second fault on another sensor, within the memory of the first, is an event of its own."""

import pytest
from rows_in_pieces import frame_of, plant
from small_models import small_model

from lstm_anomaly.detecting.batch import detect


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
