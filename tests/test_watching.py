"""Detection on rows as they come: one row at a time, in pieces, or whole, with one result."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import small_model

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.decision.events import EventRules
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.places import place
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.reading import take_rows

ROWS = 400


def waves(count, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(count) / 9)
    return np.column_stack([20 + wave, 5 - wave]) + rng.normal(size=(count, 2)) * 0.1


def rows_with_everything():
    """Two events, a short and a long hole, a gap in time, a repeated stamp and an unreadable one."""
    values = waves(ROWS, seed=1)
    values[120:140, 0] += 8
    values[ROWS - 5 :, 1] -= 8
    values[160:162, 1] = np.nan
    values[200:210, 0] = np.nan
    times = np.datetime64("2024-03-05", "ns") + np.arange(ROWS) * np.timedelta64(1, "m")
    times[250:] += np.timedelta64(2, "h")
    values[301], times[301] = values[300], times[300]
    times[320] = np.datetime64("NaT", "ns")
    return SensorFrame(
        values=values,
        sensors=("s0", "s1"),
        lines=np.arange(2, ROWS + 2),
        source_index=np.zeros(ROWS, np.int64),
        sources=("new.csv",),
        stamps=times.astype(str).astype(object),
        times=times,
    )


@pytest.fixture(scope="module")
def model():
    return small_model(waves(600, seed=0), threshold_method="fixed", threshold_level=4.0)


def in_pieces(frame, size):
    return [take_rows(frame, slice(k, k + size)) for k in range(0, len(frame), size)]


def watched(model, pieces, rules=None):
    """Lines, scores, top sensors and events of an input in pieces."""
    watcher = Watcher(model, rules)
    found = list(watch(watcher, pieces))
    lines, scores = (
        np.concatenate(parts)
        for parts in zip(*[(verdicts.frame.lines, verdicts.scores) for verdicts in found], strict=True)
    )
    tops = [top for verdicts in found for top in verdicts.top_sensors()]
    events = [event for verdicts in found for event in verdicts.events]
    return lines, scores, tops, events, watcher


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 7, 64, ROWS])
def test_scores_and_events_are_those_of_the_whole_however_the_rows_are_cut(model, size, look_ahead):
    model, frame, rules = replace(model, look_ahead=look_ahead), rows_with_everything(), EventRules(5, 2)
    whole = detect(model, frame, rules)
    lines, scores, tops, events, watcher = watched(model, in_pieces(frame, size), rules)
    assert lines.tolist() == frame.lines.tolist()
    np.testing.assert_array_equal(scores, whole.row_scores())
    assert tops == whole.top_sensors()
    placed = [place(event, frame, whole.frame_rows()) for event in whole.events]
    assert [replace(event, state="closed") for event in events] == placed
    assert len(events) >= 2
    assert vars(watcher.tally) == whole.counts()


@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_rows_that_are_joined_to_a_step_are_judged_in_pieces_too(model, size):
    model, frame = replace(model, step_seconds=180.0, resample="mean"), rows_with_everything()
    whole = detect(model, frame)
    lines, scores, tops, events, _ = watched(model, in_pieces(frame, size))
    assert lines.tolist() == frame.lines.tolist()
    np.testing.assert_array_equal(scores, whole.row_scores())
    assert tops == whole.top_sensors()
    placed = [place(event, frame, whole.frame_rows()) for event in whole.events]
    assert [replace(event, state="closed") for event in events] == placed
    assert len(events) >= 2


def test_an_event_that_reaches_the_end_of_the_input_is_still_open(model):
    events = watched(model, [rows_with_everything()])[3]
    assert [event.state for event in events] == ["closed"] * (len(events) - 1) + ["open"]


def test_an_open_event_is_known_as_soon_as_its_first_row_is_judged(model):
    watcher, frame = Watcher(model), rows_with_everything()
    seen = []
    for piece in in_pieces(take_rows(frame, slice(0, 140)), 1):
        verdicts = watcher.push(piece)
        seen.append((verdicts.scores.tolist(), watcher.open_event()))
    first = next(k for k, (scores, _) in enumerate(seen) if scores[0] > 1)
    assert seen[first - 1][1] is None
    opened = seen[first][1]
    assert (opened.state, opened.first_line) == ("open", first + 2)
    assert {event.id for _, event in seen[first:] if event} == {opened.id}


def test_an_input_that_begins_with_its_newest_rows_is_sorted_and_told_in_its_own_order(model):
    frame = rows_with_everything()
    backward = take_rows(frame, slice(None, None, -1))
    for size in (3, 64):
        lines, scores, _tops, events, _ = watched(model, in_pieces(backward, size))
        assert lines.tolist() == frame.lines.tolist()[::-1]
        assert np.isfinite(scores).sum() > 300
        assert {event.id for event in events} >= {event.id for event in watched(model, [frame])[3][:1]}


def test_only_events_that_are_kept_are_told(model):
    watcher = Watcher(model, keep=lambda events: [])
    assert all(not verdicts.events for verdicts in watch(watcher, [rows_with_everything()]))
    assert watcher.open_event() is None


def test_memory_does_not_grow_with_the_rows(model):
    frame = rows_with_everything()
    watcher = Watcher(model)
    for piece in in_pieces(frame, 10):
        watcher.push(piece)
    assert len(watcher._frame) <= 10
    assert len(watcher._waiting.frame) <= 10
    assert len(watcher._cleaner._before) <= 10
