"""Groups that go silent, in an input of several machines whose verdicts wait for later rows."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from rows_in_pieces import in_pieces, waves
from small_models import small_model

from lstm_anomaly.base.kept_objects import KeptObjects
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting import group_stream as group_watching
from lstm_anomaly.detecting.group_stream import GroupWatcher
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.reading import take_rows

BLOCK, LOOK_AHEAD, STEPS = 32, 12, 300
MINUTE = np.timedelta64(1, "m")


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    monkeypatch.setattr(group_watching, "BLOCK", BLOCK)


@pytest.fixture(scope="module")
def model():
    return replace(
        small_model(waves(600, seed=0), kind="lstm", threshold_method="fixed", threshold_level=4.0),
        look_ahead=LOOK_AHEAD,
    )


def rows_of_groups(present):
    """A row of each group at every minute for which present(group, minute), with an event in each."""
    keys = [(minute, group) for minute in range(STEPS) for group in "abc" if present(group, minute)]
    values_of = {group: waves(STEPS, seed) for seed, group in enumerate("abc", start=1)}
    for k, values in enumerate(values_of.values()):
        values[40 + k : 55 + k, 0] += 8
    times = np.array([np.datetime64("2024-03-05", "ns") + minute * MINUTE for minute, _ in keys])
    return SensorFrame(
        values=np.array([values_of[group][minute] for minute, group in keys]),
        sensors=("s0", "s1"),
        lines=np.arange(2, len(keys) + 2),
        source_index=np.zeros(len(keys), np.int64),
        sources=("fleet.csv",),
        stamps=times.astype(str).astype(object),
        times=times,
        groups=np.array([group for _, group in keys], dtype=object),
    )


def silent_in_between(group, minute):
    """b ends after 60 minutes, c is away for an hour and a half."""
    return group == "a" or (group == "b" and minute < 60) or (group == "c" and not 80 <= minute < 170)


def without_times(frame):
    return replace(frame, times=None, stamps=None)


def judged_apart(model, frame):
    """The scores of each row by the watcher of its own group, and the events of all, by line."""
    scores, events = np.full(len(frame), np.nan), []
    for group in "abc":
        rows = np.flatnonzero(frame.groups == group)
        found = list(watch(Watcher(model), [take_rows(frame, rows)]))
        scores[rows] = np.concatenate([verdicts.scores for verdicts in found])
        events += [(group, event.start, event.end) for verdicts in found for event in verdicts.events]
    return scores, sorted(events, key=str)


def judged_together(model, frame, size):
    """The same by one watcher of all groups, and the most rows that waited after a push."""
    watcher = GroupWatcher(KeptObjects(lambda _group: Watcher(model), "abc"), "abc")
    found, pushed, most = [], 0, 0
    for piece in in_pieces(frame, size):
        found.append(watcher.push(piece))
        pushed += len(piece)
        most = max(most, pushed - sum(len(verdicts.frame) for verdicts in found))
    found.append(watcher.finish())
    assert np.concatenate([verdicts.frame.lines for verdicts in found]).tolist() == frame.lines.tolist()
    events = [(event.group, event.start, event.end) for verdicts in found for event in verdicts.events]
    return np.concatenate([verdicts.scores for verdicts in found]), sorted(events, key=str), most


def with_times(frame):
    return frame


@pytest.fixture(scope="module", params=[with_times, without_times], ids=["times", "lines"])
def apart(request, model):
    """Rows of groups, with times or without, and what each group's own watcher says of them."""
    frame = request.param(rows_of_groups(silent_in_between))
    return frame, *judged_apart(model, frame)


@pytest.fixture(scope="module")
def together(model, apart):
    """What one watcher of all groups says of them, by the size of the pieces; computed once."""
    return cache(lambda size: judged_together(model, apart[0], size))


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_verdicts_are_those_of_each_group_alone_in_any_pieces(apart, together, size):
    _, expected, events = apart
    scores, found, _ = together(size)
    np.testing.assert_array_equal(scores, expected)
    assert found == events
    assert len(found) >= 3


@pytest.mark.parametrize("apart", [with_times], indirect=True, ids=["times"])
def test_rows_do_not_wait_for_a_group_that_has_gone_silent(together):
    _, _, most = together(1)
    gap = 3 * 10  # minutes without a row of the group, after which more can only come behind a gap
    assert most <= 3 * LOOK_AHEAD + gap + 2 * BLOCK


def test_a_wrong_clock_in_one_group_does_not_settle_the_rows_of_others(model):
    frame = rows_of_groups(lambda group, minute: group != "c" or minute == 100)
    frame.times[frame.groups == "c"] = np.datetime64("2099-01-01")
    expected, events = judged_apart(model, frame)
    scores, found, _ = judged_together(model, frame, 50)
    np.testing.assert_array_equal(scores, expected)
    assert found == events


def test_rows_sorted_by_group_wait_and_are_judged_all_the_same(model):
    frame = rows_of_groups(lambda _group, _minute: True)
    frame = take_rows(frame, np.argsort(frame.groups.astype(str), kind="stable"))
    expected, events = judged_apart(model, frame)
    scores, found, _ = judged_together(model, frame, 64)
    np.testing.assert_array_equal(scores, expected)
    assert found == events
