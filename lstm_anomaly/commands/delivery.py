"""Where the verdicts of a run go: events to standard output, a line for every row to the scores file."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from lstm_anomaly.commands.talk import Talk, is_terminal
from lstm_anomaly.output import records

if TYPE_CHECKING:
    from lstm_anomaly.placing import PlacedEvent
    from lstm_anomaly.watching import Tally, Verdicts

AS_THEY_COME = ("csv", "jsonl")


class Delivery:
    """Delivers verdicts as they come, in the format that was asked for.

    format_   `table`, `csv`, `json` or `jsonl`; tables and JSON documents are written at the end
    scores    file for the scores, open for writing; None when nobody asked for them
    talk      to standard output, which gets the scores instead of events when `scores` is None and
              `scores_only` is set
    """

    def __init__(
        self, talk: Talk, format_: str, scores: TextIO | None = None, *, scores_only: bool = False
    ) -> None:
        self.event_count = 0
        self._talk = talk
        self._format = format_
        self._scores = scores
        self._scores_only = scores_only
        self._events: list[PlacedEvent] = []
        self._started = False

    def take(self, verdicts: "Verdicts") -> None:
        """Deliver what is news."""
        self._write_scores(verdicts)
        self.event_count += len(verdicts.events)
        if self._scores_only or not verdicts.events:
            return
        if self._format not in AS_THEY_COME:
            self._events += verdicts.events
        elif self._format == "jsonl":
            self._talk.deliver(records.json_lines(verdicts.events))
        else:
            head = "" if self._started else records.csv_header()
            self._talk.deliver(head + records.csv_lines(verdicts.events))
            self._started = True

    def finish(self, tally: "Tally") -> None:
        """Deliver what is written at the end; off a terminal, nothing found prints nothing."""
        if self._scores_only or (not self.event_count and not is_terminal(sys.stdout)):
            return
        if self._format == "csv" and not self._started:
            self._talk.deliver(records.csv_header())
        elif self._format == "json":
            self._talk.deliver(records.json_document(self._events, vars(tally)))
        elif self._format == "table" and self._events:
            from lstm_anomaly.output.events import table
            from lstm_anomaly.output.pictures import pictures

            canvas = self._talk.canvas()
            shown = pictures(self._events, **canvas) if canvas["terminal"] else ""
            self._talk.deliver(table(self._events, **canvas) + shown)

    def _write_scores(self, verdicts: "Verdicts") -> None:
        from lstm_anomaly.output.scores import write_scores, write_scores_header

        if self._scores is None and not self._scores_only:
            return
        text = io.StringIO()
        if not self._started and self._scores_only:
            write_scores_header(text)
            self._started = True
        write_scores(text, verdicts)
        if self._scores is None:
            self._talk.deliver(text.getvalue())
        else:
            self._scores.write(text.getvalue())


@contextmanager
def delivery(talk: Talk, format_: str, scores: str | None) -> Iterator[Delivery]:
    """A delivery whose scores file takes its place when the block ends without an error."""
    from lstm_anomaly.files import atomic_write
    from lstm_anomaly.output.scores import write_scores_header

    if scores in (None, "-"):
        yield Delivery(talk, format_, scores_only=scores == "-")
        return
    assert scores is not None
    with atomic_write(scores) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        write_scores_header(text)
        yield Delivery(talk, format_, text)
        text.detach()  # flushes; the file is atomic_write's to close
