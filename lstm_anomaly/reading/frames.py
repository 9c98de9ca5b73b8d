"""Choosing and joining rows and sensors of frames that have been read."""

import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import IntArray, SensorFrame
from lstm_anomaly.reading.layout.missing_columns import check_sensors

# Columns of a frame with an entry for each row; a frame may be without some.
COLUMNS = ("values", "lines", "source_index", "stamps", "times", "groups", "texts", "logged")


def join_frames(frames: Sequence[SensorFrame]) -> SensorFrame:
    """One frame of the rows of all, in this order. They must have the same sensors and sources."""
    if len(frames) == 1:
        return frames[0]
    parts = {name: [getattr(frame, name) for frame in frames] for name in COLUMNS}
    joined: dict[str, Any] = {
        name: None if columns[0] is None else np.concatenate(columns) for name, columns in parts.items()
    }
    return dataclasses.replace(frames[0], **joined)


def take_rows(frame: SensorFrame, rows: slice | IntArray) -> SensorFrame:
    """The rows of a slice, or those of these numbers."""
    columns: dict[str, Any] = {name: getattr(frame, name) for name in COLUMNS}
    taken: dict[str, Any] = {
        name: None if column is None else column[rows] for name, column in columns.items()
    }
    return dataclasses.replace(frame, **taken)


def split_groups(frame: SensorFrame) -> dict[str, IntArray]:
    """Group -> its rows, in the order in which the groups first appear. Rows without a group have none."""
    assert frame.groups is not None
    code_of: dict[str, int] = {}
    codes = np.array([code_of.setdefault(name, len(code_of)) for name in frame.groups.tolist()], np.int64)
    order = np.argsort(codes, kind="stable")  # (N,) the rows of each group together
    ends = np.cumsum(np.bincount(codes, minlength=len(code_of)))  # (groups,)
    return {name: rows for name, rows in zip(code_of, np.split(order, ends[:-1]), strict=False) if name}


def select_rows(frame: SensorFrame, rows: str) -> SensorFrame:
    """The rows `FIRST:LAST`, counted from 1, both included; either may be left out, `N` is one row.

    Raises InputError when the text is no such range or when it names no row of the frame.
    """
    return join_frames(list(select_in_pieces([frame], rows)))


def select_in_pieces(pieces: Iterable[SensorFrame], rows: str) -> Iterator[SensorFrame]:
    """The same of frames that follow each other; what is behind LAST is not read."""
    first, last = _row_range(rows)
    seen = 0
    for piece in pieces:
        taken = slice(max(first - seen - 1, 0), max(last - seen, 0))
        seen += len(piece)
        if len(selected := take_rows(piece, taken)):
            yield selected
        if seen >= last:
            return
    if seen < first:
        raise InputError(
            f"rows {rows} are not in the input, which has {seen:,} rows", hint=f"--rows 1:{seen}"
        )


def _row_range(rows: str) -> tuple[int, int]:
    found = re.fullmatch(r"\s*(?:(\d*)\s*:\s*(\d*)|(\d+))\s*", rows)
    if found is None or not any(found.groups()):
        raise InputError(
            f"{rows!r} is no range of rows", hint="--rows 1:400 or --rows 401: (the first row is 1)"
        )
    first = int(found[1] or found[3] or 1)
    last = int(found[2] or found[3] or sys.maxsize)
    if first < 1 or last < first:
        raise InputError(f"{rows!r} names no row", hint="--rows 1:400 (the first row is 1)")
    return first, last


def match_sensors(frame: SensorFrame, sensors: Sequence[str]) -> SensorFrame:
    """The frame with exactly these sensors in this order.

    Raises SensorsError, naming both lists, when one is missing.
    """
    check_sensors(sensors, frame.sensors, ", ".join(frame.sources))
    columns = [frame.sensors.index(name) for name in sensors]
    return dataclasses.replace(frame, values=frame.values[:, columns], sensors=tuple(sensors))


def drop_empty_sensors(frame: SensorFrame) -> tuple[SensorFrame, tuple[str, ...]]:
    """The frame without sensors that never have a reading, and their names."""
    is_empty = np.asarray(np.isnan(frame.values).all(axis=0))  # (F,)
    names = np.array(frame.sensors, object)
    kept = dataclasses.replace(frame, values=frame.values[:, ~is_empty], sensors=tuple(names[~is_empty]))
    return kept, tuple(names[is_empty])


def data_frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    """Columns of equal length as what notebooks show."""
    return pd.DataFrame(columns)
