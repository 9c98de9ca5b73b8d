"""Columns of symbols in streams: the same scores, reasons and events however rows come, and across runs."""

from dataclasses import replace

import numpy as np
import pytest
from rows_in_pieces import in_pieces, watched

from lstm_anomaly.base.types import Codebook, SensorFrame, SymbolColumns
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.state import State, read_state, write_state
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import Follower, ReadOptions
from lstm_anomaly.training import fit_symbols as fitting
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

TEXTS = ("IDLE", "PUMP", "FILL")


def frame_of(codes, sessions=None, level=None, known=None):
    """Rows of a column of symbols, of sessions, beside a sensor if one is given."""
    columns = [np.asarray(codes, float)] if level is None else [level, np.asarray(codes, float)]
    book = Codebook("state", [*TEXTS, "ALARM"] if known else list(TEXTS), known)
    times = np.datetime64("2024-03-01", "ns") + np.arange(len(codes)) * np.timedelta64(1, "m")
    return SensorFrame(
        values=np.column_stack(columns),
        sensors=("state",) if level is None else ("level", "state"),
        lines=np.arange(2, len(codes) + 2),
        source_index=np.zeros(len(codes), np.int64),
        sources=("new.csv",),
        stamps=None if level is None else times.astype(str).astype(object),
        times=None if level is None else times,
        groups=None if sessions is None else np.asarray(sessions, object),
        symbols=SymbolColumns((book,), None if sessions is None else "job"),
    )


def jobs(count, seed, wrong=()):
    """Jobs of 4 to 7 rows that end with FILL; the wrong ones end before, or with a symbol never seen."""
    rng, codes, sessions = np.random.default_rng(seed), [], []
    for k in range(count):
        job = [0, *[1] * int(rng.integers(2, 5)), 2]
        job = (job[:-1], [*job[:-1], 3])[k % 2] if k in wrong else job
        codes += job
        sessions += [f"job {k}"] * len(job)
    return np.array(codes), sessions


def states(count, seed, wrong=False):
    """A level that follows IDLE, PUMP, FILL of some rows each; in a wrong cycle FILL comes first."""
    rng, codes = np.random.default_rng(seed), []
    for k in range(count):
        order = (0, 2, 1) if wrong and k == count // 2 else (0, 1, 2)
        codes += [code for code in order for _ in range(int(rng.integers(6, 9)))]
    level = np.convolve(codes, np.ones(5) / 5, "same") + rng.normal(0, 0.05, len(codes))
    return np.array(codes), level


SETTINGS = {"window": 6, "hidden": 4, "epochs": 1, "preset": "fast"}


@pytest.fixture(scope="module", params=["linear", "lstm"])
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def models(kind):
    """Of jobs, and of states beside a level."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "LEAST_UPDATES", 12)
        patch.setattr(fitting, "MOST_READINGS", 0)
        settings = LearningSettings(**SETTINGS, kind=kind)
        made = {
            "jobs": learn(clean(frame_of(*jobs(300, 1)))[0], settings),
            "states": learn(clean(frame_of(*_pair(states(120, 1))))[0], settings),
        }
    assert all((model.symbols[0].lstm is not None) == (kind == "lstm") for model in made.values())
    return made


def _pair(of_states):
    codes, level = of_states
    return codes, None, level


@pytest.fixture(params=["jobs", "states", "states with look-ahead"])
def case(request, models):
    """A model with rows of which some are anomalous, some missing."""
    name = request.param.split()[0]
    model = models[name]
    if name == "jobs":
        codes, sessions = jobs(40, 2, wrong=(10, 21))
        frame = frame_of(codes, sessions, known=3)
    else:
        codes, level = states(8, 2, wrong=True)
        frame = frame_of(codes, None, level, known=3)
        frame.values[120:122, 1] = np.nan
    frame.values[30, -1] = np.nan
    if "look-ahead" in request.param:
        model = replace(model, look_ahead=4)
    return model, frame


@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_rows_in_pieces_give_the_same_bits_and_events(case, size):
    model, frame = case
    whole = detect(model, frame)
    found = watched(model, in_pieces(frame, size))
    np.testing.assert_array_equal(found[1], whole.row_scores())
    told = [(event.event.peak, event.event.reason) for event in found[3]]
    assert told == [(event.peak, event.reason) for event in whole.events]
    assert told or model.kind == "lstm"  # which has hardly been trained here


def test_a_watcher_that_is_stored_after_each_piece_goes_on_as_it_was(case, tmp_path):
    model, frame = case
    follower, watcher = Follower("new.csv", ReadOptions(), model.sensors), Watcher(model)
    scores, events = [], []
    for piece in in_pieces(frame, 41):
        verdicts = watcher.push(piece)
        scores.append(verdicts.scores)
        events += verdicts.events
        write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "state", model)
        watcher = Watcher(model)
        read_state(tmp_path / "state", model, "scheme", follower, watcher)
    verdicts = watcher.finish()
    whole = watched(model, [frame])
    np.testing.assert_array_equal(np.concatenate([*scores, verdicts.scores]), whole[1])
    told = [event.as_dict() for event in (*events, *verdicts.events)]
    assert told == [event.as_dict() for event in whole[3]]


def test_the_last_row_of_a_session_waits_for_the_next(models):
    codes, sessions = jobs(3, 5)
    watcher = Watcher(models["jobs"])
    assert len(watcher.push(frame_of(codes, sessions, known=3)).scores) == len(codes) - 1
    assert len(watcher.finish().scores) == 1


def test_a_hole_in_a_session_is_unknown_and_ends_nothing(models):
    codes, sessions = jobs(6, 5)
    frame = frame_of(codes, sessions, known=3)
    frame.values[1:6, 0] = np.nan  # more than are filled
    scores = watched(models["jobs"], [frame])[1]
    assert np.isnan(scores[4:6]).all()
    assert np.isfinite(scores[6:]).all()


def beside_two_levels(rows_of, silent=slice(0, 0)):
    """States beside two levels, of which the first delivers nothing in the rows `silent`."""
    codes, level = rows_of
    frame = frame_of(codes, None, level, known=3)
    second = 3 - level + np.random.default_rng(5).normal(0, 0.05, len(level))
    values = np.column_stack([level, second, codes.astype(float)])
    values[silent, 0] = np.nan
    return replace(frame, values=values, sensors=("level", "second", "state"))


@pytest.fixture(scope="module")
def of_two_levels():
    settings = LearningSettings(**SETTINGS, kind="linear")
    return learn(clean(beside_two_levels(states(120, 1)))[0], settings)


@pytest.mark.parametrize("size", [1, 9, 10_000])
def test_symbols_are_judged_while_a_sensor_is_silent(of_two_levels, size, tmp_path):
    frame = beside_two_levels(states(20, 2, wrong=True), silent=slice(100, 300))
    whole = detect(of_two_levels, frame)
    assert [(one.sensor, one.is_over) for one in whole.silences] == [("level", True)]
    event = next(one for one in whole.events if one.contributions[0].kind == "symbol")
    assert (event.start, event.words[:15]) == (215, "FILL after IDLE")
    scores, watcher = [], Watcher(of_two_levels)
    follower = Follower("new.csv", ReadOptions(), of_two_levels.sensors)
    for piece in in_pieces(frame, size):
        scores.append(watcher.push(piece).scores)
        if size > 1:
            write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "state", of_two_levels)
            watcher = Watcher(of_two_levels)
            read_state(tmp_path / "state", of_two_levels, "scheme", follower, watcher)
    scores.append(watcher.finish().scores)
    np.testing.assert_array_equal(np.concatenate(scores), whole.row_scores())


def test_a_row_without_a_symbol_is_no_silence(of_two_levels):
    frame = beside_two_levels(states(20, 2))
    frame.values[100:200, 2] = np.nan
    found = detect(of_two_levels, frame)
    assert found.silences == ()
    assert np.isnan(found.row_scores()[110:200]).all()
