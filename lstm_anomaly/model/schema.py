"""What a model file must be: its arrays in one table, with shapes, types and bounds; then the header.

Writing, reading and checking go by this table. A right checksum says that a file was not damaged, not who
wrote it, so each array is held to the sizes that the header and the sensors' roles give, and each number to
what training gives. What is in a sensor's own unit is held to its training rows besides (`bounds.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Resample
from lstm_anomaly.model.bounds import MOST, check, is_count, is_text
from lstm_anomaly.model.model import MODEL_KINDS, Model
from lstm_anomaly.network.autoencoder import parameter_shapes
from lstm_anomaly.network.forecaster import forecaster_shapes
from lstm_anomaly.network.regression import FORECAST_LAGS, RELATED_LAGS, usable_lags
from lstm_anomaly.preparing.calendar import Calendar
from lstm_anomaly.scoring import limits
from lstm_anomaly.scoring.components import COMPONENTS, SIGNED_LENGTHS, TOGETHER_LENGTHS, TOGETHER_VIEWS
from lstm_anomaly.scoring.fault_isolation import rows_read
from lstm_anomaly.scoring.flatline import LENGTHS
from lstm_anomaly.scoring.networks import LSTMS
from lstm_anomaly.scoring.residuals import VIEWS
from lstm_anomaly.scoring.states import MOST_STATES

Arrays = dict[str, NDArray[Any]]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One array.

    sizes        its shape, a letter or number a dimension, see `_sizes`
    least, most  of absolute values other than 0, on the networks' scale, where readings lie between -10 and
                 10; where nothing is said, of what is in a sensor's own unit
    dtype        of its numbers
    sign         "positive", or "open" for at least 0, where 0 stands for infinity; "" for any
    """

    sizes: str
    least: float = 0.0
    most: float = MOST
    dtype: type = np.float64
    sign: str = ""


_WEIGHTS = Entry("", most=1e4, dtype=np.float32)
_REGRESSION = replace(_WEIGHTS, most=1e6)
_COUNTS = Entry("", dtype=np.int64)
MOST_LOOK_AHEAD = 10_000  # rows; far above any use, and a cap on what a hostile file can claim
ROLES = ("inputs", "targets", "ruled")
TABLE = {
    "scaler.center": Entry("F"),
    "scaler.scale": Entry("F", sign="positive"),
    "linear.mean": replace(_WEIGHTS, sizes="W"),
    "linear.components": replace(_WEIGHTS, sizes="C W"),
    "forecast.weights": replace(_REGRESSION, sizes="Y P"),
    "forecast.offset": replace(_REGRESSION, sizes="Y 1"),
    "related.weights": replace(_REGRESSION, sizes="Y Q"),
    "related.offset": replace(_REGRESSION, sizes="Y 1"),
    "shares": Entry("L Y"),
    "states.centres": Entry("K D", most=1e2),
    "states.rows": replace(_COUNTS, sizes="K"),
    "components.usual": Entry("V K Y", 1e-7, 1e2, sign="open"),
    "components.bound": Entry("V Y", 1e-7, 1e9, sign="positive"),
    "components.signed": Entry("V M Y", 1e-7, 1e9, sign="positive"),
    "components.plain": Entry("T Y", 1e-14, 1e4, sign="positive"),
    "components.high": Entry("T H", 1e-9, 1e6, sign="open"),
    "components.limits": Entry("B", limits.LEAST, limits.MOST, sign="open"),
    "peers.weights": Entry("Y Y", most=1e9),
    "isolation.weights": Entry("Z Z", most=1e9),
    "isolation.usual": Entry("Y", most=1e9),
    **{f"roles.{name}": replace(_COUNTS, sizes="F") for name in ROLES},
    "novelty.sensors": replace(_COUNTS, sizes="R"),
    "novelty.evidence": Entry("R", 1e-12, 1e3, sign="positive"),
    "novelty.scale": Entry("R", sign="positive"),
    "novelty.values": Entry("N", most=1.001),
    "novelty.counts": replace(_COUNTS, sizes="R"),
    "stillness.least": Entry("S Y"),
    "stillness.resolution": Entry("Y", sign="positive"),
    "familiar.low": Entry("F"),
    "familiar.high": Entry("F"),
    "familiar.least_step": Entry("F"),
    "familiar.most_step": Entry("F"),
}
_NETWORKS = {  # of models with LSTMs, whose weights have tables of their own
    "forecaster.unit": Entry("Y", 1e-9, 1e4, sign="positive"),
    "forecaster.lowest": Entry("I", most=3.4e38, dtype=np.float32),
    "forecaster.highest": Entry("I", most=3.4e38, dtype=np.float32),
}
_PLACES = {  # in a model, where it is not of the same name
    "linear": "networks.linear",
    "forecast": "expectations.forecast",
    "related": "expectations.related",
    "shares": "expectations.shares",
    "peers": "cross_sensor",
}


def arrays_of(model: Model) -> Arrays:
    """The arrays of the table as a file holds them: all numbers are finite, and 0 stands for infinity."""
    found = {}
    for name, entry in TABLE.items():
        part, dot, attribute = name.partition(".")
        array = attrgetter(_PLACES.get(part, part) + dot + attribute)(model).astype(entry.dtype)
        found[name] = np.where(np.isinf(array), 0, array) if entry.sign == "open" else array
    return found


def part_of(arrays: Arrays, part: str) -> dict[str, Any]:
    """The arrays of one part of a model by their names in it: the inverse of `arrays_of`."""
    found = {}
    for name, entry in TABLE.items():
        if name.startswith(f"{part}."):
            array, attribute = arrays[name], name.partition(".")[2]
            found[attribute] = np.where(array == 0, np.inf, array) if entry.sign == "open" else array
    return found


def check_header(header: Mapping[str, Any]) -> None:
    """Raise ValueError where the header makes no sense, but for the parts that have files of their own."""
    sensors = header["sensors"]
    check(header["kind"] in MODEL_KINDS, f"the kind {header['kind']!r} is unknown")
    check(isinstance(sensors, list), "the sensors are not a list of names")
    check(all(map(is_text, sensors)), "a sensor's name is not text")
    check(len(set(sensors)) == len(sensors) > 0, "a sensor is missing or occurs twice")
    check(is_count(header["window"]) and header["window"] > 0, "the window is not positive")
    look_ahead = header["look_ahead"]
    check(is_count(look_ahead) and look_ahead <= MOST_LOOK_AHEAD, "the look-ahead is not a number of rows")
    step = header["step_seconds"]
    check(step is None or (type(step) is float and 0 < step < 1e12), "the sampling step is not positive")
    check(type(header["clock"]) is bool, "`clock` is neither true nor false")
    check(not header["clock"] or step is not None, "the time of day is used, but rows have no time")
    for name in ("off", "null_values"):  # models of before have none
        texts = header.get(name, [])
        check(isinstance(texts, list) and all(map(is_text, texts)), f"{name} is not a list of texts")
    check(is_count(header["max_fill"]), "the rows to fill are not a number of rows")
    check(header["resample"] in (None, *get_args(Resample)), "the rule of resampling is unknown")
    check(header["resample"] is None or step is not None, "resampling without a sampling step")
    together = header["together"]
    check(type(together) is float and 0 < together < np.inf, "the limit of `together` is not positive")
    for name in ("autoencoder", "forecaster"):
        sizes = header[name]
        is_none = header["kind"] == "linear" or len(header.get("symbols", ())) == len(sensors)
        check((sizes is None) == is_none, "the networks do not fit the kind")
        check(not sizes or all(is_count(n) and n > 0 for n in sizes.values()), "a size is not positive")


def check_arrays(header: Mapping[str, Any], arrays: Arrays, calendar: Calendar) -> None:
    """Raise ValueError, naming it, for an array too many or too few, or one that the table does not allow."""
    expected = _expected(header, arrays, calendar)
    found = {name: array.shape for name, array in arrays.items()}
    shapes = {name: shape for name, (_entry, shape) in expected.items()}
    odd = sorted(name for name in set(shapes) | set(found) if shapes.get(name) != found.get(name))
    check(not odd, f"the arrays do not match the sizes in the header: {', '.join(odd)}")
    for name, (entry, _shape) in expected.items():
        array = arrays[name]
        check(array.dtype == entry.dtype, f"array '{name}' is {array.dtype}, not {np.dtype(entry.dtype)}")
        if entry.sign == "open":
            check(bool((array >= 0).all()), f"array '{name}' holds values below 0")
        elif entry.sign == "positive":
            check(bool((array > 0).all()), f"array '{name}' holds values that are not positive")
        absolute = np.abs(array)
        inside = (absolute == 0) | ((absolute >= entry.least) & (absolute <= entry.most))
        check(bool(inside.all()), f"array '{name}' holds values out of bounds")
    _check_values(arrays)


def _check_values(arrays: Arrays) -> None:
    """What holds of values beside the table."""
    shares = arrays["shares"]
    check(bool(((shares >= 0) & (shares <= 1)).all()), "a share of an LSTM is not between 0 and 1")
    check(bool((arrays["states.rows"] > 0).all()), "an operating state has no rows")
    check(bool(arrays["components.high"].any()), "no high level of the components is above 0")
    counted = arrays["components.usual"] > 0  # (V, k, F_t)
    check(bool((counted == counted[:, :1]).all()), "a sensor counts in some states only")


def check_roles(arrays: Arrays, symbols: list[int]) -> None:
    """Raise ValueError where the sensors' roles do not go together; `symbols` are places of sensors."""
    inputs, targets, ruled = (arrays[f"roles.{name}"] for name in ROLES)
    for role in (inputs, targets, ruled):
        check(bool(((role == 0) | (role == 1)).all()), "a sensor's role is neither 0 nor 1")
    check(bool(targets.any()) or len(symbols) == len(targets), "no sensor is forecast")
    check(not (inputs | ruled)[symbols].any(), "symbols are read as numbers")
    check(bool((targets <= inputs).all()), "a target is no input")
    judged = (targets | ruled).astype(np.bool_)
    judged[symbols] = True
    check(bool(judged.all()), "a sensor is neither forecast nor ruled")
    of_rules = np.array_equal(arrays["novelty.sensors"], np.flatnonzero(ruled))
    check(of_rules, "the rules are not for the sensors that are ruled")
    counts, values = arrays["novelty.counts"], arrays["novelty.values"]
    check(bool((counts > 0).all()) and int(counts.sum()) == len(values), "the rules' values are incomplete")
    for seen in np.split(values, np.cumsum(counts))[:-1]:
        check(bool((np.diff(seen) > 0).all()), "a rule's values are not in order")


def _expected(
    header: Mapping[str, Any], arrays: Arrays, calendar: Calendar
) -> dict[str, tuple[Entry, Shape]]:
    """Every array that there must be, and its shape by the header and by how many sensors have which role."""
    inputs = int(arrays["roles.inputs"].sum()) + (calendar.row_count if header["clock"] else 0)
    targets = int(arrays["roles.targets"].sum())
    sizes = _sizes(header, arrays, inputs, targets)
    check(0 < sizes["K"] <= MOST_STATES, "there are too many operating states, or none")
    table = TABLE if header["forecaster"] is None else TABLE | _NETWORKS
    expected = {
        name: (entry, tuple(sizes[size] if size in sizes else int(size) for size in entry.sizes.split()))
        for name, entry in table.items()
    }
    expected["familiar.scores"] = (Entry("3"), (3,))
    networks: dict[str, Mapping[str, Shape]] = {}
    if header["autoencoder"] is not None:
        hidden, layers = header["autoencoder"]["hidden"], header["autoencoder"]["layers"]
        check(layers < len(arrays), f"there are no arrays for {layers} layers")
        networks["autoencoder"] = parameter_shapes(inputs, hidden, layers)
    if header["forecaster"] is not None:
        networks["forecaster"] = forecaster_shapes(inputs, header["forecaster"]["hidden"], targets)
    for network, shapes in networks.items():
        expected |= {f"{network}.{name}": (_WEIGHTS, shape) for name, shape in shapes.items()}
    return expected


def _sizes(header: Mapping[str, Any], arrays: Arrays, inputs: int, targets: int) -> dict[str, int]:
    """What the letters of the table stand for."""
    return {
        "F": len(header["sensors"]),
        "I": inputs,  # of the networks, with the rows of the clock
        "Y": targets,
        "Z": rows_read(targets) * targets,
        "D": 2 * int(arrays["roles.inputs"].sum()),  # readings and changes
        "R": len(arrays["novelty.sensors"]),
        "N": int(arrays["novelty.counts"].sum()),
        "W": header["window"] * inputs,
        "C": len(arrays["linear.components"]),
        "P": len(usable_lags(FORECAST_LAGS, inputs)) * inputs,
        "Q": len(usable_lags(RELATED_LAGS, inputs)) * inputs,
        "K": len(arrays["states.rows"]),
        "L": len(LSTMS),
        "V": len(VIEWS),
        "M": len(SIGNED_LENGTHS),
        "T": len(TOGETHER_VIEWS),
        "H": len(TOGETHER_LENGTHS),
        "B": COMPONENTS,
        "S": len(LENGTHS),
    }
