"""Columns of symbols from the command line: states beside sensors, and logs of events in sessions."""

import csv
import io
import json

import numpy as np
import pytest
from click.testing import CliRunner

from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.model.file import read_model

ORDER = (("IDLE", 12), ("PUMP_ON", 4), ("VALVE_OPEN", 3), ("FILLING", 10))


def plant_rows(count, seed, wrong_at=None):
    """A level that follows a cycle of states, (level, state) a row; the valve opens first in one cycle."""
    rng, rows, level = np.random.default_rng(seed), [], 0.0
    while len(rows) < count:
        cycle = list(ORDER)
        if wrong_at is not None and len(rows) >= wrong_at:
            cycle[1], cycle[2] = cycle[2], cycle[1]
            wrong_at = None
        for state, rows_of in cycle:
            for _ in range(rows_of + int(rng.integers(3))):
                level = 0.8 * level + (2.0 if state == "FILLING" else 0.0)
                rows.append((level + rng.normal(0, 0.1), state))
    return rows[:count]


def plant_text(rows, state="state"):
    times = np.datetime64("2024-03-01T00:00") + np.arange(len(rows)) * np.timedelta64(1, "m")
    lines = [f"{time},{level:.3f},{text}" for time, (level, text) in zip(times, rows, strict=True)]
    return "\n".join([f"time,level,{state}", *lines]) + "\n"


def log_text(sessions):
    lines = [f"job {k},{event}" for k, session in enumerate(sessions) for event in session]
    return "\n".join(["job,event", *lines]) + "\n"


JOB = ("START", "READ", "WRITE", "WRITE", "STOP")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models of a plant, and of a log of jobs."""
    folder = tmp_path_factory.mktemp("symbols")
    (folder / "plant.csv").write_text(plant_text(plant_rows(3000, seed=1)))
    (folder / "log.csv").write_text(log_text([JOB] * 400))
    options = ("--model-kind", "linear")
    for name, told in (
        ("plant", ("--symbols", "state")),
        ("log", ("--symbols", "event", "--session", "job")),
    ):
        found = invoke("train", folder / f"{name}.csv", "--model", folder / f"{name}.model", *told, *options)
        assert found.exit_code == 0, found.stderr
    return folder


def invoke(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def detected(folder, text, name, *args):
    path = folder / "new.csv"
    path.write_text(text)
    return invoke("detect", path, "--model", folder / f"{name}.model", *args)


def events_of(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_wrong_order_of_states_is_found_and_told(folder):
    text = plant_text(plant_rows(800, seed=2, wrong_at=400))
    (event,) = events_of(detected(folder, text, "plant", "--format", "jsonl"))
    assert event["reason"].startswith("VALVE_OPEN after IDLE: ")
    assert "; usual: PUMP_ON (100 %), " in event["reason"]
    assert event["sensors"][0]["sensor"] == "state"
    assert event["sensors"][0]["seen"] is event["sensors"][0]["expected"] is None


def test_scores_name_the_column_of_symbols_as_top_sensor(folder):
    text = plant_text(plant_rows(800, seed=2, wrong_at=400))
    result = detected(folder, text, "plant", "--scores", "-")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert {row["top_sensor"] for row in rows if row["state"] == "anomaly"} == {"state"}
    assert len(rows) == 800


def test_normal_states_are_silent(folder):
    assert detected(folder, plant_text(plant_rows(800, seed=3)), "plant").stdout == ""


def test_a_session_that_ends_early_is_found_in_its_last_row(folder):
    jobs = [JOB] * 3 + [JOB[:2]] + [JOB] * 3
    (event,) = events_of(detected(folder, log_text(jobs), "log", "--format", "jsonl"))
    assert (event["first_line"], event["last_line"]) == (18, 18)
    assert event["reason"].startswith("ends after READ: ")


def test_symbols_alone_are_judged_by_order_and_written_at_their_times(folder):
    lines = log_text([JOB, JOB[:2]]).splitlines()
    stamps = ["time", *["2024-03-01T00:00:00Z"] * 5, "2024-03-01T00:00:09Z", "2024-03-01T00:00:02Z"]
    text = "\n".join(f"{stamp},{line}" for stamp, line in zip(stamps, lines, strict=True)) + "\n"
    influx = detected(folder, text, "log", "--format", "influx").stdout.splitlines()
    first = 1_709_251_200  # 2024-03-01T00:00:00Z, in seconds
    assert [int(line.rsplit(" ", 1)[1]) / 1e9 - first for line in influx] == [0, 0, 0, 0, 0, 9, 2]
    last = json.loads(detected(folder, text, "log", "--format", "lookout").stdout.splitlines()[-1])
    assert (last["timestamp"], last["prediction"]) == ("2024-03-01T00:00:02.000000", 1)


def test_a_symbol_never_seen_is_shown_as_plain_text(folder):
    jobs = [JOB] * 3 + [("START", "\x1b[31mrm -rf", "WRITE", "WRITE", "STOP")] + [JOB]
    result = detected(folder, log_text(jobs), "log")
    assert "\\x1b[31mrm -rf (never seen) after START: " in result.stdout
    assert "\x1b" not in result.stdout


def test_inspect_shows_vocabulary_and_transitions(folder):
    shown = invoke("inspect", folder / "log.model").stdout
    assert "symbols     event: 4 (each row one): WRITE 800, START 400" in shown
    assert "READ -> WRITE: 400 (100 %)" in shown
    document = json.loads(invoke("inspect", folder / "log.model", "--format", "json").stdout)
    assert document["session"] == "job"
    assert document["symbols"][0]["transitions"][0]["share"] == 1.0


def test_report_has_a_transition_table_and_the_sequence(folder):
    pytest.importorskip("plotly")
    text = plant_text(plant_rows(800, seed=2, wrong_at=400))
    (folder / "new.csv").write_text(text)
    found = invoke(
        "report", folder / "new.csv", "--model", folder / "plant.model", "--out", folder / "r.html"
    )
    assert found.exit_code == 0, found.stderr
    page = (folder / "r.html").read_text()
    assert "Symbols of state" in page
    assert "The sequence around it: " in page
    assert "[VALVE_OPEN]" in page


def test_without_the_option_a_text_column_is_left_out_as_before(folder, tmp_path):
    model = tmp_path / "m.model"
    invoke("train", folder / "plant.csv", "--model", model, "--model-kind", "linear")
    assert read_model(model).sensors == ("level",)
    assert not read_model(model).symbols


def test_sensors_are_learned_as_without_the_column(folder, tmp_path):
    invoke("train", folder / "plant.csv", "--model", tmp_path / "m.model", "--model-kind", "linear")
    alone, beside = read_model(tmp_path / "m.model"), read_model(folder / "plant.model")
    np.testing.assert_array_equal(alone.components.limits, beside.components.limits)
    np.testing.assert_array_equal(alone.networks.linear.components, beside.networks.linear.components)
    assert alone.components.together == beside.components.together


def test_10000_different_symbols_are_refused_with_advice(tmp_path):
    (tmp_path / "log.csv").write_text(log_text([[f"event {k}" for k in range(10_000)]]))
    found = invoke("train", tmp_path / "log.csv", "--model", tmp_path / "m.model", "--symbols", "event")
    assert found.exit_code == 2
    assert "log.csv:" in found.stderr
    assert "more than 1,000 different symbols" in found.stderr
    assert "--exclude 'event'" in found.stderr


def test_a_column_that_is_not_there_is_refused_by_name(folder, tmp_path):
    found = invoke("train", folder / "log.csv", "--model", tmp_path / "m.model", "--symbols", "evnt")
    assert found.exit_code == 2
    assert "no column 'evnt'" in found.stderr


def test_session_alone_is_refused_with_what_is_missing(folder, tmp_path):
    found = invoke("train", folder / "log.csv", "--model", tmp_path / "m.model", "--session", "job")
    assert "--symbols is needed, too" in found.stderr


def vocabulary(tmp_path, cells):
    """What is learned from a column of cells, again and again."""
    (tmp_path / "log.csv").write_text(log_text([cells] * 40))
    options = ("--symbols", "event", "--session", "job", "--model-kind", "linear")
    found = invoke("train", tmp_path / "log.csv", "--model", tmp_path / "m.model", *options)
    assert found.exit_code == 0, found.stderr
    return read_model(tmp_path / "m.model").symbols[0]


def test_numbers_are_codes_as_they_stand(tmp_path):
    assert vocabulary(tmp_path, ["7", "07", "7.0", "-9999"]).texts == ("7", "07", "7.0", "-9999")


def test_case_tells_symbols_apart_and_blanks_do_not(tmp_path):
    assert vocabulary(tmp_path, ["On", "ON", " on ", "on"]).texts == ("On", "ON", "on")


def test_words_for_nothing_are_symbols(tmp_path):
    assert vocabulary(tmp_path, ["None", "null", "NaN"]).texts == ("None", "null", "NaN")


def test_many_empty_cells_are_a_symbol(tmp_path):
    assert vocabulary(tmp_path, ["A", "", "", "B"]).texts == ("A", "B", "")


def test_a_rare_empty_cell_is_a_hole_that_the_last_symbol_fills(folder):
    rows = plant_rows(800, seed=3)
    rows[400] = (rows[400][0], "")
    assert detected(folder, plant_text(rows), "plant").stdout == ""


def test_a_stream_of_pieces_in_runs_finds_what_one_run_finds(folder, tmp_path):
    text = log_text([JOB] * 3 + [JOB[:2]] + [JOB] * 3 + [("START", "STOP")] + [JOB] * 2)
    whole = detected(folder, text, "log", "--format", "jsonl")
    path, lines, found = tmp_path / "new.csv", text.splitlines(keepends=True), []
    for k in range(0, len(lines), 7):
        with path.open("a") as file:
            file.writelines(lines[k : k + 7])
        result = invoke(
            "detect", path, "--model", folder / "log.model", "--state", tmp_path / "s", "--format", "jsonl"
        )
        assert result.exit_code in (0, 1), result.stderr
        found += events_of(result)
    told = [(event["first_line"], event["reason"]) for event in found]
    assert told == [(event["first_line"], event["reason"]) for event in events_of(whole)]


def test_check_finds_states_and_says_how_to_read_them(folder):
    found = invoke("check", folder / "plant.csv")
    assert "advice      --symbols 'state': few texts, again and again" in found.stdout
    assert found.stdout.rstrip().endswith("--model plant.model --symbols state")


def test_check_shows_the_vocabulary_of_symbols(folder):
    found = invoke("check", folder / "log.csv", "--symbols", "event", "--session", "job")
    assert found.exit_code == 0
    assert "symbols     event: 4 different: START, READ, WRITE, STOP" in found.stdout


def test_numbers_for_no_reading_are_left_out_beside_symbols(tmp_path):
    rows = plant_rows(600, seed=1)
    for n in range(7, 600, 40):
        rows[n] = (-9999, "CHECK")
    (tmp_path / "p.csv").write_text(plant_text(rows))
    checked = invoke("check", tmp_path / "p.csv", "--symbols", "state")
    assert "level reads -9999 in 15 rows" in checked.stdout
    told = ("--symbols", "state", "--null-value", "auto", "--model-kind", "linear")
    trained = invoke("train", tmp_path / "p.csv", "--model", tmp_path / "p.model", *told)
    assert "-9999" not in trained.stderr
    model = read_model(tmp_path / "p.model")
    assert "CHECK" in model.symbols[0].texts
    assert model.scaler.scale[0] < 10


def test_states_named_auto_or_like_a_number_for_no_reading_are_kept(tmp_path):
    other = {"IDLE": "auto", "FILLING": "-9999"}
    rows = [(level, other.get(text, text)) for level, text in plant_rows(600, seed=1)]
    for n in range(7, 600, 40):
        rows[n] = (-9999, rows[n][1])
    (tmp_path / "p.csv").write_text(plant_text(rows))
    told = ("--symbols", "state", "--null-value", "auto", "--model-kind", "linear")
    invoke("train", tmp_path / "p.csv", "--model", tmp_path / "p.model", *told)
    model = read_model(tmp_path / "p.model")
    assert set(model.symbols[0].texts) == {"auto", "-9999", "PUMP_ON", "VALVE_OPEN"}
    assert model.null_values == ("-9999",)
    options = ("--model", tmp_path / "p.model", "--scores", "-", "--exit-zero")
    found = invoke("detect", tmp_path / "p.csv", *options).stdout
    states = {line.split(",")[4] for line in found.splitlines()[100:]}
    assert states == {"normal"}


def test_check_points_at_numbers_that_may_be_codes(tmp_path):
    rows = [
        (level, {"IDLE": 0, "PUMP_ON": 10, "VALVE_OPEN": 20, "FILLING": 30}[text])
        for level, text in plant_rows(600, 1)
    ]
    (tmp_path / "p.csv").write_text(plant_text(rows))
    found = invoke("check", tmp_path / "p.csv")
    assert "--symbols state: if these numbers are codes of states or alarms" in found.stdout


def test_a_log_of_events_alone_says_how_it_can_be_read(folder, tmp_path):
    found = invoke("train", folder / "log.csv", "--model", tmp_path / "m.model")
    assert "or read 'event' as symbols with --symbols event" in found.stderr


def test_sessions_that_are_mixed_are_refused_with_the_line(tmp_path):
    (tmp_path / "log.csv").write_text("job,event\n1,A\n2,A\n1,B\n")
    options = ("--symbols", "event", "--session", "job")
    found = invoke("train", tmp_path / "log.csv", "--model", tmp_path / "m.model", *options)
    assert found.exit_code == 2
    assert "log.csv:4: the session '1' of column 'job' goes on after another one" in found.stderr


def test_calibration_keeps_the_symbols_and_learns_the_threshold(folder, tmp_path):
    found = invoke("calibrate", folder / "log.model", folder / "log.csv", "--out", tmp_path / "m.model")
    assert found.exit_code == 0, found.stderr
    assert (
        read_model(tmp_path / "m.model").symbols[0].texts == read_model(folder / "log.model").symbols[0].texts
    )


def test_groups_learn_their_symbols_from_one_vocabulary(tmp_path):
    def text(wrong_at):
        plants = {"A": plant_rows(2500, 1), "B": plant_rows(2500, 2, wrong_at)}
        lines = {name: plant_text(rows).splitlines() for name, rows in plants.items()}
        pairs = [f"{lines[name][k]},{name}" for k in range(1, 2501) for name in lines]
        return "\n".join([f"{lines['A'][0]},machine", *pairs]) + "\n"

    (tmp_path / "train.csv").write_text(text(None))
    (tmp_path / "new.csv").write_text(text(400))
    options = ("--symbols", "state", "--group-by", "machine", "--model-kind", "linear")
    assert invoke("train", tmp_path / "train.csv", "--model", tmp_path / "models", *options).exit_code == 0
    found = invoke("detect", tmp_path / "new.csv", "--model", tmp_path / "models", "--format", "jsonl")
    assert [(event["group"], event["reason"][:21]) for event in events_of(found)] == [
        ("B", "VALVE_OPEN after IDLE")
    ]


@pytest.mark.parametrize("name", ["plant", "log"])
def test_a_training_report_shows_what_follows_what(folder, tmp_path, name):
    pytest.importorskip("plotly")
    told = {"plant": ("--symbols", "state"), "log": ("--symbols", "event", "--session", "job")}[name]
    options = (*told, "--model-kind", "linear", "--report", tmp_path / "r.html")
    found = invoke("train", folder / f"{name}.csv", "--model", tmp_path / "m.model", *options)
    assert found.exit_code == 0, found.stderr
    assert f"Symbols of {told[1]}" in (tmp_path / "r.html").read_text()


def test_a_horizon_without_sensors_is_refused(folder, tmp_path):
    options = ("--symbols", "event", "--session", "job", "--horizon", "10")
    found = invoke("train", folder / "log.csv", "--model", tmp_path / "m.model", *options)
    assert found.exit_code == 2
    assert "a horizon needs sensors" in found.stderr
