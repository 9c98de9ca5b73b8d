"""Takes OpenBLAS's memory early, while a lack can be reported: later it would end the program with status 1.

Status 1 says that there are anomalies. OpenBLAS calls `exit(1)` when it gets no room for its buffers, at
NumPy's import and at the first product of matrices, and keeps them once it has them.
"""

import mmap

from lstm_anomaly.base.system import is_memory_limited

NEEDED = 160 << 20  # bytes of address space for importing NumPy and OpenBLAS's buffers
SIDE = 200  # of matrices whose product takes a buffer; that of small ones takes none


def take_buffers() -> None:
    """Take them under `ulimit -v` or the like; without a limit there is no lack.

    Raises MemoryError.
    """
    if not is_memory_limited():
        return
    try:
        mmap.mmap(-1, NEEDED).close()
    except OSError as error:
        raise MemoryError from error
    import numpy as np

    square = np.ones((SIDE, SIDE))
    square @ square
