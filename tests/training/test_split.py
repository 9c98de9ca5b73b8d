"""Which rows serve for what, and how long the default window is."""

import numpy as np
import pytest
from small_models import series_of

from lstm_anomaly.preparing.windows import rows_in
from lstm_anomaly.training.split import plan


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        (2000, (1500, 200, 300)),
        (3980, (2985, 398, 597)),
        (4000, (2600, 400, 1000)),
        (8000, (5200, 800, 2000)),
    ],
)
def test_a_tenth_validates_and_a_quarter_of_4000_rows_or_more_calibrates(rows, parts):
    """Of fewer rows 15 % do, since no usual budget can be certified with a quarter of them either."""
    split, _ = plan(series_of(np.zeros((rows, 1))))
    assert tuple(map(rows_in, (split.fit, split.validation, split.calibration))) == parts


@pytest.mark.parametrize(("rows", "window"), [(100, 5), (400, 20), (480, 24), (5000, 24)])
def test_the_default_window_is_half_the_smallest_part_and_at_most_24(rows, window):
    """The smallest part is the tenth that validates."""
    assert plan(series_of(np.zeros((rows, 1))))[1] == window
