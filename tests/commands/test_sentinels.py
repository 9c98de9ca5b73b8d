"""Numbers that stand for "no reading": `train` says what `check` says, and the model remembers them."""

import csv

import numpy as np
import pytest
from conftest import csv_text, normal_values


@pytest.fixture
def logged(tmp_path):
    """A file with -9999 in one sensor and 1e20 in another, and with a fault."""
    values = normal_values(1500)
    values[7::40, 0] = -9999
    values[9::90, 1] = 1e20
    (tmp_path / "plant.csv").write_text(csv_text(values))
    return values


def scores(run, *options):
    result = run("detect", "plant.csv", "--model", "p.model", "--scores", "-", "--exit-zero", *options)
    return np.array([float(row["score"] or "nan") for row in csv.DictReader(result.stdout.splitlines())])


def test_train_warns_of_values_far_from_all_others(run, logged):
    said = run("train", "plant.csv", "--model", "p.model", "--model-kind", "linear").stderr
    assert "reads -9999 in 38 rows" in said
    assert "--null-value -9999 --null-value 1e+20" in said


def test_check_leaves_out_what_train_leaves_out(run, logged):
    said = run("check", "plant.csv", "--null-value", "auto").stdout
    assert "-9999" not in said
    assert said.rstrip().endswith("--null-value auto")


@pytest.mark.parametrize("told", [("auto",), ("-9999", "1e+20")])
def test_a_model_remembers_what_stands_for_no_reading(run, logged, told):
    options = [word for text in told for word in ("--null-value", text)]
    trained = run("train", "plant.csv", "--model", "p.model", "--model-kind", "linear", *options)
    assert "far from all others" not in trained.stderr
    alone, again = scores(run), scores(run, *options)
    assert np.array_equal(alone, again, equal_nan=True)
    assert np.nanmax(alone) < 5


def test_the_models_of_groups_remember_it_too(run, tmp_path, logged):
    text = "asset," + (tmp_path / "plant.csv").read_text().replace("\n", "\na,", 1500)
    (tmp_path / "plant.csv").write_text(text)
    run(
        *("train", "plant.csv", "--model", "p.model", "--model-kind", "linear"),
        *("--group-by", "asset", "--null-value", "auto"),
    )
    assert np.nanmax(scores(run)) < 5
