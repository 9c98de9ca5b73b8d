"""What verdicts say of each row."""

import numpy as np

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting.verdicts import Verdicts

NAN = float("nan")


def test_no_sensor_is_named_for_a_row_in_which_none_has_a_part() -> None:
    frame = SensorFrame(
        values=np.zeros((4, 2)),
        sensors=("temp", "flow"),
        lines=np.arange(2, 6),
        source_index=np.zeros(4, np.int64),
        sources=("a.csv",),
    )
    errors = np.array(
        [[0.0, 0.0], [0.0, 2.0], [NAN, 1.0], [NAN, NAN]]
    )  # in the third flow alone is the group's
    verdicts = Verdicts(frame, np.array([3.0, 0.5, 2.0, NAN]), errors, [], np.zeros(4, np.bool_))
    assert verdicts.top_sensors() == ["", "flow", "flow", ""]
