"""A model as `inspect` shows it: in words, its sensors and odd calibration rows as bars, its losses drawn."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from lstm_anomaly.base.text import number, printable, wrapped
from lstm_anomaly.model.model import Model
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.plots import curves
from lstm_anomaly.output.terminal.summary import SensorQuality, model_lines, sensor_qualities

BAR = 10  # characters
MOST_NAME = 24
HARDLY = 0.5  # a sensor of whose variance less is explained is pointed out
_LEAST_WIDTH = {
    "lowest": 70,
    "highest": 70,
    "end": 70,
    " ": 90,
}  # columns of a terminal from which there is room


def inspection(model: Model, path: str, canvas: Canvas) -> str:
    """Everything in a model file that a person may want to know; off a terminal nothing is cut."""
    lines: Iterable[str] = model_lines(model, path)
    if canvas.terminal and canvas.width is not None:
        lines = wrapped(lines, canvas.width)
    parts = ["".join(f"{printable(line)}\n" for line in lines)]
    left_out = canvas.hidden(_LEAST_WIDTH)
    tables = [
        ("sensors in training, and how well each is forecast", _sensors(model, canvas)),
        ("strangest episodes of the calibration rows; the limit is 1x", _episodes(model, canvas)),
    ]
    for title, rows in tables:
        if rows:
            shown = _table(rows, left_out, canvas)
            parts.append(f"{title}\n" + canvas.rendered(shown))
    if model.summary.losses:
        losses = {"fit": model.summary.losses, "validation": model.summary.validation_losses}
        room = 60 if canvas.width is None else min(60, canvas.width - 12)
        curve = "".join(f"{line}\n" for line in curves(losses, width=room))
        parts.append(f"loss of the autoencoder (epoch {model.summary.best_epoch} was kept)\n{curve}")
    return "\n".join(parts)


def _table(rows: list[dict[str, Text]], left_out: set[str], canvas: Canvas) -> Table:
    """Rows of heading -> cell; a heading of blanks is for bars."""
    shown = canvas.table()
    names = [name for name in rows[0] if name not in left_out]
    for name in names:
        is_text = name in ("sensor", "start", "end") or not name.strip()
        shown.add_column(name.strip(), justify="left" if is_text else "right", no_wrap=True)
    for row in rows:
        shown.add_row(*(row[name] for name in names))
    return shown


def _sensors(model: Model, canvas: Canvas) -> list[dict[str, Text]]:
    return [
        {
            "sensor": Text(_name(quality.sensor, canvas)),
            "lowest": Text(number(quality.lowest)),
            "highest": Text(number(quality.highest)),
            "usual error": Text(number(quality.usual_error, 3)),
            "explained": _explained(quality),
            " ": Text(_bar(quality.explained, canvas), style="steel_blue"),
        }
        for quality in sensor_qualities(model)
    ]


def _explained(quality: SensorQuality) -> Text:
    """How much of a sensor's variance its forecast explains; some sensors are judged by a rule instead."""
    if quality.explained != quality.explained:
        return Text("by rule")
    return Text(
        f"{100 * quality.explained:.1f} %", style="dark_goldenrod" if quality.explained < HARDLY else ""
    )


def _episodes(model: Model, canvas: Canvas) -> list[dict[str, Text]]:
    return [
        {
            "start": Text(printable(episode.start)),
            "end": Text(printable(episode.end)),
            "peak": Text(f"{number(episode.score, 2)}x"),
            " ": Text(_bar(min(episode.score, 1.0), canvas), style="steel_blue"),
            "sensor": Text(_name(episode.sensor, canvas)),
        }
        for episode in model.strangest
    ]


def _name(name: str, canvas: Canvas) -> str:
    return canvas.shortened(printable(name), MOST_NAME) if canvas.terminal else printable(name)


def _bar(share: float, canvas: Canvas) -> str:
    """A bar that is full at 1."""
    if share != share:
        return ""
    full, empty = ("█", "░") if canvas.unicode else ("#", ".")
    count = round(share * BAR)
    return full * count + empty * (BAR - count)
