"""The scores file: one CSV line for every data row of the input, in input order."""

import csv
import math
from collections.abc import Sequence
from typing import TextIO

from lstm_anomaly.types import FloatArray, SensorFrame

HEADER = ("source", "line", "timestamp", "score", "state", "top_sensor")


def write_scores(
    file: TextIO, frame: SensorFrame, scores: FloatArray, states: Sequence[str], top_sensors: Sequence[str]
) -> None:
    """Write `scores` (N,), multiples of the threshold, for the N rows of `frame`.

    A row that could not be judged has an empty score and the state `unknown`.
    """
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    stamps = [""] * len(frame) if frame.stamps is None else frame.stamps.tolist()
    sources = [frame.sources[k] for k in frame.source_index.tolist()]
    shown = ["" if math.isnan(score) else f"{score:.6g}" for score in scores.tolist()]
    writer.writerows(zip(sources, frame.lines.tolist(), stamps, shown, states, top_sensors, strict=True))
