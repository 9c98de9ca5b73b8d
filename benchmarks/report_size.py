"""How long the report on a million rows takes, how large it is and how much memory it needs.

    python benchmarks/report_size.py [--rows 1000000] [--events 300]

Needs the extra `report`. The rows are those of the sample data's pump, with short faults put in at even
distances; a model is trained on two weeks of it. Printed are the seconds of each step, the size of the file
and the peak of this process's memory, and whether every event can be seen: whether its highest score is among
the points of the overview.
"""

import argparse
import base64
import json
import re
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting.batch import Detection, detect
from lstm_anomaly.detecting.places import place
from lstm_anomaly.evaluation.sample_pump import SENSORS, VIBRATION, make_normal
from lstm_anomaly.model.model import Model
from lstm_anomaly.output.report.of_detection import detection_report
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.training.train import learn

ROWS_A_DAY = 1440
TRAINING_ROWS = 14 * ROWS_A_DAY


def frame_of(values: np.ndarray) -> SensorFrame:
    """Rows a minute apart, as they would have been read."""
    rows = len(values)
    times = np.datetime64("2020-01-01", "ns") + np.arange(rows) * np.timedelta64(1, "m")
    stamps = np.datetime_as_string(times, unit="s").astype(object)
    return SensorFrame(
        values, tuple(SENSORS), np.arange(2, rows + 2), np.zeros(rows, np.int64), ("pump.csv",), stamps, times
    )


def put_faults(values: np.ndarray, count: int, rng: np.random.Generator) -> None:
    """A spike of one to three rows at even distances."""
    for at in np.linspace(500, len(values) - 500, count).astype(int):
        values[at : at + int(rng.integers(1, 4)), VIBRATION] += 3


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    print(f"{what:28} {time.perf_counter() - started:8.1f} s")


def report_on(detection: Detection, model: Model) -> str:
    rows = detection.frame_rows()
    events = [
        replace(place(event, detection.frame, rows), view=detection.view(event)) for event in detection.events
    ]
    return detection_report(detection, model, events, [], "A million rows")


def highest_shown(text: str) -> np.ndarray:
    """The scores that the overview draws above the limit."""
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])
    line = data["charts"]["overview"]["panels"][0]["lines"][0]
    scores = np.frombuffer(base64.b64decode(line["y"]), "<f4")
    return scores[scores > 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=300)
    given = parser.parse_args()
    rng = np.random.default_rng(5)
    values = make_normal(rng, -(-given.rows // ROWS_A_DAY) + 14)
    series, _report = clean(frame_of(values[:TRAINING_ROWS]))
    with timed("training"):
        model = learn(series)
    new = values[TRAINING_ROWS : TRAINING_ROWS + given.rows]
    put_faults(new, given.events, rng)
    frame = frame_of(new)
    with timed(f"detect, {len(new):,} rows"):
        detection = detect(model, frame)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with timed("report"):
        text = report_on(detection, model)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        print(f"{'size':28} {path.stat().st_size / 1e6:8.2f} MB")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{'peak memory':28} {after / 1024:8.0f} MB, {(after - before) / 1024:.0f} MB of it for the report")
    shown = np.float32([event.peak for event in detection.events])
    visible = int(np.isin(shown, highest_shown(text)).sum())
    print(f"{'events to be seen':28} {visible:8} of {len(detection.events)}")


if __name__ == "__main__":
    main()
