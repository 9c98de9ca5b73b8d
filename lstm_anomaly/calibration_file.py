"""The part of a model file that is about alarms: sub-scores, the linear baseline, drift, strange episodes."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.drift import Familiar
from lstm_anomaly.decision.threshold import Threshold
from lstm_anomaly.model import Baseline, CalibrationEpisode, Model
from lstm_anomaly.scoring.score import ALL_MEMORIES, STATISTICS, Memories
from lstm_anomaly.scoring.seen_range import SeenRange
from lstm_anomaly.scoring.sides import Sides
from lstm_anomaly.scoring.stillness import LENGTHS, Stillness

Arrays = dict[str, NDArray[Any]]
_STILLNESS = ("least", "resolution")
_SEEN = ("directions", "low", "high", "margin")
_FAMILIAR_SCORES = ("level", "share", "spread")
_FAMILIAR = ("low", "high", "least_step", "most_step")


def alarm_header(model: Model) -> dict[str, Any]:
    """What is text and counts."""
    return {
        "threshold": model.threshold.to_dict(),
        "baseline": None if model.baseline is None else model.baseline.threshold.to_dict(),
        "familiar_rows": model.familiar.rows,
        "strangest": [asdict(episode) for episode in model.strangest],
    }


def alarm_arrays(model: Model) -> Arrays:
    """What is numbers."""
    familiar = model.familiar
    arrays: Arrays = {
        **{f"stillness.{name}": getattr(model.sides.stillness, name) for name in _STILLNESS},
        **{f"seen.{name}": getattr(model.sides.seen, name) for name in _SEEN},
        **{f"familiar.{name}": getattr(familiar, name) for name in _FAMILIAR},
        "familiar.scores": np.array([getattr(familiar, name) for name in _FAMILIAR_SCORES]),
    }
    if model.baseline is not None:
        arrays |= {
            "baseline.most": model.baseline.memories.most,
            "baseline.high": model.baseline.memories.high,
        }
    return arrays


def alarm_shapes(header: dict[str, Any], arrays: Arrays, targets: int) -> dict[str, tuple[int, ...]]:
    """The shape that every one of the arrays must have."""
    directions = len(arrays["seen.directions"])
    shapes: dict[str, tuple[int, ...]] = {
        "stillness.least": (len(LENGTHS), targets),
        "stillness.resolution": (targets,),
        "seen.directions": (directions, targets),
        **{f"seen.{name}": (directions,) for name in ("low", "high", "margin")},
        **{f"familiar.{name}": (len(header["sensors"]),) for name in _FAMILIAR},
        "familiar.scores": (len(_FAMILIAR_SCORES),),
    }
    if header["baseline"] is not None:
        shapes |= {"baseline.most": (len(STATISTICS),), "baseline.high": (len(ALL_MEMORIES),)}
    return shapes


def check_alarms(header: dict[str, Any], arrays: Arrays) -> None:
    """Raise ValueError where the values make no sense."""
    _check((header["baseline"] is None) == (header["kind"] == "linear"), "the baseline does not fit the kind")
    _check(bool((arrays["stillness.least"] >= 0).all()), "a least range is below 0")
    _check(bool((arrays["seen.low"] <= arrays["seen.high"]).all()), "a range ends before it begins")
    _check(bool((arrays["seen.directions"] != 0).any(axis=1).all()), "a direction is no direction")
    _check(bool((arrays["familiar.low"] <= arrays["familiar.high"]).all()), "a sensor's range is no range")
    _check(bool((arrays["familiar.least_step"] >= 0).all()), "a sensor's step is below 0")
    steps_are_ordered = (arrays["familiar.least_step"] <= arrays["familiar.most_step"]).all()
    _check(bool(steps_are_ordered), "a sensor's least step is above its most")
    _check(bool((arrays["familiar.scores"] >= 0).all()), "the familiar scores are below 0")
    rows = header["familiar_rows"]
    _check(type(rows) is int and rows >= 0, "the familiar rows are no number of rows")
    if header["baseline"] is not None:
        high = arrays["baseline.high"]
        _check(bool((high >= 0).all()) and high.any(), "nothing is high for the baseline")


def alarm_parts(header: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The fields of a model that were written here."""
    baseline = None
    if header["baseline"] is not None:
        memories = Memories(arrays["baseline.most"], arrays["baseline.high"])
        baseline = Baseline(memories, Threshold.from_dict(header["baseline"]))
    scores = dict(zip(_FAMILIAR_SCORES, arrays["familiar.scores"].tolist(), strict=True))
    ranges: dict[str, Any] = {name: arrays[f"familiar.{name}"] for name in _FAMILIAR}
    return {
        "sides": Sides(
            Stillness(*(arrays[f"stillness.{name}"] for name in _STILLNESS)),
            SeenRange(*(arrays[f"seen.{name}"] for name in _SEEN)),
        ),
        "threshold": Threshold.from_dict(header["threshold"]),
        "baseline": baseline,
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
