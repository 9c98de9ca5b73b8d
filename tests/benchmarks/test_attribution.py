"""The attribution benchmark puts the faults it says, and counts them right: a few of them, in seconds."""

from collections import Counter

import numpy as np
import pytest
from scripts import load_script
from small_models import little_effort


@pytest.fixture(scope="module")
def script():
    return load_script("benchmarks/attribution.py")


def test_faults_change_their_sensor_and_their_rows_only(script, rng):
    values = script.pump(np.random.default_rng(1), 15 * script.APART)
    faulty = values.copy()
    faults = script.injected(rng, faulty, values[::-1], values.std(axis=0), 14)
    assert Counter(fault.kind for fault in faults) == dict.fromkeys(script.FAULTS, 2)
    labelled = np.zeros_like(values, dtype=bool)
    for fault in faults:
        labelled[fault.first : fault.last + 1, fault.sensor] = True
        assert (faulty != values)[fault.first : fault.last + 1, fault.sensor].any()
    assert not ((faulty != values) & ~labelled).any()


def test_guilty_sensors_of_a_plant_with_quiet_innocent_ones_come_first(script, monkeypatch):
    monkeypatch.setattr(script, "TRAINING_ROWS", 3000)
    with little_effort():
        figures = script.measured("mixed", 14, seed=3)
    count = {name: sum(figures[kind, name] for kind in script.FAULTS) for name in ("put", "found", "first")}
    assert count["put"] == 14
    assert count["found"] >= 7
    assert count["first"] >= 0.9 * count["found"]
