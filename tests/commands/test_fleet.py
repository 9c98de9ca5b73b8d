"""`fleet summary`: what needs a look, as a table, as JSON, and as one page."""

import json
import re

import pytest
from click.testing import CliRunner
from conftest import csv_text, normal_values

from lstm_anomaly.commands.frame.app import app

GROUPS = ("a", "b", "c", "d", "e <i>")


def rows_text(values_of, start):
    """The rows of all groups, one group after the other."""
    texts = {group: csv_text(values, start=start).splitlines() for group, values in values_of.items()}
    header = next(iter(texts.values()))[0]
    rows = [f"{row},{group}" for group, text in texts.items() for row in text[1:]]
    return "\n".join([f"{header},asset", *rows]) + "\n"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    """Models of five groups, and a day on which three rise at once, one is silent, and one has no row."""
    folder = tmp_path_factory.mktemp("fleet")
    normal = {group: normal_values(300, seed) for seed, group in enumerate(GROUPS)}
    (folder / "normal.csv").write_text(rows_text(normal, "2024-03-01T00:00"))
    args = ("train", folder / "normal.csv", "--group-by", "asset", "--model", folder / "models")
    linear = ("--model-kind", "linear", "--window", "8", "--threshold", "3")
    assert CliRunner().invoke(app, [*map(str, args), *linear]).exit_code == 0
    today = {group: normal_values(150, 10 + seed) for seed, group in enumerate(GROUPS[:4])}
    for group in "abc":
        today[group][120:, 0] += 6
    today["d"] = today["d"][:60]
    (folder / "today.csv").write_text(rows_text(today, "2024-03-05T00:00"))
    return folder


def test_the_table_tells_what_is_shared_once_and_then_who_needs_a_look(fleet, run):
    result = run("fleet", "summary", fleet / "today.csv", "--model", fleet / "models")
    assert result.exit_code == 0
    shared, well, _titles, _line, *rows = result.stdout.splitlines()
    assert shared.startswith("3 of 5 (asset): open events since 2024-03-05T02:00:00Z, the highest ")
    assert shared.endswith("temp_c first in 3")
    assert well == "5 groups by asset: 0 need no look."
    assert [re.split(r"\s{2,}", row.strip()) for row in rows] == [
        ["d", "silent", "no row for 1.5 h"],
        ["e <i>", "silent", "no row"],
    ]
    assert "no row of 'e <i>', whose models are there" in result.stderr


def test_json_has_every_group_and_its_events(fleet, run):
    args = ("fleet", "summary", fleet / "today.csv", "--model", fleet / "models", "--format", "json")
    alone, apart = (run(*args, "-j", n) for n in (1, 2))
    assert apart.stdout == alone.stdout
    document = json.loads(alone.stdout)
    assert document["schema_version"] == 2
    assert document["newest"] == "2024-03-05T02:29:00Z"
    assert [each["groups"] for each in document["together"]] == [["a", "b", "c"]]
    kinds = {each["group"]: [look["kind"] for look in each["looks"]] for each in document["groups"]}
    assert kinds["d"] == kinds["e <i>"] == ["silent"]
    assert {each["group"]: len(each["events"]) for each in document["groups"]}["a"] >= 1
    assert [each["learned"] for each in document["groups"]] == ["2024-03-01T04:59:00Z"] * 5


def test_limits_are_options(fleet, run):
    args = ("fleet", "summary", fleet / "today.csv", "--model", fleet / "models", "--format", "json")
    found = json.loads(run(*args, "--silent-after", "2h", "--model-age", "1d", "--together", "1s").stdout)
    kinds = {each["group"]: [look["kind"] for look in each["looks"]] for each in found["groups"]}
    assert kinds["d"] == ["old model"]
    assert kinds["e <i>"] == ["silent", "old model"]


def test_the_page_shows_names_as_text_and_needs_no_chart_library(fleet, run, tmp_path):
    pytest.importorskip("jinja2", reason="pip install 'lstm-anomaly[report]'")
    args = ("fleet", "summary", fleet / "today.csv", "--model", fleet / "models")
    result = run(*args, "--out", "fleet.html")
    assert result.exit_code == 0
    text = (tmp_path / "fleet.html").read_text()
    assert "3 of 5 (asset): open events since" in text
    assert "<label>First look at <select" in text
    assert "e &lt;i&gt;" in text
    assert "e <i>" not in text
    assert len(text) < 40_000


def test_one_model_is_no_fleet(fleet, run):
    result = run("fleet", "summary", fleet / "today.csv", "--model", fleet / "models" / "a.model")
    assert result.exit_code == 2
    assert "a.model" in result.stderr
    assert len(result.stderr.splitlines()) == 1
