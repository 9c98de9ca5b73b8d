"""A verdict a row as the JSON lines of Amazon Lookout for Equipment, for programs that read those.

The service is no more. How it wrote an inference result:
https://docs.aws.amazon.com/lookout-for-equipment/latest/ug/understanding-results-json.html
"""

import json
from typing import Any

import numpy as np

from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.detecting.places import place_of
from lstm_anomaly.detecting.verdicts import Verdicts

REASONS = {"normal": "NO_ANOMALY_DETECTED", "anomaly": "ANOMALY_DETECTED", "off": "MACHINE_OFF"}
DIGITS = 5  # behind the point, as the service wrote them


def lookout_lines(verdicts: Verdicts) -> str:
    """One JSON object a row, but none for a row that could not be judged: the service had no word for it.

    With groups, which the service knew as models of their own, each has its `group`, too.
    """
    out = []
    for row, state in enumerate(verdicts.states()):
        if state in REASONS:
            fields: dict[str, Any] = {"timestamp": _time(verdicts, row)}
            fields["prediction"] = int(state == "anomaly")
            fields["prediction_reason"] = REASONS[state]
            if state != "off":
                fields |= _measured(verdicts, row)
            if verdicts.frame.groups is not None:
                fields["group"] = verdicts.frame.groups[row]
            out.append(json.dumps(fields) + "\n")
    return "".join(out)


def _time(verdicts: Verdicts, row: int) -> str:
    """UTC to the microsecond, or `line 17` where rows have no time."""
    times = verdicts.frame.told_times
    return place_of(verdicts.frame, row).stamp if times is None else str(times[row].astype("datetime64[us]"))


def _measured(verdicts: Verdicts, row: int) -> dict[str, Any]:
    """The score from 0 to 1, .5 at the limit, and each sensor's share in it; the shares add up to 1."""
    score, errors = float(verdicts.scores[row]), verdicts.errors[row]  # (F,)
    own = np.flatnonzero(~np.isnan(errors))  # the other columns are of other groups
    names = [verdicts.frame.sensors[column] for column in own.tolist()]
    return {
        "anomaly_score": round(score / (1 + score), DIGITS),
        "diagnostics": [
            {"name": name, "value": round(share, DIGITS)}
            for name, share in zip(names, _shares(errors[own]).tolist(), strict=True)
        ],
    }


def _shares(errors: FloatArray) -> FloatArray:
    """Parts (F,) of 1 in proportion to errors (F,), at least 0; equal ones where there is no error."""
    whole = errors.sum()
    return errors / whole if whole > 0 else np.full(len(errors), 1 / len(errors))
