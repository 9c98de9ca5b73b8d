"""CSV files to SensorFrames: the one place that goes from paths to rows, whole or in pieces."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.base.text import listed, percent
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.reading.frames import join_frames
from lstm_anomaly.reading.layout.layout import Layout, NoRowsError
from lstm_anomaly.reading.layout.missing_columns import check_sensors
from lstm_anomaly.reading.layout.roles import find_layout
from lstm_anomaly.reading.lines.influx import LineProtocol, long_options
from lstm_anomaly.reading.lines.sources import BLOCK_BYTES, LIVE_HEAD_LINES, Block, Source
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.report import FileReport, ReadReport
from lstm_anomaly.reading.rows.pieces import BlockParser, Piece
from lstm_anomaly.reading.rows.pivot import Pivot
from lstm_anomaly.reading.rows.strict_time import TimeOrder
from lstm_anomaly.reading.values.symbols import symbol_columns


def read_csvs(
    paths: Sequence[str], options: ReadOptions | None = None, *, sensors: Sequence[str] = ()
) -> tuple[SensorFrame, ReadReport]:
    """Read CSV files into one frame, rows in the order of the files and of their lines.

    paths    files, or `-` for standard input
    sensors  the names that must be there, for example those of a model: these columns are sensors
             whatever their cells hold, in this order, and all others are left out. Without them the
             first file decides

    Returns the frame and what was noticed. Every data row of the input is in the frame or is refused in
    the report. Raises InputError with `file:line` when a file cannot be read without guessing, and
    SensorsError when a sensor is missing.
    """
    reader = CsvReader(paths, options, sensors=sensors)
    return join_frames(list(reader)), reader.report


class CsvReader:
    """Reads files in pieces, in memory that does not grow with them.

    Iterating, which can be done once, gives SensorFrames; together they hold the rows and values that
    `read_csvs` gives, in its order, however the input was cut. Each holds the rows of about `block_size`
    bytes of text. None is empty, all have the same sensors, `lines` are those of the file, and a piece never
    holds rows of two files. `report` is that of all rows so far and is complete when the iteration ends; of
    refused rows and bad cells it keeps the first thousand a file and the exact counts. Errors are raised when
    the iteration comes to them, after the pieces before.

    live    for a pipe that somebody still writes to: rows come as soon as their line ends, in pieces as
            large as what was there to read. The layout is concluded from what comes before the first pause
            rather than from the first MiB, so what that leaves open must be told by options.
    tap     is given the lines of line protocol as they come
    """

    def __init__(
        self,
        paths: Sequence[str],
        options: ReadOptions | None = None,
        *,
        sensors: Sequence[str] = (),
        block_size: int = BLOCK_BYTES,
        live: bool = False,
        tap: Callable[[str], None] | None = None,
    ) -> None:
        if not paths:
            raise InputError("no input", hint="name one or more CSV files, or - for standard input")
        if list(paths).count("-") > 1:
            raise InputError("standard input can be read only once", where="-", hint="name - once")
        self.paths = tuple(paths)
        options = options or ReadOptions()
        self._is_influx = options.input_format == "influx"
        self.options = long_options(options) if self._is_influx else options
        self._tap = tap
        self.report = ReadReport()
        self.block_size = block_size
        self.live = live
        self._sensors = tuple(sensors)
        self._why_not_others = "not a sensor of the model" if sensors else f"not in {paths[0]}"
        self._timed: bool | None = None
        self._absent: tuple[str, ...] | None = None
        self._order = TimeOrder()
        self._symbols = symbol_columns(self.options)

    def __iter__(self) -> Iterator[SensorFrame]:
        """The rows of all files, piece by piece."""
        errors: list[NoRowsError] = []
        for index, path in enumerate(self.paths):
            found = FileReport(path)
            self.report.files.append(found)
            try:
                yield from self._read_file(index, path, found)
            except NoRowsError as error:
                found.notes.append(error.message)
                errors.append(error)
        if len(errors) == len(self.paths):
            raise errors[0]
        if not self.report.rows:
            raise _nothing_left(self.report)

    def _read_file(self, index: int, path: str, found: FileReport) -> Iterator[SensorFrame]:
        convert = LineProtocol(self._tap) if self._is_influx else None
        how = path, self.options.encoding, self.block_size
        with Source(*how, live=self.live, convert=convert) as source:
            blocks = source.blocks()
            head = _head(blocks)
            if head is None:
                raise NoRowsError("the file is empty", where=f"{path}:1")
            layout = self._find_layout(head, path)
            layout.note_in(
                found, source.encoding.replace("utf-8", ""), source.packing and f"{source.packing}-compressed"
            )
            found.header = layout.names if layout.header else ()
            found.left_out = dict(layout.left_out)
            found.label_columns, found.state_columns = layout.labels, layout.states
            found.notes += layout.notes
            parser = BlockParser(layout, found, self.options, self._symbols)
            above = layout.data_line - 1
            rows = head.data.split(b"\n", above)[above]
            pieces = _parse_all(parser, Block(rows, layout.data_line, head.line_count - above), blocks)
            if layout.name_column is not None:
                pieces = self._wide(pieces, found, layout)
            for piece in pieces:
                if len(piece.lines):
                    if self.options.strict_time:
                        self._order.check(piece, path)
                    frame = parser.frame(piece, self._sensors, self.paths, index)
                    yield dataclasses.replace(frame, absent=self._absent or ())
            if layout.name_column is None:
                found.notes += [
                    f"no reading at all in column {name!r}" for name in parser.sensors_without_reading()
                ]
            found.ends_without_newline = source.ends_without_newline
        self._check_bad_share(found)

    def _find_layout(self, head: Block, path: str) -> Layout:
        lines = head.data.decode("utf-8").split("\n")[:-1]
        layout = find_layout(lines, self.options, path, self._sensors, self._why_not_others)
        if layout.name_column is not None:
            pass  # which sensors there are shows at the end
        elif not self._sensors:
            self._sensors = layout.sensors
        else:
            where = f"{path}:{max(1, layout.data_line - 1)}"
            if not self.options.allow_missing:
                check_sensors(self._sensors, layout.names, where)
            self._note_absent([name for name in self._sensors if name not in layout.sensors_read], where)
        layout.check_timed(self._timed, self.paths[0], path)
        self._timed = layout.time_format is not None
        return layout

    def _note_absent(self, absent: Sequence[str], where: str) -> None:
        """Note the sensors that are missing altogether, which must be the same in all files."""
        if len(absent) == len(self._sensors):
            check_sensors(self._sensors, (), where)
        if self._absent is not None and tuple(absent) != self._absent:
            raise SensorsError(
                f"other sensors are missing than in {self.paths[0]}: {listed(absent) or 'none'} instead of"
                f" {listed(self._absent) or 'none'}",
                where=where,
                hint="read the files apart",
            )
        self._absent = tuple(absent)
        self.report.files[-1].absent = self._absent

    def _wide(self, pieces: Iterator[Piece], found: FileReport, layout: Layout) -> Iterator[Piece]:
        """Rows of the readings of a long file."""
        in_order = self.live or (layout.is_in_order and not self.options.allow_missing)
        wanted = self._sensors or self.options.only
        pivot = Pivot(wanted, found, in_order=in_order, exclude=() if wanted else self.options.exclude)
        rows = 0
        for piece in itertools.chain(pieces, [None]):
            made = pivot.finish() if piece is None else pivot.push(piece)
            rows += 0 if made is None else len(made.lines)
            found.rows, found.readings = rows, pivot.used
            if not self._sensors:
                self._sensors = pivot.sensors
            elif piece is None and self.options.allow_missing:
                self._note_absent([name for name in self._sensors if name not in pivot.read], found.source)
            if made is not None:
                yield made
        if not self.options.allow_missing:
            check_sensors(self._sensors, tuple(pivot.read), found.source, "no reading of")
        found.left_out |= {
            name: f"{self._why_not_others} ({count:,} readings)"
            for name, count in pivot.read.items()
            if name not in self._sensors
        }

    def _check_bad_share(self, found: FileReport) -> None:
        limit = self.options.max_bad
        cells = found.cells + found.refused_count * len(self._sensors)
        bad = found.bad_count + found.refused_count * len(self._sensors)
        if limit is not None and cells and bad > limit * cells:
            first = min([cell.line for cell in found.bad_cells[:1]] + [row.line for row in found.refused[:1]])
            raise InputError(
                f"{percent(bad / cells, 2)} of the cells are bad or in refused rows, more than"
                f" {percent(limit, 2)}",
                where=f"{found.source}:{first}",
                hint="look at the lines named above, or raise --max-bad",
            )


def _nothing_left(report: ReadReport) -> InputError:
    """All rows were refused: say why the first was."""
    for file in report.files:
        if file.refused:
            first = file.refused[0]
            return InputError(
                f"all {file.refused_count:,} rows are refused, the first because of {first.reason}",
                where=f"{file.source}:{first.line}",
                hint="look at that line, then check the quotes, the header, the delimiter and --bad-values",
            )
    return InputError("there are no rows", where=report.files[0].source, hint="check the file")


def _head(blocks: Iterator[Block]) -> Block | None:
    """The first block, and the next ones as long as they may hold no row yet; None for an empty file."""
    head = next(blocks, None)
    while head is not None and head.line_count < LIVE_HEAD_LINES and (more := next(blocks, None)):
        head = Block(head.data + more.data, head.first_line, head.line_count + more.line_count)
    return head


def _parse_all(parser: BlockParser, first: Block, others: Iterator[Block]) -> Iterator[Piece]:
    """Pieces of a file, one for each block; a record that two blocks share is put together first."""
    rest, end = b"", first.first_line
    for block in itertools.chain([first], others):
        end = block.first_line + block.line_count
        piece, rest = parser.parse(_with_rest(rest, block), last=False)
        yield piece
    if rest:
        yield parser.parse(_with_rest(rest, Block(b"", end, 0)), last=True)[0]


def _with_rest(rest: bytes, block: Block) -> Block:
    """A block with the lines that were left of the one before it."""
    count = rest.count(b"\n")
    return Block(rest + block.data, block.first_line - count, block.line_count + count) if rest else block
