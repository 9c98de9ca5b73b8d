"""Found events as a table for people."""

from rich.text import Text

from lstm_anomaly.base.text import number, printable
from lstm_anomaly.decision.event import SILENT, Contribution, Event
from lstm_anomaly.detecting.places import CLOSED, PlacedEvent
from lstm_anomaly.output.terminal.canvas import Canvas

SENSORS_IN_TABLE = 3
_LEAST_WIDTH = {"file": 120, "end": 100, "sensor": 70}  # columns of a terminal from which there is room
MOST_NAME = 24  # characters of a sensor's name in the overview
LEAST_NAME = 6  # characters to which a name is cut at most, where the terminal has no more room
_NUMBERS = ("number", "rows", "score")
_NAMES = ("file", "group", "sensor")  # may be cut: the picture below says them whole
LEAST_SHARE = 0.05  # of an event, for a sensor other than the first to be named
SEVERITY_STYLE = {"low": "dark_goldenrod", "medium": "dark_orange3", "high": "bold red"}


def table(events: list[PlacedEvent], canvas: Canvas) -> str:
    """A table for people; off a terminal as wide as its content, never cut, never wrapped.

    On a terminal it is an overview, with as many columns as fit; the pictures say the rest.
    """
    several = len({placed.source for placed in events}) > 1
    grouped = any(placed.group for placed in events)
    rows = canvas.table()
    cells = [_cells(placed, place, canvas) for place, placed in enumerate(events, 1)]
    left_out = {name for name, shown in (("file", several), ("group", grouped)) if not shown}
    left_out |= canvas.hidden(_LEAST_WIDTH)
    cells = [{name: cell for name, cell in row.items() if name not in left_out} for row in cells]
    if canvas.terminal and canvas.width is not None:
        _fit(cells, canvas, canvas.width)
    for name in cells[0]:
        rows.add_column(_title(name), justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for row in cells:
        rows.add_row(*row.values())
    return canvas.rendered(rows)


def _title(name: str) -> str:
    return "" if name == "number" else name


def _fit(cells: list[dict[str, Text]], canvas: Canvas, width: int) -> None:
    """Cut names, the longest first, so that times and scores stay whole; a path keeps its end."""
    widths = {name: max(len(_title(name)), *(row[name].cell_len for row in cells)) for name in cells[0]}
    names = [name for name in _NAMES if name in widths]
    while names and sum(widths.values()) + 3 * len(widths) + 1 > width:
        longest = max(names, key=lambda name: widths[name])
        if widths[longest] > LEAST_NAME:
            widths[longest] -= 1
        elif widths.pop("severity", 0):  # the score tells it, too
            for row in cells:
                del row["severity"]
        else:
            break
    for row in cells:
        for name in names:
            room, whole = widths[name], row[name].plain
            cut = canvas.end_of(whole, room) if name == "file" else canvas.shortened(whole, room)
            row[name] = Text(cut)


def _cells(placed: PlacedEvent, place: int, canvas: Canvas) -> dict[str, Text]:
    """What stands in each column for one event."""
    event = placed.event
    first = printable(event.sensor)
    if canvas.terminal:
        telling = {"sensor": Text(canvas.shortened(first, MOST_NAME))}
    else:
        parts = [] if event.kind == SILENT else map(sensor_sentence, _telling(event))
        quiet = [f"maintenance: {printable(placed.maintenance)}"] if placed.maintenance else []
        telling = {"what departs": Text("\n".join([printable(placed.sentence), *parts, *quiet]))}
    return {
        **({"number": Text(str(place))} if canvas.terminal else {}),
        "file": Text(printable(placed.source)),
        "group": Text(printable(placed.group)),
        "start": Text(printable(placed.start)),
        "end": Text(printable(placed.end) + ("" if placed.state == CLOSED else f" ({placed.state})")),
        "rows": Text(str(event.duration)),
        "score": Text("" if event.kind == SILENT else f"{number(event.peak, 3)}x"),
        "severity": Text(event.severity, style=SEVERITY_STYLE[event.severity]),
        **telling,
    }


def _telling(event: Event) -> list[Contribution]:
    """The sensors worth a line: the first, and others that carry a visible part."""
    parts = event.contributions[:SENSORS_IN_TABLE]
    return [c for k, c in enumerate(parts) if k == 0 or c.share >= LEAST_SHARE]


def sensor_sentence(c: Contribution) -> str:
    """`pressure_bar 62 %: saw 3.1, expected 4.7`; of symbols the reason tells more than their codes."""
    if c.direction == "symbol":
        return f"{printable(c.sensor)} {100 * c.share:.0f} %"
    return f"{printable(c.sensor)} {100 * c.share:.0f} %: saw {number(c.seen)}, expected {number(c.expected)}"
