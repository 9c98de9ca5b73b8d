"""`python -m lstm_anomaly` and the `lstm-anomaly` script."""

import os
import signal

# While the program is still being loaded, an interrupt ends it without a traceback.
_interrupt = signal.getsignal(signal.SIGINT)
if _interrupt is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# The products here are small: shared among threads they get many times slower, not faster. This has
# to be said before NumPy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from lstm_anomaly.commands.app import app

signal.signal(signal.SIGINT, _interrupt)


def main() -> None:
    """Run the command line and exit with its status."""
    app.main(prog_name="lstm-anomaly")


if __name__ == "__main__":
    main()
