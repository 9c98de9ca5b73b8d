"""A sensor that goes silent is told of once, and the others are judged on, the same rows in every way."""

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
from lstm_anomaly.model.silent_sensors import LEAST_PATIENCE, SilentSensors
from lstm_anomaly.reading import Follower, ReadOptions

NAN = np.nan
WINDOW = 8


@pytest.fixture(scope="module")
def model():
    return small_model(plant(1500, 0), kind="linear", threshold_method="fixed", threshold_level=1.5)


def with_a_silent_sensor(rows=700, silent=slice(200, 500)):
    values = plant(rows, 1)
    values[silent, 0] = NAN
    return values


def told(events):
    return [(e.state, e.event.kind, e.event.start, e.event.end) for e in events if e.event.kind == SILENT]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_fault_beside_a_dead_sensor_is_found(seed):
    """One sensor empty from row 800 on used to make 1,236 of 2,016 rows unknown, and a fault unseen."""
    model = small_model(plant(3000, 0), kind="linear", seed=seed)
    values = plant(2016, seed)
    values[800:, 0] = NAN
    values[1500:1560, 1] += 2
    found = detect(model, frame_of(values))
    unknown = np.isnan(found.row_scores())
    assert unknown[WINDOW - 1 :].sum() == LEAST_PATIENCE - model.max_fill - 1
    (event,) = found.events
    assert (1500 <= event.start < 1505, event.contributions[0].sensor) == (True, "s1")
    (silence,) = found.silences
    assert (silence.sensor, silence.start, silence.end, silence.is_over) == ("s0", 803, 2015, False)


def test_it_is_told_when_it_falls_silent_and_when_it_is_back(model):
    watcher = Watcher(model)
    events = watcher.push(frame_of(with_a_silent_sensor())).events
    assert told(events) == [("open", SILENT, 203, 223), ("closed", SILENT, 203, 499)]
    assert events[0].event.reason == "s0 has delivered nothing for 21 rows"
    assert [event.id for event in events] == [events[0].id] * 2
    assert watcher.silent() == []


def test_one_that_does_not_come_back_is_told_at_the_end(model):
    watcher = Watcher(model)
    assert len(watcher.push(frame_of(with_a_silent_sensor(silent=slice(600, None)))).events) == 1
    assert told(watcher.silent()) == [("ongoing", SILENT, 603, 699)]
    assert told(watcher.finish().events) == [("ongoing", SILENT, 603, 699)]


def test_normal_rows_stay_normal_when_it_goes_and_when_it_comes_back(model):
    scores = detect(model, frame_of(with_a_silent_sensor())).row_scores()
    assert np.nanmax(scores) <= 1
    assert np.flatnonzero(np.isnan(scores))[WINDOW - 1 :].tolist() == list(range(203, 223))


def test_a_sensor_is_not_back_before_it_delivered_for_a_window(model):
    values = with_a_silent_sensor()
    values[300:303, 0] = 20.0
    found = detect(model, frame_of(values))
    assert [(s.start, s.end) for s in found.silences] == [(203, 499)]
    assert np.isfinite(found.row_scores()[223:]).all()


def test_a_short_hole_is_no_silence(model):
    found = detect(model, frame_of(with_a_silent_sensor(silent=slice(200, 205))))
    assert found.silences == ()
    assert np.isnan(found.row_scores()[203:205]).all()


def test_where_every_sensor_is_silent_nothing_is_judged(model):
    values = plant(300, 1)
    values[100:200] = NAN
    scores = detect(model, frame_of(values)).row_scores()
    assert np.isnan(scores[103 : 200 + WINDOW - 1]).all()
    assert np.isfinite(scores[200 + WINDOW - 1 :]).all()


def test_patience_is_what_was_asked_for(model):
    found = detect(model, frame_of(with_a_silent_sensor()), silent_after=40)
    assert np.isnan(found.row_scores()).sum() == WINDOW - 1 + 36
    assert detect(model, frame_of(with_a_silent_sensor()), silent_after=10_000).silences == ()


def test_an_open_silence_ends_where_rows_after_a_gap_have_the_sensor(model):
    values = with_a_silent_sensor(silent=slice(200, 400))
    found = detect(model, frame_of(values, gap_at=400))
    assert [(s.end, s.is_over) for s in found.silences] == [(399, True)]
    assert np.isfinite(found.row_scores()[400 + WINDOW - 1 :]).all()


HOLES = st.lists(
    st.tuples(st.integers(0, 290), st.sampled_from([2, 5, 23, 40, 90]), st.integers(0, 2)), max_size=5
)


@settings(max_examples=12)
@given(HOLES, st.sampled_from([7, 64]), st.sampled_from([0, 12]), st.none() | st.integers(1, 299))
@example([(100, 40, 1)], 1, 0, 50)
def test_rows_in_pieces_are_judged_as_whole(model, holes, size, look_ahead, gap_at):
    values = plant(300, 2)
    values[150:160, 2] += 20
    for first, count, sensor in holes:
        values[first : first + count, sensor] = NAN
    model, frame = replace(model, look_ahead=look_ahead), frame_of(values, gap_at)
    whole = detect(model, frame)
    _lines, scores, errors, events, watcher = watched(model, in_pieces(frame, size))
    np.testing.assert_array_equal(scores, whole.row_scores())
    np.testing.assert_array_equal(errors, whole.row_errors())
    assert [e.event for e in events if e.event.kind != SILENT] == whole.events
    over = [(s.start, s.end) for s in whole.silences if s.is_over]
    assert over == [(start, end) for state, _, start, end in told(events) if state == "closed"]
    assert watcher.report.imputed_rows == whole.cleaning.imputed_rows
    assert watcher.drift == whole.drift.findings()


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_runs_with_a_state_judge_as_one_run_does(model, look_ahead, tmp_path):
    model, frame = replace(model, look_ahead=look_ahead), frame_of(with_a_silent_sensor())
    follower = Follower("new.csv", ReadOptions(), model.sensors)
    watcher, scores, events = Watcher(model), [], []
    for piece in in_pieces(frame, 53):
        verdicts = watcher.push(piece)
        scores.append(verdicts.scores)
        events += verdicts.events
        write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "state", model)
        watcher = Watcher(model)
        read_state(tmp_path / "state", model, "scheme", follower, watcher)
    whole = watched(model, [frame])
    last = watcher.finish()
    np.testing.assert_array_equal(np.concatenate([*scores, last.scores]), whole[1])
    assert told([*events, *last.events]) == told(whole[3])


def test_which_sensors_are_silent_does_not_hang_on_the_pieces(model):
    values = with_a_silent_sensor(300, slice(100, 200))
    starts = np.arange(300) == 0
    whole = SilentSensors(model).push(values, starts)
    apart = SilentSensors(model)
    pieces = [apart.push(values[k : k + 7], starts[k : k + 7]) for k in range(0, 300, 7)]
    np.testing.assert_array_equal(np.concatenate([piece.silent for piece in pieces]), whole.silent)
    np.testing.assert_array_equal(np.concatenate([piece.values for piece in pieces]), whole.values)
    assert sum((piece.silences for piece in pieces), ()) == whole.silences
