"""Runs that go on where the last one ended: each row judged once, each event told once."""

import csv
import io
import json
import os
from dataclasses import replace
from typing import Annotated, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from click.testing import CliRunner
from forged import forged, packed
from rows_in_pieces import in_pieces, rows_with_everything, watched, waves
from small_models import small_model

from lstm_anomaly.base.container import STATE, load_arrays, save_arrays
from lstm_anomaly.base.errors import InputError, OutputError, StateError
from lstm_anomaly.base.locks import locked
from lstm_anomaly.base.snapshot import _CLASSES, _ENTRIES, restored, saved_as, snapshot
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.detecting.state import State, read_state, scheme_of, write_state
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.preparing.report import CleanReport
from lstm_anomaly.reading import Follower, ReadOptions, take_rows
from lstm_anomaly.scoring.networks import READING

FORGED, FORGED_SOAKED = 40, 20_000
MARK = {
    "class": "fingerprint",
    "fields": {"head_length": 9, "head_digest": "", "tail_length": 9, "tail_digest": ""},
}
PLACE = {**dict.fromkeys(("device", "inode", "offset", "next_line", "modified"), 9), "fingerprint": MARK}


@pytest.fixture(scope="module")
def model():
    return small_model(waves(600, seed=0), kind="lstm", threshold_method="fixed", threshold_level=4.0)


@pytest.mark.parametrize("look_ahead", [0, 12])
def test_storing_the_state_after_each_piece_changes_no_verdict(model, look_ahead, tmp_path):
    model, frame = replace(model, look_ahead=look_ahead), rows_with_everything()
    follower = Follower("new.csv", ReadOptions(), model.sensors)
    watcher, scores, events = Watcher(model), [], []
    for piece in in_pieces(frame, 23):
        verdicts = watcher.push(piece)
        scores.append(verdicts.scores)
        events += verdicts.events
        write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "state", model)
        watcher = Watcher(model)
        read_state(tmp_path / "state", model, "scheme", follower, watcher)
    verdicts = watcher.finish()
    whole = watched(model, [frame])
    np.testing.assert_array_equal(np.concatenate([*scores, verdicts.scores]), whole[1])
    assert [*events, *verdicts.events] == whole[3]


def test_a_snapshot_of_an_unknown_class_is_a_fault_and_not_a_silent_loss():
    with pytest.raises(TypeError, match="not among the classes"):
        snapshot({"a": object()}, {}, {})


def test_a_state_file_names_no_module(plant):
    plant.grow(200)
    plant.detect()
    header, _arrays = load_arrays(plant.path.with_name("st"), STATE)
    assert "lstm_anomaly" not in json.dumps(header)


def test_every_array_that_is_remembered_is_declared_with_its_shape():
    def bare(hint):
        if get_origin(hint) is Annotated:
            return []
        return (
            [hint]
            if get_origin(hint) is np.ndarray
            else [one for part in get_args(hint) for one in bare(part)]
        )

    hints = {kind: get_type_hints(kind, include_extras=True) for kind in (Watcher, *_CLASSES.values())}
    assert len(hints) > 40
    assert [(kind, name) for kind, of in hints.items() for name, hint in of.items() if bare(hint)] == []


def test_two_classes_cannot_have_the_same_name_in_files():
    with pytest.raises(ValueError, match="'span'"):
        saved_as("span")(type("Other", (), {}))


@pytest.mark.parametrize(
    "tree",
    [
        {"class": "os.system", "fields": {}},
        {"class": "lstm_anomaly.model.model.Model", "fields": {}},
        {"array": "a", "dtype": "|O"},
        {"nothing": 1},
        {},
        [1],
    ],
)
def test_a_tree_that_names_anything_else_is_refused(tree):
    with pytest.raises(ValueError, match=r"not among|unknown|bare"):
        restored(tree, {"a": np.zeros(1)}, {})


@pytest.fixture
def plant(run, trained, tmp_path):
    """Grows `plant.csv` by rows of new.csv, and runs detect with a state on it."""
    lines = (trained / "new.csv").read_text().splitlines(keepends=True)

    class Plant:
        rows = len(lines) - 1
        path = tmp_path / "plant.csv"

        def grow(self, upto):
            self.path.write_text("".join(lines[: 1 + upto]))

        def detect(self, *more):
            return run("detect", "plant.csv", "--model", trained / "pump.model", "--state", "st", *more)

        def whole(self):
            self.path.write_text("".join(lines))
            run("detect", "plant.csv", "--model", trained / "pump.model", "--scores", "whole.csv")
            return (tmp_path / "whole.csv").read_text()

    return Plant()


def test_rows_are_judged_once_and_events_told_at_their_begin_and_end(plant, tmp_path):
    told = []
    for upto in (5, 100, 125, 130, 131, plant.rows):
        plant.grow(upto)
        result = plant.detect("--scores", "s.csv", "--format", "csv")
        assert result.exit_code == (1 if result.stdout else 0)
        told += [(row["id"], row["state"]) for row in csv.DictReader(io.StringIO(result.stdout))]
        again = plant.detect("--scores", "s.csv", "--format", "csv")
        assert (again.exit_code, again.output) == (0, "")
    assert [state for _, state in told] == ["open", "closed"]
    assert told[0][0] == told[1][0]
    assert (tmp_path / "s.csv").read_text() == plant.whole()


def test_with_no_early_an_event_is_told_when_it_is_over_alone(plant):
    plant.grow(130)
    assert plant.detect("--no-early").exit_code == 0
    plant.grow(plant.rows)
    assert plant.detect("--no-early", "--format", "csv").stdout.count("closed") == 1


def test_output_of_a_crashed_run_after_the_last_delivered_row_is_redone(plant, tmp_path):
    plant.grow(100)
    plant.detect("--scores", "s.csv")
    with (tmp_path / "s.csv").open("a") as file:
        file.write("plant.csv,102,half a li")
    plant.grow(plant.rows)
    plant.detect("--scores", "s.csv")
    assert (tmp_path / "s.csv").read_text() == plant.whole()


def test_results_that_were_not_delivered_are_delivered_by_the_next_run(plant, monkeypatch):
    plant.grow(plant.rows)
    monkeypatch.setattr("lstm_anomaly.commands.frame.console.Console.deliver", lambda self, text: 1 / 0)
    assert plant.detect().exit_code == 2
    monkeypatch.undo()
    monkeypatch.chdir(plant.path.parent)
    result = plant.detect("--format", "csv")
    assert result.exit_code == 1
    assert result.stdout.count("\n") == 2


def test_from_end_judges_no_old_row_and_from_beginning_judges_all_again(plant):
    plant.grow(plant.rows)
    assert plant.detect("--from", "end", "--scores", "s.csv").output == ""
    assert (plant.path.parent / "s.csv").read_text().count("\n") == 1
    assert plant.detect("--from", "beginning", "--scores", "s.csv").exit_code == 1
    assert (plant.path.parent / "s.csv").read_text().count("\n") == 1 + plant.rows


def test_a_state_of_another_file_is_refused(plant, run, trained):
    plant.grow(50)
    plant.detect()
    result = run("detect", trained / "quiet.csv", "--model", trained / "pump.model", "--state", "st")
    assert result.exit_code == 2
    assert "st: belongs to 'plant.csv'" in result.stderr


def test_a_damaged_state_is_refused_with_what_to_do(plant, tmp_path):
    plant.grow(50)
    plant.detect()
    (tmp_path / "st").write_bytes((tmp_path / "st").read_bytes()[:-50])
    result = plant.detect()
    assert result.exit_code == 2
    assert "remove it to start over" in result.stderr


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"totals": {"rows": "many"}}, "makes no sense"),
        ({"position": {"class": "place in a file", "fields": {"offset": 9}}}, "place in a file lacks device"),
        ({"position": {"class": "place in a file", "fields": PLACE}}, "has no layout"),
        ({"position": {"class": "place in a file", "fields": PLACE | {"offset": 8}}}, "do not go together"),
        ({"position": {"class": "place in a file", "fields": PLACE | {"more": 1}}}, "without need"),
        ({"scores_length": -1}, "do not go together"),
        ({"input": 7}, "belongs to 7"),
    ],
)
def test_a_state_that_makes_no_sense_is_refused(model, tmp_path, forged, why):
    follower, watcher = Follower("new.csv", ReadOptions(), model.sensors), Watcher(model)
    state = State("new.csv", "scheme", follower, watcher)
    write_state(state, tmp_path / "st", model)
    header, arrays = load_arrays(tmp_path / "st", STATE)
    save_arrays(tmp_path / "st", header | forged, arrays, STATE)
    with pytest.raises(StateError, match=why):
        read_state(tmp_path / "st", model, "scheme", follower, Watcher(model))


@pytest.mark.parametrize("count", [FORGED, pytest.param(FORGED_SOAKED, marks=pytest.mark.soak)])
def test_a_forged_state_is_refused_or_judges_on(model, tmp_path, count):
    """Whoever changes numbers can make the checksum fit again; then shapes and bounds have to hold."""
    frame, path = rows_with_everything(), tmp_path / "st"
    follower, watcher = Follower("new.csv", ReadOptions(), model.sensors), Watcher(model)
    watcher.push(take_rows(frame, slice(0, 230)))
    write_state(State("new.csv", "scheme", follower, watcher), path, model)
    header, arrays = load_arrays(path, STATE)
    rng, sound = np.random.default_rng(7), 0
    for _ in range(count):
        changed, others, what = forged(header, arrays, rng)
        path.write_bytes(packed(changed, others, STATE))
        watcher = Watcher(model)
        try:
            read_state(path, model, "scheme", follower, watcher)
        except (StateError, InputError):
            continue
        sound += 1
        judged = watcher.push(take_rows(frame, slice(230, None))), watcher.finish()
        assert sum(len(verdicts.scores) for verdicts in judged) >= len(frame) - 230, what
    assert count / 20 < sound < count / 2


def test_rows_go_on_with_a_model_of_other_sensors_and_another_kind(plant, run, tmp_path):
    plant.grow(50)
    plant.detect("--scores", "s.csv")
    normal = (tmp_path / "plant.csv").read_text().splitlines()
    one = "\n".join(",".join(line.split(",")[:2]) for line in normal)
    (tmp_path / "normal.csv").write_text(one + "\n")
    few = ("--window", "4", "--model-kind", "linear", "--threshold", "9", "--horizon", "0")
    assert run("train", "normal.csv", "--model", "one.model", *few).exit_code == 0
    plant.grow(60)
    assert (
        run("detect", "plant.csv", "--model", "one.model", "--state", "st", "--scores", "s.csv").exit_code < 2
    )
    lines = [line.split(",")[1] for line in (tmp_path / "s.csv").read_text().splitlines()[1:]]
    assert lines == [str(line) for line in range(2, 62)]


def test_a_state_that_cannot_be_read_back_does_not_replace_the_old_one(model, tmp_path):
    follower, watcher = Follower("new.csv", ReadOptions(), model.sensors), Watcher(model)
    write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "st", model)
    before = (tmp_path / "st").read_bytes()
    with pytest.raises(OutputError, match="st: the state was written but cannot be read back") as caught:
        write_state(
            State("new.csv", "scheme", follower, watcher, totals={"rows": "many"}), tmp_path / "st", model
        )
    assert "totals of a State is not what belongs there" in str(caught.value)
    assert (tmp_path / "st").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["st"]


@pytest.mark.parametrize("entry", ["array", "float", "class"])
def test_a_state_that_would_be_read_as_another_one_is_not_written(model, tmp_path, monkeypatch, entry):
    follower, watcher = Follower("new.csv", ReadOptions(), model.sensors), Watcher(model)
    watcher.push(rows_with_everything())
    read = _ENTRIES[entry]
    other = {
        "array": lambda found: found + 1.0 if found.ndim == 3 and found.dtype == np.float64 else found,
        "float": lambda found: -found,
        "class": lambda found: replace(found, rows=9) if isinstance(found, CleanReport) else found,
    }

    def misread(reader, tree):
        return other[entry](read(reader, tree))

    monkeypatch.setitem(_ENTRIES, entry, misread)
    with pytest.raises(
        OutputError, match=r"cannot be read back \(ValueError: its .* when (it is|they are) read"
    ):
        write_state(State("new.csv", "scheme", follower, watcher), tmp_path / "st", model)
    assert list(tmp_path.iterdir()) == []


def test_after_other_rules_judging_begins_anew_and_no_row_twice(plant, tmp_path):
    plant.grow(100)
    plant.detect("--scores", "s.csv")
    plant.grow(plant.rows)
    plant.detect("--scores", "s.csv", "--min-duration", "2")
    lines = [line.split(",") for line in (tmp_path / "s.csv").read_text().splitlines()[1:]]
    assert [int(line[1]) for line in lines] == list(range(2, plant.rows + 2))
    assert [line[4] for line in lines[100:107]] == ["unknown"] * 7


def test_network_memories_that_read_rows_otherwise_have_another_scheme(tmp_path, monkeypatch):
    """Where a run of the forecaster begins, and which rows share a window, is part of what they hold."""
    (tmp_path / "m").write_bytes(b"a model")
    now = scheme_of(tmp_path / "m", "rules")
    assert scheme_of(tmp_path / "m", "rules") == now
    for name in READING:
        with monkeypatch.context() as patch:
            patch.setitem(READING, name, READING[name] + 1)
            assert scheme_of(tmp_path / "m", "rules") != now


def test_while_another_run_is_at_work_it_ends_with_75(plant):
    plant.grow(50)
    with locked(plant.path.parent / "st"):
        result = plant.detect()
    assert result.exit_code == 75
    assert result.stderr.count("\n") == 1
    assert plant.detect().exit_code == 0


def test_only_one_file_can_have_a_state(plant, run, trained):
    model = ("--model", trained / "pump.model", "--state", "st")
    for files in ((), ("-",), (trained / "new.csv", trained / "quiet.csv")):
        assert "name one CSV file" in run("detect", *files, *model).stderr


def test_a_second_state_may_not_write_into_the_scores_of_the_first(plant, tmp_path):
    plant.grow(100)
    plant.detect("--scores", "s.csv")
    before = (tmp_path / "s.csv").read_bytes()
    result = plant.detect("--scores", "s.csv", "--state", "other")
    assert result.exit_code == 2
    assert f"s.csv: holds the rows of another state, {tmp_path / 'st'}" in result.stderr
    assert (tmp_path / "s.csv").read_bytes() == before
    (tmp_path / "st").unlink()
    assert plant.detect("--scores", "s.csv", "--state", "other").exit_code == 0
    assert (tmp_path / "s.csv").read_text().count("\n") == 201


@pytest.mark.parametrize("plant_it", [os.mkfifo, lambda path: path.hardlink_to("precious")])
def test_what_is_planted_as_the_mark_of_a_scores_file_does_no_harm(plant, tmp_path, plant_it):
    """A pipe would be waited for, and a second name of a file written through."""
    (tmp_path / "precious").write_text("kept")
    plant_it(tmp_path / ".s.csv.state")
    plant.grow(50)
    assert plant.detect("--scores", "s.csv").exit_code < 2
    assert (tmp_path / "precious").read_text() == "kept"
    assert (tmp_path / ".s.csv.state").read_text() == str(tmp_path / "st")


def test_scores_that_another_run_writes_to_are_refused_with_75(plant, tmp_path):
    plant.grow(50)
    with locked(tmp_path / "s.csv"):
        assert plant.detect("--scores", "s.csv").exit_code == 75
    assert plant.detect("--scores", "s.csv").exit_code == 0


class TestGap:
    """What stood behind the last row read was deleted before a run saw it."""

    def runs(self, plant, *more):
        plant.grow(60)
        plant.detect("--scores", "s.csv")
        lines = plant.path.read_text().splitlines(keepends=True)
        plant.path.unlink()
        plant.grow(plant.rows)
        rest = plant.path.read_text().splitlines(keepends=True)[81:]
        plant.path.write_text("".join([lines[0], *rest]))
        return plant.detect("--scores", "s.csv", *more)

    def test_is_told_with_the_times_on_both_sides_and_counted(self, plant, tmp_path):
        result = self.runs(plant, "--prom-textfile", "m.prom")
        assert result.exit_code == 1
        assert (
            "plant.csv:2: rows may be missing between the last row read (2024-03-05 00:59:00)"
            in result.stderr
        )
        assert "and this one (2024-03-05 01:20:00)" in result.stderr
        assert "Try: --rotated PATTERN" in result.stderr
        assert "lstm_anomaly_gaps_total" in (tmp_path / "m.prom").read_text()
        assert plant.detect("--scores", "s.csv").output == ""

    def test_is_in_the_json(self, plant):
        document = json.loads(self.runs(plant, "--format", "json").stdout)
        assert document["gaps"] == [
            {
                "path": "plant.csv",
                "line": 2,
                "before": "2024-03-05 00:59:00",
                "after": "2024-03-05 01:20:00",
            }
        ]

    def test_is_a_failure_where_it_is_to_be_one(self, plant):
        result = self.runs(plant, "--on-gap", "fail")
        assert result.exit_code == 3
        assert "rows could not be found (--on-gap fail)" in result.stderr
        assert plant.detect("--scores", "s.csv", "--on-gap", "fail").exit_code == 0


def test_a_file_whose_name_is_no_text_is_judged_like_any_other(plant, trained, tmp_path):
    name = os.fsdecode(b"pl\xffnt.csv")
    plant.grow(130)
    plant.path.rename(tmp_path / name)
    words = ["--model", trained / "pump.model", "--state", "st", "--scores", "s.csv"]
    result = CliRunner().invoke(app, ["detect", name, *map(str, words), "--prom-textfile", "m.prom"])
    assert result.exit_code == 1
    assert "pl\\udcffnt.csv,2," in (tmp_path / "s.csv").read_text()
    assert 'source="pl\\udcffnt.csv"' in (tmp_path / "m.prom").read_text()


def test_the_hour_that_autumn_repeats_is_told_apart_from_run_to_run(plant, run, trained, tmp_path):
    rows = [row.split(",", 1)[1] for row in (trained / "new.csv").read_text().splitlines()]
    minutes = [
        *range(180),
        *range(120, 240),
    ]  # from midnight by the clock on the wall: two o'clock comes twice
    times = [f"2024-10-27 {minute // 60:02}:{minute % 60:02}:00" for minute in minutes]
    lines = [f"{time},{row}\n" for time, row in zip(["time", *times], rows, strict=False)]
    for upto in (100, 190, 200, 300):
        (tmp_path / "plant.csv").write_text("".join(lines[: 1 + upto]))
        result = plant.detect("--scores", "s.csv", "--tz", "Europe/Berlin")
        assert result.exit_code in (0, 1), result.output
    args = ("--model", trained / "pump.model", "--scores", "whole.csv", "--tz", "Europe/Berlin")
    run("detect", "plant.csv", *args)
    assert (tmp_path / "s.csv").read_text() == (tmp_path / "whole.csv").read_text()
    assert (tmp_path / "s.csv").read_text().count(",unknown,") == 7  # of the first window alone
