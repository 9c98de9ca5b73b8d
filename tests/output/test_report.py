"""What goes into a report: no spike is thinned away, nothing is counted twice, and it stays small."""

import base64
import json
import re
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import LSTM, csv_text, normal_values
from hypothesis import given
from hypothesis import strategies as st

for package in ("jinja2", "matplotlib", "plotly", "tsdownsample"):
    pytest.importorskip(package, reason="pip install 'lstm-anomaly[report]'")

from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.output.report.charts import Chart, Line, Panel
from lstm_anomaly.output.report.page import Section, Table, page
from lstm_anomaly.output.report.thinning import thinned


@given(st.integers(1, 30_000), st.integers(0, 2**32 - 1))
def test_a_spike_among_many_rows_is_kept_wherever_it_is(rows, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=rows)
    at = int(rng.integers(rows))
    values[at] = 100 * rng.choice([-1, 1])
    kept = thinned(values, 400)
    assert at in kept
    assert len(kept) <= 404
    assert (np.diff(kept) > 0).all()


def test_few_rows_are_all_kept_and_gaps_break_the_line():
    values = np.array([1.0, 2.0, np.nan, np.nan, 3.0, np.nan])
    assert thinned(values, 100).tolist() == [0, 1, 2, 4, 5]


def test_short_gaps_in_a_long_series_do_not_cost_points():
    values = np.arange(100_000.0)
    values[::10] = np.nan
    assert len(thinned(values, 1000)) <= 1000


def test_nothing_known_is_one_gap():
    assert thinned(np.full(50, np.nan), 8).tolist() == [0]


def test_asked_for_rows_are_kept():
    assert {5, 77_777} <= set(thinned(np.zeros(100_000), 100, [5, 77_777]).tolist())


def embedded(text):
    """The data of the page's script."""
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def test_numbers_and_names_come_through_as_they_are():
    name = '</script>"&\x07\u2028'
    line = Line("seen", name, np.array([1.0, 2.5]), np.array([0.1, np.nan]))
    chart = Chart("a", [Panel(name, [line], limit=1.0)], "row")
    text = page("t", "s", [Section("a", "A", chart=chart)])
    shown = embedded(text)["charts"]["a"]["panels"][0]
    assert shown["title"] == '</script>"&\\x07\\u2028'
    numbers = shown["lines"][0]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(numbers["x"]), "<f8"), [1.0, 2.5])
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(numbers["y"]), "<f4"), np.float32([0.1, np.nan])
    )


def test_all_text_is_escaped_and_control_characters_are_shown():
    bad = "<b onclick=x>'\"&\x1b\u202e"
    table = Table([bad], [[bad]], links=[], caption=bad)
    section = Section("a", bad, [bad], [(bad, bad)], table, choices=[])
    text = page(bad, bad, [section])
    assert "<b onclick" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("&lt;b onclick=x&gt;&#39;&#34;&amp;\\x1b\\u202e") >= 9


def test_nothing_of_the_page_lies_outside_it():
    text = page("t", "s", [Section("a", "A")])
    without_library = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert not re.search(r"""(src|href)=["']?(https?:|//)""", without_library)
    assert "@import" not in without_library
    assert "url(" not in without_library


@pytest.fixture(scope="module")
def report(trained):
    model = ["--model", str(trained / "pump.model")]
    out, plots = trained / "report.html", trained / "plots"
    args = ["report", str(trained / "new.csv"), *model, "--out", str(out), "--plot", str(plots)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    return result, out.read_text(encoding="utf-8"), sorted(plots.iterdir())


class TestCommand:
    def test_it_says_what_it_wrote_and_what_to_do_next(self, report):
        result, _text, plots = report
        assert re.search(r"report\.html, [45]\.\d MB", result.stdout)
        assert "1 event; 1 picture in" in result.stdout
        assert "Next: open it in a browser." in result.stdout
        assert [plot.name for plot in plots] == ["event-1-2024-03-05-02-00-00.png"]
        assert plots[0].read_bytes().startswith(b"\x89PNG")

    def test_it_has_every_part(self, report):
        _result, text, _plots = report
        anchors = re.findall(r'<section id="([^"]+)"', text)
        before, after = ["summary", "overview", "events", "event-1"], ["quality", "drift", "model", "loss"]
        assert anchors == [*before, "forecast", *after]
        assert re.search(r"From 2024-03-05 02:00:00 to \S+ temp_c rose to ", text)
        assert len(embedded(text)["sensors"]) == 3

    def test_events_have_rows_before_and_after_them(self, report):
        chart = embedded(report[1])["charts"]["event-1"]
        (begin, end), line = chart["bands"][0], chart["panels"][0]["lines"][0]
        x = np.frombuffer(base64.b64decode(line["x"]), "<f8")
        assert (x < begin).sum() >= 30
        assert (x > end).sum() >= 30

    def test_pictures_can_be_drawings_and_are_the_same_each_time(self, run, trained):
        args = ("report", trained / "new.csv", "--model", trained / "pump.model", "--out", "r.html")
        for folder in ("one", "two"):
            assert run(*args, "--plot", folder, "--plot-format", "svg").exit_code == 0
        (one,), (two,) = (list(trained.__class__(folder).iterdir()) for folder in ("one", "two"))
        assert one.suffix == ".svg"
        assert one.read_bytes() == two.read_bytes()

    def test_quiet_data_makes_a_report_without_events(self, run, trained, tmp_path):
        model = ("--model", trained / "pump.model")
        result = run("report", trained / "quiet.csv", *model, "--out", "r.html", "--title", "A quiet day")
        assert result.exit_code == 0
        text = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert "Nothing departs from normal." in text
        assert "<title>A quiet day</title>" in text

    def test_data_that_cannot_be_judged_or_is_missing_is_said_so(self, run, trained, tmp_path):
        values = normal_values(60)
        values[np.arange(60) % 8 < 5, 1] = np.nan
        (tmp_path / "holes.csv").write_text(csv_text(values, start=None))
        result = run("report", "holes.csv", "--model", trained / "pump.model", "--out", "r.html")
        assert result.exit_code == 0
        text = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert "No row could be judged" in text
        assert re.search(r"pressure_bar</td>\s*<td class=\"number\">39</td>", text)

    def test_the_input_is_not_written_over(self, run, trained):
        model = ("--model", trained / "pump.model")
        assert run("report", trained / "new.csv", *model, "--out", trained / "new.csv").exit_code == 2

    def test_a_missing_package_is_named_with_the_way_to_get_it(self, run, trained, monkeypatch):
        monkeypatch.setitem(sys.modules, "plotly.offline", None)
        monkeypatch.delitem(sys.modules, "lstm_anomaly.output.report.page", raising=False)
        monkeypatch.delitem(sys.modules, "lstm_anomaly.output.report.of_detection", raising=False)
        monkeypatch.delitem(sys.modules, "lstm_anomaly.output.report.of_model", raising=False)
        result = run("report", trained / "new.csv", "--model", trained / "pump.model", "--out", "r.html")
        assert result.exit_code == 2
        assert "pip install 'lstm-anomaly[report]'" in result.stderr


class TestTraining:
    def test_training_writes_a_report_with_the_threshold_and_what_was_expected(self, run, trained, tmp_path):
        options = ("--epochs", "2", "--hidden", "4", "--window", "8", "--report", "t.html", "-q", *LSTM)
        assert run("train", trained / "normal.csv", "--model", "m", *options).exit_code == 0
        text = (tmp_path / "t.html").read_text(encoding="utf-8")
        charts = embedded(text)["charts"]
        assert set(charts) == {"threshold", "calibration", "worst", "best", "loss"}
        names = [line["name"] for line in charts["threshold"]["panels"][0]["lines"]]
        assert names == ["this model", "proven at most"]
        assert [line["name"] for line in charts["worst"]["panels"][0]["lines"]] == ["seen", "expected"]

    def test_a_linear_model_has_no_loss(self, run, trained, tmp_path):
        options = ("--model-kind", "linear", "--report", "t.html", "-q")
        assert run("train", trained / "normal.csv", "--model", "m", *options).exit_code == 0
        charts = embedded((tmp_path / "t.html").read_text(encoding="utf-8"))["charts"]
        assert set(charts) == {"threshold", "calibration", "worst", "best"}

    def test_a_report_that_would_replace_an_input_is_refused_before_training(self, run, trained, tmp_path):
        (tmp_path / "n.csv").write_text((trained / "normal.csv").read_text())
        result = run("train", "n.csv", "--model", "m", "--report", "n.csv")
        assert result.exit_code == 2
        assert not (tmp_path / "m").exists()


class TestForecast:
    def test_a_report_shows_what_comes_next_as_a_fan(self, run, trained, tmp_path):
        where = (trained / "normal.csv", "--model", trained / "pump.model")
        result = run("report", *where, "--out", "r.html")
        assert result.exit_code == 0
        text = (tmp_path / "r.html").read_text()
        assert "What comes next" in text
        assert "12 rows after the last one" in text
