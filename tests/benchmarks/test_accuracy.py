"""The accuracy benchmark: its linear baseline, its tables, and a run over a small folder."""

import re

import numpy as np
import pandas as pd
import pytest
from conftest import csv_text, normal_values
from scripts import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("benchmarks/accuracy.py")


def test_covering_windows_give_each_row_the_mean_of_theirs(script):
    spread = script.over_covering_windows(np.array([0.0, 3.0, 6.0]), 2)
    assert spread.tolist() == pytest.approx([0, 1.5, 4.5, 6])
    assert script.on_centre_row(np.array([0.0, 3.0, 6.0]), 2).tolist() == [0, 0, 3, 6]


def test_window_pca_finds_what_breaks_the_wave(script):
    train, test = normal_values(400), normal_values(200, seed=1)
    test[100:110, 0] += 3
    errors = script.window_pca(train, test, 20)
    assert errors.shape == (181,)
    assert 81 <= errors.argmax() <= 109
    assert errors.max() > 4 * np.median(errors)


def test_runs_over_a_folder_and_prints_both_tables(script, tmp_path, capsys):
    folder = tmp_path / "made" / "one"
    folder.mkdir(parents=True)
    test = normal_values(150, seed=1)
    test[100:110, 0] += 6
    (folder / "train.csv").write_text(csv_text(normal_values(300)))
    (folder / "test.csv").write_text(csv_text(test))
    (folder / "labels.csv").write_text("label\n" + "".join(f"{100 <= k < 110:d}\n" for k in range(150)))
    out = tmp_path / "runs.csv"
    quick = "--model-kind linear --window 6"
    script.main([str(tmp_path), "--seeds", "0,1", "--train-args", quick, "--out", str(out)])
    printed = capsys.readouterr()
    assert "made/one" in printed.err
    assert re.search(r"made +lstm-anomaly +1 +0 +0\.\d{3} +0\.\d{3}", printed.out)
    assert "mean over data sets" in printed.out
    assert "PCA w100 cover" in printed.out
    assert len(out.read_text().splitlines()) == 1 + 2 + 4


def test_rates_of_a_data_set_are_of_all_its_rows_and_spread_is_over_seeds(script):
    counts = dict.fromkeys(script.COUNTS, 1.0)
    runs = pd.DataFrame(
        {"dataset": "d", "series": s, "method": "m", "seed": seed, "failed": 0, "VUS-PR": v} | counts
        for s, seed, v in [("a", 0, 0.1), ("b", 0, 0.3), ("a", 1, 0.5), ("b", 1, np.nan)]
    )
    runs.loc[runs["series"] == "b", "false_positives"] = 5.0
    (row,) = script.summary(runs).to_dict("records")
    assert (row["n"], row["VUS-PR"]) == (2, pytest.approx(0.35))
    assert row["+-"] == pytest.approx(np.std([0.2, 0.5], ddof=1))
    assert row["FAR"] == pytest.approx(6 / 8)
