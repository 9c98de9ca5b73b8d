"""The report on a training: losses, how rows were restored, and what the threshold means."""

from collections.abc import Sequence

import numpy as np

from lstm_anomaly.base.text import count, number
from lstm_anomaly.model.model import Model
from lstm_anomaly.output.report.charts import Axis, Chart, Line, Panel, score_line
from lstm_anomaly.output.report.of_model import model_sections
from lstm_anomaly.output.report.page import Section, Table, page
from lstm_anomaly.training.review import Review

POINTS = 6000
WINDOWS_AROUND = 2  # windows shown before and after the one in question
SENSORS_SHOWN = 3
LEAST_RATE = 1e-2  # episodes below are drawn here: their axis is logarithmic


def training_report(review: Review, notes: Sequence[str], title: str) -> str:
    """The whole file as text."""
    model = review.model
    of_sensors = []
    if not model.is_symbols_only:
        best, worst = review.windows()
        of_sensors = [
            _window("worst", "Worst calibration window", worst, review),
            _window("best", "Best calibration window", best, review),
            _sensors(model, review),
        ]
    sections = [
        _summary(model, notes),
        _threshold(review),
        _calibration(review),
        *of_sensors,
        *model_sections(model),
    ]
    return page(title, "How the model was trained, and what to expect of it", sections)


def _summary(model: Model, notes: Sequence[str]) -> Section:
    summary = model.summary
    facts = [("rows", f"{summary.rows:,}"), ("sensors", f"{len(model.sensors)}")]
    if summary.first:
        facts += [("first row", _stamp(summary.first)), ("last row", _stamp(summary.last))]
    facts += [
        ("to fit the weights", f"{summary.fit_rows:,} rows"),
        ("to decide when to stop", f"{summary.validation_rows:,} rows"),
        ("to calibrate", f"{summary.calibration_rows:,} rows"),
    ]
    return Section("summary", "Summary", [model.threshold.promise(), *notes], facts)


def _threshold(review: Review) -> Section:
    threshold = review.model.threshold
    seen = np.maximum(review.curve.seen, LEAST_RATE)
    lines = [Line("step", "this model", review.curve.levels, seen)]
    proven = np.maximum(review.curve.proven, LEAST_RATE)
    lines.append(Line("other", "proven at most", review.curve.levels, proven))
    budget = threshold.budget.alarms
    panel = Panel(f"episodes {threshold.budget.per}", lines, log=True, limit=budget)
    told = (
        "How many episodes the calibration rows, which no LSTM was fitted to, have above each level. A level"
        " is a multiple of the threshold, so 1 is the limit; the line across is the budget,"
        f" {threshold.budget.words}."
    )
    chart = Chart("threshold", [panel], "level", bands=[(1.0, 1.0)], band_name="threshold")
    return Section("threshold", "Threshold", [told], chart=chart)


def _calibration(review: Review) -> Section:
    axis = Axis(review.series)
    first = int(review.calibration.argmax())
    stop = len(review.calibration) - int(review.calibration[::-1].argmax())
    scores = np.where(review.calibration, review.judgement.scores, np.nan)[first:stop]
    panel = Panel("score", [score_line(axis, scores, POINTS, first=first)], log=True, limit=1.0)
    told = (
        "The scores of the last rows, which no LSTM was fitted to. High ones should be normal, too: if one"
        " is a fault, leave it out (--ignore) and train again."
    )
    chart = Chart("calibration", [panel], axis.title, axis.is_time)
    strangest = [
        [episode.start, episode.end, number(episode.score, 2), episode.sensor]
        for episode in review.model.strangest
    ]
    headings = ["start", "end", "peak", "sensor"]
    table = Table(headings, strangest, frozenset({2}), caption="The highest episodes") if strangest else None
    return Section("calibration", "Calibration rows", [told], chart=chart, table=table)


def _window(anchor: str, title: str, window: slice, review: Review) -> Section:
    series, model = review.series, review.model
    axis, length = Axis(series), window.stop - window.start
    shown = np.arange(
        max(0, window.start - WINDOWS_AROUND * length),
        min(len(series), window.stop + WINDOWS_AROUND * length),
    )
    inside = slice(window.start, window.stop)
    distance = (series.values[inside] - review.judgement.expected[inside]) / model.scaler.scale
    worst = np.argsort(-np.mean(np.nan_to_num(distance) ** 2, axis=0), kind="stable")[:SENSORS_SHOWN]
    panels = []
    for sensor in worst:
        lines = [Line("seen", "seen", axis.at(shown), series.values[shown, sensor])]
        lines.append(Line("expected", "expected", axis.at(shown), review.judgement.expected[shown, sensor]))
        panels.append(Panel(series.sensors[sensor], lines))
    bands = axis.bands([(window.start, window.stop - 1)])
    error = float(np.mean(review.errors[inside]))
    told = (
        f"{count(length, 'row')}, shaded, with a mean squared error of {number(100 * error, 3)} % of the"
        f" variance in training; {count(len(panels), 'sensor')} with the largest errors."
    )
    chart = Chart(anchor, panels, axis.title, axis.is_time, bands, "the window")
    return Section(anchor, title, [told], chart=chart)


def _sensors(model: Model, review: Review) -> Section:
    known = review.calibration & np.isfinite(review.judgement.scores)
    rows = []
    codes = {column.place for column in model.symbols}
    for k, name in enumerate(model.sensors):
        if k in codes:
            continue
        values = review.series.values[known, k]
        cells = [name, number(float(values.min())), number(float(values.max()))]
        miss = values - review.judgement.expected[known, k]
        usual = float(np.sqrt(np.nanmean(miss**2)))
        cells += [number(usual, 3), _explained(usual, float(model.scaler.scale[k]))]
        rows.append(cells)
    headings = ["sensor", "lowest", "highest", "usual error", "explained"]
    told = (
        "On the calibration rows: the usual error (root mean square) in each sensor's own unit, and how much"
        " of its variance in training is explained. A sensor that is hardly explained is"
        " only watched by its level."
    )
    table = Table(headings, rows, frozenset(range(1, len(headings))))
    return Section("sensors", "Sensors", [told], table=table)


def _stamp(text: str) -> str:
    return text[:19].replace("T", " ")


def _explained(error: float, spread: float) -> str:
    share = 1 - (error / spread) ** 2 if spread > 0 else float("nan")
    return f"{100 * max(share, 0.0):.1f} %" if np.isfinite(share) else "-"
