"""Finds each sensor's role: a signal, a switch between two values, or constant.

A network learns nothing about a sensor that never moved in training: its output at the first move is
arbitrary. Such sensors, and switches, are judged by the rule in `novelty.py`.
"""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray

STILL_SHARE = 0.99  # one value on this many training rows: it stands still
SWITCH_SHARE = 0.99  # two values on this many training rows: it is a switch


@dataclass(frozen=True)
class SensorRoles:
    """What each of F sensors is used for.

    inputs   (F,) the network reads it
    targets  (F,) the network forecasts it and its error counts; a subset of the inputs
    ruled    (F,) the rule on values never seen applies to it
    """

    inputs: BoolArray
    targets: BoolArray
    ruled: BoolArray

    @classmethod
    def find(cls, values: FloatArray) -> "SensorRoles":
        """Roles by the training rows (M, F).

        A sensor that stands still is judged by the rule only. A switch is judged by the rule and is an input,
        any other sensor is an input and a target. When nothing else is left, switches are targets, too, and
        after them sensors that stand still.
        """
        top = np.array([_top_shares(column) for column in values.T])  # (F, 2)
        still = top[:, 0] >= STILL_SHARE  # (F,)
        switch = top.sum(axis=1) >= SWITCH_SHARE  # (F,) holds the still ones too
        everything = np.ones_like(still)
        for targets, inputs in ((~switch, ~still), (~still, ~still)):
            if targets.any():
                return cls(inputs, targets, switch)
        return cls(everything, everything, switch)

    def spread(self, among: BoolArray) -> "SensorRoles":
        """These roles, given to the sensors marked in `among` (F,); the others get none."""
        roles = [np.zeros_like(among) for _ in range(3)]
        for role, own in zip(roles, (self.inputs, self.targets, self.ruled), strict=True):
            role[among] = own
        return SensorRoles(*roles)


def _top_shares(column: FloatArray) -> tuple[float, float]:
    """Shares of rows with the most common value, and with the second most common."""
    counts = np.sort(np.unique(column, return_counts=True)[1])[::-1]
    return counts[0] / len(column), (counts[1] / len(column) if len(counts) > 1 else 0.0)
