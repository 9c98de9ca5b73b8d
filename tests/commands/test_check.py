"""`check` says what is in a file, whether it can be trained on, and the command that does it."""

import json
import shlex

import numpy as np
import pytest
from conftest import csv_text, normal_values


@pytest.fixture
def checked(run, tmp_path):
    """Check a text; exit status and JSON."""

    def check(text, *args):
        (tmp_path / "plant.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        result = run("check", "plant.csv", "--format", "json", *args)
        return result.exit_code, json.loads(result.stdout)

    return check


def test_good_data_is_fit_with_the_command_to_run_next(checked):
    status, found = checked(csv_text(normal_values(600)))
    assert status == 0
    assert (found["usable"], found["rows"], found["usable_rows"], found["step_seconds"]) == (
        True,
        600,
        600,
        60,
    )
    assert found["command"] == "lstm-anomaly train plant.csv --model plant.model"
    assert [sensor["oddities"] for sensor in found["sensors"]] == [[], [], []]


def test_the_command_of_a_check_trains(run, tmp_path):
    values = normal_values(600)
    values[::50, 0] = -9999
    table = np.column_stack([values, values[:, 2]])
    text = csv_text(table, ("temp c", "b", "c", "d")).replace(",", ";").replace(".", ",")
    (tmp_path / "plant 1.csv").write_text(text)
    found = json.loads(run("check", "plant 1.csv", "--format", "json", "--decimal", ",").stdout)
    words = shlex.split(found["command"])
    assert (
        words[3:]
        == [
            *(
                "plant 1.csv",
                "--model",
                "plant 1.model",
                "--decimal",
                ",",
                "--exclude",
                "d",
                "--null-value",
                "-9999",
            )
        ][1:]
    )
    assert run(*words[1:], "--model-kind", "linear").exit_code == 0
    assert (tmp_path / "plant 1.model").exists()


def test_options_given_are_given_again_and_lists_are_joined(checked):
    values = np.column_stack([normal_values(300), normal_values(300)[:, :1]])
    text = csv_text(values, ("a", "b", "c", "d"))
    _, found = checked(text, "--exclude", "b", "--resample", "2min", "--max-bad", "1%", "-d", ",")
    assert shlex.split(found["command"])[5:] == [
        *("--resample", "120s", "--delimiter", ",", "--exclude", "b,d", "--max-bad", "0.01")
    ]


def test_uneven_steps_are_answered_with_a_step_that_makes_them_even(checked, rng):
    stamps = np.datetime64("2024-01-01") + np.cumsum(rng.integers(1, 58, 600)).astype("timedelta64[s]")
    text = "time,a\n" + "".join(f"{stamp},{n % 7}.5\n" for n, stamp in enumerate(stamps))
    _, found = checked(text)
    assert found["irregular_share"] > 0.1
    assert found["command"].endswith("--resample 60s")
    status, _ = checked(text, "--resample", "60s")
    assert status == 0


def test_rows_refused_and_cells_that_are_no_numbers_are_listed_by_line(checked):
    text = csv_text(normal_values(300)) + "2024-03-02 00:00:00,1,2\n2024-03-02 00:01:00,1,ERR,3\n"
    status, found = checked(text)
    (file,) = found["files"]
    assert status == 0
    assert file["refused"]["rows"] == [{"line": 302, "reason": "too few fields: 3 instead of 4"}]
    assert file["bad_cells"]["cells"] == [{"line": 303, "sensor": "pressure_bar", "text": "ERR"}]


def test_numbers_too_large_to_compute_with_are_listed_like_other_bad_cells(checked):
    text = csv_text(normal_values(300)) + "2024-03-01 05:00:00,1e308,-1e308,3\n"
    assert checked(text)[1]["files"][0]["bad_cells"]["cells"] == [
        {"line": 302, "sensor": "temp_c", "text": "1e308"},
        {"line": 302, "sensor": "pressure_bar", "text": "-1e308"},
    ]


def test_gaps_duplicates_and_steps_back_are_counted(checked):
    lines = csv_text(normal_values(300)).splitlines(keepends=True)
    text = "".join([*lines[:100], lines[99], *lines[120:200], lines[150], *lines[200:]])
    _, found = checked(text)
    assert (found["gaps"], found["duplicate_stamps"], found["backward_stamps"]) == (1, 2, 1)
    assert found["longest_gap_at"] == "plant.csv:102"


def test_the_span_goes_from_the_earliest_to_the_latest_stamp_in_any_order(checked):
    header, *rows = csv_text(normal_values(300)).splitlines(keepends=True)
    _, found = checked("".join([header, "soon,1,2,3\n", *rows[100:], *rows[:100]]))
    assert (found["first"], found["last"]) == ("2024-03-01 00:00:00", "2024-03-01 04:59:00")
    assert found["span_seconds"] == 299 * 60


def test_a_stuck_sensor_is_answered_with_the_option_that_leaves_rows_out(checked):
    values = normal_values(300)
    values[100:180, 0] = values[100, 0]
    assert "plant.csv:102: if 'temp_c' was stuck" in checked(csv_text(values))[1]["advice"][0]
    assert checked(csv_text(values))[1]["advice"][0].endswith("with --ignore FILE, a CSV of start,end,reason")
    assert checked(csv_text(values, start=None))[1]["advice"][0].endswith("with --rows")


def test_the_budget_says_what_is_needed_what_is_there_and_what_would_do(checked):
    _, found = checked(csv_text(normal_values(5000)))
    budget = found["budget"]
    assert (budget["budget"], budget["certifiable"], budget["rows_present"]) == ("1/week", False, 5000)
    assert budget["rows_needed"] == 23211  # -ln(0.1) weeks of minutes
    assert budget["instead"] == "1/hour" or budget["instead"].startswith("1/")
    _, found = checked(csv_text(normal_values(5000)), "--false-alarms", "1/hour")
    assert found["budget"]["certifiable"]


def test_a_column_named_like_a_label_is_to_be_excluded(checked):
    table = np.column_stack([normal_values(300), np.arange(300) // 10 % 2])
    _, found = checked(csv_text(table, ("a", "b", "c", "anomaly")))
    assert found["files"][0]["named_like_labels"] == ["anomaly"]
    assert found["command"].endswith("--exclude anomaly")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "plant.csv:1: the file is empty"),
        ("time,a\n2024-01-01,1\n2024-01-02,2\n", "usable rows are too few"),
        (csv_text(normal_values(300)) + "1,2\n" * 400, "400 rows of 700 are refused"),
        (b"a,b\n1,2\n\xff,3\n", "plant.csv:3: byte 0xff is not UTF-8 text"),
        ("a;b\n1,5;2\n1,234;3\n", ""),
        (csv_text(normal_values(300)).replace("-03-01", "-02-30"), "Try: --datetime-format"),
    ],
)
def test_what_cannot_be_used_is_exit_2_and_a_problem(checked, text, problem):
    status, found = checked(text)
    assert (status, found["usable"], found["command"]) == (2, False, None)
    assert problem in found["problems"][0]


def test_faults_of_several_files_are_told_at_once(run, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "b.csv").write_bytes(b"\xff")
    (tmp_path / "c.csv").write_text("")
    result = run("check", "a.csv", "b.csv", "c.csv")
    assert result.exit_code == 2
    assert "not usable: b.csv:1: " in result.stdout
    assert "not usable: c.csv:1: the file is empty" in result.stdout


def test_the_text_ends_with_the_verdict(run, tmp_path):
    (tmp_path / "plant.csv").write_text(csv_text(normal_values(300)))
    lines = run("check", "plant.csv").stdout.splitlines()
    assert lines[0] == "plant.csv: 300 rows; comma-separated, header"
    assert lines[-1] == "Fit to train on. Next: lstm-anomaly train plant.csv --model plant.model"


def test_standard_input_is_checked_too(run):
    result = run("check", "-", stdin=csv_text(normal_values(300)))
    assert result.exit_code == 0
    assert result.stdout.endswith("lstm-anomaly train - --model sensors.model\n")


def test_groups_are_checked_apart(run, tmp_path):
    one, other = normal_values(300), normal_values(4)
    rows = [f"{line},p1" for line in csv_text(one).splitlines()[1:]]
    rows += [f"{line},p2" for line in csv_text(other).splitlines()[1:]]
    header = csv_text(one).splitlines()[0]
    (tmp_path / "fleet.csv").write_text("\n".join([f"{header},asset", *rows]) + "\n")
    result = run("check", "fleet.csv", "--group-by", "asset", "--format", "json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["usable"]) == (2, False)
    assert [(group["group"], group["rows"], group["usable"]) for group in found["groups"]] == [
        ("p1", 300, True),
        ("p2", 4, False),
    ]
    told = run("check", "fleet.csv", "--group-by", "asset").stdout.splitlines()
    assert told[-1] == "not usable: 1 of 2 groups (p2)"
    (tmp_path / "fleet.csv").write_text("\n".join([f"{header},asset", *rows[:300]]) + "\n")
    told = run("check", "fleet.csv", "--group-by", "asset").stdout.splitlines()
    assert told[-1].endswith("lstm-anomaly train fleet.csv --model fleet-models --group-by asset")


def test_the_first_rows_are_shown_as_they_were_understood(run, tmp_path, checked):
    text = "Zeit;Druck;Temp\n04.03.2024 00:00:00;1.005,5;\u22121,5\n04.03.2024 00:01:00;998,5;\n" + "".join(
        f"04.03.2024 00:{n:02}:00;{990 + n},5;2,{n % 7}\n" for n in range(2, 60)
    )
    _, found = checked(text)
    assert found["first_rows"][:2] == [
        {"place": "plant.csv:2", "time": "2024-03-04T00:00:00", "readings": {"Druck": 1005.5, "Temp": -1.5}},
        {"place": "plant.csv:3", "time": "2024-03-04T00:01:00", "readings": {"Druck": 998.5, "Temp": None}},
    ]
    lines = run("check", "plant.csv").stdout.splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith("as read"))
    shown = [line.split()[-3:] for line in lines[head + 1 :][:3]]
    assert [row[0] for row in shown] == ["2024-03-04T00:00:00", "1005.5", "-1.5"]
    assert lines[head].split() == ["as", "read", "line", "2", "line", "3", "line", "4"]
    assert lines[head + 4] == ""


def test_a_total_below_the_rows_is_in_no_figure(checked):
    _, found = checked(csv_text(normal_values(600)) + "Total,30000,40000,50000\n")
    assert all(sensor["high"] < 1000 for sensor in found["sensors"])
    assert found["advice"] == []
