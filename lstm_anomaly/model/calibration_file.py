"""The part of a model file that is about alarms: flat sensors, the threshold, drift, strange episodes."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.model.model import CalibrationEpisode, Model
from lstm_anomaly.scoring.flatline import LENGTHS, Stillness
from lstm_anomaly.scoring.unseen import Unseen

Arrays = dict[str, NDArray[Any]]
_STILLNESS = ("least", "resolution")
_FAMILIAR_SCORES = ("level", "share", "spread")
_FAMILIAR = ("low", "high", "least_step", "most_step")


def alarm_header(model: Model) -> dict[str, Any]:
    """What is text and counts."""
    return {
        "threshold": model.threshold.to_dict(),
        "unseen_limit": model.unseen.limit,
        "familiar_rows": model.familiar.rows,
        "strangest": [asdict(episode) for episode in model.strangest],
    }


def alarm_arrays(model: Model) -> Arrays:
    """What is numbers."""
    familiar = model.familiar
    return {
        **{f"stillness.{name}": getattr(model.stillness, name) for name in _STILLNESS},
        **{f"familiar.{name}": getattr(familiar, name) for name in _FAMILIAR},
        "familiar.scores": np.array([getattr(familiar, name) for name in _FAMILIAR_SCORES]),
    }


def alarm_shapes(header: dict[str, Any], targets: int) -> dict[str, tuple[int, ...]]:
    """The shape that every one of the arrays must have."""
    return {
        "stillness.least": (len(LENGTHS), targets),
        "stillness.resolution": (targets,),
        **{f"familiar.{name}": (len(header["sensors"]),) for name in _FAMILIAR},
        "familiar.scores": (len(_FAMILIAR_SCORES),),
    }


def check_alarms(header: dict[str, Any], arrays: Arrays) -> None:
    """Raise ValueError where the values make no sense."""
    limit = header["unseen_limit"]
    _check(type(limit) is float and 0 < limit < np.inf, "the limit of values never seen is not positive")
    _check(bool((arrays["stillness.least"] >= 0).all()), "a least range is below 0")
    ranges_are_ordered = (arrays["familiar.low"] <= arrays["familiar.high"]).all()
    _check(bool(ranges_are_ordered), "a sensor's lowest reading is above its highest")
    _check(bool((arrays["familiar.least_step"] >= 0).all()), "a sensor's step is below 0")
    steps_are_ordered = (arrays["familiar.least_step"] <= arrays["familiar.most_step"]).all()
    _check(bool(steps_are_ordered), "a sensor's smallest step is above its largest")
    _check(bool((arrays["familiar.scores"] >= 0).all()), "the calibration scores are below 0")
    rows = header["familiar_rows"]
    _check(type(rows) is int and rows >= 0, "`familiar_rows` is not a number of rows")


def alarm_parts(header: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The fields of a model that were written here."""
    scores = dict(zip(_FAMILIAR_SCORES, arrays["familiar.scores"].tolist(), strict=True))
    ranges: dict[str, Any] = {name: arrays[f"familiar.{name}"] for name in _FAMILIAR}
    return {
        "stillness": Stillness(*(arrays[f"stillness.{name}"] for name in _STILLNESS)),
        "unseen": Unseen(header["unseen_limit"]),
        "threshold": Threshold.from_dict(header["threshold"]),
        "familiar": Familiar(**scores, rows=header["familiar_rows"], **ranges),
        "strangest": tuple(map(_episode, header["strangest"])),
    }


def _episode(stored: dict[str, Any]) -> CalibrationEpisode:
    texts = all(type(stored[name]) is str for name in ("start", "end", "sensor"))
    _check(texts and type(stored["score"]) is float, f"a calibration episode is {stored!r}")
    return CalibrationEpisode(**stored)


def _check(holds: object, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
