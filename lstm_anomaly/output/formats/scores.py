"""The scores file: one CSV line for every data row of the input, in input order."""

import math
from typing import TextIO

from lstm_anomaly.detecting.verdicts import Verdicts
from lstm_anomaly.output.formats.csv_text import csv_text

HEADER = ("source", "line", "timestamp", "score", "state", "top_sensor")


def write_scores_header(file: TextIO) -> None:
    """Write the line that names the columns."""
    file.write(csv_text([HEADER]))


def write_scores(file: TextIO, verdicts: Verdicts, *, excel_safe: bool = False) -> None:
    """Write a line for each row of `verdicts`; `excel_safe` as in `csv_text`.

    A row that could not be judged has an empty score and the state `unknown`.
    """
    frame = verdicts.frame
    stamps = [""] * len(frame) if frame.stamps is None else frame.stamps.tolist()
    sources = [frame.sources[k] for k in frame.source_index.tolist()]
    shown = ["" if math.isnan(score) else f"{score:.6g}" for score in verdicts.scores.tolist()]
    rows = zip(
        sources,
        frame.lines.tolist(),
        stamps,
        shown,
        verdicts.states(),
        verdicts.top_sensors(),
        strict=True,
    )
    file.write(csv_text(rows, excel_safe=excel_safe))
