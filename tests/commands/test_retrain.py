"""`retrain`: what was compared and why it decided, the old model beside the new one, nothing half done."""

import json
import shutil

import pytest
from conftest import csv_text, normal_values


@pytest.fixture
def model(trained, tmp_path):
    shutil.copy(trained / "pump.model", tmp_path / "m")
    return tmp_path / "m"


@pytest.fixture
def new(tmp_path):
    """Rows after a change of a set point for good."""
    values = normal_values(1500, seed=3)
    values[:, 1] += 3.0
    (tmp_path / "new.csv").write_text(csv_text(values, start="2024-04-01T00:00"))
    return "new.csv"


KIND = ("--model-kind", "linear")


def test_says_what_it_compared_and_keeps_the_old_model_beside_the_new_one(run, model, new, tmp_path):
    before = model.read_bytes()
    result = run("retrain", "m", new, "--all-rows", *KIND)
    assert result.exit_code == 0
    for word in ("held out", "forecast", "restored", "alarms", "limits", "replaced by the new model, since"):
        assert word in result.stdout
    assert (tmp_path / "m.1").read_bytes() == before
    assert model.read_bytes() != before
    assert run("detect", new, "-m", "m").exit_code == 0


def test_json_says_the_same_and_zero_also_where_the_old_model_stays(run, model, trained, tmp_path):
    before = model.read_bytes()
    result = run("retrain", "m", trained / "normal.csv", "--format", "json", *KIND)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["schema_version"]) == (0, 1)
    assert (document["kept"] == "old") == (model.read_bytes() == before)
    assert set(document["old"]) == {"forecast", "restored", "alarms", "anomalous"}


def test_keeps_so_many_old_models(run, model, new, tmp_path):
    first = model.read_bytes()
    run("retrain", "m", new, "--all-rows", "--keep", "2", *KIND)
    (tmp_path / "m").write_bytes(first)  # so that the next one is better again
    run("retrain", "m", new, "--all-rows", "--keep", "2", *KIND)
    (tmp_path / "m").write_bytes(first)
    run("retrain", "m", new, "--all-rows", "--keep", "2", *KIND)
    assert sorted(path.name for path in tmp_path.glob("m*")) == ["m", "m.1", "m.2"]


def test_rows_that_it_finds_anomalous_need_to_be_asked_for(run, model, new):
    result = run("retrain", "m", new, *KIND)
    assert (result.exit_code, "--all-rows" in result.stderr) == (2, True)


def test_cron_prints_the_line(run, trained):
    text = run("cron", trained / "new.csv", "--model", "m", "--retrain").stdout
    assert any(line.startswith("30 3 * * 0 ") and " retrain " in line for line in text.splitlines())
    assert " retrain " not in run("cron", trained / "new.csv", "--model", "m").stdout
