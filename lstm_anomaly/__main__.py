"""`python -m lstm_anomaly` and the `lstm-anomaly` script."""

import os

# The products here are small: shared among threads they get many times slower, not faster. This has
# to be said before NumPy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from lstm_anomaly.commands.app import app


def main() -> None:
    """Run the command line and exit with its status."""
    app.main(prog_name="lstm-anomaly")


if __name__ == "__main__":
    main()
