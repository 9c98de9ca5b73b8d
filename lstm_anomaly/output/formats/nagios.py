"""The line and the exit status that Nagios, Icinga and their like expect of a plugin."""

from collections.abc import Sequence

from lstm_anomaly.base.text import count, number, printable
from lstm_anomaly.detecting.places import PlacedEvent
from lstm_anomaly.detecting.verdicts import Tally

OK, WARNING, CRITICAL, UNKNOWN = range(4)
_NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
CRITICAL_FROM = 4.0  # times the threshold: an event of high severity


def plugin_status(events: Sequence[PlacedEvent], tally: Tally, silent: Sequence[PlacedEvent] = ()) -> int:
    """0 without an event, 2 with one of high severity, 1 with others, 3 when no row could be judged.

    silent  sensors that deliver nothing, an event each: they are a warning
    """
    if any(event.event.peak > CRITICAL_FROM for event in events):
        return CRITICAL
    if events or (silent and (tally.judged or not tally.rows)):
        return WARNING
    return UNKNOWN if tally.rows and not tally.judged else OK


def plugin_lines(
    status: int,
    events: Sequence[PlacedEvent],
    tally: Tally,
    silent: Sequence[PlacedEvent] = (),
    trouble: str = "",
) -> str:
    """`WARNING - 2 events, worst 3.9x: From ... | score=3.91;1;4;0 ...`: performance data after the bar.

    Behind it a line for each sensor that is silent, as long text.
    """
    if trouble:
        said = trouble
    elif status == WARNING and not events:
        said = f"{count(len(silent), 'sensor')} silent: {silent[0].event.reason}"
    elif events:
        worst = max(events, key=lambda event: event.event.peak)
        said = f"{count(len(events), 'event')}, worst {number(worst.event.peak, 3)}x: {worst.sentence}"
    elif status == UNKNOWN:
        said = f"none of {count(tally.rows, 'row')} could be judged"
    else:
        said = f"nothing anomalous in {count(tally.rows, 'row')}" if tally.rows else "no new rows"
    peak = max((event.event.peak for event in events), default=0.0)
    figures = [
        f"score={number(peak, 4)};1;{CRITICAL_FROM:g};0",
        f"events={len(events)};;;0",
        f"rows={tally.rows};;;0",
        f"judged={tally.judged};;;0",
        f"unknown={tally.unknown};;;0",
        f"silent={len(silent)};;;0",
    ]
    said = printable(said).replace("|", "/")  # the bar begins the figures
    lines = [f"LSTM-ANOMALY {_NAMES[status]} - {said} | {' '.join(figures)}"]
    lines += [printable(f"{one.event.reason}, since {one.start}").replace("|", "/") for one in silent]
    return "".join(f"{line}\n" for line in lines)
