"""Write what `detect` and `inspect` show on a terminal, at three widths, with and without colour.

    python tests/golden/make_screens.py

Look at the files after a change, with `cat` in a terminal as wide as their names say.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from small_models import small_model

from lstm_anomaly.decision.events import EventRules, find_events
from lstm_anomaly.decision.judged_rows import JudgedRows
from lstm_anomaly.detecting.places import CLOSED, Place, PlacedEvent
from lstm_anomaly.detecting.views import view
from lstm_anomaly.model.model import CalibrationEpisode, TrainingSummary
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.events import table
from lstm_anomaly.output.terminal.inspection import inspection
from lstm_anomaly.output.terminal.pictures import pictures
from lstm_anomaly.preparing.scaler import Scaler
from lstm_anomaly.scoring.reasons import RELATED, TOGETHER, UNSEEN

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
    reasons = np.full(400, RELATED)
    reasons[150:306], reasons[352:384] = TOGETHER, UNSEEN
    margins = np.broadcast_to([0.05, 0.4, 0.3], (400, 3))
    judged = JudgedRows(scores, errors, seen, expected, margins, reasons)
    out = []
    for event in find_events(judged, SENSORS, EventRules(merge_gap=5)):
        places = [
            Place("pump.csv", row + 2, f"2026-03-24 {row // 60:02}:{row % 60:02}") for row in event.rows_told
        ]
        placed = PlacedEvent.at(event, CLOSED, places)
        out.append(replace(placed, view=view(event, judged, SENSORS)))
    return out


def made_up_model():
    """A model whose shown numbers are made up: what training makes of floats is not for a golden file."""
    wave = np.sin(np.arange(400) / 10)
    model = small_model(np.column_stack([wave, 5 - 2 * wave, wave**2]), kind="lstm", epochs=2)
    held_out = {"forecast_lstm": 0.02, "forecast_linear": 0.03, "restored_lstm": 0.2, "restored_linear": 0.1}
    summary = TrainingSummary(
        rows=20160, rows_left_out=3, fit_rows=13104, validation_rows=2016, calibration_rows=5040,
        stride=1, parameters=31594, losses=(0.5, 0.1, 0.05), validation_losses=(0.3, 0.12, 0.08),
        best_epoch=3, trimmed_rows=0, held_out=held_out, doubts=(),
        timed_out="", preset="default", why_kind="as asked for", seed=0,
        first="2026-03-02T00:00:00", last="2026-03-15T23:59:00", lowest=(0.5, -1e-6, 0.0),
        highest=(2.61, 12345.678, 1.0), versions={"lstm-anomaly": "0.1.0"},
    )  # fmt: skip
    episodes = (
        CalibrationEpisode("2026-03-14 14:00", "2026-03-14 15:10", 0.84, SENSORS[0]),
        CalibrationEpisode("2026-03-15 02:00", "2026-03-15 02:03", 0.4, SENSORS[2]),
    )
    plain = np.array([[0.02, 0.6, 1.7]] * 3)
    return replace(
        model,
        sensors=SENSORS,
        summary=summary,
        strangest=episodes,
        scaler=Scaler(np.array([1.5, 100.0, 0.5]), np.array([0.4, 30.0, 0.1])),
        kind="lstm",
        components=replace(model.components, plain=plain),
        states=replace(model.states, rows=np.array([15000, 5160])),
        expectations=replace(model.expectations, shares=np.array([[0.3, 0.5, 0.4], [0.0, 0.1, 0.2]])),
        threshold=replace(model.threshold, value=3.94, rows=5040, episodes=0),
    )


def screens():
    """File name -> what is on the screen."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": ""}  # colours hang on what the terminal can show
    events, model, out = placed_events(), made_up_model(), {}
    for width in WIDTHS:
        for name, color, unicode in (("colour", True, True), ("ascii", False, False)):
            canvas = Canvas(terminal=True, color=color, unicode=unicode, width=width)
            out[f"events-{width}-{name}.txt"] = table(events, canvas) + pictures(events, canvas)
            out[f"inspect-{width}-{name}.txt"] = inspection(model, "pump.model", canvas)
    return out


if __name__ == "__main__":
    SCREENS.mkdir(exist_ok=True)
    for name, text in screens().items():
        (SCREENS / name).write_text(text, encoding="utf-8", newline="")
