"""The rows of the input with their scores appended, for programs further down a pipe."""

import csv
import io
import math

from lstm_anomaly.base.types import TextForm
from lstm_anomaly.detecting.verdicts import Verdicts

ADDED = ("score", "state", "top_sensor")


def passthrough_header(form: TextForm) -> str:
    """The line that names the columns of the input, and the added ones."""
    return _line([*form.names, *ADDED], form.delimiter)


def passthrough_lines(verdicts: Verdicts) -> str:
    """Each row as it stood in the input, with its score, state and top sensor behind it.

    The score is written with the decimal sign of the input, and empty where a row could not be judged.
    """
    frame = verdicts.frame
    assert frame.texts is not None, "the texts were kept"
    assert frame.form is not None, "and with them how they are written"
    delimiter, decimal = frame.form.delimiter, frame.form.decimal
    out = []
    for text, score, state, top in zip(
        frame.texts.tolist(), verdicts.scores.tolist(), verdicts.states(), verdicts.top_sensors(), strict=True
    ):
        shown = "" if math.isnan(score) else f"{score:.6g}".replace(".", decimal)
        out.append(f"{text}{delimiter}{_line([shown, state, top], delimiter)}")
    return "".join(out)


def _line(cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()
