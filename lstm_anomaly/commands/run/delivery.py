"""Where the verdicts of a run go: events to standard output, a line for every row to the scores file."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from lstm_anomaly.commands.frame.console import Talk, is_terminal
from lstm_anomaly.output.formats import records

if TYPE_CHECKING:
    from lstm_anomaly.detecting.places import PlacedEvent
    from lstm_anomaly.detecting.verdicts import Judging, Verdicts


class Delivery:
    """Delivers verdicts as they come, in the format that was asked for.

    talk         to standard output
    format_      `csv` and `jsonl` are written as events come, `table` when `flush` is called, `json` at the
                 end; `nagios` is for the caller
    scores       file for the scores, open for writing; None when nobody asked for them
    rows         what standard output gets for each row instead of the events: `scores`, the row itself with
                 `passthrough`, nothing with ""
    excel_safe   a spreadsheet runs nothing in the CSV
    """

    def __init__(
        self,
        talk: Talk,
        format_: str,
        scores: BinaryIO | None = None,
        *,
        rows: str = "",
        excel_safe: bool = False,
    ) -> None:
        self.count = 0  # of events
        self.events: list[PlacedEvent] = []  # that are not written yet
        self._talk = talk
        self._format = format_
        self._scores = scores
        self._rows = rows
        self._excel_safe = excel_safe
        self._header = True  # of the CSV on standard output is still to come

    @property
    def scores_length(self) -> int | None:
        """Bytes of the scores file so far, None without one."""
        return None if self._scores is None else self._scores.tell()

    def take(self, verdicts: "Verdicts") -> None:
        """Deliver the verdicts, and the events in them."""
        self._write_scores(verdicts)
        if self._rows == "passthrough" and len(verdicts.frame):
            self._pass_through(verdicts)
        self.tell(verdicts.events)

    def tell(self, events: "list[PlacedEvent]") -> None:
        """Deliver events."""
        self.count += len(events)
        if self._rows:  # which are printed instead, of a stream for ever: nothing may pile up
            return
        self.events += events
        if self._format in ("csv", "jsonl"):
            self.flush()

    def flush(self) -> None:
        """Deliver the events that wait, except those for a JSON document."""
        if self.events and self._format in ("csv", "jsonl", "table"):
            deliver = self._talk.deliver_csv if self._format == "csv" else self._talk.deliver
            deliver(self._text(self.events))
            self.events = []

    def sync(self) -> None:
        """See to it that the scores are on the disk."""
        from lstm_anomaly.base.files import sync

        if self._scores is not None:
            sync(self._scores)

    def finish(self, watcher: "Judging") -> None:
        """Deliver what is written at the end; off a terminal, nothing found prints nothing but a document."""
        if self._format == "json" and not self._rows:
            silent = [one.event.contributions[0].sensor for one in watcher.silent()]
            summary = {**vars(watcher.tally), "drift": watcher.drift, "silent": silent}
            self._talk.deliver(records.json_document(self.events, summary))
            return
        self.flush()
        if self._format == "csv" and self._header and not self._rows and is_terminal(sys.stdout):
            self._talk.deliver(records.csv_header())

    def _text(self, events: "list[PlacedEvent]") -> str:
        match self._format:
            case "csv":
                head, self._header = records.csv_header() if self._header else "", False
                return head + records.csv_lines(events, excel_safe=self._excel_safe)
            case "jsonl":
                return records.json_lines(events)
            case "table":
                from lstm_anomaly.output.terminal.events import table
                from lstm_anomaly.output.terminal.pictures import pictures

                canvas = self._talk.canvas()
                return table(events, **canvas) + (pictures(events, **canvas) if canvas["terminal"] else "")
        return ""

    def begin(self) -> None:
        """Write the scores file's header, if it is to have one and is empty."""
        if self._scores is not None and self._scores.tell() == 0:
            from lstm_anomaly.output.formats.scores import write_scores_header

            text = io.StringIO()
            write_scores_header(text)
            self._scores.write(text.getvalue().encode())

    def _pass_through(self, verdicts: "Verdicts") -> None:
        from lstm_anomaly.output.formats.passthrough import passthrough_header, passthrough_lines

        form = verdicts.frame.form
        assert form is not None, "the texts were kept"
        head = passthrough_header(form) if self._header else ""
        self._header = False
        self._talk.deliver(head + passthrough_lines(verdicts))

    def _write_scores(self, verdicts: "Verdicts") -> None:
        from lstm_anomaly.output.formats.scores import write_scores, write_scores_header

        if self._scores is None and self._rows != "scores":
            return
        text = io.StringIO()
        if self._scores is None and self._header:
            write_scores_header(text)
            self._header = False
        write_scores(text, verdicts, excel_safe=self._excel_safe)
        if self._scores is None:
            self._talk.deliver_csv(text.getvalue())
        else:
            self._scores.write(text.getvalue().encode("utf-8"))


@contextmanager
def delivery(
    talk: Talk,
    format_: str,
    scores: str | None,
    append_from: int | None = None,
    *,
    excel_safe: bool = False,
    passthrough: bool = False,
) -> Iterator[Delivery]:
    """A delivery whose scores file takes its place when the block ends without an error.

    append_from  goes on with the scores file behind so many bytes instead
    """
    from lstm_anomaly.base import files

    rows = "passthrough" if passthrough else "scores" if scores == "-" else ""
    if scores in (None, "-"):
        yield Delivery(talk, format_, rows=rows, excel_safe=excel_safe)
        return
    assert scores is not None
    opened = files.atomic_write(scores) if append_from is None else files.append_from(scores, append_from)
    with opened as file:
        to = Delivery(talk, format_, file, rows=rows, excel_safe=excel_safe)
        to.begin()
        yield to
