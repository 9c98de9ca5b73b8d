"""Rows in which the plant is off: neither learned nor judged, the same in batch, pieces and with a state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rows_in_pieces import frame_of, in_pieces, plant, watched
from small_models import small_model

from lstm_anomaly.decision.event import SILENT
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.state import State, read_state, write_state
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.preparing.off_rule import NEVER_OFF
from lstm_anomaly.reading import Follower, ReadOptions

NAN = np.nan
WINDOW = 8
OFF = ("s0 < 10",)


def with_stops(rows, seed, *stops):
    """The plant, at rest in these half-open ranges of rows."""
    values = plant(rows, seed)
    for first, last in stops:
        values[first:last] = [0.0, 1.0, 60.0]
    return values


@pytest.fixture(scope="module")
def model():
    values = with_stops(1500, 0, *((k, k + 40) for k in range(200, 1400, 200)))
    return small_model(values, kind="linear", off=OFF, threshold_method="fixed", threshold_level=1.5)


def test_rest_is_not_learned(model):
    assert model.summary.lowest[0] > 10
    assert model.summary.rows == 1500 - 6 * 40
    assert model.summary.doubts == ()


def test_a_stop_is_no_event_and_costs_the_rows_of_a_forecast(model):
    found = detect(model, frame_of(with_stops(400, 1, (100, 160))))
    assert found.events == []
    assert np.flatnonzero(found.row_off()).tolist() == list(range(100, 160))
    assert found.counts() == {"rows": 400, "judged": 327, "anomalous": 0, "unknown": 7 + 6, "off": 60}


def test_a_fault_soon_after_a_stop_is_found(model):
    values = with_stops(400, 1, (100, 160))
    values[166:, 0] += 5
    scores = detect(model, frame_of(values)).row_scores()
    assert np.flatnonzero(scores > 1)[0] == 166


def test_after_a_gap_a_whole_window_is_unknown(model):
    """Nobody knows what the plant did meanwhile, nor whether it was off."""
    scores = detect(model, frame_of(with_stops(400, 1, (100, 160)), gap_at=160)).row_scores()
    assert np.flatnonzero(np.isnan(scores[160:])).tolist() == list(range(WINDOW - 1))


def test_a_short_stop_costs_no_window(model):
    found = detect(model, frame_of(with_stops(400, 1, (100, 103))))
    assert np.isfinite(found.row_scores()[103:]).all()


def test_without_the_rule_a_stop_is_an_event(model):
    without_rule = replace(model, off=NEVER_OFF)
    assert detect(without_rule, frame_of(with_stops(400, 1, (100, 160)))).events


def test_the_rule_is_in_the_model_file(model, tmp_path):
    write_model(model, tmp_path / "m")
    assert read_model(tmp_path / "m").off == model.off


STOPS = st.lists(st.tuples(st.integers(0, 290), st.sampled_from([1, 3, 4, 20, 60])), max_size=4)
HOLES = st.lists(st.tuples(st.integers(0, 290), st.sampled_from([2, 40])), max_size=2)


@settings(max_examples=12)
@given(STOPS, HOLES, st.sampled_from([7, 64]), st.sampled_from([0, 12]), st.none() | st.integers(1, 299))
@example([(100, 20)], [(200, 2)], 1, 0, 50)
def test_rows_in_pieces_are_judged_as_whole(model, stops, holes, size, look_ahead, gap_at):
    values = with_stops(300, 2, *((first, first + count) for first, count in stops))
    for first, count in holes:
        values[first : first + count, 1] = NAN
    values[150:160, 2] += 20
    model, frame = replace(model, look_ahead=look_ahead), frame_of(values, gap_at)
    whole = detect(model, frame)
    _lines, scores, errors, events, watcher = watched(model, in_pieces(frame, size))
    np.testing.assert_array_equal(scores, whole.row_scores())
    np.testing.assert_array_equal(errors, whole.row_errors())
    assert [e.event for e in events if e.event.kind != SILENT] == whole.events
    assert vars(watcher.tally) == whole.counts()
    assert watcher.drift == whole.drift.findings()


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_runs_with_a_state_judge_as_one_run_does(model, look_ahead, tmp_path):
    model = replace(model, look_ahead=look_ahead)
    frame = frame_of(with_stops(400, 1, (100, 102), (200, 260)))
    follower = Follower("new.csv", ReadOptions(), model.sensors)
    watcher, scores, states = Watcher(model), [], []
    for piece in in_pieces(frame, 53):
        verdicts = watcher.push(piece)
        scores.append(verdicts.scores)
        states += verdicts.states()
        write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "state", model)
        watcher = Watcher(model)
        read_state(tmp_path / "state", model, "scheme", follower, watcher)
    last = watcher.finish()
    whole = detect(model, frame)
    np.testing.assert_array_equal(np.concatenate([*scores, last.scores]), whole.row_scores())
    assert [state == "off" for state in [*states, *last.states()]] == whole.row_off().tolist()
