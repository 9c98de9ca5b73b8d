"""What the networks of a model say of rows: the record between the networks and the statistics."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.types import FloatArray


@dataclass(frozen=True)
class Readings:
    """Views of n rows on the networks' scale; NaN where one cannot say anything yet.

    near      (S, n, F_t) the row less what each network expected: the forecaster, the linear network
    level     (1, n, F_t) the row less the mean of training
    slow      (2, n, F_t) the mean of the last 100 rows less that mean, and less the row before them
    latent    (n, H) code of the window that ends with the row
    expected  (n, F_t) the row as the networks expected it, the mean of them
    """

    near: FloatArray
    level: FloatArray
    slow: FloatArray
    latent: FloatArray
    expected: FloatArray

    @classmethod
    def joined(cls, parts: list["Readings"]) -> "Readings":
        """Readings of several stretches, one after the other."""
        return cls(
            near=np.concatenate([part.near for part in parts], axis=1),
            level=np.concatenate([part.level for part in parts], axis=1),
            slow=np.concatenate([part.slow for part in parts], axis=1),
            latent=np.concatenate([part.latent for part in parts]),
            expected=np.concatenate([part.expected for part in parts]),
        )
