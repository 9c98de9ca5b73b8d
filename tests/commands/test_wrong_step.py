"""`detect` on rows at another step than the model's."""

import json

import numpy as np
import pytest
from conftest import csv_text, normal_values


def minutes_of(text, minutes):
    """Rows a minute apart as rows so many minutes apart."""
    head, *lines = text.splitlines()
    start = np.datetime64("2024-03-05T00:00")
    stamps = [str(start + np.timedelta64(minutes * k, "s")).replace("T", " ") for k in range(len(lines))]
    cut = [line.partition(",")[2] for line in lines]
    return "\n".join([head, *(f"{s},{line}" for s, line in zip(stamps, cut, strict=True))]) + "\n"


@pytest.mark.parametrize(("seconds", "said"), [(12, "every 12 s"), (120, "every 2 min")])
def test_stops_with_one_line_that_names_both(run, trained, tmp_path, seconds, said):
    (tmp_path / "n.csv").write_text(minutes_of(csv_text(normal_values(300, seed=2)), seconds))
    result = run("detect", "n.csv", "--model", trained / "pump.model")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr
    assert "the model knows one every 1 min" in result.stderr
    assert "--resample" in result.stderr


def test_its_advice_works(run, trained, tmp_path):
    fine = np.repeat(normal_values(300, seed=2), 5, axis=0)
    (tmp_path / "n.csv").write_text(minutes_of(csv_text(fine), 12))
    found = run("detect", "n.csv", "-m", trained / "pump.model", "--resample-by", "last", "--format", "json")
    document = json.loads(found.stdout)
    assert (found.exit_code, document["rows"], document["unknown"]) == (0, 1500, 35)
