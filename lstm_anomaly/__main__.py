"""`python -m lstm_anomaly` and the `lstm-anomaly` script."""

import gc
import os
import signal

# Before the command line stands, and after it has ended, an interrupt ends the program without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# The products here are small: shared among threads they get many times slower, not faster. This has
# to be said before NumPy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Looking for garbage every 700 objects takes a tenth of the time in which NumPy and pandas are imported.
gc.set_threshold(50_000)

from lstm_anomaly.commands.frame.app import app


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        app.main(prog_name="lstm-anomaly")
    finally:
        # Before it ends, Python would search all objects of NumPy and pandas for garbage: a sixth of the
        # time of a short run, for memory that the system takes back anyway.
        gc.freeze()


if __name__ == "__main__":
    main()
