"""Following rows in runs: the textbook's LSTM, begun anew at fixed row numbers, however the rows are cut."""

import naive
import numpy as np
import pytest

from lstm_anomaly.network import following
from lstm_anomaly.network.following import RUN, RUN_UP, first_state, follow
from lstm_anomaly.network.forecaster import init_forecaster
from lstm_anomaly.network.lstm import plain_forward


def make(sensors, hidden, outputs, dtype=np.float32):
    """A forecaster whose output weights are not zero any more."""
    rng = np.random.default_rng(0)
    params = init_forecaster(rng, sensors, hidden, outputs, dtype)
    params["output.W"][...] = rng.normal(size=(outputs, hidden))
    params["output.b"][...] = rng.normal(size=outputs)
    return params


def rows_of(sensors, count, dtype=np.float32):
    return np.random.default_rng(1).normal(size=(sensors, count)).astype(dtype)


def forecasts_of(params, rows):
    return follow(params, rows, first_state(params))[0]


@pytest.fixture
def short_runs(monkeypatch):
    """Runs of 20 rows after a run-up of 6, two side by side, 40 rows at a time."""
    monkeypatch.setattr(following, "RUN", 20)
    monkeypatch.setattr(following, "RUN_UP", 6)
    monkeypatch.setattr(following, "PIECE", 40)
    monkeypatch.setattr(following, "TILE", 2)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_following_rows_equals_the_naive_lstm_step_by_step(dtype, tolerance):
    params, rows = make(3, 5, 2, dtype), rows_of(3, 40, float)
    forecasts, state = follow(params, rows.astype(dtype), first_state(params))
    expected, h, c = naive_run(params, rows.T)
    np.testing.assert_allclose(forecasts.T, expected, rtol=0, atol=tolerance)
    np.testing.assert_allclose(state.h[:, 0], h, rtol=0, atol=tolerance)
    np.testing.assert_allclose(state.c[:, 0], c, rtol=0, atol=tolerance)


def naive_run(params, rows):
    """Forecasts after each of rows (n, F), and the last h and c, of an LSTM that begins with the first."""
    hs, c, _ = plain_forward(naive.layer(params, "lstm"), rows[:, :, np.newaxis])
    return [params["output.W"] @ h + params["output.b"] for h in hs[:, :, 0]], hs[-1, :, 0], c[:, 0]


@pytest.mark.usefixtures("short_runs")
def test_a_row_is_forecast_by_an_lstm_that_began_at_the_run_up_of_its_run():
    params, rows = make(3, 5, 2, np.float64), rows_of(3, 107, float)
    expected = []
    for start in range(0, 107, 20):
        begin = max(0, start - 6)
        expected += naive_run(params, rows.T[begin : min(start + 20, 107)])[0][start - begin :]
    np.testing.assert_allclose(forecasts_of(params, rows).T, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sensors", [1, 3, 38])
@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.usefixtures("short_runs", "tile_widths")
def test_forecasts_are_bit_identical_however_the_rows_are_cut(sensors, size):
    params, rows = make(sensors, 64, sensors), rows_of(sensors, 150)
    whole, last = follow(params, rows, first_state(params))
    state, pieces = first_state(params), []
    for start in range(0, 150, size):
        forecasts, state = follow(params, rows[:, start : start + size], state)
        pieces.append(forecasts)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)
    np.testing.assert_array_equal(state.h, last.h)
    np.testing.assert_array_equal(state.c, last.c)


@pytest.mark.usefixtures("short_runs")
def test_more_rows_than_a_piece_are_followed_as_one_piece_would_be(monkeypatch):
    params, rows = make(3, 4, 2), rows_of(3, 333)
    pieces = forecasts_of(params, rows)
    monkeypatch.setattr(following, "PIECE", 1000)
    np.testing.assert_array_equal(pieces, forecasts_of(params, rows))


@pytest.mark.usefixtures("short_runs")
@pytest.mark.parametrize("seen", [0, 1, 13, 20, 39])
def test_a_piece_takes_one_tile_wherever_it_begins(seen):
    runs = following._runs(seen, 40)
    assert {run.column for run in runs} == {0, 1}
    assert max(run.at + run.steps for run in runs) <= 20 + 6
    assert [run.stop - run.own for run in runs if run.own >= 0] == list(np.diff(stops(seen)))


def stops(seen):
    """Where the runs of 40 rows end, from 0 on."""
    return [0, *(k - seen for k in range(seen + 1, seen + 40) if k % 20 == 0), 40]


@pytest.mark.usefixtures("short_runs")
@pytest.mark.parametrize(("seen", "recent"), [(0, 0), (4, 4), (6, 6), (35, 6)])
def test_the_rows_that_a_run_up_needs_are_carried_and_no_more(seen, recent):
    params, rows = make(3, 4, 2), rows_of(3, seen)
    state = follow(params, rows, first_state(params))[1]
    assert state.seen == seen
    np.testing.assert_array_equal(state.recent, rows[:, seen - recent :])


def test_rows_before_the_run_up_are_forgotten_and_its_first_row_is_not():
    """By a forecaster whose cells keep all that they ever took up."""
    params, rows = make(2, 4, 2), rows_of(2, 2 * RUN + 10)
    params["lstm.b"][4:8] = 30  # forget gates wide open
    params["lstm.W_x"] *= 0.01
    params["lstm.W_h"][...] = 0
    before = forecasts_of(params, rows)
    for first_changed, kept in ((RUN - RUN_UP - 1, True), (RUN - RUN_UP, False)):
        changed = rows.copy()
        changed[:, first_changed] += 1
        after = forecasts_of(params, changed)
        assert (after[:, first_changed:RUN] != before[:, first_changed:RUN]).any(axis=0).all()
        assert np.array_equal(after[:, RUN], before[:, RUN]) == kept
    assert (RUN, RUN_UP) == (512, 256)


def test_after_the_run_up_forecasts_are_nearly_those_of_an_unbroken_lstm(monkeypatch):
    params, rows = make(3, 16, 3), rows_of(3, 2 * RUN)
    runs = forecasts_of(params, rows)
    monkeypatch.setattr(following, "RUN", 10 * RUN)
    np.testing.assert_allclose(runs, forecasts_of(params, rows), rtol=0, atol=1e-5)


def test_following_leaves_rows_and_first_state_as_they_were():
    params, rows = make(3, 4, 2), np.ones((3, 5), np.float32)
    state = follow(params, rows, first_state(params))[1]
    before = state.h.copy(), state.c.copy()
    follow(params, rows, state)
    assert (rows == 1).all()
    np.testing.assert_array_equal((state.h, state.c), before)
