"""The committed sample files are what their script makes, and their labels say what is in them."""

import csv
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scripts import ROOT

from lstm_anomaly.evaluation import sample_pump as sample

SAMPLE_DATA = ROOT / "sample_data"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    return sample


def read_rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_committed_files_are_what_the_script_makes_byte_for_byte(maker: ModuleType, tmp_path: Path) -> None:
    maker.main(tmp_path)
    for name in ("normal.csv", "week.csv", "faults.csv"):
        assert (tmp_path / name).read_bytes() == (SAMPLE_DATA / name).read_bytes(), name


def test_normal_file_is_two_weeks_of_minutes_and_stays_small() -> None:
    rows = read_rows("normal.csv")
    assert len(rows) == 14 * 1440
    assert rows[0]["timestamp"] == "2026-03-02 00:00:00"
    assert rows[-1]["timestamp"] == "2026-03-15 23:59:00"
    assert (SAMPLE_DATA / "normal.csv").stat().st_size < 1_500_000


def test_every_fault_lies_inside_the_week_and_names_one_of_its_sensors() -> None:
    week, faults = read_rows("week.csv"), read_rows("faults.csv")
    stamps = {row["timestamp"] for row in week}
    for fault in faults:
        assert fault["start"] <= fault["end"]
        assert {fault["start"], fault["end"]} <= stamps
        assert fault["sensor"] in week[0]
    assert {fault["kind"] for fault in faults} == {
        "spike",
        "level_shift",
        "stuck",
        "lost_correlation",
        "oscillation",
        "drift",
        "amplitude",
    }


def test_faults_change_exactly_the_labelled_rows(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    with_faults = maker.make_week(np.random.default_rng(3))
    labelled = np.zeros(len(with_faults), dtype=bool)
    for fault in maker.FAULTS:
        labelled[maker.fault_rows(fault, maker.WEEK_START)] = True
    monkeypatch.setattr(maker, "FAULTS", ())
    without = maker.make_week(np.random.default_rng(3))

    changed = (with_faults != without).any(axis=1)
    assert not (changed & ~labelled).any()
    # The first row of the stuck meter and of the drift, and the swing's zeros, are as they were.
    assert changed.sum() >= labelled.sum() - 40


def test_stuck_sensor_repeats_its_last_reading_in_the_file_too() -> None:
    fault = next(fault for fault in read_rows("faults.csv") if fault["kind"] == "stuck")
    during = [r for r in read_rows("week.csv") if fault["start"] <= r["timestamp"] <= fault["end"]]
    assert len({row[fault["sensor"]] for row in during}) == 1
    assert len({row["pressure_bar"] for row in during}) > 10


def test_sensors_follow_the_load_as_they_do_in_a_pump(maker: ModuleType) -> None:
    values = maker.make_normal(np.random.default_rng(4), days=2)
    together = np.corrcoef(values, rowvar=False)
    assert (together > 0.75).all()
    assert together[maker.FLOW, maker.CURRENT] > 0.97
    # Heat lags: temperature now goes better with the current of half an hour ago than with the current now.
    temperature, current = values[30:, maker.TEMPERATURE], values[:, maker.CURRENT]
    then = np.corrcoef(temperature, current[:-30])[0, 1]
    assert then > np.corrcoef(temperature, current[30:])[0, 1]


def test_other_seeds_make_other_weeks_of_the_same_pump(maker: ModuleType) -> None:
    one, other = (maker.make_normal(np.random.default_rng(seed), days=7) for seed in (1, 2))
    assert not np.array_equal(one, other)
    np.testing.assert_allclose(one.mean(axis=0), other.mean(axis=0), rtol=0.05)
