"""Write what `detect` shows on a terminal for three made-up events, at three widths, with and without colour.

    python tests/golden/make_screens.py

Look at the files after a change, with `cat` in a terminal as wide as their names say.
"""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from lstm_anomaly.decision.events import EventRules, JudgedRows, find_events
from lstm_anomaly.event_views import view
from lstm_anomaly.output.events import table
from lstm_anomaly.output.pictures import pictures
from lstm_anomaly.placing import CLOSED, Place, PlacedEvent

SCREENS = Path(__file__).parent / "screens"
WIDTHS = (60, 100, 160)
SENSORS = ("pressure_bar", "flow", "a name \x1b[31mthat is too long for its column")


def placed_events():
    """A spike, a long shift with a gap in it, and a sensor that stands still, in 400 rows."""
    rows = np.arange(400)
    expected = np.column_stack([4 + np.sin(rows / 30), 30 + 3 * np.cos(rows / 30), np.full(400, 7.0)])
    seen = expected + 0.02 * np.sin(rows * 1.7)[:, np.newaxis] * [1, 5, 1]
    scores = 0.4 + 0.1 * np.sin(rows / 5)
    errors = np.full((400, 3), 0.01)
    seen[40:42, 0] += 3
    scores[40:52] = np.linspace(6, 1.1, 12)
    errors[40:52, 0] = 1
    seen[150:300, 1] -= 4
    scores[150:306] = 1.4 + 0.3 * np.sin(rows[150:306] / 9)
    scores[200:203] = np.nan
    errors[150:306] = [0.3, 0.6, 0.1]
    seen[350:380, 2] = 9
    scores[352:384] = 2.5
    errors[352:384, 2] = 1
    reasons = np.zeros(400, dtype=np.int64)
    judged = JudgedRows(scores, errors, seen, expected, reasons)
    out = []
    for event in find_events(judged, SENSORS, EventRules(merge_gap=5)):
        places = [
            Place("pump.csv", row + 2, f"2026-03-24 {row // 60:02}:{row % 60:02}") for row in _rows(event)
        ]
        placed = PlacedEvent.at(event, CLOSED, *places)
        out.append(replace(placed, view=view(event, judged, SENSORS)))
    return out


def _rows(event):
    return event.start, event.end, event.peak_row


def screens():
    """File name -> what is on the screen."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": ""}  # colours hang on what the terminal can show
    events, out = placed_events(), {}
    for width in WIDTHS:
        for name, color, unicode in (("colour", True, True), ("ascii", False, False)):
            canvas = {"terminal": True, "color": color, "unicode": unicode, "width": width}
            out[f"events-{width}-{name}.txt"] = table(events, **canvas) + pictures(events, **canvas)
    return out


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    for name, text in screens().items():
        (SCREENS / name).write_text(text, encoding="utf-8", newline="")
