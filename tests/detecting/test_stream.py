"""Detection on rows as they come: one row at a time, in pieces, or whole, with one result."""

from dataclasses import replace

import numpy as np
import pytest
from rows_in_pieces import ROWS, in_pieces, rows_with_everything, watched, waves
from small_models import small_model

from lstm_anomaly.decision.events import EventRules
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.places import place
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.reading import take_rows


@pytest.fixture(scope="module")
def model():
    return small_model(waves(600, seed=0), threshold_method="fixed", threshold_level=4.0)


@pytest.mark.parametrize("look_ahead", [0, 12])
@pytest.mark.parametrize("size", [1, 7, 64, ROWS])
def test_scores_and_events_are_those_of_the_whole_however_the_rows_are_cut(model, size, look_ahead):
    model, frame, rules = replace(model, look_ahead=look_ahead), rows_with_everything(), EventRules(5, 2)
    whole = detect(model, frame, rules)
    lines, scores, errors, events, watcher = watched(model, in_pieces(frame, size), rules)
    assert lines.tolist() == frame.lines.tolist()
    np.testing.assert_array_equal(scores, whole.row_scores())
    np.testing.assert_array_equal(errors, whole.row_errors())
    placed = [place(event, frame, whole.frame_rows()) for event in whole.events]
    assert [replace(event, state="closed") for event in events] == placed
    assert len(events) >= 2
    assert vars(watcher.tally) == whole.counts()


@pytest.mark.parametrize("size", [1, 7, ROWS])
def test_rows_that_are_joined_to_a_step_are_judged_in_pieces_too(model, size):
    model, frame = replace(model, step_seconds=180.0, resample="mean"), rows_with_everything()
    whole = detect(model, frame)
    lines, scores, errors, events, _ = watched(model, in_pieces(frame, size))
    assert lines.tolist() == frame.lines.tolist()
    np.testing.assert_array_equal(scores, whole.row_scores())
    np.testing.assert_array_equal(errors, whole.row_errors())
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


def test_a_newest_first_input_is_sorted_and_reported_in_its_own_order(model):
    frame = rows_with_everything()
    backward = take_rows(frame, slice(None, None, -1))
    for size in (3, 64):
        lines, scores, _errors, events, _ = watched(model, in_pieces(backward, size))
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
