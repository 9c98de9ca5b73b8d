"""A model in words: the summary after training, and what `inspect` shows."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lstm_anomaly.base.text import count, duration, listed, number, ordinal, percent, printable
from lstm_anomaly.model.horizon import NAMES
from lstm_anomaly.model.model import Model
from lstm_anomaly.output import symbols
from lstm_anomaly.scoring.residuals import RESTORED
from lstm_anomaly.scoring.symbols.column import why

_MARGIN = 12  # characters before what is said
_TASKS = {"forecast": "next row forecast", "restored": "row restored from its window"}


@dataclass(frozen=True)
class SensorQuality:
    """One sensor in training, in its own unit.

    usual_error  how far the forecast is off, as held-out rows show it; NaN where a rule judges the sensor
    explained    the part of its variance that the forecast explains, 0 to 1; NaN likewise
    """

    sensor: str
    mean: float
    spread: float
    lowest: float
    highest: float
    usual_error: float
    explained: float


def training_lines(model: Model, path: str, seconds: float, cleaning: Sequence[str]) -> list[str]:
    """What training did, for the person who started it; `cleaning` says why rows were left out."""
    summary = model.summary
    return [
        f"Learned normal from {_rows(model)}.",
        *(f"            {line}" for line in cleaning if summary.rows_left_out),
        *_body(model),
        *strangest_lines(model),
        f"Took {duration(seconds)}; wrote {path}.",
        f"Next: lstm-anomaly detect NEW.csv --model {path}" if summary.rows else "",
    ]


def group_line(model: Model, group: str) -> str:
    """The model of one group among many, in a line."""
    promise = re.split(r"\. |: ", model.threshold.promise())[0].rstrip(".")
    return (
        f"{listed([group])}: learned from {_rows(model)}, window {count(model.window, 'row')},"
        f" threshold {number(model.threshold.value)}; {promise}."
    )


def threshold_line(model: Model) -> str:
    """The threshold and what it promises."""
    return f"threshold   {number(model.threshold.value)}: {model.threshold.promise()}"


def strangest_lines(model: Model) -> list[str]:
    """The highest episodes of the calibration rows, as a person may copy them into a file for `--ignore`."""
    if not model.strangest:
        return []
    return [
        "strangest   calibration rows, with their peak as a multiple of the threshold; what was not normal"
        " can be left out: put such lines into a file, for --ignore FILE of train and calibrate",
        *(
            f"            {printable(episode.start)},{printable(episode.end)},"
            f"{number(episode.score, 2)}x {printable(episode.sensor)}"
            for episode in model.strangest
        ),
    ]


def model_lines(model: Model, path: str) -> list[str]:
    """Everything in a model file that a person may want to know."""
    summary = model.summary
    versions = ", ".join(f"{name} {version}" for name, version in sorted(summary.versions.items()))
    return [
        f"{path}: normal learned from {_rows(model)}.",
        *_body(model),
        *symbols.lines(model),
        *(
            f"doubts      the training data is not a clean picture of normal: {doubt}"
            for doubt in summary.doubts
        ),
        f"made by     {versions}; seed {summary.seed}",
    ]


def model_document(model: Model) -> dict[str, Any]:
    """The same as data, for JSON."""
    return {
        "schema_version": 1,
        "sensors": [
            {"name": quality.pop("sensor"), **{name: _finite(value) for name, value in quality.items()}}
            for quality in map(asdict, sensor_qualities(model))
        ],
        "step_seconds": model.step_seconds,
        "max_fill": model.max_fill,
        "resample": model.resample,
        "window": model.window,
        "kind": model.kind,
        "look_ahead": model.look_ahead,
        "clock": model.clock,
        "off": list(model.off.texts),
        "null_values": list(model.null_values),
        "calendar": {**asdict(model.calendar), "holidays": len(model.calendar.holidays)},
        "threshold": {**model.threshold.to_dict(), "promise": model.threshold.promise()},
        "states": [{"rows": rows, "share": share} for rows, share in _states(model)],
        "strangest": [asdict(episode) for episode in model.strangest],
        "horizon": _horizon_document(model),
        **({"session": model.session, "symbols": symbols.document(model)} if model.symbols else {}),
        "summary": asdict(model.summary),
    }


def _horizon_document(model: Model) -> dict[str, Any] | None:
    if model.horizon is None:
        return None
    direct = model.horizon.direct
    return {
        "steps": direct.steps,
        "look_back": direct.look_back,
        "period": direct.period or None,
        "methods": dict(zip(model.sensors, model.horizon.methods_of(None), strict=True)),
        "held_out_mae": {name: float(found[0].mean()) for name, found in model.horizon.errors.items()},
    }


def _rows(model: Model) -> str:
    summary = model.summary
    span = f", {summary.first[:19]} to {summary.last[:19]}" if summary.first else ""
    left_out = f" ({count(summary.rows_left_out, 'row')} left out)" if summary.rows_left_out else ""
    sensors, columns = len(model.sensors) - len(model.symbols), len(model.symbols)
    parts = [count(sensors, "sensor")] if sensors or not columns else []
    parts += [count(columns, "column") + " of symbols"] if columns else []
    return f"{count(summary.rows, 'row')}{left_out} of {' and '.join(parts)}{span}"


def _body(model: Model) -> list[str]:
    summary = model.summary
    stood_out = count(summary.trimmed_rows, "row")
    trimmed = f"; {stood_out} that stood out left out" if summary.trimmed_rows else ""
    step = "" if model.step_seconds is None else f", one row every {duration(model.step_seconds)}"
    joined = "" if model.resample is None else f", which is the {model.resample} of those read in that time"
    return [
        f"sensors     {listed(model.sensors)}{step}{joined}",
        *([f"off when    {' or '.join(map(printable, model.off.texts))}"] if model.off.texts else []),
        f"window      {count(model.window, 'row')}, look-ahead {count(model.look_ahead, 'row')}",
        f"rows        {summary.fit_rows:,} to fit, {summary.validation_rows:,} to validate,"
        f" {summary.calibration_rows:,} to calibrate{trimmed}",
        *_network_lines(model),
        threshold_line(model),
        *_horizon_lines(model),
    ]


def _horizon_lines(model: Model) -> list[str]:
    """How far a model forecasts, and how well each method did on rows that were held out."""
    if model.horizon is None:
        return []
    horizon, direct = model.horizon, model.horizon.direct
    methods = Counter(horizon.methods_of(None)).most_common()
    used = ", ".join(
        NAMES[name] + ("" if len(methods) == 1 else f" for {count(sensors, 'sensor')}")
        for name, sensors in methods
    )
    errors = ", ".join(
        f"{number(float(found[0].mean()), 3)} ({NAMES[name]})" for name, found in horizon.errors.items()
    )
    worse = [printable(model.sensors[f]) for f in np.flatnonzero(horizon.worse_than_naive())]
    warned = [
        f"            the {NAMES[horizon.naive]} did better for {listed(worse)}: --method {horizon.naive}"
    ]
    period = f"; rows repeat after {count(direct.period, 'row')}" if direct.period else ""
    return [
        f"forecast    {count(direct.steps, 'row')} ahead, from {direct.look_back:,} before{period};"
        f" by {used}",
        f"            mean absolute error on held-out rows, in standard deviations of training: {errors}",
        *(warned if worse else []),
    ]


def _network_lines(model: Model) -> list[str]:
    summary, autoencoder = model.summary, model.networks.autoencoder
    kind = [f"kind        {model.kind}: {summary.why_kind}; preset {summary.preset}"]
    if not model.is_symbols_only:
        kind += [f"symbols     {why(model.sensors[column.place], column)}" for column in model.symbols]
    if model.clock:
        of_week = " and the kind of day" if model.calendar.weekly else ""
        cycle = "weekly" if model.calendar.weekly else "daily"
        zone = f" in {printable(model.calendar.tz)}" if model.calendar.tz else ""
        kind.append(
            f"clock       the networks know the time of day{zone}{of_week}, since rows follow a {cycle} cycle"
        )
    if model.is_symbols_only:
        return kind
    if autoencoder is None:
        components = count(len(model.networks.linear.components), "principal component")
        return [*kind, f"network     none: {components}", *_beside(model), _states_line(model)]
    hidden = autoencoder["output.W"].shape[1]
    return [
        *kind,
        f"network     LSTM autoencoder of {hidden} units and LSTM forecaster,"
        f" {summary.parameters:,} parameters",
        f"training    {count(len(summary.losses), 'epoch')}, loss {number(_at_best(summary.losses, model))},"
        f" validation {number(_at_best(summary.validation_losses, model))}"
        + (f", on every {ordinal(summary.stride)} window" if summary.stride > 1 else ""),
        *([f"{' ' * _MARGIN}ended by --max-train-time: {summary.timed_out}"] if summary.timed_out else []),
        *_share_line(model),
        *_beside(model),
        _states_line(model),
    ]


def _share_line(model: Model) -> list[str]:
    """The weight of the LSTMs in the averages with their linear counterparts."""
    if model.kind == "linear":
        return []
    forecast, restored = model.expectations.shares.mean(axis=1)
    return [f"LSTM share  forecast {percent(forecast)}, restored row {percent(restored)}; the rest is linear"]


def _states(model: Model) -> list[tuple[int, float]]:
    """Training rows in each operating state, and their share, the largest first."""
    rows = sorted(map(int, model.states.rows), reverse=True)
    return [(count_, count_ / max(sum(rows), 1)) for count_ in rows]


def _states_line(model: Model) -> str:
    shares = [f"{100 * share:.0f}" for _, share in _states(model)]
    told = "" if len(shares) == 1 else f", with {', '.join(shares)} % of the rows"
    return f"states      {count(len(shares), 'operating state')}{told}"


def _beside(model: Model) -> list[str]:
    """Errors on held-out rows of the LSTMs and of their linear counterparts."""
    found = model.summary.held_out
    told = []
    for task, what in _TASKS.items():
        errors = [
            f"{number(found[f'{task}_{kind}'], 3)} ({name})"
            for kind, name in (("lstm", "LSTM"), ("linear", "linear"))
            if f"{task}_{kind}" in found
        ]
        told += [f"{what} {', '.join(errors)}"] if errors else []
    return [f"held out    mean squared error: {'; '.join(told)}"] if told else []


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _at_best(losses: tuple[float, ...], model: Model) -> float:
    return losses[model.summary.best_epoch - 1]


def sensor_qualities(model: Model) -> list[SensorQuality]:
    """What training knows of each sensor but symbols, in the model's order."""
    unexplained = np.full(len(model.sensors), np.nan)  # of a variance of 1
    unexplained[model.roles.targets] = model.components.plain[RESTORED]  # (F_t,)
    codes = {column.place for column in model.symbols}
    return [
        SensorQuality(
            sensor=name,
            mean=float(model.scaler.center[k]),
            spread=float(model.scaler.scale[k]),
            lowest=model.summary.lowest[k],
            highest=model.summary.highest[k],
            usual_error=float(np.sqrt(unexplained[k]) * model.scaler.scale[k]),
            explained=float(np.clip(1 - unexplained[k], 0, 1)),
        )
        for k, name in enumerate(model.sensors)
        if k not in codes
    ]


def model_facts(model: Model) -> list[tuple[str, str]]:
    """The summary after training as pairs of a name and a text."""
    rows = ("learned from", _rows(model))
    made = model.summary.versions.get("lstm-anomaly", "")
    pairs = [(line[:_MARGIN].strip(), line[_MARGIN:].strip()) for line in _body(model)]
    return [rows, *(pair for pair in pairs if pair[0]), ("made by", f"lstm-anomaly {made}")]
