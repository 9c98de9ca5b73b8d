"""Rows that were read and cleaned, and whose verdict is not there yet."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from lstm_anomaly.base.snapshot import saved_as
from lstm_anomaly.base.types import BoolArray, FloatArray, IntArray, SensorFrame
from lstm_anomaly.detecting.places import Place, place_of
from lstm_anomaly.model.silent_sensors import Completed
from lstm_anomaly.preparing.clean_stream import CleanRows
from lstm_anomaly.reading import join_frames, take_rows


@saved_as("pending rows 2")
@dataclass(frozen=True)
class PendingRows:
    """Rows of the series whose verdict is not there yet.

    values     (m, F) after cleaning, with readings of silent sensors imputed
    delivered  (m, F) the same without those
    off     (m,) rows in which the plant is off
    begins  (m,) True where a stretch without gap or missing reading begins: no event reaches across
    origin  (m,) the rows of `frame` that gave them
    held    rows at the end of `frame` that later rows of the series may still come from
    """

    values: Annotated[FloatArray, "n F"]
    delivered: Annotated[FloatArray, "n F"]
    off: Annotated[BoolArray, "n"]
    begins: Annotated[BoolArray, "n"]
    origin: Annotated[IntArray, "n"]
    frame: SensorFrame
    held: int

    def makes_sense(self) -> bool:
        """Whether what is remembered goes together."""
        rows = len(self.frame)
        return 0 <= self.held <= rows and bool(((self.origin >= 0) & (self.origin < rows)).all())

    def place(self, row: int) -> Place:
        """Where in the input a row came from."""
        return place_of(self.frame, int(self.origin[row]))

    def cut(self, count: int) -> tuple["PendingRows", "PendingRows"]:
        """The first `count` rows, and the others."""
        first, rest = slice(0, count), slice(count, None)
        left = self.origin[rest]
        drop = min([len(self.frame) - self.held, *left[:1].tolist()])
        kept = take_rows(self.frame, slice(drop, None))
        return (
            replace(self._rows(first), origin=self.origin[first], frame=self.frame, held=0),
            replace(self._rows(rest), origin=left - drop, frame=kept),
        )

    def _rows(self, rows: slice) -> "PendingRows":
        return replace(
            self,
            values=self.values[rows],
            delivered=self.delivered[rows],
            off=self.off[rows],
            begins=self.begins[rows],
        )

    def joined(
        self, clean: CleanRows, rows: Completed, begins: BoolArray, frame: SensorFrame
    ) -> "PendingRows":
        """These rows and further ones, which came from `frame` or from the rows held before."""
        return PendingRows(
            np.concatenate([self.values, rows.values]),
            np.concatenate([self.delivered, rows.delivered]),
            np.concatenate([self.off, rows.off]),
            np.concatenate([self.begins, begins]),
            np.concatenate([self.origin, clean.origin + len(self.frame)]),
            join_frames([self.frame, frame]),
            clean.held,
        )
