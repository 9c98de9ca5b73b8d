"""How a model becomes named arrays and a header, and back: with every check that makes it safe to use."""

import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.container import MODEL, load_arrays, save_arrays
from lstm_anomaly.base.errors import LstmAnomalyError, ModelFileError
from lstm_anomaly.model.bounds import check, check_bounds, is_count, is_text
from lstm_anomaly.model.calibration_file import (
    alarm_arrays,
    alarm_header,
    alarm_parts,
    check_alarms,
)
from lstm_anomaly.model.horizon_file import PREFIX, horizon_arrays, horizon_from, horizon_header
from lstm_anomaly.model.model import Model, TrainingSummary, with_clock
from lstm_anomaly.model.schema import arrays_of, check_arrays, check_header, check_roles, part_of
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
from lstm_anomaly.scoring.fault_isolation import FaultIsolation
from lstm_anomaly.scoring.networks import Expectations, Networks
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.states import OperatingStates

Arrays = dict[str, NDArray[Any]]
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
        raise ModelFileError(reason, where=os.fspath(path), hint=MODEL.hint) from error


def _from_parts(header: dict[str, Any], arrays: Arrays) -> Model:
    of_symbols = {name: array for name, array in arrays.items() if name.startswith(SYMBOLS)}
    arrays = {name: array for name, array in arrays.items() if name not in of_symbols}
    check_header(header)
    symbols = symbols_parts(header, of_symbols)
    of_horizon = {name: array for name, array in arrays.items() if name.startswith(PREFIX)}
    arrays = {name: array for name, array in arrays.items() if name not in of_horizon}
    stored = header.get("horizon")  # a model need not have one
    check(stored is not None or not of_horizon, "there are arrays of a horizon, and there is none")
    horizon = None if stored is None else horizon_from(stored, of_horizon, len(header["sensors"]))
    check_arrays(header, arrays, _calendar(header))
    check_alarms(header, arrays)
    check_roles(arrays, [column.place for column in symbols.get("symbols", ())])
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
        isolation=FaultIsolation(**part_of(arrays, "isolation")),
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
            right = is_count if field.type is int else is_text
            check(right(stored[field.name]), f"the summary has {field.name} = {stored[field.name]!r}")
    numbers = (*losses["losses"], *losses["validation_losses"], *stored["held_out"].values())
    check(all(type(number) is float for number in numbers), "a loss of the summary is not a number")
    check(all(map(is_text, stored["versions"].values())), "a version of the summary is not text")
    check(all(map(is_text, stored["doubts"])), "a doubt of the summary is not text")
    for name, values in ranges.items():
        check(len(values) == sensors, f"there is no {name} reading for each sensor")
        check(all(type(value) is float for value in values), f"a {name} reading is not a number")
    check(stored["best_epoch"] <= len(losses["losses"]), "the best epoch is not among the epochs")
    return TrainingSummary(**{**stored, **losses, **ranges, "doubts": tuple(stored["doubts"])})


def _calendar(header: dict[str, Any]) -> Calendar:
    """The calendar; zones and dates that are none raise ValueError or KeyError."""
    stored = header.get("calendar", asdict(UTC_DAYS))
    tz, holidays, weekly = stored["tz"], tuple(stored["holidays"]), stored["weekly"]
    check(tz is None or is_text(tz), "the zone is not a text")
    check(all(map(is_text, holidays)) and type(weekly) is bool, "the calendar makes no sense")
    np.array(holidays, dtype="datetime64[D]")
    if tz is not None:
        ZoneInfo(tz)
    return Calendar(tz, holidays, weekly)


def _sizes(networks: Networks) -> dict[str, int] | None:
    if networks.autoencoder is None:
        return None
    sizes = architecture(networks.autoencoder)
    return {"hidden": sizes.hidden, "layers": sizes.layers}


def _forecaster_sizes(forecaster: Forecaster | None) -> dict[str, int] | None:
    return None if forecaster is None else {"hidden": forecaster.params["lstm.W_h"].shape[1]}


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {f"{prefix}.{name}": array for name, array in arrays.items()}
