"""The benchmark of symbols makes the languages that it says, and counts sessions right."""

import numpy as np
import pytest
from scripts import load_script

from lstm_anomaly.training import fit_symbols as fitting


@pytest.fixture(scope="module")
def script():
    return load_script("benchmarks/symbols.py")


def test_jobs_of_the_bracket_language_end_as_they_began_unless_wrong(script):
    rows, labels = script.brackets(np.random.default_rng(0), 40, wrong=True)
    starts = np.flatnonzero(np.append(True, rows.groups[1:] != rows.groups[:-1]))
    stops = np.append(starts[1:], len(rows))
    ends_well = rows.values[stops - 1, 0] - script.RECIPES == rows.values[starts, 0]
    np.testing.assert_array_equal(ends_well, labels[starts] == 0)
    assert labels[starts].tolist() == [0, 1] * 20
    assert set(stops - starts - 2) <= set(range(20, 61))


def test_a_session_counts_by_its_highest_row(script):
    sessions = np.array(["a", "a", "b", "c", "c"], object)
    found = script.of_sessions(np.array([1.0, 3, 2, 5, 4]), sessions, np.array([0, 0, 1, 0, 0]))
    assert [part.tolist() for part in found] == [[3.0, 2.0, 5.0], [0, 1, 0]]


def test_a_plant_has_one_wrong_order_where_it_says(script):
    frame, at = script.plant(np.random.default_rng(0), 2, wrong=True)
    names = frame.symbols.codebooks[0].texts
    state = [names[int(code)] for code in frame.values[:, -1]]
    early = [row for row in range(1, len(state)) if state[row] == "VALVE_OPEN" and state[row - 1] == "IDLE"]
    assert early == [at]


def test_an_ngram_cannot_know_how_a_job_must_end(script, monkeypatch):
    monkeypatch.setattr(script, "JOBS", 200)
    monkeypatch.setattr(fitting, "LEAST_UPDATES", 1)
    _, found = script.bracket_figures("linear", seed=0)
    assert 0.4 < found.auc < 0.6
