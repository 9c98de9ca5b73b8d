"""Rows of a growing file, each complete one once: what is new since a place that is remembered."""

import codecs
import os
from collections.abc import Iterator

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.reading.bookmark import Bookmark
from lstm_anomaly.reading.gap import Gap
from lstm_anomaly.reading.layout.layout import Layout, NoRowsError
from lstm_anomaly.reading.layout.missing_columns import check_sensors
from lstm_anomaly.reading.layout.roles import find_layout
from lstm_anomaly.reading.lines.part import Part
from lstm_anomaly.reading.lines.sources import (
    BLOCK_BYTES,
    HEAD_BYTES,
    Block,
    known_codec,
    refuse_long_line,
)
from lstm_anomaly.reading.lines.tail import begin_of, unread
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.report import FileReport, ReadReport
from lstm_anomaly.reading.rows.pieces import BlockParser
from lstm_anomaly.reading.values.symbols import symbol_columns


class Follower:
    """Reads what is new in one file, as often as it is asked; `report` is about what was new.

    bookmark  where to go on, and afterwards where the next one does
    rotated   a pattern for the names of rotated files, if they are no usual ones

    A line without its end is not complete, and waits; so does a header without a row. Bytes that are no
    text of the encoding make a cell bad, rather than the file: one bad line must not stop all others.
    `gaps` are those that were met and not taken yet (`take_gaps`).
    """

    def __init__(
        self,
        path: str,
        options: ReadOptions,
        sensors: tuple[str, ...],
        *,
        bookmark: Bookmark | None = None,
        rotated: str = "",
    ) -> None:
        self.path = path
        self.bookmark = bookmark or Bookmark()
        self.rotated = rotated
        self.report = ReadReport()
        self.gaps: list[Gap] = []
        self._options = options
        self._sensors = sensors
        self._held = b""
        self._symbols = symbol_columns(options)
        self._encoding = known_codec(options.encoding or "utf-8")
        if self._encoding.startswith(("utf-16", "utf-32", "utf-7")):
            raise _not_followed(self._encoding, path)

    def go_on(self, bookmark: Bookmark) -> None:
        """Go on at a place that was remembered, perhaps for other sensors.

        Raises InputError where rows were read in a way that they cannot be, or lack a sensor.
        """
        if bookmark.layout is not None:
            options = bookmark.pinned(self._options)
            bookmark.layout = bookmark.layout.for_sensors(self._sensors, options.symbols, self.path)
        self.bookmark = bookmark

    def frames(self) -> Iterator[SensorFrame]:
        """The new rows in pieces; afterwards the bookmark is where the next call goes on.

        Where the file is rotated while it is read, what has come since is read as well.
        """
        while True:
            is_settled = True
            for part in unread(self.path, self.bookmark.position, self.rotated):
                yield from self._frames_of(part)
                is_settled = part.is_at(self.path) if part.current else not os.path.exists(self.path)
            if is_settled:
                return

    def _frames_of(self, part: Part) -> Iterator[SensorFrame]:
        found = FileReport(self.path)
        rows = 0
        for frame in self._parsed(part, found):
            if len(frame):
                if part.after_gap and not rows:
                    last, first = self.bookmark.reached, _stamp(frame, 0)
                    self.gaps.append(Gap(str(part.path), int(frame.lines[0]), last, first))
                rows += len(frame)
                self.bookmark.reached = _stamp(frame, -1)
                yield frame
        if found.rows or found.refused or found.notes or found.nuls:
            self.report.files.append(found)
        if rows or found.refused or part.is_resumed:  # a header, which all files have, is no place to know
            self.bookmark.position = part.position()

    def take_gaps(self) -> list[Gap]:
        """The gaps that were met since this was asked for last."""
        gaps, self.gaps = self.gaps, []
        return gaps

    def note_begin(self) -> None:
        """Remember the file that is there as one of which nothing was read, if no place is remembered."""
        if self.bookmark.position is None:
            self.bookmark.position = begin_of(self.path)

    def take_report(self) -> ReadReport:
        """What was noticed since this was asked for last."""
        report, self.report = self.report, ReadReport()
        return report

    def skip(self) -> None:
        """Pass over all complete lines that are there."""
        for part in unread(self.path, self.bookmark.position, self.rotated):
            lines = 0
            for block in self._blocks(part, FileReport(self.path)):
                part.consume(block)
                lines += 1
            if lines or part.is_resumed:
                self.bookmark.position = part.position()

    def _parsed(self, part: Part, found: FileReport) -> Iterator[SensorFrame]:
        parser: BlockParser | None = None
        for lines in self._blocks(part, found):
            layout = self.bookmark.layout
            assert layout is not None, "a file is begun before it is read on"
            if parser is None:
                parser = BlockParser(layout, found, self._options, self._symbols)
                layout.note_in(found)
            text = self._text(lines)
            piece, left = parser.parse(Block(text, part.next_line, lines.count(b"\n")), last=False)
            if left:  # a quote is open: these lines wait for the next ones
                count = left.count(b"\n") + 1
                self._held = b"\n".join(lines.rsplit(b"\n", count)[-count:])
                lines = lines[: len(lines) - len(self._held)]
            part.consume(lines)
            yield parser.frame(piece, layout.sensors, (self.path,))

    def _blocks(self, part: Part, found: FileReport) -> Iterator[bytes]:
        """Whole lines behind the header; those that are `_held` afterwards come again with the next ones."""
        rest = b""
        is_begun = part.is_resumed
        while data := part.read(BLOCK_BYTES if is_begun else HEAD_BYTES):
            if not part.is_intact():  # what was read may be of the middle of other rows
                return
            data = rest + data
            if not is_begun:
                data = _without_nuls(part, data, found)
            lines = _whole_lines(data)
            rest = data[len(lines) :]
            refuse_long_line(len(rest), f"{part.path}:{part.next_line}")
            if lines and not is_begun:
                before = part.offset
                if not self._begin(part, lines, has_header=not found.nuls):
                    return
                is_begun = True
                lines = lines[part.offset - before :]
            if lines:
                self._held = b""
                yield lines
                rest = self._held + rest
        if rest and not part.current:
            found.notes.append(f"the last line of {part.path} has no end and is left out")

    def _begin(self, part: Part, head: bytes, *, has_header: bool) -> bool:
        """Consume what stands above the rows; False when there is no row yet."""
        mark = self.bookmark
        is_same = head.startswith(mark.preamble)
        if mark.layout is not None and not has_header and not is_same:
            return True
        if mark.layout is None or not is_same:
            if mark.layout is not None and mark.preamble.startswith(head):
                return False
            layout = self._find_layout(head, str(part.path))
            if layout is None:
                return False
            above = layout.data_line - 1
            mark.layout, mark.preamble = layout, head[: len(head) - len(head.split(b"\n", above)[above])]
        part.consume(mark.preamble)
        return True

    def _find_layout(self, head: bytes, path: str) -> Layout | None:
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0\n" in head[:4096]:
            raise _not_followed("UTF-16", path)
        lines = self._text(head).decode("utf-8").split("\n")[:-1]
        try:
            layout = find_layout(lines, self.bookmark.pinned(self._options), path, self._sensors)
        except NoRowsError:
            return None
        if not self._options.allow_missing:
            check_sensors(self._sensors, layout.names, f"{path}:{max(1, layout.data_line - 1)}")
        known = self.bookmark.layout
        layout.check_timed(None if known is None else known.time_format is not None, "the file before", path)
        return layout

    def _text(self, lines: bytes) -> bytes:
        """UTF-8 with plain line ends and as many lines; what is no text of the encoding is a mark."""
        lines = lines.removeprefix(codecs.BOM_UTF8)
        if self._encoding != "utf-8" or not lines.isascii():
            lines = lines.decode(self._encoding, errors="replace").encode("utf-8")
        return lines.replace(b"\r\n", b"\n").replace(b"\r", b" ")


def _stamp(frame: SensorFrame, row: int) -> str:
    """A row's time stamp as it stands in the file, "" without one."""
    stamp = None if frame.stamps is None else frame.stamps[row]
    return stamp if isinstance(stamp, str) else ""


def _without_nuls(part: Part, data: bytes, found: FileReport) -> bytes:
    """The data without zeros in front, left by a logger that goes on where it was before a truncation."""
    left = data.lstrip(b"\0")
    if part.offset == found.nuls:
        part.consume(data[: len(data) - len(left)])
        found.nuls = part.offset
        return left
    return data


def _not_followed(what: str, path: str) -> InputError:
    return InputError(
        f"is {what}, in which the end of a line cannot be told by a byte, so it cannot be followed",
        where=path,
        hint="let the logger write UTF-8, or run without --state and --follow",
    )


def _whole_lines(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]
