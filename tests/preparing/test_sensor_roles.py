"""Which sensors carry a signal, which switch, and which stand still: by how many rows share a value."""

import numpy as np
import pytest

from lstm_anomaly.preparing.sensor_roles import SensorRoles


def column(*counts, rows=1000):
    """So many rows of 0, of 1, ... and the rest all different."""
    repeated = np.repeat(np.arange(len(counts)), counts)
    return np.r_[repeated, 10.0 + np.arange(rows - len(repeated))]


@pytest.mark.parametrize(
    ("counts", "inputs", "targets", "ruled"),
    [
        ((990,), False, False, True),  # stands still
        ((985,), True, True, False),
        ((500, 490), True, False, True),  # a switch
        ((500, 485), True, True, False),
    ],
)
def test_one_value_in_99_percent_stands_still_and_two_are_a_switch(counts, inputs, targets, ruled):
    roles = SensorRoles.find(np.column_stack([column(*counts), column()]))
    assert (roles.inputs[0], roles.targets[0], roles.ruled[0]) == (inputs, targets, ruled)
