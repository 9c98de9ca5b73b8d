"""What a terminal shows is what was looked at when tests/golden/screens was made."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scripts import load_script

from lstm_anomaly.base.text import number
from lstm_anomaly.evaluation.forecasts import StepRange
from lstm_anomaly.output.terminal.backtests import table as backtest_table
from lstm_anomaly.output.terminal.canvas import Canvas
from lstm_anomaly.output.terminal.events import table as events_table
from lstm_anomaly.output.terminal.forecast import table as forecast_table
from lstm_anomaly.output.terminal.pictures import pictures
from lstm_anomaly.output.terminal.sparklines import above_and_below, bars, columns, farthest, highest

maker = load_script("tests/golden/make_screens.py")
with pytest.MonkeyPatch.context() as patch:
    patch.setenv("TERM", "xterm-256color")
    patch.setenv("COLORTERM", "")
    SCREENS = maker.screens()
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", SCREENS)
def test_screens_are_the_golden_ones(name):
    assert SCREENS[name] == (maker.SCREENS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCREENS)
def test_no_line_is_wider_than_the_screen_and_no_name_drives_it(name):
    width = int(name.split("-")[1])
    text = COLOUR.sub("", SCREENS[name]) if "colour" in name else SCREENS[name]
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "\\x1b[31m" in text
    if "ascii" in name:
        assert text.isascii()


@pytest.mark.parametrize("what", ["events", "inspect"])
@pytest.mark.parametrize("width", maker.WIDTHS)
def test_colour_says_nothing_that_is_not_said_without_it(width, what):
    """The same words and numbers; only the characters of curves and bars differ."""
    colour, plain = (SCREENS[f"{what}-{width}-{kind}.txt"] for kind in ("colour", "ascii"))
    words = re.compile(r"[a-z_]{3,}|\d+[.\d]*x?")
    assert words.findall(COLOUR.sub("", colour)) == words.findall(plain)


def test_bars_rise_with_the_values_and_are_blank_where_nothing_is_known():
    assert bars(np.array([0, 0.5, 1, np.nan, 2]), 0, 1, unicode=True) == "▁▅█ █"
    assert bars(np.array([0, 0.5, 1, np.nan, 2]), 0, 1, unicode=False) == ".+# #"
    assert bars(np.array([3.0, 3.0]), 3, 3, unicode=True) == "▅▅"


def test_the_limit_lies_between_the_two_lines_of_a_score():
    above, below = above_and_below(np.array([0.5, 1.0, 2.0, 4.0, np.nan]), unicode=True)
    assert above == "  ▅█ "
    assert below == "▅███ "


def test_scores_all_below_the_limit_or_unknown_make_no_upper_line():
    assert above_and_below(np.array([0.2, np.nan]), unicode=True)[0] == "  "
    assert above_and_below(np.array([np.nan]), unicode=True) == (" ", " ")


@pytest.mark.parametrize(("rows", "width"), [(1, 10), (10, 10), (11, 10), (1000, 7)])
def test_columns_hold_every_row_once(rows, width):
    cuts = columns(rows, width)
    assert len(cuts) == min(rows, width)
    assert [row for cut in cuts for row in range(cut.start, cut.stop)] == list(range(rows))


def test_one_wild_row_among_thousands_stays_visible():
    seen, expected = np.zeros(5000), np.zeros(5000)
    seen[3333] = -9
    cuts = columns(5000, 40)
    assert -9 in seen[farthest(seen, expected, cuts)]
    assert highest(np.abs(seen), cuts).max() == 9


def test_unknown_rows_do_not_hide_known_ones():
    values = np.array([np.nan, 3.0, np.nan, np.nan])
    np.testing.assert_array_equal(highest(values, columns(4, 2)), [3, np.nan])
    assert farthest(values, np.zeros(4), columns(4, 1)).tolist() == [1]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("whose", ["group", "source"])
def test_long_names_leave_times_and_scores_whole(width, whose):
    """A path keeps its end, a group its beginning; the pictures say which of several files it is."""
    (first, second, *_) = maker.placed_events()
    names = (f"plant/north/{'deep/' * 20}pump-{k}.csv" for k in (1, 2))
    events = [replace(one, **{whose: name}) for one, name in zip((first, second), names, strict=True)]
    canvas = Canvas(terminal=True, color=False, unicode=False, width=width)
    lines = events_table(events, canvas).splitlines()
    assert max(map(len, lines)) <= width
    for placed in events:
        (line,) = (line for line in lines if placed.start in line)
        assert f"{number(placed.event.peak, 3)}x" in line
        if whose == "group" or width >= 120:
            assert ("plan" if whose == "group" else ".csv") in line
    if whose == "source":
        assert "pump-2.csv: " in pictures(events, canvas)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_backtests_keep_their_numbers_whole_on_narrow_terminals(width):
    late = StepRange(721, 14400, 0.464, 0.371, 0.925, 0.0727, (0.759, 1))
    found = SimpleNamespace(levels=(0.8, 0.95), results=[SimpleNamespace(method="seasonal", ranges=[late])])
    shown = backtest_table(found, Canvas(terminal=True, color=False, unicode=True, width=width))
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_ranges_behind_curves_do_not_wrap(width):
    """Readings such as -0.000123 take more room than most: the curves give way."""
    (placed, *_) = maker.placed_events()
    first = replace(placed.view.sensors[0], seen=placed.view.sensors[0].seen * -1.2345e-4)
    long = replace(placed, view=replace(placed.view, sensors=(first,)))
    text = pictures([long], Canvas(terminal=True, color=False, unicode=False, width=width))
    seen = [line for line in text.splitlines() if "seen" in line]
    assert len(seen) == 1
    assert re.search(r"seen -0\.000\d+ to -0\.000\d+$", seen[0])
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(("width", "curve"), [(60, 0), (80, 12), (200, 16)])
def test_no_cell_of_forecasts_is_cut_and_the_curve_takes_what_is_left(width, curve):
    values = np.linspace(1000, 2000, 48)
    forecast = SimpleNamespace(
        sensors=["temperature_c"],
        seen=values[np.newaxis],
        values=values[np.newaxis],
        times=np.arange(48),
        methods=["ridge"],
        interval=lambda level: (values[np.newaxis] - 100, values[np.newaxis] + 100),
    )
    view = SimpleNamespace(forecast=forecast, levels=[0.8], stamps=["2026-03-30T23:59:00"] * 48)
    shown = forecast_table(view, Canvas(terminal=True, color=False, unicode=True, width=width))
    *_, row = shown.splitlines()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert "2026-03-30" in shown
    assert row.split()[0] == "temperature_c"
    assert row.rstrip().endswith("1900 to 2100") or width > 120
    assert sum(character in "▁▂▃▄▅▆▇█" for character in row) == 2 * curve
