"""How far a growing file was read, and how its rows are written: what one run leaves for the next."""

from dataclasses import dataclass, replace

from lstm_anomaly.reading.layout.layout import Layout
from lstm_anomaly.reading.lines.part import Position
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.values.time_formats import scheme_of


@dataclass
class Bookmark:
    """Where a `Follower` ended, for another one to go on there.

    position  behind the last row read, None where none was
    layout    of the rows, and `preamble`, what stands above them
    reached   the time stamp of the last row read
    """

    position: Position | None = None
    layout: Layout | None = None
    preamble: bytes = b""
    reached: str = ""

    def pinned(self, options: ReadOptions) -> ReadOptions:
        """The options, with what the first file showed: a new file's few rows may leave it open."""
        if self.layout is None:
            return options
        numbers, form = self.layout.numbers, self.layout.time_format
        return replace(
            options,
            delimiter=self.layout.delimiter,
            decimal=numbers.decimal,
            thousands=numbers.thousands or None,
            datetime_format=None if form is None else scheme_of(form),
        )
