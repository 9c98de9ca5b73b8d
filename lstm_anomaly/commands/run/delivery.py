"""Where the verdicts of a run go: events to standard output, a line for every row to the scores file."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from lstm_anomaly.base.files import is_stream
from lstm_anomaly.base.text import as_bytes
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.frame.streams import is_terminal
from lstm_anomaly.output.formats import records
from lstm_anomaly.output.formats.influx import influx_lines
from lstm_anomaly.output.formats.lookout import lookout_lines

if TYPE_CHECKING:
    from lstm_anomaly.detecting.places import PlacedEvent
    from lstm_anomaly.detecting.verdicts import Judging, Verdicts
    from lstm_anomaly.reading.gap import Gap

ROW_FORMATS = {"influx": influx_lines, "lookout": lookout_lines}  # a line for each row, instead of events


@dataclass(frozen=True)
class Wanted:
    """What a run is to write.

    format_      of the events: `csv` and `jsonl` are written as they come, `table` when `flush` is called,
                 `json` at the end; `nagios` is for the caller; `ROW_FORMATS` have a line for each row
    scores       the file for a line a row; "-" for standard output, which then gets no events; None for none
    passthrough  standard output gets the input's rows with their scores instead of events
    excel_safe   a spreadsheet runs nothing in the CSV
    """

    format_: str
    scores: str | None = None
    passthrough: bool = False
    excel_safe: bool = False

    @property
    def scores_file(self) -> str | None:
        """The path of the scores file, None where scores go nowhere or to standard output."""
        return None if self.scores == "-" else self.scores

    @property
    def rows(self) -> str:
        """What standard output gets for each row instead of the events, "" for nothing."""
        if self.format_ in ROW_FORMATS:
            return self.format_
        return "passthrough" if self.passthrough else "scores" if self.scores == "-" else ""


class Delivery:
    """Delivers verdicts as they come, in the format that is `wanted`.

    console  to standard output
    scores   file for the scores, open for writing; None when nobody asked for them
    """

    def __init__(self, console: Console, wanted: Wanted, scores: BinaryIO | None = None) -> None:
        self.count = 0  # of events
        self.events: list[PlacedEvent] = []  # that are not written yet
        self.gaps: list[Gap] = []  # in the input
        self._console = console
        self._wanted = wanted
        self._scores = scores
        self._header = True  # of the CSV on standard output is still to come

    @property
    def scores_length(self) -> int | None:
        """Bytes of the scores file so far, None without one, and where scores go to a pipe or a device."""
        if self._scores is None or is_stream(self._scores.fileno()):
            return None
        return self._scores.tell()

    def take(self, verdicts: "Verdicts") -> None:
        """Deliver the verdicts, and the events in them."""
        self._write_scores(verdicts)
        if self._wanted.rows == "passthrough" and len(verdicts.frame):
            self._pass_through(verdicts)
        if self._wanted.rows in ROW_FORMATS:
            self._console.deliver(ROW_FORMATS[self._wanted.rows](verdicts))
        self.tell(verdicts.events)

    def tell(self, events: "list[PlacedEvent]") -> None:
        """Deliver events."""
        self.count += sum(not event.maintenance for event in events)
        if self._wanted.rows:  # which are printed instead, of a stream for ever: nothing may pile up
            return
        self.events += events
        if self._wanted.format_ in ("csv", "jsonl"):
            self.flush()

    def flush(self) -> None:
        """Deliver the events that wait, except those for a JSON document."""
        if self.events and self._wanted.format_ in ("csv", "jsonl", "table"):
            deliver = self._console.deliver_csv if self._wanted.format_ == "csv" else self._console.deliver
            deliver(self._text(self.events))
            self.events = []

    def sync(self) -> None:
        """See to it that the scores are on the disk."""
        from lstm_anomaly.base.files import sync

        if self._scores is not None:
            sync(self._scores)

    def finish(self, watcher: "Judging") -> None:
        """Deliver what is written at the end; off a terminal, nothing found prints nothing but a document."""
        if self._wanted.format_ == "json" and not self._wanted.rows:
            silent = [one.event.sensor for one in watcher.silent()]
            summary = {
                **vars(watcher.tally),
                "drift": watcher.drift,
                "gaps": list(map(vars, self.gaps)),
                "silent": silent,
            }
            self._console.deliver(records.json_document(self.events, summary))
            return
        self.flush()
        as_csv = self._wanted.format_ == "csv" and not self._wanted.rows
        if as_csv and self._header and is_terminal(sys.stdout):
            self._console.deliver(records.csv_header())

    def _text(self, events: "list[PlacedEvent]") -> str:
        match self._wanted.format_:
            case "csv":
                head, self._header = records.csv_header() if self._header else "", False
                return head + records.csv_lines(events, excel_safe=self._wanted.excel_safe)
            case "jsonl":
                return records.json_lines(events)
            case "table":
                from lstm_anomaly.output.terminal.events import table
                from lstm_anomaly.output.terminal.pictures import pictures

                canvas = self._console.canvas()
                return table(events, canvas) + (pictures(events, canvas) if canvas.terminal else "")
        return ""

    def begin(self) -> None:
        """Write the header of the scores, unless a file has it already."""
        if self._scores is not None and not self.scores_length:
            from lstm_anomaly.output.formats.scores import write_scores_header

            text = io.StringIO()
            write_scores_header(text)
            self._scores.write(as_bytes(text.getvalue()))

    def _pass_through(self, verdicts: "Verdicts") -> None:
        from lstm_anomaly.output.formats.passthrough import passthrough_header, passthrough_lines

        form = verdicts.frame.form
        assert form is not None, "the texts were kept"
        head = passthrough_header(form) if self._header else ""
        self._header = False
        self._console.deliver(head + passthrough_lines(verdicts))

    def _write_scores(self, verdicts: "Verdicts") -> None:
        from lstm_anomaly.output.formats.scores import write_scores, write_scores_header

        if self._scores is None and self._wanted.rows != "scores":
            return
        text = io.StringIO()
        if self._scores is None and self._header:
            write_scores_header(text)
            self._header = False
        write_scores(text, verdicts, excel_safe=self._wanted.excel_safe)
        if self._scores is None:
            self._console.deliver_csv(text.getvalue())
        else:
            self._scores.write(as_bytes(text.getvalue()))


@contextmanager
def delivery(
    console: Console,
    wanted: Wanted,
    append_from: int | None = None,
) -> Iterator[Delivery]:
    """A delivery whose scores file takes its place when the block ends without an error.

    append_from  goes on with the scores file behind this many bytes instead; a pipe or a device has none
    """
    from lstm_anomaly.base.files import append_from as go_on_from
    from lstm_anomaly.base.files import atomic_write

    scores = wanted.scores_file
    if scores is None:
        yield Delivery(console, wanted)
        return
    is_whole = append_from is None or is_stream(scores)
    with atomic_write(scores) if is_whole else go_on_from(scores, append_from or 0) as file:
        to = Delivery(console, wanted, file)
        to.begin()
        yield to
