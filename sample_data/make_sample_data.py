"""Makes the sample files in this folder: the same seed gives the same bytes.

    python sample_data/make_sample_data.py [DIRECTORY]

How the pump and its faults are made is in lstm_anomaly/evaluation/sample_pump.py.
"""

import sys
from pathlib import Path

from lstm_anomaly.evaluation.sample_pump import main

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
