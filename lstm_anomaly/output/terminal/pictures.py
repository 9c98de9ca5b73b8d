"""Events as small pictures on a terminal: what happened in one sentence, and the curves that show it."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import numpy as np
from rich.text import Text

from lstm_anomaly.base.text import count, number, printable, wrapped
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.views import EventView, SensorView
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.events import SEVERITY_STYLE
from lstm_anomaly.output.terminal.sparklines import above_and_below, bars, columns, farthest, highest

MOST_PICTURES = 12
MOST_COLUMNS = 100  # a picture is no clearer wider than so
_NAMES = 16  # characters of a sensor's name before a picture, at most
_NOTES = 26  # characters behind a picture, with the blanks before them
_INDENT = 3

_QUIET, _LOUD, _EXPECTED = "steel_blue", "bold dark_orange3", "grey50"


def pictures(events: list[PlacedEvent], canvas: Canvas) -> str:
    """The most severe events, numbered as in the table, each with its reason and its curves."""
    shown = [(place, one, one.view) for place, one in enumerate(events, 1) if one.view is not None]
    worst = sorted(shown, key=lambda item: -item[1].event.peak)[:MOST_PICTURES]
    width = canvas.width or MOST_COLUMNS
    wide = replace(canvas, width=width)
    several = len({one.source for one in events}) > 1
    blocks = []
    for place, placed, view in sorted(worst, key=lambda item: item[0]):
        lines = [*_head(place, placed, wide, several=several), *_curves(view, width, canvas)]
        blocks.append(wide.rendered(Text("\n").join(lines)))
    if len(shown) > len(worst):
        more = len(shown) - len(worst)
        blocks.append(f"These are the {len(worst)} highest events; the table has {more} more.\n")
    return "".join(f"\n{block}" for block in blocks)


def _head(place: int, placed: PlacedEvent, canvas: Canvas, *, several: bool) -> Iterable[Text]:
    event = placed.event
    line = Text(f"{place:<{_INDENT}}", style="bold")
    width = canvas.width or MOST_COLUMNS
    path = canvas.end_of(printable(placed.source), width // 2) if several else ""
    whose = printable(placed.group) or path
    line.append(f"{whose}: " if whose else "")
    line.append(f"{printable(placed.start)}  {count(event.duration, 'row')}  {number(event.peak, 3)}x  ")
    line.append(event.severity, style=SEVERITY_STYLE[event.severity])
    yield line
    for text in wrapped([printable(placed.sentence)], width - _INDENT, indent=0):
        yield Text(" " * _INDENT + text)


def _curves(view: EventView, width: int, canvas: Canvas) -> Iterable[Text]:
    names = [printable(sensor.name) for sensor in view.sensors]
    margin = min(max(map(len, [*names, "score"])), _NAMES, width // 4)
    notes = max([_NOTES, *(len(note) + 2 for sensor in view.sensors for note in _notes(sensor))])
    room = max(10, min(MOST_COLUMNS, width - _INDENT - margin - 2 - notes))
    cuts = columns(len(view.scores), room)
    inside = [_overlaps(cut, view.inside) for cut in cuts]

    def line(name: str, curve: str, note: str, styles: list[str]) -> Text:
        text = Text(f"{'':{_INDENT}}{canvas.shortened(name, margin):<{margin}}  ")
        for style, part in groupby(zip(styles, curve, strict=True), key=lambda pair: pair[0]):
            text.append("".join(character for _style, character in part), style=style)
        return text.append(f"  {note}")

    curve = [_LOUD if is_inside else _QUIET for is_inside in inside]
    rule = "".join(_rule(is_inside, canvas.unicode) for is_inside in inside)
    above, below = above_and_below(highest(view.scores, cuts), unicode=canvas.unicode)
    yield line("score", above, f"peak {number(view.event.peak, 3)}x", curve)
    yield line("", rule, "limit 1x, thick: event", [_EXPECTED] * len(cuts))
    yield line("", below, "", curve)
    for name, sensor in zip(names, view.sensors, strict=True):
        if np.isnan(sensor.expected).all():  # symbols: their codes draw no curve
            continue
        rows = farthest(sensor.seen, sensor.expected, cuts)
        low, high = _span(sensor)
        for label, values, note, styles in (
            (name, sensor.seen[rows], "seen", curve),
            ("", sensor.expected[rows], "expected", [_EXPECTED] * len(cuts)),
        ):
            yield line(label, bars(values, low, high, unicode=canvas.unicode), _range(note, values), styles)


def _overlaps(one: slice, other: slice) -> bool:
    return bool(one.start < other.stop and other.start < one.stop)


def _rule(inside: bool, unicode: bool) -> str:
    return ("━" if inside else "┄") if unicode else ("=" if inside else ".")


def _span(sensor: SensorView) -> tuple[float, float]:
    both = np.concatenate([sensor.seen, sensor.expected])
    known = both[np.isfinite(both)]
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def _notes(sensor: SensorView) -> tuple[str, str]:
    """The longest notes that can stand behind a sensor's two curves: where each row has a column."""
    return _range("seen", sensor.seen), _range("expected", sensor.expected)


def _range(what: str, values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return f"{what} -"
    low, high = number(float(known.min()), 3), number(float(known.max()), 3)
    return f"{what} {low}" if low == high else f"{what} {low} to {high}"
