"""Conditions on readings that say when a plant is off: a small grammar, and nothing else."""

import numpy as np
import pytest

from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.preparing.off_rule import OffRule

SENSORS = ("speed_rpm", "valve", "temp (in)")
ROWS = np.array([[0.0, 0, 20], [5, 1, 20], [900, 0, 20], [900, 1, 5], [np.nan, 1, 20]])


def off(*texts):
    return OffRule.parse(texts, SENSORS).of_rows(ROWS, SENSORS).tolist()


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        (["speed_rpm < 10"], [1, 1, 0, 0, 0]),
        (["speed_rpm<10"], [1, 1, 0, 0, 0]),
        (["speed_rpm < 10 and valve = 0"], [1, 0, 0, 0, 0]),
        (['speed_rpm < 10 AND valve == 1 or "temp (in)" <= 5'], [0, 1, 0, 1, 0]),
        (["speed_rpm >= 900", "valve != 1"], [1, 0, 1, 1, 0]),
        (["speed_rpm > -1e3"], [1, 1, 1, 1, 0]),
        ([], [0, 0, 0, 0, 0]),
    ],
)
def test_rows_are_off_where_a_condition_holds(texts, rows):
    assert off(*texts) == [bool(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "are needed"),
        ("speed_rpm", "are needed"),
        ("speed_rpm <", "are needed"),
        ("speed < 10", "'speed' is not one of the sensors"),
        ("speed_rpm < ten", "'ten' is not a number"),
        ("speed_rpm < 10 and", "nothing follows"),
        ("speed_rpm < 10 valve = 0", "'and' or 'or'"),
        ("speed_rpm < 10 < 20", "'and' or 'or'"),
        ("__import__('os').system('x')", "are needed"),
        ("speed_rpm ! 10", "cannot be understood"),
    ],
)
def test_anything_else_is_refused_and_says_why(text, why):
    with pytest.raises(SettingsError, match=why):
        off(text)
