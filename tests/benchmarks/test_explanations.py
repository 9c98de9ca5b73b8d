"""The benchmark of explanations counts what is right, and nothing else."""

from collections import Counter
from types import SimpleNamespace

import pytest
from scripts import load_script

from lstm_anomaly.decision.event import Contribution, Event
from lstm_anomaly.scoring.reasons import RELATED


@pytest.fixture(scope="module")
def script():
    return load_script("benchmarks/explanations.py")


def fault(kind="offset", size=-5):
    return SimpleNamespace(first_row=10, last_row=20, sensor="flow", kind=kind, size_sd=size)


def event(sensor="flow", row=15, kind="down"):
    part = Contribution(sensor, 1.0, 1.0, 5.0, "down", kind, row, (4.0, 6.0), (1.0, 2.0))
    return Event(9, 30, 15, 3.0, 2.0, (part,), (), RELATED)


def test_each_figure_counts_by_itself(script):
    right = Counter(put=1, found=1, first=1, within=1, kind=1)
    assert script.counted(fault(), event()) == right
    assert script.counted(fault(), event(sensor="temp"))["first"] == 0
    assert script.counted(fault(), event(row=21))["within"] == 0
    assert script.counted(fault(), event(kind="up"))["kind"] == 0
    assert script.counted(fault(), None) == Counter(put=1)


@pytest.mark.parametrize(
    ("kind", "size", "right"),
    [("spike", 15, {"up"}), ("stuck", 0, {"flat"}), ("noise", 3, {"noisy"})],
)
def test_kinds_that_leave_no_choice_have_one_right_word(script, kind, size, right):
    assert set(script.right_kinds(kind, size)) == right
