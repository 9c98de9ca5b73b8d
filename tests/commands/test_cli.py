"""The command line: exit status, standard output, standard error, for what people type and feed it."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import LSTM, QUICK, SENSORS, csv_text, normal_values
from small_models import little_effort

from lstm_anomaly import __version__
from lstm_anomaly.commands.frame.app import COMMANDS


def rows_of(path):
    """The rows of a CSV file as mappings."""
    with path.open() as file:
        return list(csv.DictReader(file))


def test_no_arguments_show_the_help_and_exit_with_2(run):
    result = run()
    assert result.exit_code == 2
    assert "Usage: lstm-anomaly" in result.output


def test_version(run):
    result = run("--version")
    assert result.exit_code == 0
    assert __version__ in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_a_sentence_for_every_option(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: lstm-anomaly {command}")


def test_a_misspelt_command_gets_a_suggestion(run):
    result = run("trian")
    assert result.exit_code == 2
    assert "Did you mean 'train'?" in result.stderr


class TestTrain:
    def test_prints_one_summary_and_writes_the_model(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
        result = run("train", "normal.csv", "--model", "m", *QUICK)
        assert result.exit_code == 0
        assert "Learned normal from 400 rows of 3 sensors" in result.stdout
        assert "threshold" in result.stdout
        assert result.stderr == ""
        assert (tmp_path / "m").exists()

    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
        for name, seed in (("a", 5), ("b", 5), ("c", 6)):
            assert run("train", "normal.csv", "--model", name, "--seed", seed, *QUICK, *LSTM).exit_code == 0
        a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
        assert a == b
        assert a != c

    def test_patience_0_trains_exactly_the_epochs_asked_for(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
        run("train", "normal.csv", "--model", "m", "--patience", "0", *QUICK, *LSTM)
        shown = json.loads(run("inspect", "m", "--format", "json").stdout)
        assert len(shown["summary"]["losses"]) == 4

    @pytest.mark.parametrize(
        ("options", "kind", "look_ahead"),
        [
            (["--model-kind", "lstm"], "lstm", 0),
            (["--model-kind", "pure"], "pure", 0),
            (["--model-kind", "linear"], "linear", 0),
            ([*LSTM, "--look-ahead", "5"], "lstm", 5),
        ],
    )
    def test_kind_and_look_ahead_are_kept_in_the_model_and_used(
        self, run, tmp_path, options, kind, look_ahead
    ):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
        assert run("train", "normal.csv", "--model", "m", *options, *QUICK).exit_code == 0
        shown = json.loads(run("inspect", "m", "--format", "json").stdout)
        assert (shown["kind"], shown["look_ahead"]) == (kind, look_ahead)
        run("detect", "normal.csv", "--model", "m", "--scores", "s.csv")
        assert [row["state"] for row in rows_of(tmp_path / "s.csv")].count("unknown") == 7

    def test_reads_standard_input_and_several_files(self, run, tmp_path):
        text = csv_text(normal_values(400))
        assert run("train", "-", "--model", "a", *QUICK, stdin=text).exit_code == 0
        lines = text.splitlines(keepends=True)
        (tmp_path / "1.csv").write_text("".join(lines[:200]))
        (tmp_path / "2.csv").write_text(lines[0] + "".join(lines[200:]))
        assert run("train", "1.csv", "2.csv", "--model", "b", *QUICK).exit_code == 0
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_rows_and_exclude_choose_what_is_learned_from(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(500)))
        result = run("train", "normal.csv", "--model", "m", "--rows", "1:400", "--exclude", "flow", *QUICK)
        assert "Learned normal from 400 rows of 2 sensors" in result.stdout

    def test_quiet_prints_nothing(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400)))
        result = run("train", "normal.csv", "--model", "m", "-q", *QUICK)
        assert (result.exit_code, result.output) == (0, "")

    def test_files_without_time_work(self, run, tmp_path):
        (tmp_path / "normal.csv").write_text(csv_text(normal_values(400), start=None))
        result = run("train", "normal.csv", "--model", "m", *QUICK)
        assert result.exit_code == 0
        assert "Learned normal from 400 rows" in result.stdout


NOTHING_TO_LEARN_FROM = {
    "missing": (None, r"normal\.csv: there is no such file"),
    "empty": ("", r"normal\.csv:1: the file is empty"),
    "header only": ("time,a\n", "normal.csv"),
    "one row": ("time,a\n2024-01-01 00:00:00,1\n", "normal.csv: .*"),
    "no numeric column": ("time,name\n2024-01-01 00:00:00,x\n2024-01-01 00:01:00,y\n", "normal.csv"),
    "only NaN": ("a,b\n" + "nan,nan\n" * 50, "normal.csv"),
    "only Inf": ("a,b\n" + "inf,-inf\n" * 50, "normal.csv"),
}


@pytest.mark.parametrize("kind", NOTHING_TO_LEARN_FROM)
def test_training_on_nothing_is_one_line_with_the_place_and_exit_2(run, tmp_path, kind):
    text, message = NOTHING_TO_LEARN_FROM[kind]
    if text is not None:
        (tmp_path / "normal.csv").write_text(text)
    result = run("train", "normal.csv", "--model", "m")
    assert result.exit_code == 2
    errors = [line for line in result.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert re.search(message, errors[0]), errors
    assert "Traceback" not in result.output
    assert result.stdout == ""
    assert not (tmp_path / "m").exists()


class TestDetect:
    def test_finds_the_event_and_exits_with_1(self, run, trained):
        result = run("detect", trained / "new.csv", "--model", trained / "pump.model", "--format", "json")
        assert result.exit_code == 1
        document = json.loads(result.stdout)
        assert document["schema_version"] == 2
        assert document["rows"] == 300
        worst = max(document["events"], key=lambda event: event["score"])
        assert "2024-03-05 02:00:00" <= worst["start"] <= "2024-03-05 02:01:00"
        assert (
            "2024-03-05 02:00:00" <= worst["peak"] <= "2024-03-05 02:49:00"
        )  # a memory of 30 rows peaks late
        assert worst["sensors"][0]["sensor"] == "temp_c"
        assert worst["score"] > 1
        assert result.stderr == ""

    def test_exit_zero_turns_1_into_0(self, run, trained):
        result = run("detect", trained / "new.csv", "--model", trained / "pump.model", "--exit-zero")
        assert result.exit_code == 0
        assert "temp_c" in result.stdout

    def test_nothing_found_prints_nothing_and_exits_with_0(self, run, trained):
        result = run("detect", trained / "quiet.csv", "--model", trained / "pump.model")
        assert (result.exit_code, result.output) == (0, "")

    @pytest.mark.parametrize("format_", ["csv", "jsonl"])
    def test_csv_and_jsonl_have_a_line_an_event(self, run, trained, format_):
        result = run("detect", trained / "new.csv", "--model", trained / "pump.model", "--format", format_)
        if format_ == "csv":
            events = list(csv.DictReader(io.StringIO(result.stdout)))
            assert events[0]["sensor"] == "temp_c"
        else:
            events = [json.loads(line) for line in result.stdout.splitlines()]
            assert events[0]["sensors"][0]["sensor"] == "temp_c"
        assert events[0]["source"].endswith("new.csv")

    def test_a_piped_table_is_ascii_or_utf8_and_never_cut(self, run, trained):
        result = run("detect", trained / "new.csv", "--model", trained / "pump.model")
        assert re.search(r"temp_c \d+ %: saw \S+, expected \S+$", result.stdout, re.MULTILINE)
        assert re.search(r"From 2024-03-05 02:00:00 to \S+ temp_c rose to \S+ at \S+; usual", result.stdout)
        assert "…" not in result.stdout

    def test_scores_have_a_line_for_every_row_in_input_order(self, run, trained, tmp_path):
        run("detect", trained / "new.csv", "--model", trained / "pump.model", "--scores", "scores.csv")
        rows = rows_of(tmp_path / "scores.csv")
        assert list(rows[0]) == ["source", "line", "timestamp", "score", "state", "top_sensor"]
        assert [int(row["line"]) for row in rows] == list(range(2, 302))
        assert rows[0]["timestamp"] == "2024-03-05 00:00:00"
        assert [row["state"] for row in rows[:7]] == ["unknown"] * 7
        assert rows[0]["score"] == rows[0]["top_sensor"] == ""
        assert rows[130]["state"] == "anomaly"
        assert float(rows[130]["score"]) > 1
        assert rows[130]["top_sensor"] == "temp_c"
        assert {row["state"] for row in rows[20:100]} <= {"normal", "anomaly"}

    def test_scores_to_standard_output_come_alone(self, run, trained):
        result = run("detect", trained / "new.csv", "--model", trained / "pump.model", "--scores", "-")
        assert len(result.stdout.splitlines()) == 301

    def test_standard_input_gives_what_the_file_gives(self, run, trained):
        arguments = ("--model", trained / "pump.model", "--scores", "-")
        from_file = run("detect", trained / "new.csv", *arguments).stdout
        from_pipe = run("detect", "-", *arguments, stdin=(trained / "new.csv").read_text()).stdout
        assert (
            from_pipe.replace("-,", "", 1).splitlines()[5].split(",")[1:]
            == (from_file.splitlines()[5].split(",")[1:])
        )
        assert len(from_pipe) < len(from_file)

    def test_rows_with_missing_readings_are_unknown_and_the_rest_is_scored(self, run, trained, tmp_path):
        values = normal_values(100, seed=3)
        values[50:60, 1] = np.nan
        (tmp_path / "holes.csv").write_text(csv_text(values))
        run("detect", "holes.csv", "--model", trained / "pump.model", "--scores", "s.csv")
        states = [row["state"] for row in rows_of(tmp_path / "s.csv")]
        assert states[59] == "unknown"
        assert "unknown" not in states[10:50]
        assert "unknown" not in states[70:]

    def test_a_constant_sensor_and_infinite_cells_are_no_crash(self, run, trained, tmp_path):
        text = csv_text(normal_values(100)).replace("20.", "inf", 3)
        (tmp_path / "odd.csv").write_text(text)
        result = run("detect", "odd.csv", "--model", trained / "pump.model", "--scores", "s.csv")
        assert result.exit_code in (0, 1)
        assert "inf" in result.stderr
        assert len(rows_of(tmp_path / "s.csv")) == 100

    def test_other_sensors_than_the_models_name_both_lists(self, run, trained, tmp_path):
        (tmp_path / "other.csv").write_text(csv_text(normal_values(50), sensors=("temp_c", "p", "flow")))
        result = run("detect", "other.csv", "--model", trained / "pump.model")
        assert result.exit_code == 2
        assert "pressure_bar" in result.stderr
        assert "flow" in result.stderr

    def test_columns_in_another_order_give_the_same_scores(self, run, trained, tmp_path):
        values = normal_values(60)
        (tmp_path / "a.csv").write_text(csv_text(values))
        (tmp_path / "b.csv").write_text(csv_text(values[:, ::-1], sensors=SENSORS[::-1]))
        for name in ("a", "b"):
            run("detect", f"{name}.csv", "--model", trained / "pump.model", "--scores", f"{name}.out")
        a, b = ((tmp_path / f"{name}.out").read_text().replace("b.csv", "a.csv") for name in "ab")
        assert a == b

    def test_fewer_rows_than_a_window_are_all_unknown(self, run, trained):
        text = csv_text(normal_values(5))
        result = run("detect", "-", "--model", trained / "pump.model", "--scores", "-", stdin=text)
        assert result.exit_code == 0
        assert [row["state"] for row in csv.DictReader(io.StringIO(result.stdout))] == ["unknown"] * 5

    @pytest.mark.parametrize("content", [None, b"", b"time,a\n1,2\n", b"PK\x03\x04"])
    def test_a_model_that_is_none_is_refused(self, run, trained, tmp_path, content):
        if content is not None:
            (tmp_path / "m").write_bytes(content)
        result = run("detect", trained / "new.csv", "--model", "m")
        assert result.exit_code == 2
        assert result.stderr.startswith("lstm-anomaly: error: m: ")
        assert len(result.stderr.splitlines()) == 1

    def test_scores_that_cannot_be_written_are_an_error(self, run, trained):
        model = ("--model", trained / "pump.model")
        result = run("detect", trained / "new.csv", *model, "--scores", "no/such/folder/s.csv")
        assert result.exit_code == 2
        assert "no/such/folder/s.csv: the folder does not exist" in result.stderr


class TestInspect:
    def test_shows_sensors_window_threshold_and_a_loss_curve(self, run, trained):
        result = run("inspect", trained / "pump.model")
        assert result.exit_code == 0
        for text in (*SENSORS, "window", "8 rows", "threshold", "epoch 1 to 4", "seed 0"):
            assert text in result.stdout

    def test_json_has_the_same(self, run, trained):
        shown = json.loads(run("inspect", trained / "pump.model", "--format", "json").stdout)
        assert [sensor["name"] for sensor in shown["sensors"]] == list(SENSORS)
        assert shown["window"] == 8
        assert shown["threshold"]["value"] > 0
        assert len(shown["summary"]["losses"]) <= 4


def test_hostile_names_reach_the_output_as_text(run, tmp_path):
    names = ("a[/]b", "\x1b]52;c;aGk=\x07x", "[red]c")
    values = normal_values(300)
    (tmp_path / "n.csv").write_text(csv_text(values, sensors=names))
    assert run("train", "n.csv", "--model", "m", *QUICK).exit_code == 0
    values[150:170] += [5, 2, 50]
    (tmp_path / "d.csv").write_text(csv_text(values, sensors=names))
    for args in (("inspect", "m"), ("detect", "d.csv", "--model", "m")):
        output = run(*args).output
        assert "\x1b" not in output
        assert "\x07" not in output
        assert "a[/]b" in output
        assert "\\x1b]52" in output


def test_demo_ends_with_found_events(run):
    with little_effort():  # how well the full training finds them is held by evaluation/test_sample_faults.py
        result = run("demo", "--keep", "out")
    assert result.exit_code == 0
    assert "vibration_mm_s" in result.stdout


class TestProcess:
    """Once as a real process each: what click's runner cannot show."""

    def process(self, *args, **kwargs):
        command = [sys.executable, "-m", "lstm_anomaly", *map(str, args)]
        return subprocess.run(command, capture_output=True, check=False, **kwargs)

    def test_detect_exits_with_1_and_writes_json_lines(self, trained):
        done = self.process(
            "detect", trained / "new.csv", "--model", trained / "pump.model", "--format", "jsonl"
        )
        assert done.returncode == 1
        assert json.loads(done.stdout.splitlines()[0])["sensors"][0]["sensor"] == "temp_c"
        assert done.stderr == b""

    def test_train_from_a_pipe(self, tmp_path):
        text = csv_text(normal_values(300)).encode()
        done = self.process("train", "-", "--model", tmp_path / "m", *QUICK, input=text)
        assert done.returncode == 0, done.stderr
        assert self.process("inspect", tmp_path / "m").returncode == 0

    def test_a_missing_file_is_one_line_on_stderr(self, trained):
        done = self.process("detect", "nowhere.csv", "--model", trained / "pump.model")
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.count(b"\n") == 1
        assert b"nowhere.csv: " in done.stderr

    def test_debug_shows_the_traceback(self, trained):
        done = self.process("detect", "nowhere.csv", "--model", trained / "pump.model", "--debug")
        assert b"Traceback" in done.stderr
        assert done.returncode == 2

    def test_results_that_cannot_be_delivered_are_an_error(self, trained):
        with open("/dev/full", "wb") as full:
            arguments = ["detect", str(trained / "new.csv"), "--model", str(trained / "pump.model")]
            done = subprocess.run(
                [sys.executable, "-m", "lstm_anomaly", *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert done.returncode == 2
        assert b"No space left" in done.stderr
        assert b"Traceback" not in done.stderr


class TestDelivery:
    """What happens to results on their way out, and to files that are in the way."""

    def process(self, arguments, **kwargs):
        command = [sys.executable, "-m", "lstm_anomaly", *map(str, arguments)]
        return subprocess.run(command, stderr=subprocess.PIPE, check=False, **kwargs)

    @pytest.mark.parametrize("command", ["detect", "inspect", "--help"])
    def test_a_reader_that_went_away_is_no_error_and_no_anomaly(self, trained, command):
        model = trained / "pump.model"
        arguments = {
            "detect": ["detect", trained / "new.csv", "--model", model, "--exit-zero"],
            "inspect": ["inspect", model],
            "--help": ["--help"],
        }
        read_end, write_end = os.pipe()
        os.close(read_end)
        try:
            done = self.process(arguments[command], stdout=write_end)
        finally:
            os.close(write_end)
        assert (done.returncode, done.stderr) == (141, b"")

    @pytest.mark.parametrize("arguments", [["--help"], ["inspect", "{model}"]])
    def test_a_closed_standard_output_is_an_error_and_no_crash(self, trained, arguments):
        words = [word.format(model=trained / "pump.model") for word in arguments]
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "lstm_anomaly", *words]
        done = subprocess.run(shell, stderr=subprocess.PIPE, check=False)
        assert b"unexpected" not in done.stderr
        assert done.returncode == 2

    def test_names_that_the_encoding_lacks_are_shown_as_escapes(self, run, tmp_path):
        values = normal_values(300)
        (tmp_path / "n.csv").write_text(csv_text(values, sensors=("Druck °C", "b", "c")), encoding="utf-8")
        assert run("train", "n.csv", "--model", "m", *QUICK).exit_code == 0
        environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
        done = self.process(["inspect", tmp_path / "m"], stdout=subprocess.PIPE, env=environment)
        assert done.returncode == 0, done.stderr
        assert b"Druck \\xb0C" in done.stdout

    def test_an_output_never_replaces_an_input_or_another_one(self, run, trained, tmp_path):
        text = csv_text(normal_values(300))
        (tmp_path / "w.csv").write_text(text)
        model = tmp_path / "m"
        model.write_bytes((trained / "pump.model").read_bytes())
        (tmp_path / "hard").hardlink_to(tmp_path / "w.csv")
        (tmp_path / "i").write_text("start,end\n")
        for arguments in (
            ("train", "w.csv", "--model", "w.csv", *QUICK),
            ("detect", "w.csv", "--model", "m", "--scores", "w.csv"),
            ("detect", "w.csv", "--model", "m", "--scores", "m"),
            ("detect", "w.csv", "--model", "m", "--scores", "hard"),
            ("detect", "w.csv", "--model", "m", "--state", "m"),
            ("detect", "w.csv", "--model", "m", "--prom-textfile", "m"),
            ("detect", "w.csv", "--model", "m", "--state", "x", "--prom-textfile", "x"),
            ("train", "w.csv", "--model", "m", "--write-ignore", "i", "--ignore", "i", *QUICK),
            ("calibrate", "m", "w.csv", "--out", "w.csv"),
        ):
            result = run(*arguments)
            assert result.exit_code == 2
            assert "would be written over" in result.stderr
        assert (tmp_path / "w.csv").read_text() == text
        assert model.read_bytes() == (trained / "pump.model").read_bytes()

    def test_a_folder_that_is_missing_is_noticed_before_training(self, run, tmp_path):
        (tmp_path / "n.csv").write_text(csv_text(normal_values(300)))
        result = run("train", "n.csv", "--model", "no/such/m", *QUICK)
        assert result.exit_code == 2
        assert "the folder does not exist" in result.stderr

    def test_nothing_judged_is_said_even_when_nobody_watches(self, run, trained):
        result = run("detect", "-", "--model", trained / "pump.model", stdin=csv_text(normal_values(3)))
        assert (result.exit_code, result.stdout) == (0, "")
        assert "3 rows could not be judged" in result.stderr

    def test_a_column_named_like_a_label_is_warned_of(self, run, tmp_path):
        text = csv_text(normal_values(300), sensors=("a", "b", "label"))
        result = run("train", "-", "--model", "m", *QUICK, stdin=text)
        assert "'label' is named like a label" in result.stderr


class TestCalibrate:
    def test_learns_the_threshold_again_and_nothing_else(self, run, trained, tmp_path):
        (tmp_path / "fresh.csv").write_text(csv_text(normal_values(600, seed=7)))
        result = run("calibrate", trained / "pump.model", "fresh.csv", "--out", "m2")
        assert result.exit_code == 0
        assert "threshold" in result.stdout
        before, after = (
            json.loads(run("inspect", path, "--format", "json").stdout)
            for path in (trained / "pump.model", "m2")
        )
        assert before["threshold"]["method"] == "fixed"
        assert after["threshold"]["method"] == "episodes"
        assert after["threshold"]["rows"] == 593
        assert before["sensors"] == after["sensors"]

    def test_rows_of_other_sensors_are_refused(self, run, trained, tmp_path):
        (tmp_path / "other.csv").write_text(csv_text(normal_values(100), sensors=("x", "y", "z")))
        result = run("calibrate", trained / "pump.model", "other.csv")
        assert result.exit_code == 2
        assert "temp_c" in result.stderr


class TestFilters:
    @pytest.mark.parametrize(
        ("options", "found"),
        [
            (["--direction", "up"], True),
            (["--direction", "down"], False),
            (["--min-deviation", "temp_c=0.3"], True),
            (["--min-deviation", "temp_c=50"], False),
        ],
    )
    def test_events_that_do_not_count_are_left_out(self, run, trained, tmp_path, options, found):
        """A rise so small that what it makes of the other sensors is below the limit by itself."""
        values = normal_values(300, seed=1)
        values[120:140, 0] += 0.35
        (tmp_path / "rise.csv").write_text(csv_text(values))
        model = ("--model", trained / "pump.model", "--format", "json")
        result = run("detect", "rise.csv", *model, *options)
        assert (result.exit_code == 1) is found

    def test_a_sensor_that_there_is_not_is_refused(self, run, trained):
        model = ("--model", trained / "pump.model")
        result = run("detect", trained / "new.csv", *model, "--min-deviation", "tmp=1")
        assert result.exit_code == 2
        assert "'tmp' is not one of temp_c, pressure_bar, flow" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "new.csv", "--confidence", "nan"), "'nan' is not a number. Try: "),
        (("check", "new.csv", "--confidence", "high"), "'high' is not a valid number. Try: "),
        (("detect", "new.csv", "--model", "pump.model", "--hysteresis", "nan"), "'nan' is not a number"),
        (("detect", "new.csv", "--model", "pump.model", "--min-deviation", "flow=nan"), "SENSOR=VALUE"),
        (("detect", "new.csv", "--model", "pump.model", "--min-deviation", "flow=-1"), "SENSOR=VALUE"),
        (("export", "pump.model", "--onnx", "pump.model"), "Try: the name of a folder"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_a_value_that_makes_no_sense_is_refused_by_name(run, trained, monkeypatch, arguments, said):
    monkeypatch.chdir(trained)
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_rows_without_time_are_named_by_file_and_line(run, trained, tmp_path):
    values = normal_values(300, seed=1)
    values[120:140, 0] += 6
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(csv_text(values, start=None))
    result = run("detect", "a.csv", "b.csv", "--model", trained / "pump.model")
    lines = [line.split() for line in result.stdout.splitlines() if "line" in line]
    assert [line[0] for line in lines] == ["a.csv", "b.csv"]
    assert all(line[1] == "line" and 122 <= int(line[2]) <= 124 for line in lines)
