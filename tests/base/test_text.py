"""Text for people: safe characters, plain numbers, whole words."""

import pytest

from lstm_anomaly.base.text import count, duration, listed, number, ordinal, percent, printable, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("temp °C", "temp °C"),
        ("\x1b]52;c;x\x07", "\\x1b]52;c;x\\x07"),
        ("a\nb", "a\\nb"),
        ("\u202egnp", "\\u202egnp"),
        ("\x9b1m", "\\x9b1m"),
    ],
)
def test_what_could_drive_a_terminal_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3.14159, "3.142"), (123456.7, "123457"), (0.00012, "0.00012"), (1e-9, "1e-09"), (float("nan"), "-")],
)
def test_numbers_have_no_exponent_where_none_is_needed(value, shown):
    assert number(value) == shown


def test_shares_are_in_percent():
    assert percent(0.3) == "30 %"
    assert percent(0.0455, 2) == "4.55 %"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(1, "1 s"), (60, "60 s"), (600, "10 min"), (7200, "2 h"), (864000, "10 days")]
)
def test_durations_are_in_the_unit_that_fits(seconds, shown):
    assert duration(seconds) == shown


def test_counts_and_lists():
    assert count(1, "row") == "1 row"
    assert count(12345, "row") == "12,345 rows"
    assert listed(["a", "b", "c"], most=2) == "a, b, and 1 more"


def test_long_lines_are_cut_at_words_and_indented():
    assert list(wrapped(["one two three", "x"], width=8, indent=2)) == ["one two", "  three", "x"]


def test_a_command_at_the_end_of_a_long_line_is_not_cut():
    line = "Next: see it: lstm-anomaly report week.csv --model pump.model"
    assert list(wrapped([line], width=20)) == [
        "Next: see it:",
        "  lstm-anomaly report week.csv --model pump.model",
    ]
    assert list(wrapped([line], width=80)) == [line]


def test_a_number_stays_with_its_percent_sign():
    assert list(wrapped(["at most 90 % of them"], width=11, indent=0)) == ["at most", "90 % of", "them"]


def test_words_are_not_cut_at_hyphens():
    assert list(wrapped(["too many false-alarms"], width=14, indent=0)) == ["too many", "false-alarms"]


def test_ordinals_have_the_ending_that_is_said():
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)
    assert " ".join(map(ordinal, numbers)) == "1st 2nd 3rd 4th 11th 12th 13th 21st 102nd 111th"
