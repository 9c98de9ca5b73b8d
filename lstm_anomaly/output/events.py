"""Found events as a table for people."""

import io

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lstm_anomaly.decision.events import Contribution, Event
from lstm_anomaly.placing import PlacedEvent
from lstm_anomaly.text import count, number, printable

SENSORS_IN_TABLE = 3
NARROW = 120  # columns of a terminal below which the table would break its sentences
LEAST_SHARE = 0.05  # of an event, for a sensor other than the first to be named
_SEVERITY_STYLE = {"low": "yellow", "medium": "dark_orange", "high": "bold red"}


def table(events: list[PlacedEvent], *, terminal: bool, color: bool, unicode: bool, width: int | None) -> str:
    """A table for people; off a terminal as wide as its content, never cut, never wrapped.

    On a terminal too narrow for it, each event is a line of its own with its sensors below.
    """
    if terminal and width is not None and width < NARROW:
        return "".join(map(_block, events))
    several = len({placed.source for placed in events}) > 1
    rows = Table(box=SIMPLE_HEAD if unicode else ASCII2, title=None, highlight=False)
    if several:
        rows.add_column("file", no_wrap=True)
    for name, justify in (("start", "left"), ("end", "left"), ("rows", "right"), ("score", "right")):
        rows.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    rows.add_column("severity", no_wrap=True)
    rows.add_column("what departs", no_wrap=not terminal)
    for placed in events:
        event = placed.event
        rows.add_row(
            *([Text(printable(placed.source))] if several else []),
            Text(printable(placed.start)),
            Text(printable(placed.end)),
            f"{event.duration}",
            f"{number(event.peak, 3)}x",
            Text(event.severity, style=_SEVERITY_STYLE[event.severity]),
            Text("\n".join([event.reason, *map(sensor_sentence, _telling(event))])),
        )
    return rendered(rows, terminal=terminal, color=color, width=width)


def _block(placed: PlacedEvent) -> str:
    """An event on lines of its own: `start to end, 12 rows, 3.4x high`, why, and a line a sensor."""
    event = placed.event
    head = f"{printable(placed.start)} to {printable(placed.end)}"
    size = f"{count(event.duration, 'row')}, {number(event.peak, 3)}x, {event.severity}"
    return "".join(
        f"{line}\n"
        for line in [
            head,
            f"  {size}",
            f"  {event.reason}",
            *(f"  {sensor_sentence(c)}" for c in _telling(event)),
        ]
    )


def _telling(event: Event) -> list[Contribution]:
    """The sensors worth a line: the first, and others that carry a visible part."""
    first, *others = event.contributions[:SENSORS_IN_TABLE]
    return [first, *(c for c in others if c.share >= LEAST_SHARE)]


def sensor_sentence(c: Contribution) -> str:
    """`pressure_bar 62 %: saw 3.1, expected 4.7`."""
    return f"{printable(c.sensor)} {100 * c.share:.0f} %: saw {number(c.seen)}, expected {number(c.expected)}"


def rendered(what: Table, *, terminal: bool, color: bool, width: int | None) -> str:
    """Text of a rich object, with trailing blanks cut; `width` counts on a terminal only."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width if terminal else 100_000,
        height=25,  # without one, rich takes the width of a dumb terminal for 80
        force_terminal=color,
        no_color=not color,
        color_system="auto" if color else None,
        emoji=False,
        markup=False,
        highlight=False,
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines() if line.strip())
