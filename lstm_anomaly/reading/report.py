"""What reading noticed, as data: the dialect found, what was left out, refused or taken as missing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lstm_anomaly.base import text

# Examples kept for each file; the counts beside them are exact.
KEPT = 1000
NOT_NUMBERS = "rather than numbers"  # why a column was left out that might have been meant as a sensor


@dataclass(frozen=True)
class Refused:
    """A line that is in the file but not in the frame."""

    line: int
    reason: str


@dataclass(frozen=True)
class BadCell:
    """A cell that is neither empty nor a number (or, in the time column, not a time)."""

    line: int
    sensor: str
    text: str


@dataclass
class FileReport:
    """What was noticed in one file.

    `rows` are those in the frame; in a file with one reading a row, `readings` is how many they are made of.
    `offsets_are_mixed` when only some time stamps have a UTC offset and no zone was told.
    `nuls` are zeros that were skipped in front of the first line.
    `refused` and `bad_cells` hold the first `KEPT` of each; `refused_by_reason` and `bad_by_sensor`
    count all of them.
    """

    source: str
    dialect: str = ""
    header: tuple[str, ...] = ()
    time_column: str | None = None
    time_format: str | None = None
    rows: int = 0
    readings: int | None = None
    cells: int = 0
    missing_cells: int = 0
    blank_lines: int = 0
    refused: list[Refused] = field(default_factory=list)
    refused_by_reason: Counter[str] = field(default_factory=Counter)
    bad_cells: list[BadCell] = field(default_factory=list)
    bad_by_sensor: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    label_columns: list[str] = field(default_factory=list)
    state_columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    offsets_are_mixed: bool = False
    ends_without_newline: bool = False
    nuls: int = 0

    @property
    def refused_count(self) -> int:
        """Number of rows refused."""
        return self.refused_by_reason.total()

    @property
    def bad_count(self) -> int:
        """Number of cells that are not what their column holds."""
        return self.bad_by_sensor.total()

    def refuse(self, line: int, reason: str, kind: str = "") -> None:
        """Record one refused row; `kind` groups reasons that differ only in their numbers."""
        if len(self.refused) < KEPT:
            self.refused.append(Refused(line, reason))
        self.refused_by_reason[kind or reason] += 1

    def add_bad(self, line: int, sensor: str, text: str) -> None:
        """Record one bad cell."""
        if len(self.bad_cells) < KEPT:
            self.bad_cells.append(BadCell(line, sensor, text))
        self.bad_by_sensor[sensor] += 1

    @property
    def warnings(self) -> list[str]:
        """What a user has to know even without asking."""
        unasked = {column: why for column, why in self.left_out.items() if NOT_NUMBERS in why}
        texts = [
            f"left out {_names(columns)}: {why}; --exclude says that it is meant"
            for why, columns in _by_reason(unasked)
        ]
        return [f"{self.source}: {note}" for note in (*self._warnings(), *texts)]

    def _warnings(self) -> Iterator[str]:
        if self.absent:
            yield f"no sensor {_names(list(self.absent))}: judged by the others, as allowed, not certified"
        if self.nuls:
            yield f"{text.count(self.nuls, 'NUL byte')} in front of the first line skipped"
        for name in self.label_columns:
            yield f"column {name!r} is named like a label; --exclude it if it is none of the sensors"

    def lines(self) -> list[str]:
        """Plain text, one thing a line, grouped: never one line a cell."""
        made_of = "" if self.readings is None else f" of {text.count(self.readings, 'reading')}"
        rows = f" {text.count(self.rows, 'row')}{made_of}; {self.dialect}" if self.dialect else ""
        found = [f"{self.source}:{rows}"]
        if self.time_column is not None:
            found.append(f"  time: column {self.time_column!r}, {self.time_format}")
        elif self.rows:
            found.append("  time: no such column; rows are counted")
        found += [f"  {note}" for note in (*self.notes, *self._warnings())]
        found += [f"  left out {_names(columns)}: {why}" for why, columns in _by_reason(self.left_out)]
        if self.blank_lines:
            found.append(f"  {text.count(self.blank_lines, 'blank line')} passed over")
        found += self._refused_lines()
        found += self._bad_lines()
        return found

    def _refused_lines(self) -> Iterator[str]:
        for kind, count in self.refused_by_reason.most_common():
            where = [r.line for r in self.refused if r.reason.startswith(kind)]
            yield f"  refused {text.count(count, 'row')}: {kind} ({_places(where, count)})"

    def _bad_lines(self) -> Iterator[str]:
        for sensor, count in self.bad_by_sensor.most_common(20):
            cells = [cell for cell in self.bad_cells if cell.sensor == sensor]
            texts = Counter(cell.text for cell in cells)
            shown = ", ".join(f"{_short(text)!r}" for text, _ in texts.most_common(3))
            more = ", ..." if len(texts) > 3 or len(cells) < count else ""
            is_time = sensor == self.time_column
            zone = "; --tz ZONE says where those without a UTC offset were written"
            yield (
                f"  {text.count(count, 'time stamp' if is_time else 'cell')} of {sensor!r} taken as missing:"
                f" {shown}{more} ({_places([cell.line for cell in cells], count)})"
                f"{zone if is_time and self.offsets_are_mixed else ''}"
            )
        if len(self.bad_by_sensor) > 20:
            yield f"  ... and bad cells in {len(self.bad_by_sensor) - 20} other columns"


@dataclass
class ReadReport:
    """What was noticed in all files that were read."""

    files: list[FileReport] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows in the frame."""
        return sum(file.rows for file in self.files)

    @property
    def refused_count(self) -> int:
        """Rows refused."""
        return sum(file.refused_count for file in self.files)

    @property
    def bad_count(self) -> int:
        """Cells that are not what their column holds."""
        return sum(file.bad_count for file in self.files)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was refused and no cell was bad."""
        return self.refused_count == 0 and self.bad_count == 0

    def lines(self) -> list[str]:
        """Plain text for a person, file by file."""
        return [line for file in self.files for line in file.lines()]


def _places(lines: list[int], count: int) -> str:
    """`line 4`, `lines 4, 9, 12` or `lines 4, 9, 12 and 37 more`."""
    if not lines:
        return "further down"
    shown = ", ".join(str(line) for line in lines[:3])
    rest = count - min(len(lines), 3)
    return f"line{'s' if count > 1 else ''} {shown}" + (f" and {rest:,} more" if rest else "")


def _by_reason(left_out: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Columns left out for one reason, whose example in brackets is shown where only one column has it."""
    groups: dict[str, list[str]] = {}
    for column, reason in left_out.items():
        groups.setdefault(reason.split(" (")[0], []).append(column)
    for reason, columns in groups.items():
        yield left_out[columns[0]] if len(columns) == 1 else reason, columns


def _names(columns: list[str]) -> str:
    return text.listed((repr(_short(column)) for column in columns), 8)


def _short(text: str, width: int = 40) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
