"""--resample and --max-fill of `train` are kept in the model, and `detect` uses them."""

import csv

import numpy as np
import pytest
from conftest import csv_text, normal_values

from lstm_anomaly.model.file import read_model

ARGS = ("--model", "m.model", "--model-kind", "linear", "--window", "8", "--threshold", "3")


def write(path, values):
    path.write_text(csv_text(values))


def scores_of(run, *args):
    result = run("detect", "new.csv", "--model", "m.model", "--scores", "-", "--exit-zero", *args)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(result.stdout.splitlines()))


def test_resampled_training_makes_detect_join_the_rows_of_each_step(run, tmp_path):
    write(tmp_path / "normal.csv", normal_values(900))
    write(tmp_path / "new.csv", normal_values(120, seed=1))
    assert run("train", "normal.csv", "--resample", "2min", "--resample-by", "max", *ARGS).exit_code == 0
    model = read_model(tmp_path / "m.model")
    assert (model.step, model.resample) == (np.timedelta64(120, "s"), "max")
    told = run("inspect", "m.model").stdout
    assert "one row every 2 min, which is the max of those read in that time" in told
    rows = scores_of(run)
    assert len(rows) == 120
    judged = [row["score"] for row in rows if row["score"]]
    assert judged[0::2] == judged[1::2]  # both rows of a step are judged as the one they make
    assert [row["state"] for row in rows].count("unknown") == 14  # a window of 8 steps


def test_without_resampling_the_model_says_so(trained):
    model = read_model(trained / "pump.model")
    assert (model.resample, model.max_fill) == (None, 3)


@pytest.mark.parametrize(("fill", "unknown"), [(0, 5 + 7), (5, 0)])
def test_max_fill_decides_whether_a_hole_is_bridged(run, tmp_path, fill, unknown):
    write(tmp_path / "normal.csv", normal_values(900))
    new = normal_values(120, seed=1)
    new[60:65, 1] = np.nan
    write(tmp_path / "new.csv", new)
    assert run("train", "normal.csv", "--max-fill", fill, *ARGS).exit_code == 0
    assert [row["state"] for row in scores_of(run)].count("unknown") == 7 + unknown


@pytest.mark.parametrize("step", ["0s", "1 week", "min", "-1s", "1e3s"])
def test_a_step_that_is_none_is_refused(run, step):
    result = run("train", "x.csv", "--model", "m.model", "--resample", step)
    assert result.exit_code == 2
    assert "is not a length of time; write 30s, 15min, 2h or 1d" in result.stderr


def test_resampling_rows_without_time_is_refused(run, tmp_path):
    (tmp_path / "normal.csv").write_text(csv_text(normal_values(100), start=None))
    result = run("train", "normal.csv", "--resample", "1min", *ARGS)
    assert result.exit_code == 2
    assert "there are no time stamps to resample by" in result.stderr
