"""--allow-missing: a sensor that is missing altogether is taken to read what the others say of it."""

import csv

import numpy as np
import pytest
from conftest import normal_values
from small_models import small_model

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.decision.drift import DriftWatch
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.model.missing_sensors import impute, without
from lstm_anomaly.reading import ReadOptions, read_csvs, take_rows

NAN = float("nan")


@pytest.fixture(scope="module")
def model():
    """A linear model of three sensors that follow one wave."""
    return small_model(normal_values(900), kind="linear")


def frame_without(values, absent=("s1",)):
    values = np.array(values, dtype=np.float64)
    for name in absent:
        values[:, int(name[1:])] = NAN
    return SensorFrame(
        values=values,
        sensors=("s0", "s1", "s2"),
        lines=np.arange(2, len(values) + 2),
        source_index=np.zeros(len(values), np.int64),
        sources=("x.csv",),
        absent=absent,
    )


def test_a_missing_sensor_is_imputed_from_the_others(model):
    values = normal_values(300, seed=1)
    imputed = impute(model, frame_without(values)).values[:, 1]
    assert np.corrcoef(imputed, values[:, 1])[0, 1] > 0.9
    assert np.abs(imputed - values[:, 1]).mean() < 0.1


def test_two_missing_sensors_are_imputed_from_the_third(model):
    values = normal_values(300, seed=1)
    imputed = impute(model, frame_without(values, ("s0", "s2"))).values
    assert np.corrcoef(imputed[:, 0], values[:, 0])[0, 1] > 0.9
    assert np.corrcoef(imputed[:, 2], values[:, 2])[0, 1] > 0.9
    np.testing.assert_array_equal(imputed[:, 1], values[:, 1])


def test_empty_rows_stay_empty_and_other_missing_readings_stay_missing(model):
    values = normal_values(50, seed=1)
    values[10] = NAN
    values[20, 0] = NAN
    imputed = impute(model, frame_without(values)).values
    assert np.isnan(imputed[10]).all()
    assert np.isnan(imputed[20]).tolist() == [True, False, False]


def test_normal_rows_stay_normal_and_a_fault_of_another_sensor_is_found(model):
    values = normal_values(600, seed=1)
    assert np.nanmax(detect(model, frame_without(values)).row_scores()) < 1
    values[300:330, 0] += 6
    detection = detect(model, frame_without(values))
    (event,) = detection.events
    assert 300 <= event.start < 310
    assert event.contributions[0].sensor == "s0"
    assert all(c.share == 0 for c in event.contributions if c.sensor == "s1")


def test_a_sensor_that_never_moved_is_filled_with_a_value_that_it_showed():
    values = np.column_stack([normal_values(900), np.full(900, 7.0)])
    model = small_model(values, kind="linear")
    new = np.column_stack([normal_values(300, seed=1), np.full(300, NAN)])
    frame = SensorFrame(
        values=new,
        sensors=model.sensors,
        lines=np.arange(300),
        source_index=np.zeros(300, np.int64),
        sources=("x.csv",),
        absent=("s3",),
    )
    assert np.nanmax(detect(model, frame).row_scores()) < 1


def test_without_any_sensor_that_moves_nothing_can_be_judged(model):
    with pytest.raises(SensorsError, match="no sensor that the model judges is in the input"):
        without(model, ("s0", "s1", "s2"))


@pytest.fixture
def lacking(tmp_path, trained):
    """new.csv of the trained folder without its pressure."""
    table = csv.reader((trained / "new.csv").read_text().splitlines())
    path = tmp_path / "lacking.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([[*row[:2], row[3]] for row in table])
    return path


def test_a_missing_sensor_is_an_error_that_names_both_lists_and_the_option(run, trained, lacking):
    result = run("detect", lacking, "--model", trained / "pump.model")
    assert result.exit_code == 2
    assert "has no column 'pressure_bar'; wanted: 'temp_c', 'pressure_bar', 'flow'" in result.stderr
    assert "in the file: 'time', 'temp_c', 'flow'" in result.stderr
    assert "--allow-missing" in result.stderr


def test_when_it_may_be_missing_the_rest_is_judged_and_it_is_told(run, trained, lacking):
    result = run("detect", lacking, "--model", trained / "pump.model", "--allow-missing", "--scores", "-")
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert len(rows) == 300
    assert {row["state"] for row in rows[7:110]} == {"normal"}
    assert "anomaly" in {row["state"] for row in rows[120:140]}
    assert "lacking.csv: no sensor 'pressure_bar': judged by the others" in result.stderr


def test_files_must_lack_the_same_sensors(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "2.csv").write_text("a\n1\n3\n")
    paths = [str(tmp_path / name) for name in ("1.csv", "2.csv")]
    with pytest.raises(SensorsError, match="other sensors are missing than in"):
        read_csvs(paths, ReadOptions(allow_missing=True), sensors=["a", "b"])


def test_a_file_with_none_of_the_sensors_is_refused(tmp_path):
    (tmp_path / "1.csv").write_text("x,y\n1,2\n3,4\n")
    with pytest.raises(InputError):
        read_csvs([str(tmp_path / "1.csv")], ReadOptions(allow_missing=True), sensors=["a", "b"])


def test_an_absent_sensor_is_not_imputed_to_have_drifted(model):
    values = normal_values(600, seed=1)
    values[:, [0, 1]] = 20, 99

    def drifted(model):
        drift = DriftWatch(model.familiar, model.sensors)
        drift.push(values, np.full(600, 0.2))
        return [finding.split()[0] for finding in drift.findings()]

    assert drifted(model) == ["s0", "s1"]
    assert drifted(without(model, ("s1",))) == ["s0"]


def test_drift_with_an_absent_sensor_is_the_same_in_pieces_and_whole(model):
    frame = frame_without(normal_values(600, seed=1) + np.array([0, 0, 100]))
    watcher = Watcher(model)
    watcher.push(frame)
    watcher.finish()
    assert watcher.drift == detect(model, frame).drift.findings() != []


def test_pieces_are_judged_as_the_whole(model):
    values = normal_values(200, seed=1)
    values[100:120, 0] += 6
    frame = frame_without(values)
    watcher = Watcher(model)
    parts = [watcher.push(take_rows(frame, slice(k, k + 7))).scores for k in range(0, 200, 7)]
    scores = np.concatenate([*parts, watcher.finish().scores])
    np.testing.assert_allclose(scores, detect(model, frame).row_scores(), rtol=1e-9)
