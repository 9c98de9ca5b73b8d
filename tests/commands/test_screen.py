"""What a person sees on standard error: bars that say what they count, lines that break between words."""

import io
import sys

import click
import pytest
from rich.console import Console

from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.commands.frame.app import Settings, _report, app
from lstm_anomaly.commands.frame.streams import remark
from lstm_anomaly.network.training.loop import EpochReport
from lstm_anomaly.output.terminal import progress


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self):
        return True


def shown(monkeypatch, bar, *moves):
    """All that a bar writes while it is moved."""
    out = io.StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda **_: Console(file=out, force_terminal=True, width=120, color_system=None)
    )
    with bar as move:
        for one in moves:
            move(*one)
    return out.getvalue()


def test_a_bar_of_epochs_counts_none_before_the_first(monkeypatch):
    assert "None" not in shown(monkeypatch, progress.epoch_bar())
    report = EpochReport(1, 5, 0.5, 0.4, 0.005, True, 1.0)
    text = shown(monkeypatch, progress.epoch_bar(), ("autoencoder", report))
    assert "epoch 1/5  loss 0.5000  validation 0.4000" in text
    assert "None" not in text


def test_a_bar_that_counts_says_how_many_of_how_many(monkeypatch):
    text = shown(monkeypatch, progress.counting_bar("groups"), (1, 3))
    assert "1/3" in text
    assert "None" not in text


@pytest.mark.parametrize(("stream", "lines"), [(Terminal(), 3), (io.StringIO(), 1)])
def test_lines_on_standard_error_break_between_words_on_a_terminal(monkeypatch, stream, lines):
    monkeypatch.setattr(sys, "stderr", stream)
    said = "the promise on false alarms does not hold " * 5
    remark([said.strip()])
    found = stream.getvalue().splitlines()
    assert len(found) == lines
    assert " ".join(line.strip() for line in found) == said.strip()


@pytest.mark.parametrize(
    "error", [ModelFileError("is too odd " * 12), click.UsageError("is too odd " * 12, click.Context(app))]
)
def test_errors_break_between_words_on_a_terminal(monkeypatch, error):
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    assert _report(error, Settings()) == 2
    *_, first, second = stream.getvalue().splitlines()
    assert first.endswith(("is", "too", "odd"))
    assert len(first) <= 80
    assert second.startswith("  ")
