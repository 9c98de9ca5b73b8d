"""`--format lookout`: the lines of Amazon Lookout for Equipment."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.detecting.verdicts import Verdicts
from lstm_anomaly.output.formats.lookout import lookout_lines

NAN = float("nan")


def verdicts_on(scores, errors, *, is_timed=True, groups=None):
    """Rows a second apart, of which the last one is off."""
    rows = len(scores)
    times = np.datetime64("2021-03-11T22:24:00.5", "ns") + np.arange(rows) * np.timedelta64(1, "s")
    frame = SensorFrame(
        values=np.zeros((rows, 2)),
        sensors=("temp", "flow\\in"),
        lines=np.arange(2, rows + 2),
        source_index=np.zeros(rows, np.int64),
        sources=("a.csv",),
        stamps=times.astype(str).astype(object) if is_timed else None,
        times=times if is_timed else None,
        groups=groups,
    )
    return Verdicts(frame, np.array(scores), np.array(errors), [], np.arange(rows) == rows - 1)


THREE = verdicts_on([NAN, 0.25, 3.0, NAN], [[NAN, NAN], [0, 0], [1, 2], [NAN, NAN]])
GOLDEN = """\
{"timestamp": "2021-03-11T22:24:01.500000", "prediction": 0, "prediction_reason": "NO_ANOMALY_DETECTED", \
"anomaly_score": 0.2, "diagnostics": [{"name": "temp", "value": 0.5}, {"name": "flow\\\\in", "value": 0.5}]}
{"timestamp": "2021-03-11T22:24:02.500000", "prediction": 1, "prediction_reason": "ANOMALY_DETECTED", \
"anomaly_score": 0.75, "diagnostics": [{"name": "temp", "value": 0.33333}, \
{"name": "flow\\\\in", "value": 0.66667}]}
{"timestamp": "2021-03-11T22:24:03.500000", "prediction": 0, "prediction_reason": "MACHINE_OFF"}
"""


def test_rows_are_written_as_the_service_did_and_unknown_ones_not():
    assert lookout_lines(THREE) == GOLDEN


def test_a_row_without_a_time_is_named_by_its_line():
    lines = lookout_lines(verdicts_on([0.5, NAN], [[1, 0], [NAN, NAN]], is_timed=False)).splitlines()
    assert [json.loads(line)["timestamp"] for line in lines] == ["line 2", "line 3"]


def test_a_row_of_a_group_names_it_and_its_sensors_alone():
    groups = np.array(["a", "b", "b"], object)
    verdicts = verdicts_on([0.5, 2.0, NAN], [[1, NAN], [NAN, 3], [NAN, NAN]], groups=groups)
    found = [json.loads(line) for line in lookout_lines(verdicts).splitlines()]
    assert [one["group"] for one in found] == ["a", "b", "b"]
    assert [one.get("diagnostics") for one in found] == [
        [{"name": "temp", "value": 1.0}],
        [{"name": "flow\\in", "value": 1.0}],
        None,
    ]


@pytest.mark.parametrize("groups", [None, np.array(["p"] * 4, object)])
def test_no_verdicts_are_no_lines(groups):
    nothing = replace(THREE, scores=np.full(4, NAN), off=np.zeros(4, bool))
    assert lookout_lines(replace(nothing, frame=replace(nothing.frame, groups=groups))) == ""


def test_detect_writes_a_line_for_each_row_that_it_judged(run, trained, tmp_path):
    model = ("--model", trained / "pump.model")
    result = run("detect", trained / "new.csv", *model, "--format", "lookout")
    assert result.exit_code == 1
    run("detect", trained / "new.csv", *model, "--scores", "s.csv")
    scores = [line.split(",") for line in (tmp_path / "s.csv").read_text().splitlines()[1:]]
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["timestamp"] for one in found] == [
        f"{row[2].replace(' ', 'T')}.000000" for row in scores if row[4] != "unknown"
    ]
    for one, row in zip(found, scores[-len(found) :], strict=True):
        keys = ["timestamp", "prediction", "prediction_reason", "anomaly_score", "diagnostics"]
        assert list(one) == keys
        assert one["prediction"] == int(row[4] == "anomaly")
        assert one["anomaly_score"] == pytest.approx(float(row[3]) / (1 + float(row[3])), abs=1e-5)
        values = {part["name"]: part["value"] for part in one["diagnostics"]}
        assert list(values) == ["temp_c", "pressure_bar", "flow"]
        assert sum(values.values()) == pytest.approx(1, abs=2e-5)
        stands_out = len(set(values.values())) > 1  # else no sensor has a part
        assert row[5] == (max(values, key=values.get) if stands_out else "")


def test_scores_and_lines_of_rows_cannot_share_standard_output(run, trained):
    args = ("detect", trained / "new.csv", "--model", trained / "pump.model", "--scores", "-")
    assert "both write to standard output" in run(*args, "--format", "lookout").stderr
