"""--group-by: each group gets the model and the verdicts that it would get from a file of its own."""

import csv
import json
import os
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import SENSORS, csv_text, normal_values

from lstm_anomaly.base import files
from lstm_anomaly.base.errors import ModelFileError, OutputError
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.model.file import read_model
from lstm_anomaly.model.folder import check_case, model_path, read_index, write_index

LINEAR = ("--model-kind", "linear", "--window", "8", "--threshold", "3")


def grouped_text(values_of, column="asset"):
    """The rows of several groups, one of each in turn."""
    lines = {group: csv_text(values).splitlines() for group, values in values_of.items()}
    header = next(iter(lines.values()))[0]
    rows = [
        f"{lines[group][k]},{group}"
        for k in range(1, max(map(len, lines.values())))
        for group in lines
        if k < len(lines[group])
    ]
    return "\n".join([f"{header},{column}", *rows]) + "\n"


@pytest.fixture(scope="module")
def new():
    """New rows of three groups, of which pump 2 is raised in `temp_c`."""
    values = {
        "pump 1": normal_values(200, 5),
        "pump 2": normal_values(200, 6),
        "fan/3": normal_values(150, 7),
    }
    values["pump 2"][100:130, 0] += 6
    return values


@pytest.fixture(scope="module")
def trained_groups(tmp_path_factory):
    """A folder with `models` of three groups, trained from one file, and a model of each from its own."""
    folder = tmp_path_factory.mktemp("groups")

    def run(*args):
        return CliRunner().invoke(app, list(map(str, args)))

    normal = {
        "pump 1": normal_values(600, 1),
        "pump 2": 2 * normal_values(600, 2),
        "fan/3": normal_values(500, 3),
    }
    normal["pump 2"] = normal_values(600, 2)
    (folder / "normal.csv").write_text(grouped_text(normal))
    for k, (group, values) in enumerate(normal.items()):
        (folder / f"normal-{k}.csv").write_text(csv_text(values))
        args = (folder / f"normal-{k}.csv", "--model", folder / f"{k}.model", *LINEAR)
        assert run("train", *args).exit_code == 0, group
    args = (folder / "normal.csv", "--group-by", "asset", "--model", folder / "models", *LINEAR)
    result = run("train", *args)
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def folder(trained_groups, tmp_path, monkeypatch):
    """A copy of it, to work in."""
    shutil.copytree(trained_groups, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_train_writes_a_model_file_for_each_group_and_says_so(folder, run):
    assert read_index(str(folder / "models")) == ("asset", ["pump 1", "pump 2", "fan/3"])
    names = sorted(path.name for path in (folder / "models").iterdir())
    assert names == ["fan%2F3.model", "groups.json", "pump%201.model", "pump%202.model"]
    for k, name in enumerate(("pump%201", "pump%202", "fan%2F3")):
        assert (folder / "models" / f"{name}.model").read_bytes() == (folder / f"{k}.model").read_bytes()


@pytest.mark.parametrize("look_ahead", [0])
def test_verdicts_of_a_group_are_those_of_a_file_of_its_own(folder, run, new, look_ahead):
    (folder / "new.csv").write_text(grouped_text(new))
    result = run("detect", "new.csv", "--model", "models", "--scores", "-", "--exit-zero")
    assert result.exit_code == 0, result.output
    scores = list(csv.DictReader(result.stdout.splitlines()))
    assert [int(row["line"]) for row in scores] == list(range(2, 552))
    groups = [line.rsplit(",", 1)[1] for line in (folder / "new.csv").read_text().splitlines()[1:]]
    for k, (group, values) in enumerate(new.items()):
        (folder / "own.csv").write_text(csv_text(values))
        own = run("detect", "own.csv", "--model", f"{k}.model", "--scores", "-", "--exit-zero").stdout
        expected = [row[3:] for row in csv.reader(own.splitlines()[1:])]
        found = [
            [row["score"], row["state"], row["top_sensor"]]
            for row, of in zip(scores, groups, strict=True)
            if of == group
        ]
        assert found == expected


def test_events_name_their_group(folder, run, new):
    (folder / "new.csv").write_text(grouped_text(new))
    found = run("detect", "new.csv", "--model", "models", "--format", "jsonl")
    assert found.exit_code == 1
    assert {json.loads(line)["group"] for line in found.stdout.splitlines()} == {"pump 2"}
    table = run("detect", "new.csv", "--model", "models").stdout
    assert "group" in table.splitlines()[0]
    assert "pump 2" in table


def test_rows_of_a_group_without_a_model_are_unknown_and_told(folder, run, new):
    (folder / "new.csv").write_text(grouped_text({**new, "pump 9": normal_values(50), "": normal_values(5)}))
    found = run("detect", "new.csv", "--model", "models", "--scores", "-", "--exit-zero", "-v")
    states = [row["state"] for row in csv.DictReader(found.stdout.splitlines())]
    assert len(states) == 605
    assert states.count("unknown") == 3 * 7 + 55
    assert "55 rows of groups without a model cannot be judged: '', 'pump 9'" in found.stderr


def test_a_model_without_rows_is_told(folder, run, new):
    (folder / "new.csv").write_text(grouped_text({"pump 1": new["pump 1"]}))
    found = run("detect", "new.csv", "--model", "models")
    assert found.exit_code == 0
    assert "no row of 'pump 2', 'fan/3', whose models are there" in found.stderr


def test_a_group_too_small_to_learn_from_keeps_no_other_from_its_model(run, tmp_path):
    text = grouped_text({"a": normal_values(300), "b": normal_values(3)})
    (tmp_path / "normal.csv").write_text(text)
    result = run("train", "normal.csv", "--group-by", "asset", "--model", "models", *LINEAR)
    assert result.exit_code == 2
    assert "asset 'b': 3 usable rows are too few" in result.stderr
    assert "models: 1 of 2 groups have no model" in result.stderr
    assert read_index(str(tmp_path / "models")) == ("asset", ["a"])


def test_two_processes_write_the_same_models_and_lines_as_one(run, tmp_path):
    groups = {name: normal_values(300, k) for k, name in enumerate("abc")} | {"d": normal_values(3)}
    (tmp_path / "normal.csv").write_text(grouped_text(groups))
    alone, apart = (
        run("train", "normal.csv", "--group-by", "asset", "--model", folder, "-j", workers, *LINEAR)
        for folder, workers in (("one", 1), ("two", 2))
    )
    assert alone.exit_code == apart.exit_code == 2
    assert apart.stdout == alone.stdout.replace("one", "two")
    assert apart.stderr == alone.stderr.replace("one", "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_groups_may_have_other_sensors_missing(run, tmp_path):
    values = {"a": normal_values(300), "b": normal_values(300, 1)}
    values["b"][:, 1] = np.nan
    (tmp_path / "normal.csv").write_text(grouped_text(values))
    assert run("train", "normal.csv", "--group-by", "asset", "--model", "models", *LINEAR).exit_code == 0
    assert read_model(tmp_path / "models" / "b.model").sensors == (SENSORS[0], SENSORS[2])
    found = run("detect", "normal.csv", "--model", "models", "--scores", "-", "--exit-zero")
    states = [row["state"] for row in csv.DictReader(found.stdout.splitlines())]
    assert states.count("unknown") == 14


def test_a_folder_without_models_and_one_model_for_groups_are_refused(run, trained, tmp_path):
    (tmp_path / "empty").mkdir()
    new = trained / "new.csv"
    result = run("detect", new, "--model", "empty")
    assert result.exit_code == 2
    assert "empty: is a folder without groups.json, so it holds no models of groups" in result.stderr
    result = run("inspect", "empty")
    assert result.exit_code == 2
    assert "empty: is a folder, but a single model file is needed" in result.stderr
    result = run("detect", new, "--model", trained / "pump.model", "--group-by", "temp_c")
    assert result.exit_code == 2
    assert "is the model of one machine" in result.stderr


@pytest.mark.parametrize("option", [("--state", "s.state"), ("--follow",)])
def test_a_state_is_of_one_machine_and_its_own_model_does_that(folder, run, option):
    result = run("detect", "normal.csv", "--model", "models", *option)
    assert result.exit_code == 2
    assert "Run one for each machine, with its own file, its own model of the folder" in result.stderr


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        '{"format_version": 2, "group_by": "a", "models": {"x": "x.model"}}',
        '{"format_version": 1, "group_by": "a", "models": {"x": "../../etc/x.model"}}',
        '{"format_version": 1, "group_by": "a", "models": {}}',
        '{"format_version": 1, "group_by": 7, "models": {"x": "x.model"}}',
        '{"format_version": 1, "group_by": "a"}',
        "[" * 100_000,
    ],
)
def test_an_index_that_is_none_is_refused(tmp_path, index):
    (tmp_path / "groups.json").write_text(index)
    with pytest.raises(ModelFileError, match=r"groups\.json: "):
        read_index(str(tmp_path))


@pytest.mark.parametrize(
    "group", ["a", "pump 1", "../../x", ".", "", "x" * 5000, "\u202e\x1b[31m", "a\nb", "%41"]
)
def test_file_names_of_groups_are_plain_and_stay_in_the_folder(group):
    path = model_path("models", group)
    folder, name = path.split("/")
    assert folder == "models"
    assert len(name) < 200
    assert name.isascii()
    assert name.isprintable()
    assert name.endswith(".model")


def test_other_groups_have_other_file_names():
    groups = ["a", "A", "a ", "%61", "a.b", "x" * 5000, "x" * 5001]
    assert len({model_path("m", group) for group in groups}) == len(groups)


def test_an_index_that_cannot_be_read_back_does_not_replace_the_old_one(tmp_path, monkeypatch):
    write_index(str(tmp_path), "asset", ["a"])
    before = (tmp_path / "groups.json").read_bytes()
    monkeypatch.setattr(files, "sync", lambda file: (file.seek(0), file.write(b"["), file.flush()))
    with pytest.raises(OutputError, match=r"groups\.json: the index was written but cannot be read back"):
        write_index(str(tmp_path), "asset", ["a", "b"])
    assert (tmp_path / "groups.json").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["groups.json"]


@pytest.mark.parametrize(
    ("order", "format_"), [("by time", "jsonl"), ("by time", "table"), ("newest first", "json")]
)
def test_detect_with_two_processes_writes_the_same_bytes_as_with_one(folder, run, new, order, format_):
    lines = grouped_text({**new, "pump 9": normal_values(20)}).splitlines()
    if order == "newest first":
        lines[1:] = sorted(lines[1:], reverse=True)
    (folder / "new.csv").write_text("\n".join(lines) + "\n")
    more = ("--format", format_, "-v", "--prom-textfile", "m.prom", "--scores", "scores.csv")
    alone, apart = (
        (run("detect", "new.csv", "--model", "models", "-j", n, *more), (folder / "scores.csv").read_bytes())
        for n in (1, 2)
    )
    assert alone[0].exit_code == apart[0].exit_code == 1
    assert "pump 2" in alone[0].stdout
    assert (apart[0].stdout, apart[0].stderr, apart[1]) == (alone[0].stdout, alone[0].stderr, alone[1])


def test_processes_are_for_a_folder_of_models(run, trained):
    result = run("detect", trained / "new.csv", "--model", trained / "pump.model", "-j", 2)
    assert result.exit_code == 2
    assert "-j is for a folder of models" in result.stderr


def test_a_damaged_model_in_a_folder_is_one_line_whoever_reads_it(folder, run, new):
    (folder / "new.csv").write_text(grouped_text(new))
    (folder / "models" / "pump%202.model").write_bytes(b"no model")
    alone, apart = (run("detect", "new.csv", "--model", "models", "-j", n) for n in (1, 2))
    assert alone.exit_code == apart.exit_code == 2
    assert "models/pump%202.model: " in alone.stderr
    assert apart.stderr == alone.stderr


def test_names_that_differ_in_case_only_are_told_and_have_a_model_each(run, tmp_path):
    (tmp_path / "normal.csv").write_text(grouped_text({"P1": normal_values(300), "p1": normal_values(300)}))
    result = run("train", "normal.csv", "--group-by", "asset", "--model", "models", *LINEAR)
    assert result.exit_code == 0
    assert result.stderr == (
        "asset: 'P1' and 'p1' differ in case only; each gets a model of its own."
        " If they are one machine, write its name in one way\n"
    )
    assert read_index(str(tmp_path / "models")) == ("asset", ["P1", "p1"])


def test_a_disk_that_tells_no_case_apart_keeps_no_model_for_two_groups(tmp_path, monkeypatch):
    check_case(str(tmp_path), ["P1", "p1"])
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    check_case(str(tmp_path), ["P1", "p2"])
    with pytest.raises(OutputError, match=r"differ in case only.* Try: a folder on another disk"):
        check_case(str(tmp_path), ["P1", "p1"])
    assert os.listdir(tmp_path) == []


def test_a_group_of_ten_rows_is_one_line_that_says_what_is_missing(run, tmp_path):
    (tmp_path / "normal.csv").write_text(grouped_text({"a": normal_values(300), "b": normal_values(10)}))
    result = run("train", "normal.csv", "--group-by", "asset", "--model", "models", "-j", 2, *LINEAR)
    assert result.exit_code == 2
    told = [line for line in result.stderr.splitlines() if "'b'" in line]
    assert len(told) == 1
    assert told[0].startswith("asset 'b': 10 usable rows are too few")
