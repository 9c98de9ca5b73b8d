"""One fault on its way to a score: the picture of docs/how-it-scores.md, from the sample data.

python docs/score_picture.py MODEL        a model of sample_data/normal.csv; writes docs/pictures/score.svg
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np

from lstm_anomaly.model.file import read_model
from lstm_anomaly.model.judge import judge
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import match_sensors, read_csvs
from lstm_anomaly.scoring.components import LENGTHS
from lstm_anomaly.scoring.networks import ResidualReader
from lstm_anomaly.scoring.residuals import FORECAST, RELATED, RESTORED
from lstm_anomaly.scoring.states import state_features, with_first_rows

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).parent.parent
SENSOR, BEGINS, BEFORE, AFTER = "pressure_bar", "2026-03-24T20:00", 150, 500
PARTS = len(LENGTHS) + 2
SHOWN = (
    (RELATED, 3, "related, 30 rows", "C3"),
    (FORECAST, 3, "forecast, 30 rows", "C0"),
    (RESTORED, 3, "restored, 30 rows", "C2"),
)


def main() -> None:
    """Judge the week of the sample data, and draw the hours around one fault."""
    model = read_model(sys.argv[1])
    read, _report = read_csvs([str(ROOT / "sample_data" / "week.csv")])
    frame = match_sensors(read, model.sensors)
    series, _ = clean(frame, step=model.step, max_fill=model.max_fill)
    a, b = series.segments[0]
    values, times = series.values[a:b], series.times[a:b]
    rows = model.network_rows(values, times)  # (F_in, n)
    residuals = ResidualReader(model.networks, model.expectations).push(rows)
    sensors = int(model.roles.inputs.sum())
    state, _ = model.states.of_rows(state_features(with_first_rows(rows[:sensors].T.astype(float))))
    scaled = model.components.scaled(residuals.errors, state)  # (3, n, F_t)
    multiples = model.components.of_rows(scaled, len(values))  # (18, n)
    judgement = judge(model, series)
    k = model.sensors.index(SENSOR)
    at = int(np.searchsorted(times, np.datetime64(BEGINS)))
    part = slice(at - BEFORE, at + AFTER)
    hours = np.arange(-BEFORE, AFTER) / 60

    plt.rcParams.update(
        {"svg.hashsalt": "score", "font.size": 9, "axes.spines.right": False, "axes.spines.top": False}
    )
    figure, (seen, left, parts, score) = plt.subplots(
        4, 1, figsize=(8, 7.2), sharex=True, layout="constrained"
    )
    seen.plot(hours, judgement.expected[a:b][part, k], "C1", label="what the other sensors say")
    seen.plot(hours, values[part, k], "C0", lw=0.8, label="seen")
    seen.set_ylabel("bar")
    seen.set_title("1. A pressure transmitter's zero moves by 0.6 bar for six hours", loc="left")
    left.plot(hours, scaled[RELATED, part, k], "C3", lw=0.8)
    left.set_ylabel("usual sizes")
    left.set_title(
        "2. What is left of it, in units of what is usual in the plant's operating state", loc="left"
    )
    for view, length, name, color in SHOWN:
        parts.plot(hours, multiples[view * PARTS + length, part], color, lw=1, label=name)
    parts.axhline(1, color="0.4", lw=0.8, ls="--")
    parts.set_yscale("log")
    parts.set_ylim(1e-2, None)
    parts.set_ylabel("limits")
    parts.set_title("3. Three of the components, as multiples of their own limits", loc="left")
    score.plot(hours, judgement.scores[a:b][part], "k", lw=1)
    score.axhline(1, color="C3", lw=0.8, ls="--")
    score.set_yscale("log")
    score.set_ylabel("score")
    score.set_xlabel("hours since the fault began")
    score.set_title("4. The score: the largest of all components over the threshold", loc="left")
    for axis in (seen, parts):
        axis.legend(frameon=False, loc="upper right", fontsize=8)
    figure.savefig(ROOT / "docs" / "pictures" / "score.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
