"""Curves as one line of characters each, in block characters or in plain ASCII."""

from itertools import pairwise

import numpy as np

from lstm_anomaly.base.types import FloatArray, IntArray

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = ".:-=+*%#"
UNKNOWN = " "


def columns(rows: int, width: int) -> list[slice]:
    """Cut `rows` rows into at most `width` parts of even size, none empty."""
    count = max(1, min(rows, width))
    edges = np.linspace(0, rows, count + 1).round().astype(int)
    return [slice(int(a), int(b)) for a, b in pairwise(edges)]


def highest(values: FloatArray, cuts: list[slice]) -> FloatArray:
    """The highest value of each part, NaN where there is none, (parts,)."""
    known = np.where(np.isnan(values), -np.inf, values)
    top = np.array([known[cut].max() for cut in cuts])
    return np.where(np.isinf(top), np.nan, top)


def farthest(seen: FloatArray, expected: FloatArray, cuts: list[slice]) -> IntArray:
    """In each part the row whose reading is farthest from the expected one, (parts,): spikes stay visible."""
    distance = np.nan_to_num(np.abs(seen - expected), nan=-1.0)
    return np.array([cut.start + int(distance[cut].argmax()) for cut in cuts], dtype=np.int64)


def bars(values: FloatArray, low: float, high: float, *, unicode: bool) -> str:
    """A character for each value, the taller the higher it is between `low` and `high`; blank for NaN."""
    characters = BLOCKS if unicode else ASCII
    span = high - low
    scaled = (values - low) / span if span > 0 else np.where(np.isnan(values), np.nan, 0.5)
    out = []
    for value in scaled.tolist():
        if value != value:
            out.append(UNKNOWN)
        else:
            out.append(characters[round(min(max(value, 0.0), 1.0) * (len(characters) - 1))])
    return "".join(out)


def above_and_below(scores: FloatArray, *, unicode: bool) -> tuple[str, str]:
    """Scores as two lines with the limit 1 between them; above it heights are logarithmic."""
    top = max(float(np.nanmax(scores, initial=1.0)), 1.0 + 1e-9)
    with np.errstate(divide="ignore"):
        above = np.log(scores) / np.log(top)
    over = np.where(scores > 1, above, np.nan)
    return bars(over, 0, 1, unicode=unicode), bars(np.minimum(scores, 1.0), 0, 1, unicode=unicode)
