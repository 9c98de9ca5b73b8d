"""How a horizon becomes named arrays and a part of the header, and back, with checks on both."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.decision.intervals import MOST_PATHS, POWERS, ErrorPaths, knots_of
from lstm_anomaly.model.bounds import check
from lstm_anomaly.model.horizon import Horizon
from lstm_anomaly.network.horizon.baselines import DAYS_A_WEEK, LONGEST_PERIOD
from lstm_anomaly.network.horizon.direct import METHODS, DirectForecaster
from lstm_anomaly.network.horizon.ridge import input_edges
from lstm_anomaly.network.horizon.segment_lstm import SegmentSizes, segment_lstm_shapes

Arrays = dict[str, NDArray[Any]]

PREFIX = "horizon."
MOST_STEPS = 100_000  # far above any use, and a cap on what a hostile file can claim
MOST_LOOK_BACK = 1_000_000
_LSTM = f"{PREFIX}lstm."


def horizon_header(horizon: Horizon) -> dict[str, Any]:
    """What a header says of it."""
    direct, lstm = horizon.direct, horizon.direct.lstm
    return {
        "steps": direct.steps,
        "look_back": direct.look_back,
        "period": direct.period,
        "week": direct.week,
        "segment": 0 if lstm is None else lstm["embed.W"].shape[1],
        "hidden": 0 if lstm is None else lstm["output.W"].shape[1],
        "embedding": 0 if lstm is None else len(lstm["embed.b"]),
        "methods": {
            name: {"power": horizon.paths[name].power, "rows": horizon.paths[name].rows}
            for name in direct.methods
        },
    }


def horizon_arrays(horizon: Horizon) -> Arrays:
    """Its arrays by name."""
    direct = horizon.direct
    return {
        f"{PREFIX}center": direct.center,
        f"{PREFIX}scale": direct.scale,
        f"{PREFIX}chosen": horizon.chosen,
        f"{PREFIX}ridge": direct.ridge,
        f"{PREFIX}blend": direct.blend,
        **{f"{_LSTM}{name}": array for name, array in (direct.lstm or {}).items()},
        **{f"{PREFIX}errors.{name}": array for name, array in horizon.errors.items()},
        **{f"{PREFIX}paths.{name}": paths.errors for name, paths in horizon.paths.items()},
        **{f"{PREFIX}usual.{name}": paths.usual for name, paths in horizon.paths.items()},
    }


def horizon_from(header: Mapping[str, Any], arrays: Arrays, sensors: int) -> Horizon:
    """The horizon of a header and arrays. Raises ValueError when they make no sense."""
    _check_header(header)
    names = tuple(name for name in METHODS if name in header["methods"])
    counts = {name: len(arrays[f"{PREFIX}paths.{name}"]) for name in names}
    shapes = _shapes(header, counts, sensors)
    found = {name: array.shape for name, array in arrays.items()}
    odd = sorted(name for name in set(shapes) | set(found) if shapes.get(name) != found.get(name))
    check(not odd, f"arrays are not those that the horizon calls for: {', '.join(odd)}")
    for name, array in arrays.items():
        dtype = _dtype(name)
        check(array.dtype == dtype, f"array '{name}' is {array.dtype}, not {np.dtype(dtype)}")
    for name in ("blend", *(f"errors.{method}" for method in names)):
        check(bool((arrays[PREFIX + name] >= 0).all()), f"array '{PREFIX}{name}' holds values below 0")
    for name in ("scale", *(f"usual.{method}" for method in names)):
        check(
            bool((arrays[PREFIX + name] > 0).all()),
            f"array '{PREFIX}{name}' does not hold values above 0",
        )
    numbers = {METHODS.index(name) for name in names}
    chosen = arrays[f"{PREFIX}chosen"]
    check(set(chosen.tolist()) <= numbers, "a sensor's method is none of the horizon's")
    blend = arrays[f"{PREFIX}blend"]
    others = [METHODS.index(name) for name in METHODS if name not in names or name == "blend"]
    check(not blend[:, others].any(), "the mean is one of methods that are not there")
    check(bool((np.abs(blend.sum(axis=1) - 1) < 1e-6).all()), "weights of methods do not sum to 1")
    lstm = {name.removeprefix(_LSTM): array for name, array in arrays.items() if name.startswith(_LSTM)}
    direct = DirectForecaster(
        header["look_back"],
        header["steps"],
        header["period"],
        header["week"],
        arrays[f"{PREFIX}center"],
        arrays[f"{PREFIX}scale"],
        lstm or None,
        arrays[f"{PREFIX}ridge"],
        blend,
    )
    check(direct.methods == names, "the horizon's methods are not those of its parts")
    errors = {name: arrays[f"{PREFIX}errors.{name}"] for name in names}
    paths = {
        name: ErrorPaths(
            arrays[f"{PREFIX}paths.{name}"], arrays[f"{PREFIX}usual.{name}"], told["power"], told["rows"]
        )
        for name, told in header["methods"].items()
    }
    return Horizon(direct, chosen, errors, paths)


def _check_header(header: Mapping[str, Any]) -> None:
    limits = {"steps": MOST_STEPS, "look_back": MOST_LOOK_BACK, "period": LONGEST_PERIOD}
    limits["week"] = DAYS_A_WEEK * LONGEST_PERIOD
    limits |= {"segment": MOST_LOOK_BACK, "hidden": 10_000, "embedding": 10_000}
    for name, most in limits.items():
        value = header[name]
        check(type(value) is int and 0 <= value <= most, f"the horizon has {name} = {value!r}")
    check(header["steps"] > 0 < header["look_back"], "the horizon looks at no rows")
    longest = header["period"] + header["week"]
    check(longest <= header["look_back"], "the periods are longer than the look-back")
    sizes = [header[name] > 0 for name in ("segment", "hidden", "embedding")]
    check(all(sizes) or not any(sizes), "the sizes of the horizon's LSTM do not fit each other")
    check(not sizes[0] or header["look_back"] % header["segment"] == 0, "a segment is cut")
    check("last" in header["methods"], "the horizon has no baseline")
    for name, told in header["methods"].items():
        check(name in METHODS, f"the method {name!r} is unknown")
        check(told["power"] in POWERS and type(told["power"]) is float, "a method's power is unknown")
        check(type(told["rows"]) is int and told["rows"] >= 0, "a method's rows are not a number of rows")


def _shapes(header: Mapping[str, Any], paths: Mapping[str, int], sensors: int) -> dict[str, tuple[int, ...]]:
    """The shape that every array must have, by how many error paths each method has."""
    steps, look_back, segment = header["steps"], header["look_back"], header["segment"]
    inputs = len(input_edges(look_back, steps))
    shapes: dict[str, tuple[int, ...]] = {f"{PREFIX}ridge": (steps, inputs + 1)}
    shapes |= {f"{PREFIX}{name}": (sensors,) for name in ("center", "scale", "chosen")}
    shapes[f"{PREFIX}blend"] = (sensors, len(METHODS))
    if "lstm" in paths:
        check(segment > 0, "the horizon's LSTM has no sizes")
        sizes = SegmentSizes(
            segment=segment,
            read=look_back // segment,
            written=-(-steps // segment),
            sensors=sensors,
            hidden=header["hidden"],
            embedding=header["embedding"],
        )
        shapes |= {f"{_LSTM}{name}": shape for name, shape in segment_lstm_shapes(sizes).items()}
    knots = len(knots_of(steps))
    for name, count in paths.items():
        check(0 < count <= MOST_PATHS, "there are too many error paths, or none")
        shapes |= {f"{PREFIX}errors.{name}": (2, sensors), f"{PREFIX}paths.{name}": (count, sensors, knots)}
        shapes[f"{PREFIX}usual.{name}"] = (sensors, knots)
    return shapes


def _dtype(name: str) -> type[np.generic]:
    if name == f"{PREFIX}chosen":
        return np.int64
    return np.float64 if name.split(".")[1] in ("center", "scale", "errors", "blend") else np.float32
