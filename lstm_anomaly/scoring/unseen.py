"""The distance from the nearest operating state: the component "outside anything seen".

Errors do not find a pattern of three times its usual size, which is restored as well as the usual one, and a
limit learned from minutes may be far too high for a plant in a wholly different state. The distance from the
nearest centre (`states.py`), its mean over five rows, does. Its limit is that of all components, or one and
a half times the largest distance of training rows if that is more; at twice that limit a row is anomalous
however high the threshold came out.
"""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.scoring.limits import bounded_limit
from lstm_anomaly.scoring.moving_average import trailing_sum
from lstm_anomaly.scoring.states import OperatingStates, state_features, with_first_rows

MEMORY = 5  # rows
LEAST_MULTIPLE = 1.5  # of the largest distance of a training row
SURE = 2.0  # limits from which a row is anomalous whatever the threshold


@dataclass(frozen=True)
class Unseen:
    """The limit of the distance, in the networks' scale."""

    limit: float

    @classmethod
    def fit(cls, distance: FloatArray) -> "Unseen":
        """From the mean distances (M,) of training rows."""
        return cls(max(bounded_limit(distance), LEAST_MULTIPLE * float(distance.max(initial=0.0))))

    def widened(self, distance: FloatArray) -> "Unseen":
        """The rule by which none of these normal rows, by their mean distances (M,), is outside."""
        return replace(self, limit=max(self.limit, LEAST_MULTIPLE * float(distance.max(initial=0.0))))

    def multiples(self, distance: FloatArray, threshold: float) -> FloatArray:
        """Mean distances (n,) as multiples of what is anomalous with this threshold, (n,)."""
        return np.asarray(distance / (self.limit * min(max(threshold, 1.0), SURE)))


def mean_distances(states: OperatingStates, inputs: FloatArray) -> FloatArray:
    """Mean distances (n,) of scaled rows of one stretch (n, F) from the nearest state."""
    distance = states.of_rows(state_features(with_first_rows(inputs)))[1]
    return trailing_sum(distance, MEMORY, len(distance)) / MEMORY
