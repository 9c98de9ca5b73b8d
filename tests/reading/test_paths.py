"""Folders and patterns become files, in an order that can be relied on, and nothing is read twice."""

import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import expand_paths


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("log.10.csv", "log.2.csv", "b.csv.gz", "a.TSV", "notes.md", ".hidden.csv", "model.npz"):
        (tmp_path / name).write_text("")
    (tmp_path / "sub.csv").mkdir()
    (tmp_path / "sub.csv" / "log.1.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_is_its_tables_in_the_order_of_their_numbers(folder):
    names = [path.removeprefix(f"{folder}/") for path in expand_paths([str(folder)])]
    assert names == ["a.TSV", "b.csv.gz", "log.2.csv", "log.10.csv"]


def test_a_pattern_is_the_files_it_matches(folder):
    assert expand_paths(["log.*.csv"]) == ("log.2.csv", "log.10.csv")
    assert expand_paths(["**/log.*.csv"]) == ("log.2.csv", "log.10.csv", "sub.csv/log.1.csv")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / "[1].csv").write_text("")
    assert expand_paths(["[1].csv"]) == ("[1].csv",)


def test_other_paths_stay_as_they_are_in_their_order(folder):
    assert expand_paths(["log.2.csv", "-", "missing.csv", "a.TSV"]) == (
        "log.2.csv",
        "-",
        "missing.csv",
        "a.TSV",
    )
    assert expand_paths(["http://host/x*.csv"]) == ("http://host/x*.csv",)


@pytest.mark.parametrize("paths", [("log.2.csv", "./log.2.csv"), (".", "log.*.csv")])
def test_a_file_named_twice_is_refused(folder, paths):
    with pytest.raises(InputError, match=r"log\.2\.csv: is named twice, so its rows would count twice"):
        expand_paths(paths)


def test_a_folder_without_tables_and_a_pattern_without_files_are_refused(folder):
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: is a folder without a file \*\.csv"):
        expand_paths(["empty"])
    with pytest.raises(InputError, match=r"x\*\.csv: no file matches this pattern"):
        expand_paths(["x*.csv"])


def test_train_and_detect_read_a_folder_of_files(run, trained, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    lines = (trained / "new.csv").read_text().splitlines(keepends=True)
    (data / "1.csv").write_text("".join(lines[:151]))
    (data / "2.csv").write_text("".join([lines[0], *lines[151:]]))
    whole = run("detect", trained / "new.csv", "--model", trained / "pump.model", "--format", "csv")
    parts = run("detect", "data", "--model", trained / "pump.model", "--format", "csv")
    assert (parts.exit_code, whole.exit_code) == (1, 1)
    assert parts.stdout.splitlines()[1].split(",")[:3] == whole.stdout.splitlines()[1].split(",")[:3]
