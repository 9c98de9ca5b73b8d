"""Brings sensors on scales from 1e-9 to 1e9 to one scale, by what the training rows looked like."""

from dataclasses import dataclass

import numpy as np

from lstm_anomaly.base.types import Float32Array, FloatArray

CLIP = 10.0  # scaled values beyond this many training standard deviations say no more than "very far"
_LEAST = float(np.finfo(np.float64).tiny)  # by less one cannot divide
_ROUNDING = 1e-9  # a spread below this share of the values' size is rounding noise, not movement


@dataclass(frozen=True)
class Scaler:
    """Per sensor, the mean and spread of the training rows.

    center  (F,) mean, in the sensor's own unit
    scale   (F,) standard deviation, in the sensor's own unit; for a sensor that was constant in
            training 1 % of its value, or 1 when that is zero, since there is no spread to go by
    """

    center: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> "Scaler":
        """Learn from training rows of shape (M, F), all finite and at most `MOST_READING`."""
        center = values.mean(axis=0)  # (F,)
        spread = values.std(axis=0)  # (F,)
        # A sum's last bits make std([0.1, 0.1, ...]) not quite 0, and mean not quite 0.1.
        constant = spread <= _ROUNDING * np.abs(values).max(axis=0)  # (F,)
        center = np.where(constant, values[0], center)
        fallback = np.where(center != 0, np.maximum(0.01 * np.abs(center), _LEAST), 1.0)  # (F,)
        return cls(center, np.where(constant, fallback, spread))

    def transform(self, values: FloatArray) -> Float32Array:
        """Rows (M, F) in own units -> features first (F, M), scaled and clipped.

        Centring and scaling happen in float64: epoch-like values lose all their digits in float32.
        """
        with np.errstate(over="ignore"):  # what overflows is clipped like all that is very far
            scaled = (values - self.center) / self.scale  # (M, F)
        np.clip(scaled, -CLIP, CLIP, out=scaled)
        return np.ascontiguousarray(scaled.T, dtype=np.float32)

    def inverse(self, scaled: FloatArray) -> FloatArray:
        """Scaled (M, F) -> own units (M, F)."""
        return scaled * self.scale + self.center
