"""What the networks of a model say of rows: the record between the networks and the statistics."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import FloatArray


@dataclass(frozen=True)
class Readings:
    """Views of n rows on the networks' scale; NaN where one cannot say anything yet.

    errors    (S, n, F_t) the row less what each network expected, in the order of the model's networks
    level     (1, n, F_t) the row less the mean of training
    """

    errors: FloatArray
    level: FloatArray

    @classmethod
    def joined(cls, parts: list["Readings"]) -> "Readings":
        """Readings of several stretches, one after the other."""
        return cls(
            errors=np.concatenate([part.errors for part in parts], axis=1),
            level=np.concatenate([part.level for part in parts], axis=1),
        )
