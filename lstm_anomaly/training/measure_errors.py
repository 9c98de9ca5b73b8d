"""What is usual: learned from all training rows, each judged by parts that were not fitted to it.

Linear parts are cheap to fit, so that they are cross-fitted: the rows are cut into four folds in time order,
and each fold's residuals come from a fit to the other three. An LSTM is fitted once, to the first rows; its
residuals there are scaled up by how much larger they are on rows that it was not fitted to.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from lstm_anomaly.base.text import percent
from lstm_anomaly.base.types import BoolArray, Float32Array, FloatArray, Segments
from lstm_anomaly.network.linear import LinearAutoencoder
from lstm_anomaly.network.regression import FOLDS, fit_forecast, fit_related
from lstm_anomaly.preparing.sensor_roles import SensorRoles
from lstm_anomaly.preparing.windows import cut, rows_in, window_starts
from lstm_anomaly.scoring.components import Components, fit_components
from lstm_anomaly.scoring.cross_sensor import CrossSensorRegression
from lstm_anomaly.scoring.fault_isolation import FaultIsolation
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.scoring.networks import (
    LSTMS,
    Expectations,
    NetworkErrors,
    NetworkReader,
    Networks,
    lstm_errors,
    unjudged_rows,
)
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.residuals import Residuals, lstm_shares, mixed
from lstm_anomaly.scoring.states import OperatingStates, state_features, with_first_rows
from lstm_anomaly.scoring.unseen import Unseen, mean_distances
from lstm_anomaly.training.fit_networks import Fitted

MOST_VALUES = 10_000_000  # that are held of one kind: of longer training data the last rows tell
LEAST_ROWS = 500  # that tell, however many sensors there are
MUCH_BETTER = 0.9  # an LSTM whose held-out error is above this share of the linear one brings nothing
FLAT_SHARE = 0.05  # of the false-alarm budget, for what reads flat, over all sensors


@dataclass(frozen=True)
class Measured:
    """How good the fitted networks are, and their usual errors.

    segments  the M rows that told
    largest   (M,) each row's largest multiple of a limit, from which the threshold is learned; NaN unjudged
    unlike    a span of rows that stands out from all others: how far, its first row and its last
    together  (M,) each row's multiple of the limit of all sensors together; NaN likewise
    held_out  mean squared errors on rows that the LSTMs were not fitted to, by view and kind
    kind, why of the model
    """

    kind: str
    why: str
    networks: Networks
    expectations: Expectations
    states: OperatingStates
    components: Components
    unseen: Unseen
    novelty: NoveltyRule
    stillness: Stillness
    cross_sensor: CrossSensorRegression
    isolation: FaultIsolation
    segments: Segments
    largest: FloatArray
    unlike: tuple[float, int, int]
    together: FloatArray
    held_out: dict[str, float]


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a training: as they were read (N, F), as the networks read them (F_in, N), and which count.

    values    (N, F) in own units
    scaled    (F_in, N)
    targets   (F_in,) which of the networks' rows are forecast
    roles     of the sensors
    usable    all rows that may be learned from
    fitted    (N,) those that the LSTMs were fitted to
    resumes   (N,) those right after a stop
    per_row   accepted false alarms a row
    look_ahead  rows that a verdict will wait for
    """

    values: FloatArray
    scaled: Float32Array
    targets: BoolArray
    roles: SensorRoles
    usable: Segments
    fitted: BoolArray
    resumes: BoolArray
    per_row: float
    look_ahead: int = 0


def measure(rows: TrainingRows, fitted: Fitted, kind: str, rng: np.random.Generator) -> Measured:
    """Usual errors on the last usable rows, and the kind of model if that is "auto".

    Of rows at four lags, and of what is left of them by four views, at most `MOST_VALUES` values are held.
    """
    most = max(LEAST_ROWS, MOST_VALUES // (4 * len(rows.scaled)))
    end = rows.usable[-1][1]
    segments = cut(rows.usable, _row_before(rows.usable, most), end)
    inside = np.concatenate([np.arange(a, b) for a, b in segments])  # (M,)
    held_out = ~rows.fitted[inside]  # (M,)
    forecast, forecast_errors = fit_forecast(rows.scaled, rows.targets, segments)
    related, related_errors = fit_related(rows.scaled, rows.targets, segments)
    number = np.concatenate([np.arange(b - a) for a, b in segments])  # (M,) of a row in its stretch
    forecast_errors[number < forecast.reach] = np.nan
    related_errors[number < related.reach] = np.nan
    networks, restored_errors, by_network = _read(rows, fitted.networks, segments)
    found = _held_out((forecast_errors, restored_errors), networks, by_network, held_out)
    kind, why = chosen_kind(found) if kind == "auto" else (kind, "as asked for")
    if kind == "linear":
        networks = networks.without_lstm()
    shares, by_lstm = np.zeros((2, int(rows.targets.sum()))), np.full_like(forecast_errors, np.nan)
    own, autoencoder = (lstm_errors(networks, by_network, name) for name in LSTMS)
    if own is not None and autoencoder is not None:
        pairs = ((forecast_errors, own), (restored_errors, autoencoder))
        shares = np.array([lstm_shares(linear[held_out], lstm[held_out]) for linear, lstm in pairs])
        shares = np.ones_like(shares) if kind == "pure" else shares
        by_lstm, restored_errors = (
            _as_if_held_out(mixed(*pair, share), held_out) for pair, share in zip(pairs, shares, strict=True)
        )
        del pairs  # of large arrays
    level = by_network.level[0]  # (M, F_t)
    errors = np.stack([forecast_errors, restored_errors, related_errors, by_lstm])  # (4, M, F_t)
    del forecast_errors, restored_errors, related_errors, by_lstm, by_network, own, autoencoder  # large
    residuals = Residuals(errors, level - level.mean(axis=0))
    states, state, distance = _states(rows, segments, rng)
    novelty, evidence = NoveltyRule.fit(rows.values[inside], rows.roles.ruled)
    total = novelty.remembered(evidence, len(inside)).sum(axis=1)  # (M,)
    components, largest, together = fit_components(
        residuals, state, len(states.centres), total, rows.look_ahead
    )
    early = [unjudged_rows(networks.window, forecast, resumes=bool(rows.resumes[a])) for a, _b in segments]
    unjudged = number < np.repeat(early, [b - a for a, b in segments])  # (M,)
    largest[unjudged] = together[unjudged] = np.nan
    times, a, b = components.standing_out(errors, state)
    del errors, residuals
    moving = rows.values[:, rows.roles.targets]
    return Measured(
        kind=kind,
        why=why,
        networks=networks,
        expectations=Expectations(forecast, related, shares),
        states=states,
        components=components,
        unseen=Unseen.fit(distance),
        novelty=novelty,
        stillness=Stillness.fit(moving, segments, FLAT_SHARE * rows.per_row / moving.shape[1]),
        cross_sensor=CrossSensorRegression.fit(level),
        isolation=FaultIsolation.fit(level, segments),
        segments=segments,
        largest=largest,
        unlike=(times, int(inside[a]), int(inside[b])),
        together=together,
        held_out=found,
    )


def _row_before(segments: Segments, count: int) -> int:
    """The row from which on the segments hold at most `count` rows."""
    for a, b in reversed(segments):
        if count < b - a:
            return b - count
        count -= b - a
    return segments[0][0]


def _read(
    rows: TrainingRows, networks: Networks, segments: Segments
) -> tuple[Networks, FloatArray, NetworkErrors]:
    """The networks with components of all rows; cross-fitted errors of these, (M, F_t); what LSTMs say."""
    scaled, window = rows.scaled, networks.window
    whole = LinearAutoencoder.fit(scaled, window_starts(rows.usable, window), window)
    networks = replace(networks, linear=whole)
    by_network = NetworkErrors.joined([NetworkReader(networks).push(scaled[:, a:b]) for a, b in segments])
    count, first, last = rows_in(segments), segments[0][0], segments[-1][1]
    errors = by_network.errors[-1].copy()  # where no fold can be told
    edges = [_row_after(segments, count * k // FOLDS) for k in range(FOLDS + 1)]
    places = np.concatenate([np.arange(a, b) for a, b in segments])  # (M,)
    for a, b in pairwise(edges):
        starts = window_starts((*cut(segments, first, a), *cut(segments, b, last)), window)
        if not len(starts):
            continue
        fold = LinearAutoencoder.fit(scaled, starts, window)
        for c, d in cut(segments, max(first, a - window + 1), b):
            if d - c < window:
                continue
            expected = fold.last_rows(scaled[:, c:d])[:, rows.targets]  # (d - c - T + 1, F_t)
            judged = np.arange(c + window - 1, d)
            known = judged >= a
            at = np.searchsorted(places, judged[known])
            errors[at] = scaled[rows.targets][:, judged[known]].T - expected[known]
    return networks, errors, by_network


def _row_after(segments: Segments, count: int) -> int:
    """The row before which `count` rows of the segments lie."""
    for a, b in segments:
        if count <= b - a:
            return a + count
        count -= b - a
    return segments[-1][1]


def _held_out(
    linear: tuple[FloatArray, FloatArray], networks: Networks, by_network: NetworkErrors, held_out: BoolArray
) -> dict[str, float]:
    """Mean squared errors on rows that the LSTMs were not fitted to, by view and kind."""
    found = {}
    names = (("forecast", "forecaster"), ("restored", "autoencoder"))
    for (view, name), errors in zip(names, linear, strict=True):
        found[f"{view}_linear"] = _over_all(errors[held_out])
        lstm = lstm_errors(networks, by_network, name)
        if lstm is not None:
            found[f"{view}_lstm"] = _over_all(lstm[held_out])
    return {name: value for name, value in sorted(found.items()) if np.isfinite(value)}


def _over_all(errors: FloatArray) -> float:
    """Mean square of what is known, NaN where nothing is."""
    known = errors[~np.isnan(errors)]
    return float(np.square(known).mean()) if len(known) else float("nan")


def chosen_kind(held_out: dict[str, float]) -> tuple[str, str]:
    """`lstm` where an LSTM is much better than its linear counterpart in one view, else `linear`; why."""
    for view, words in (("forecast", "forecasts the next row"), ("restored", "restores rows")):
        lstm, linear = held_out.get(f"{view}_lstm"), held_out.get(f"{view}_linear")
        if lstm is not None and linear is not None and lstm < MUCH_BETTER * linear:
            return (
                "lstm",
                f"on held-out rows the LSTM {words} with {percent(1 - lstm / linear)} less error",
            )
    return "linear", "on held-out rows no LSTM does much better than linear regression"


def _as_if_held_out(errors: FloatArray, held_out: BoolArray) -> FloatArray:
    """Errors (M, F_t), those on fitted rows scaled to be as large as on held-out ones, if there are both."""
    known = np.isfinite(errors).all(axis=1)  # (M,)
    inside, outside = errors[known & ~held_out], errors[known & held_out]
    if not len(inside) or not len(outside):  # of very long training data only held-out rows may tell
        return errors
    larger, smaller = (np.sqrt(np.square(part).mean(axis=0)) for part in (outside, inside))
    factor = np.maximum(1.0, larger / np.maximum(smaller, 1e-9))  # (F_t,)
    return np.where(held_out[:, np.newaxis], errors, errors * factor)


def _states(
    rows: TrainingRows, segments: Segments, rng: np.random.Generator
) -> tuple[OperatingStates, np.ndarray, FloatArray]:
    """Operating states, that of each of the M rows, and its distance from it, a mean as in `unseen`."""
    sensors = int(rows.roles.inputs.sum())
    parts = [rows.scaled[:sensors, a:b].T.astype(np.float64) for a, b in segments]
    features = np.concatenate([state_features(with_first_rows(part)) for part in parts])
    states = OperatingStates.fit(features, rng)
    means = [mean_distances(states, part) for part in parts]
    return states, states.of_rows(features)[0], np.concatenate(means)
