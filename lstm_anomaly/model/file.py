"""How a model becomes named arrays and a header, and back: with every check that makes it safe to use."""

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.container import load_arrays, save_arrays
from lstm_anomaly.base.errors import LstmAnomalyError, ModelFileError
from lstm_anomaly.base.types import Resample
from lstm_anomaly.model.bounds import check, check_bounds
from lstm_anomaly.model.calibration_file import (
    alarm_arrays,
    alarm_header,
    alarm_parts,
    check_alarms,
)
from lstm_anomaly.model.horizon_file import PREFIX, horizon_arrays, horizon_from, horizon_header
from lstm_anomaly.model.model import MODEL_KINDS, Model, TrainingSummary, with_clock
from lstm_anomaly.model.schema import ROLES, arrays_of, check_arrays, part_of
from lstm_anomaly.model.symbols_file import SYMBOLS, symbols_arrays, symbols_header, symbols_parts
from lstm_anomaly.network.autoencoder import architecture
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.regression import FORECAST_LAGS, RELATED_LAGS, Regression, usable_lags
from lstm_anomaly.network.tracking import Forecaster
from lstm_anomaly.preparing.calendar import UTC_DAYS, Calendar
from lstm_anomaly.preparing.off_rule import OffRule
from lstm_anomaly.preparing.scaler import CLIP, Scaler
from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.scoring.components import (
    Components,
)
from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression
from lstm_anomaly.scoring.networks import Expectations, Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.states import OperatingStates

Arrays = dict[str, NDArray[Any]]
MOST_LOOK_AHEAD = 10_000  # rows; far above any use, and a cap on what a hostile file can claim
_REGRESSIONS = {"forecast": FORECAST_LAGS, "related": RELATED_LAGS}
_FORECASTER = ("unit", "lowest", "highest")  # what the forecaster has beside its weights
_SENSELESS = (
    KeyError,
    TypeError,
    ValueError,
    IndexError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RecursionError,
    LstmAnomalyError,
)


def write_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the model file, atomically, and read it back before an older one goes. Raises OutputError."""
    networks = model.networks
    header = {
        "kind": model.kind,
        "sensors": list(model.sensors),
        "step_seconds": model.step_seconds,
        "max_fill": model.max_fill,
        "resample": model.resample,
        "look_ahead": model.look_ahead,
        "clock": model.clock,
        "calendar": asdict(model.calendar),
        "off": list(model.off.texts),
        "null_values": list(model.null_values),
        "window": networks.window,
        "autoencoder": _sizes(networks),
        "forecaster": _forecaster_sizes(networks.forecaster),
        "together": model.components.together,
        **alarm_header(model),
        **symbols_header(model),
        "summary": asdict(model.summary),
    }
    arrays: Arrays = {
        **arrays_of(model),
        **alarm_arrays(model),
        **symbols_arrays(model),
        **_prefixed("autoencoder", networks.autoencoder or {}),
    }
    if networks.forecaster:
        forecaster = networks.forecaster
        arrays |= _prefixed("forecaster", forecaster.params)
        arrays |= _prefixed("forecaster", {name: getattr(forecaster, name) for name in _FORECASTER})
    if model.horizon:
        header["horizon"] = horizon_header(model.horizon)
        arrays |= horizon_arrays(model.horizon)
    save_arrays(path, header, arrays, understand=_from_parts)


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file. Raises ModelFileError when it is not one, damaged, or makes no sense."""
    if os.path.isdir(path):
        raise ModelFileError(
            "is a folder, but a single model file is needed",
            where=os.fspath(path),
            hint="name a file in it",
        )
    header, arrays = load_arrays(path)
    try:
        return _from_parts(header, arrays)
    except _SENSELESS as error:
        reason = f"its content makes no sense ({type(error).__name__}: {error})"
        raise ModelFileError(reason, where=os.fspath(path)) from error


def _from_parts(header: dict[str, Any], arrays: Arrays) -> Model:
    of_symbols = {name: array for name, array in arrays.items() if name.startswith(SYMBOLS)}
    arrays = {name: array for name, array in arrays.items() if name not in of_symbols}
    _check_header(header)
    symbols = symbols_parts(header, of_symbols)
    of_horizon = {name: array for name, array in arrays.items() if name.startswith(PREFIX)}
    arrays = {name: array for name, array in arrays.items() if name not in of_horizon}
    stored = header.get("horizon")  # a model need not have one
    check(stored is not None or not of_horizon, "there are arrays of a horizon, and there is none")
    horizon = None if stored is None else horizon_from(stored, of_horizon, len(header["sensors"]))
    check_arrays(header, arrays, _calendar(header))
    _check_values(arrays)
    check_alarms(header, arrays)
    _check_roles(arrays, [column.place for column in symbols.get("symbols", ())])
    check_bounds(header, arrays)
    roles = SensorRoles(**{name: role.astype(np.bool_) for name, role in part_of(arrays, "roles").items()})
    networks = _networks(header, arrays, roles)
    inputs = len(networks.targets)
    regressions = {
        name: Regression(usable_lags(lags, inputs), **part_of(arrays, name))
        for name, lags in _REGRESSIONS.items()
    }
    return Model(
        kind=header["kind"],
        sensors=tuple(header["sensors"]),
        step_seconds=header["step_seconds"],
        max_fill=header["max_fill"],
        resample=header["resample"],
        look_ahead=header["look_ahead"],
        clock=header["clock"],
        roles=roles,
        scaler=Scaler(**part_of(arrays, "scaler")),
        networks=networks,
        expectations=Expectations(**regressions, shares=arrays["shares"]),
        states=OperatingStates(**part_of(arrays, "states")),
        components=Components(**part_of(arrays, "components"), together=header["together"]),
        cross_sensor=CrossSensorRegression(**part_of(arrays, "peers")),
        novelty=NoveltyRule(**part_of(arrays, "novelty")),
        **alarm_parts(header, arrays),
        summary=_summary(header["summary"], len(header["sensors"])),
        off=OffRule.parse(header.get("off", []), header["sensors"]),
        null_values=tuple(header.get("null_values", [])),
        calendar=_calendar(header),
        horizon=horizon,
        **symbols,
    )


def _networks(header: dict[str, Any], arrays: Arrays, roles: SensorRoles) -> Networks:
    def part(prefix: str) -> Arrays:
        return {
            name.removeprefix(f"{prefix}."): array
            for name, array in arrays.items()
            if name.startswith(f"{prefix}.")
        }

    targets = roles.targets[roles.inputs]
    if header["clock"]:
        targets = with_clock(targets, _calendar(header))
    forecaster = None
    if header["forecaster"] is not None:
        params = part("forecaster")
        beside = {name: params.pop(name) for name in _FORECASTER}
        forecaster = Forecaster(params, targets=targets, **beside)
        lowest, highest = forecaster.lowest, forecaster.highest
        inside = (lowest <= highest) & (lowest < CLIP) & (highest > -CLIP)
        check(bool(inside.all()), "the forecaster reads none of the readings")
    window = header["window"]
    linear = LinearAutoencoder(**part_of(arrays, "linear"), window=window)
    return Networks(window, targets, linear, forecaster, part("autoencoder") or None)


def _summary(stored: dict[str, Any], sensors: int) -> TrainingSummary:
    losses = {name: tuple(stored[name]) for name in ("losses", "validation_losses")}
    ranges = {name: tuple(stored[name]) for name in ("lowest", "highest")}
    for field in fields(TrainingSummary):
        if field.type in (int, str):
            right = _is_count if field.type is int else _is_text
            check(right(stored[field.name]), f"the summary has {field.name} = {stored[field.name]!r}")
    numbers = (*losses["losses"], *losses["validation_losses"], *stored["held_out"].values())
    check(all(type(number) is float for number in numbers), "a loss of the summary is not a number")
    check(all(map(_is_text, stored["versions"].values())), "a version of the summary is not text")
    check(all(map(_is_text, stored["doubts"])), "a doubt of the summary is not text")
    for name, values in ranges.items():
        check(len(values) == sensors, f"there is no {name} reading for each sensor")
        check(all(type(value) is float for value in values), f"a {name} reading is not a number")
    check(stored["best_epoch"] <= len(losses["losses"]), "the best epoch is not among the epochs")
    return TrainingSummary(**{**stored, **losses, **ranges, "doubts": tuple(stored["doubts"])})


def _calendar(header: dict[str, Any]) -> Calendar:
    """The calendar; zones and dates that are none raise ValueError or KeyError."""
    stored = header.get("calendar", asdict(UTC_DAYS))
    tz, holidays, weekly = stored["tz"], tuple(stored["holidays"]), stored["weekly"]
    check(tz is None or _is_text(tz), "the zone is not a text")
    check(all(map(_is_text, holidays)) and type(weekly) is bool, "the calendar makes no sense")
    np.array(holidays, dtype="datetime64[D]")
    if tz is not None:
        ZoneInfo(tz)
    return Calendar(tz, holidays, weekly)


def _check_header(header: dict[str, Any]) -> None:
    sensors = header["sensors"]
    check(header["kind"] in MODEL_KINDS, f"the kind {header['kind']!r} is unknown")
    check(isinstance(sensors, list), "the sensors are not a list of names")
    check(all(map(_is_text, sensors)), "a sensor's name is not text")
    check(len(set(sensors)) == len(sensors) > 0, "a sensor is missing or occurs twice")
    check(_is_count(header["window"]) and header["window"] > 0, "the window is not positive")
    look_ahead = header["look_ahead"]
    check(_is_count(look_ahead) and look_ahead <= MOST_LOOK_AHEAD, "the look-ahead is not a number of rows")
    step = header["step_seconds"]
    check(step is None or (type(step) is float and 0 < step < 1e12), "the sampling step is not positive")
    check(type(header["clock"]) is bool, "`clock` is neither true nor false")
    check(not header["clock"] or step is not None, "the time of day is used, but rows have no time")
    for name in ("off", "null_values"):  # models of before have none
        texts = header.get(name, [])
        check(isinstance(texts, list) and all(map(_is_text, texts)), f"{name} is not a list of texts")
    check(_is_count(header["max_fill"]), "the rows to fill are not a number of rows")
    check(header["resample"] in (None, *get_args(Resample)), "the rule of resampling is unknown")
    check(header["resample"] is None or step is not None, "resampling without a sampling step")
    together = header["together"]
    check(type(together) is float and 0 < together < np.inf, "the limit of `together` is not positive")
    for name in ("autoencoder", "forecaster"):
        sizes = header[name]
        is_none = header["kind"] == "linear" or len(header.get("symbols", ())) == len(sensors)
        check((sizes is None) == is_none, "the networks do not fit the kind")
        check(not sizes or all(_is_count(n) and n > 0 for n in sizes.values()), "a size is not positive")


def _check_values(arrays: Arrays) -> None:
    shares = arrays["shares"]
    check(bool(((shares >= 0) & (shares <= 1)).all()), "a share of an LSTM is not between 0 and 1")
    check(bool((arrays["states.rows"] > 0).all()), "an operating state has no rows")
    check(bool(arrays["components.high"].any()), "no high level of the components is above 0")
    counted = arrays["components.usual"] > 0  # (V, k, F_t)
    check(bool((counted == counted[:, :1]).all()), "a sensor counts in some states only")


def _check_roles(arrays: Arrays, symbols: list[int]) -> None:
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


def _sizes(networks: Networks) -> dict[str, int] | None:
    if networks.autoencoder is None:
        return None
    sizes = architecture(networks.autoencoder)
    return {"hidden": sizes.hidden, "layers": sizes.layers}


def _forecaster_sizes(forecaster: Forecaster | None) -> dict[str, int] | None:
    return None if forecaster is None else {"hidden": forecaster.params["lstm.W_h"].shape[1]}


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return type(value) is str
