"""The part of a model file that is about alarms: flat sensors, the threshold, drift, strange episodes."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.model.bounds import check
from lstm_anomaly.model.model import CalibrationEpisode, Model
from lstm_anomaly.model.schema import part_of
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.scoring.unseen import Unseen

Arrays = dict[str, NDArray[Any]]
_FAMILIAR_SCORES = ("level", "share", "spread")


def alarm_header(model: Model) -> dict[str, Any]:
    """What is text and counts."""
    return {
        "threshold": model.threshold.to_dict(),
        "unseen_limit": model.unseen.limit,
        "familiar_rows": model.familiar.rows,
        "strangest": [asdict(episode) for episode in model.strangest],
    }


def alarm_arrays(model: Model) -> Arrays:
    """What is numbers, beside the arrays of the schema."""
    return {"familiar.scores": np.array([getattr(model.familiar, name) for name in _FAMILIAR_SCORES])}


def check_alarms(header: dict[str, Any], arrays: Arrays) -> None:
    """Raise ValueError where the values make no sense."""
    limit = header["unseen_limit"]
    check(type(limit) is float and 0 < limit < np.inf, "the limit of values never seen is not positive")
    check(bool((arrays["stillness.least"] >= 0).all()), "a least range is below 0")
    ranges_are_ordered = (arrays["familiar.low"] <= arrays["familiar.high"]).all()
    check(bool(ranges_are_ordered), "a sensor's lowest reading is above its highest")
    check(bool((arrays["familiar.least_step"] >= 0).all()), "a sensor's step is below 0")
    steps_are_ordered = (arrays["familiar.least_step"] <= arrays["familiar.most_step"]).all()
    check(bool(steps_are_ordered), "a sensor's smallest step is above its largest")
    check(bool((arrays["familiar.scores"] >= 0).all()), "the calibration scores are below 0")
    rows = header["familiar_rows"]
    check(type(rows) is int and rows >= 0, "`familiar_rows` is not a number of rows")


def alarm_parts(header: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The fields of a model that were written here."""
    scores = dict(zip(_FAMILIAR_SCORES, arrays["familiar.scores"].tolist(), strict=True))
    ranges = part_of(arrays, "familiar")
    return {
        "stillness": Stillness(**part_of(arrays, "stillness")),
        "unseen": Unseen(header["unseen_limit"]),
        "threshold": Threshold.from_dict(header["threshold"]),
        "familiar": Familiar(**scores, rows=header["familiar_rows"], **ranges),
        "strangest": tuple(map(_episode, header["strangest"])),
    }


def _episode(stored: dict[str, Any]) -> CalibrationEpisode:
    texts = all(type(stored[name]) is str for name in ("start", "end", "sensor"))
    check(texts and type(stored["score"]) is float, f"a calibration episode is {stored!r}")
    return CalibrationEpisode(**stored)
