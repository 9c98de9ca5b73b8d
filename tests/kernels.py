"""Which OpenBLAS kernel is at work in this process."""

import ctypes

from lstm_anomaly.base.blas import openblas

_SAME = {"katmai": "prescott"}  # builds without a kernel for Katmai give its name to that for Prescott


def kernel_at_work():
    """Its name in small letters, as OpenBLAS itself says it; None where NumPy is not linked to OpenBLAS."""
    name = openblas("get_corename")
    if name is None:
        return None
    name.restype = ctypes.c_char_p
    found = name().decode().lower()
    return _SAME.get(found, found)
