"""Learning again: a new model from new rows, which takes the old one's place only where it does better.

Of the rows that the old model finds normal the last quarter is held out. A candidate learns from the others,
its LSTMs from the weights that they had, and both are measured on the rows held out. A candidate that flags
no more rows there and errs less is learned once more, from all rows.
"""

from dataclasses import dataclass, replace

import numpy as np

from lstm_anomaly.base.errors import InputError, NotEnoughDataError, SettingsError
from lstm_anomaly.base.text import count, percent
from lstm_anomaly.base.types import FloatArray, Segments, Series
from lstm_anomaly.decision.events import EventRules, find_events
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.model.judge import judge
from lstm_anomaly.model.model import Model
from lstm_anomaly.network.autoencoder import architecture
from lstm_anomaly.preparing.windows import cut_out, rows_in, split_chronologically
from lstm_anomaly.scoring.components import LENGTHS, PARTS
from lstm_anomaly.scoring.networks import ResidualReader
from lstm_anomaly.scoring.residuals import FORECAST, RELATED, RESTORED, mean_square
from lstm_anomaly.training.fit_horizon import horizon_rows
from lstm_anomaly.training.fit_networks import OnEpoch
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

HELD_OUT = 0.25  # of the rows
MUCH_WORSE = 1.1  # times the errors of the old model: fewer alarms do not make up for it
DOUBLED = 2.0  # times a limit
LASTS = 10  # rows of the fault that limits are told for


@dataclass(frozen=True)
class Measure:
    """How a model does on the held-out rows.

    forecast, restored  mean squared errors, in units of the old model's scale
    alarms              events; anomalous: their rows, since one event may be all rows
    """

    forecast: float
    restored: float
    alarms: int
    anomalous: int


@dataclass(frozen=True)
class SensorLimit:
    """The least departure that lasts ten rows and is seen, in the sensor's own unit, before and after."""

    sensor: str
    old: float
    new: float

    @property
    def has_doubled(self) -> bool:
        """Whether the least departure that is seen has more than doubled."""
        return self.new > DOUBLED * self.old


@dataclass(frozen=True)
class Retrained:
    """How learning again went.

    model      the one to keep
    is_new     whether it is the new one, and `why`
    old, new   of the rows held out
    rows       learned from and compared on; of these `held_out` for the comparison
    left_out   rows that the old model found anomalous
    limits     of each sensor that moves, before and after
    """

    model: Model
    is_new: bool
    why: str
    old: Measure
    new: Measure
    rows: int
    held_out: int
    left_out: int
    limits: tuple[SensorLimit, ...]


def retrained(
    model: Model,
    series: Series,
    settings: LearningSettings,
    *,
    all_rows: bool = False,
    on_epoch: OnEpoch | None = None,
) -> Retrained:
    """Learn again from rows of the model's sensors, and say which model does better.

    all_rows   learn also from what the old model finds anomalous: it is normal now

    Raises what `learn` does, SettingsError for a model of symbols alone, and NotEnoughDataError when
    the old model finds too little of it normal.
    """
    if model.is_symbols_only:
        raise SettingsError(
            "a model of symbols alone has no networks to go on from", hint="train a new one on the new rows"
        )
    is_off = model.off.of_rows(series.values, model.sensors)
    series = replace(series, segments=cut_out(series.segments, is_off))
    anomalous = np.zeros(len(series), np.bool_)
    if not all_rows:
        anomalous = judge(model, series).scores > LIMIT
    series = replace(series, segments=cut_out(series.segments, anomalous))
    parts = split_chronologically(series.segments, 0.0, HELD_OUT)
    if not any(b - a >= model.window for a, b in parts.calibration):
        raise NotEnoughDataError(
            f"{rows_in(series.segments):,} rows are left to learn from; {anomalous.sum():,} are anomalous",
            hint="more rows; or --all-rows, where what the model finds anomalous is normal now",
        )
    start = model.networks
    if settings.horizon and settings.horizon == horizon_rows(series, None):
        settings = replace(settings, horizon=None)  # the default, which is learned in a fifth of the time
    of_parts = replace(series, segments=parts.fit)
    candidate = learn(of_parts, replace(settings, horizon=0), on_epoch, start=start)
    held_out = replace(series, segments=parts.calibration)
    old, new = (_measured(one, held_out, model) for one in (model, candidate))
    is_new, why = _better(old, new)
    kept = model
    if is_new:
        kept = replace(learn(series, settings, on_epoch, start=start), null_values=model.null_values)
    return Retrained(
        model=kept,
        is_new=is_new,
        why=why,
        old=old,
        new=new,
        rows=rows_in(series.segments),
        held_out=rows_in(parts.calibration),
        left_out=int(anomalous.sum()),
        limits=_limits(model, kept if is_new else candidate),
    )


def settings_of(model: Model, **given: object) -> LearningSettings:
    """The settings by which the model was learned, as far as it knows them, below those that are `given`."""
    known: dict[str, object] = {
        "kind": model.kind,
        "preset": model.summary.preset,
        "look_ahead": model.look_ahead,
        "window": model.window,
        "seed": model.summary.seed,
        "budget": model.threshold.budget,
        "confidence": model.threshold.confidence,
        "merge_gap": model.threshold.merge_gap,
        "off": model.off.texts,
        "tz": model.calendar.tz,
        "holidays": model.calendar.holidays,
        "horizon": 0 if model.horizon is None else model.horizon.steps,
    }
    if model.networks.autoencoder is not None:
        sizes = architecture(model.networks.autoencoder)
        known |= {"hidden": sizes.hidden, "layers": sizes.layers}
    return LearningSettings(**{**known, **given})  # type: ignore[arg-type]


def last_rows(series: Series, seconds: float) -> Series:
    """The series without the rows that are more than this many seconds older than its last one.

    Raises InputError when its rows have no time stamps.
    """
    if series.times is None:
        raise InputError("--forget goes by time stamps, and the rows have none", hint="--rows FROM:TO")
    age = (series.times[-1:] - series.times) / np.timedelta64(1, "s") if len(series) else np.zeros(0)
    return replace(series, segments=cut_out(series.segments, np.asarray(age > seconds)))


def _measured(model: Model, held_out: Series, scale_of: Model) -> Measure:
    judged = judge(model, held_out)
    readings = (held_out.values, judged.expected, judged.margins)
    rows = JudgedRows(judged.scores, judged.errors, *readings, judged.reasons, judged.words)
    breaks = tuple(a for a, _b in held_out.segments)
    rules = EventRules(merge_gap=model.threshold.merge_gap)
    errors = _errors(model, held_out, held_out.segments) / scale_of.scaler.scale[model.roles.targets]
    forecast, restored = (float(np.nanmean(mean_square(errors[view]))) for view in (FORECAST, RESTORED))
    alarms = find_events(rows, held_out.sensors, rules, breaks)
    return Measure(forecast, restored, len(alarms), int((judged.scores > LIMIT).sum()))


def _errors(model: Model, series: Series, segments: Segments) -> FloatArray:
    """Residuals of the rows in the segments, in the sensors' own units, (4, n, F_t)."""
    parts = []
    for a, b in segments:
        times = None if series.times is None else series.times[a:b]
        reader = ResidualReader(model.networks, model.expectations)
        parts.append(reader.push(model.network_rows(series.values[a:b], times)).errors)
    return np.asarray(np.concatenate(parts, axis=1) * model.scaler.scale[model.roles.targets])


def _better(old: Measure, new: Measure) -> tuple[bool, str]:
    """Whether the new model is, and why."""
    ratio = float(np.sqrt(new.forecast * new.restored / max(old.forecast * old.restored, 1e-300)))
    errors = f"{percent(abs(1 - ratio))} {'less' if ratio < 1 else 'more'} error"
    flagged = f"flags {count(new.anomalous, 'row')} of the held-out ones, the old one {old.anomalous:,}"
    if new.anomalous > old.anomalous:
        return False, f"the new one {flagged}"
    if new.anomalous < old.anomalous and ratio <= MUCH_WORSE:
        return True, f"it {flagged}"
    if ratio < 1:
        return True, f"it has {errors} on the held-out rows"
    return False, f"the new one has {errors} on the held-out rows"


def _limits(old: Model, new: Model) -> tuple[SensorLimit, ...]:
    before, after = _least_departures(old), _least_departures(new)
    return tuple(SensorLimit(name, before[name], after[name]) for name in before if name in after)


def _least_departures(model: Model) -> dict[str, float]:
    """The departure of each sensor alone that lasts `LASTS` rows and is at the limit, in its own unit.

    A component over F sensors is the square root of the mean of their fourth powers: of one sensor that
    departs by e usual sizes, e squared over the square root of F.
    """
    components = model.components
    shares = (model.states.rows / model.states.rows.sum())[:, np.newaxis]  # (k, 1)
    found = np.full(int(model.roles.targets.sum()), np.inf)  # (F_t,)
    for view in (FORECAST, RESTORED, RELATED):
        counted = np.isfinite(components.usual[view, 0])  # (F_t,)
        limit = components.limits[view * PARTS + LENGTHS.index(LASTS)] * model.threshold.value
        if not counted.any() or not np.isfinite(limit):
            continue
        usual = np.sqrt((shares * np.square(components.usual[view][:, counted])).sum(axis=0))  # (counted,)
        sizes = np.sqrt(limit * np.sqrt(counted.sum())) * usual
        found[counted] = np.minimum(found[counted], sizes)
    names = [name for name, moves in zip(model.sensors, model.roles.targets, strict=True) if moves]
    own = found * model.scaler.scale[model.roles.targets]
    return {name: float(size) for name, size in zip(names, own, strict=True) if np.isfinite(size)}
