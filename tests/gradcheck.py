"""Gradients by finite differences, to hold against the ones that back-propagation returns."""

import numpy as np


def numeric_gradient(loss, array, step=1e-5):
    """d loss() / d array by central differences; `array` (float64) is put back as it was."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = loss()
        array[index] = kept - step
        below = loss()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def assert_gradients_match(loss, arrays, gradients, tolerance=1e-6):
    """Hold every analytic gradient against the numeric one of the same name; relative to its largest entry.

    The gradients must not all be zero: a buffer that was never written would agree with nothing else.
    """
    for name, array in arrays.items():
        analytic, numeric = gradients[name], numeric_gradient(loss, array)
        assert analytic.shape == numeric.shape, name
        scale = max(np.abs(numeric).max(), 1e-4)
        error = np.abs(analytic - numeric).max() / scale
        assert error < tolerance, (
            f"{name}: relative error {error:.2g}\nanalytic {analytic}\nnumeric {numeric}"
        )
    assert any(np.abs(gradients[name]).max() > 1e-4 for name in arrays), "all gradients are zero"
