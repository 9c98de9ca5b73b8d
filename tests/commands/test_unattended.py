"""Runs that nobody watches: plugins, metrics, programs for events, the age of the data."""

import csv
import io
import json
import os
import stat
import time

import numpy as np
import pytest
from conftest import csv_text, normal_values

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.commands.frame.app import Settings
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run import alerting
from lstm_anomaly.commands.run import detect_run as runs
from lstm_anomaly.commands.run.hooks import run_hook, split_command
from lstm_anomaly.detecting.newest import NewestTime


@pytest.fixture
def detect(run, trained):
    def detect_(name, *more):
        path = name if isinstance(name, os.PathLike) else trained / name
        return run("detect", path, "--model", trained / "pump.model", *more)

    return detect_


class TestPlugin:
    @pytest.mark.parametrize(("name", "status", "word"), [("new.csv", 2, "CRITICAL"), ("quiet.csv", 0, "OK")])
    def test_one_line_with_figures_and_the_status_that_goes_with_it(self, detect, name, status, word):
        result = detect(name, "--format", "nagios")
        assert result.exit_code == status
        assert result.stdout.count("\n") == 1
        assert result.stdout.startswith(f"LSTM-ANOMALY {word} - ")
        _said, figures = result.stdout.strip().split(" | ")
        assert all("=" in figure for figure in figures.split())

    def test_trouble_is_unknown(self, detect, tmp_path):
        result = detect(tmp_path / "nowhere.csv", "--format", "nagios")
        assert result.exit_code == 3
        assert result.stdout.startswith("LSTM-ANOMALY UNKNOWN - ")
        assert "there is no such file" in result.stdout

    def test_rows_that_cannot_be_judged_are_unknown(self, detect, tmp_path):
        (tmp_path / "short.csv").write_text(csv_text(normal_values(3)))
        result = detect(tmp_path / "short.csv", "--format", "nagios")
        assert (result.exit_code, "none of 3 rows" in result.stdout) == (3, True)

    def test_an_event_that_lasts_stays_an_alarm_in_every_run(self, detect, trained, tmp_path):
        lines = (trained / "new.csv").read_text().splitlines(keepends=True)
        (tmp_path / "p.csv").write_text("".join(lines[:132]))
        for _ in range(2):
            assert detect(tmp_path / "p.csv", "--state", "st", "--format", "nagios").exit_code == 2
        (tmp_path / "p.csv").write_text("".join(lines[:270]))  # a hundred rows later nothing remembers it
        assert detect(tmp_path / "p.csv", "--state", "st", "--format", "nagios").exit_code == 2
        assert "no new rows" in detect(tmp_path / "p.csv", "--state", "st", "--format", "nagios").stdout


class TestMetrics:
    def test_are_what_the_textfile_collector_reads(self, detect, tmp_path):
        detect("new.csv", "--prom-textfile", "m.prom")
        lines = (tmp_path / "m.prom").read_text().splitlines()
        samples = {line.split("{")[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line[0] != "#"}
        assert samples["lstm_anomaly_rows_total"] == 300
        assert samples["lstm_anomaly_events_total"] == 1
        assert samples["lstm_anomaly_rows_unknown_total"] == 7
        assert abs(samples["lstm_anomaly_last_success_timestamp_seconds"] - time.time()) < 600
        assert samples["lstm_anomaly_newest_row_timestamp_seconds"] == 1709614740
        assert sum(line.startswith("lstm_anomaly_sensor_score{") for line in lines) == 3
        assert len({line for line in lines if line.startswith("# TYPE")}) == 12

    def test_count_on_over_the_runs_of_a_state(self, detect, trained, tmp_path):
        lines = (trained / "new.csv").read_text().splitlines(keepends=True)
        for upto in (100, 301):
            (tmp_path / "p.csv").write_text("".join(lines[:upto]))
            detect(tmp_path / "p.csv", "--state", "st", "--prom-textfile", "m.prom")
        assert " 300\n" in (tmp_path / "m.prom").read_text()

    def test_names_are_escaped(self, run, trained, tmp_path):
        from lstm_anomaly.output.formats.prometheus import Metrics, textfile

        text = textfile(Metrics('a"\\\n.csv', "m", 1.0, None, {}, False, ("s",), (0.5,)))
        assert 'source="a\\"\\\\\\n.csv"' in text
        assert all(line.count(" ") >= 1 for line in text.splitlines())


class TestAge:
    def fresh(self, path, age_minutes):
        start = np.datetime64("now") - np.timedelta64(99 + age_minutes, "m")
        path.write_text(csv_text(normal_values(100, seed=2), start=str(start)[:16]))
        return path

    def test_a_dead_logger_is_an_alert(self, detect, tmp_path):
        result = detect(self.fresh(tmp_path / "p.csv", 60), "--max-age", "15min")
        assert result.exit_code == 3
        assert "the latest row is" in result.stderr
        assert detect(self.fresh(tmp_path / "p.csv", 1), "--max-age", "15min").exit_code == 0

    def test_also_when_no_new_row_came(self, detect, tmp_path):
        path = self.fresh(tmp_path / "p.csv", 60)
        for _ in range(2):
            assert detect(path, "--max-age", "15min", "--state", "st").exit_code == 3

    def test_without_time_stamps_the_file_is_as_old_as_its_last_change(self, detect, tmp_path):
        path = tmp_path / "p.csv"
        path.write_text(csv_text(normal_values(100, seed=2), start=None))
        assert detect(path, "--max-age", "15min").exit_code == 0
        os.utime(path, (0, 0))
        assert detect(path, "--max-age", "15min").exit_code == 3

    def test_one_row_from_the_future_hides_no_dead_logger(self, detect, tmp_path):
        path = self.fresh(tmp_path / "p.csv", 60)
        lines = path.read_text().splitlines(keepends=True)
        lines[50] = f"2099-01-01 00:00:00,{lines[50].split(',', 1)[1]}"
        path.write_text("".join(lines))
        result = detect(path, "--max-age", "15min", "--state", "st", "--prom-textfile", "m.prom")
        assert result.exit_code == 3
        assert "1 row has a time stamp more than a day ahead of this machine's clock" in result.stderr
        assert f"{path}:51, 2099-01-01T00:00:00 UTC" in result.stderr
        lines = (tmp_path / "m.prom").read_text().splitlines()
        newest = next(line for line in lines if line.startswith("lstm_anomaly_newest_row"))
        assert abs(float(newest.split()[-1]) - (time.time() - 3600)) < 600
        assert "ahead of" not in detect(path, "--state", "st").stderr

    def test_a_row_that_all_rows_behind_it_are_earlier_than_is_not_the_latest(self):
        newest = NewestTime()
        times = np.datetime64("2026-03-01T00:00", "ns") + np.array([0, 1, 500, 2, 3, 4, 5]) * np.timedelta64(
            1, "m"
        )
        for rows in (slice(0, 3), slice(3, 7)):
            newest.push(frame_at(times[rows]))
        assert newest.value == times[-1]

    def test_rows_that_come_a_little_late_leave_the_latest_where_it_is(self):
        newest = NewestTime()
        minutes = [0, 1, 4, 2, 5, 3, 9, 8, 7]
        times = np.datetime64("2026-03-01T00:00", "ns") + np.array(minutes) * np.timedelta64(1, "m")
        for k in range(len(times)):
            newest.push(frame_at(times[k : k + 1]))
        assert newest.value == times.max()

    def test_rows_that_cannot_be_judged_count_when_asked_for(self, detect, tmp_path):
        (tmp_path / "p.csv").write_text(csv_text(normal_values(3)))
        assert detect(tmp_path / "p.csv").exit_code == 0
        result = detect(tmp_path / "p.csv", "--on-unknown", "fail", "--quiet")
        assert (result.exit_code, "none of 3 rows" in result.stderr) == (3, True)


def frame_at(times):
    zeros = np.zeros(len(times), np.int64)
    return SensorFrame(np.zeros((len(times), 1)), ("a",), zeros, zeros, ("p.csv",), times=times)


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class TestProgram:
    def test_gets_each_event_once_as_json(self, detect, trained, tmp_path):
        page = script(tmp_path / "page", f'cat >> "{tmp_path}/got"')
        lines = (trained / "new.csv").read_text().splitlines(keepends=True)
        for upto in (126, 130, 301):
            (tmp_path / "p.csv").write_text("".join(lines[:upto]))
            detect(tmp_path / "p.csv", "--state", "st", "--exec", f"'{page}' --room 7")
        got = [json.loads(line) for line in (tmp_path / "got").read_text().splitlines()]
        assert [event["state"] for event in got] == ["open"]

    def test_its_failure_is_reported_and_the_event_kept_for_the_next_run(self, detect, trained, tmp_path):
        page = script(tmp_path / "page", "cat > /dev/null; echo no line to the pager >&2; exit 3")
        (tmp_path / "p.csv").write_bytes((trained / "new.csv").read_bytes())
        result = detect(tmp_path / "p.csv", "--state", "st", "--exec", page, "--scores", "s.csv")
        assert result.exit_code == 2
        assert "status 3: no line to the pager" in result.stderr
        script(page, f'cat >> "{tmp_path}/got"')
        assert detect(tmp_path / "p.csv", "--state", "st", "--exec", page).exit_code == 0
        assert (tmp_path / "got").read_text().count("\n") == 1
        assert detect(tmp_path / "p.csv", "--state", "st", "--exec", page).exit_code == 0
        assert (tmp_path / "got").read_text().count("\n") == 1

    def test_gets_its_events_also_where_metrics_cannot_be_written(self, detect, trained, tmp_path):
        page = script(tmp_path / "page", f'cat >> "{tmp_path}/got"')
        (tmp_path / "p.csv").write_bytes((trained / "new.csv").read_bytes())
        metrics = tmp_path / (250 * "x")  # the name of the temporary file is too long
        for _ in range(2):
            result = detect(tmp_path / "p.csv", "--state", "st", "--exec", page, "--prom-textfile", metrics)
            assert (result.exit_code, "cannot write" in result.stderr) == (2, True)
            assert (tmp_path / "got").read_text().count("\n") == 1

    def test_that_fails_is_run_once_an_event_and_told_in_one_line(self, detect, tmp_path):
        page = script(tmp_path / "page", f'cat >> "{tmp_path}/got"; exit 3')
        values = normal_values(300, seed=1)
        values[[100, 200], 0] += 6
        (tmp_path / "p.csv").write_text(csv_text(values))
        result = detect(tmp_path / "p.csv", "--exec", page, "--format", "csv", "--quiet")
        assert (tmp_path / "got").read_text().count("\n") == 2
        assert result.stderr == f"lstm-anomaly: --exec: {page} ended with status 3 (2 events)\n"

    def test_that_fails_is_tried_again_after_a_minute(self, monkeypatch):
        now = [1000.0]
        monkeypatch.setattr(alerting.time, "monotonic", lambda: now[0])
        alerts = alerting.Alerting(
            None, Console(Settings(quiet=True)), early=False, command=("false",), queue=["{}"]
        )
        failures = []
        for seconds in (0, 0.2, 59, 1):
            now[0] += seconds
            alerts.run_hooks()
            failures.append(alerts.failures)
        assert (failures, alerts.undelivered) == ([1, 1, 1, 2], ["{}"])

    def test_is_ended_after_its_time_with_all_it_started(self, tmp_path):
        started = time.monotonic()
        assert "took more than 0.2 s" in run_hook(["sh", "-c", "sleep 60 & sleep 60"], "{}", 0.2)
        assert time.monotonic() - started < 30

    def test_that_leaves_a_child_with_its_streams_open_has_succeeded(self):
        started = time.monotonic()
        assert run_hook(["sh", "-c", "sleep 20 & echo told >&2"], "{}", 5) == ""
        assert "status 3: told" in run_hook(["sh", "-c", "sleep 20 & echo told >&2; exit 3"], "{}", 5)
        assert time.monotonic() - started < 15

    def test_of_which_errors_fill_a_pipe_is_not_held_up(self):
        why = run_hook(["sh", "-c", "yes | head -c 1000000 >&2; echo last >&2; exit 1"], "{}", 30)
        assert why.endswith("ended with status 1: last")

    def test_that_takes_nothing_for_long_gets_all_events_once_it_does(self, tmp_path):
        alerts = alerting.Alerting(None, Console(Settings(quiet=True)), early=False, command=("false",))
        alerts.queue = [f"{number}\n" for number in range(2500)]
        alerts.run_hooks()
        assert (alerts.failures, len(alerts.waiting())) == (alerting.IN_A_ROW, 2500)
        alerts.not_again_before = 0.0
        alerts.undelivered = alerts.undelivered[:5]
        alerts.command = ("sh", "-c", f"cat >> '{tmp_path}/got'")
        alerts.run_hooks()
        assert (tmp_path / "got").read_text() == "0\n1\n2\n3\n4\n"
        assert alerts.waiting() == []

    def test_beyond_the_bound_the_oldest_are_given_up_and_that_is_told(self, monkeypatch, capsys):
        monkeypatch.setattr(alerting, "MOST_UNDELIVERED", 2)
        alerts = alerting.Alerting(
            None, Console(Settings()), early=False, command=("false",), queue=["a", "b", "c"]
        )
        alerts.run_hooks()
        assert alerts.waiting() == ["b", "c"]
        assert (
            "1 event given up, since more than 2 wait for the program. The first: a"
            in capsys.readouterr().err
        )
        assert alerts.failures == 3

    def test_gets_no_event_where_the_state_cannot_be_written(self, detect, trained, tmp_path, monkeypatch):
        page = script(tmp_path / "page", f'cat >> "{tmp_path}/got"')
        (tmp_path / "p.csv").write_bytes((trained / "new.csv").read_bytes())

        def full(state, *_others):
            if state.totals:
                raise OutputError("cannot write: No space left on device", where="st")

        with monkeypatch.context() as patch:
            patch.setattr(runs, "write_state", full)
            for _ in range(2):
                assert detect(tmp_path / "p.csv", "--state", "st", "--exec", page).exit_code == 2
        assert not (tmp_path / "got").exists()
        assert detect(tmp_path / "p.csv", "--state", "st", "--exec", page).exit_code == 1
        assert (tmp_path / "got").read_text().count("\n") == 1

    def test_that_is_none_is_a_reason(self):
        assert (
            run_hook(["/no/such/program"], "{}", 1)
            == "/no/such/program cannot be run: No such file or directory"
        )

    def test_that_does_not_read_is_no_trouble(self):
        assert run_hook(["true"], "x" * 1_000_000, 10) == ""

    def test_nothing_is_expanded_by_a_shell(self):
        assert split_command("page.sh '$(reboot)' `id` *") == ["page.sh", "$(reboot)", "`id`", "*"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "end"], "--from needs"),
        (["--on-gap", "fail"], "--on-gap needs"),
        (["--rotated", "old/*"], "--rotated needs"),
        (["--follow", "--format", "json"], "is written at the end of a run"),
        (["--state", "st", "--rows", "1:5"], "is about a whole file"),
        (["--state", "st", "--allow-missing"], "is about a whole file"),
        (["--scores", "-", "--format", "nagios"], "both write"),
        (["--exec", "'"], "quotes in pairs"),
        (["--snooze", "soon"], "length of time"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(detect, options, why):
    result = detect("new.csv", *options)
    assert (result.exit_code in (2, 3), why in result.stderr) == (True, True)
    assert result.stderr.count("\n") == 1  # for a log, or cron's mail


def test_following_judges_rows_as_they_are_written_and_remembers(detect, trained, tmp_path, monkeypatch):
    lines = (trained / "new.csv").read_text().splitlines(keepends=True)
    steps = iter([126, 131, 301])
    path = tmp_path / "p.csv"
    path.write_text("".join(lines[:50]))

    def sleep(_seconds):
        try:
            path.write_text("".join(lines[: next(steps)]))
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(runs.time, "sleep", sleep)
    result = detect(path, "--follow", "--state", "st", "--format", "jsonl", "--scores", "s.csv")
    assert result.exit_code == 130
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == ["open", "closed"]
    assert (tmp_path / "s.csv").read_text().count("\n") == 301
    assert detect(path, "--state", "st").output == ""


@pytest.mark.parametrize("with_state", [False, True])
def test_json_is_a_document_also_where_nothing_was_found(detect, with_state):
    more = ("--state", "st") if with_state else ()
    result = detect("quiet.csv", "--format", "json", *more)
    document = json.loads(result.stdout)
    assert (result.exit_code, document["events"], document["rows"]) == (0, [], 100)


class TestSilentSensors:
    @pytest.fixture
    def silent(self, tmp_path):
        """A file whose first sensor delivers nothing from row 100 on; `upto` rows of it."""
        values = normal_values(300, seed=2)
        values[100:, 0] = np.nan
        lines = csv_text(values, start="2024-03-05T00:00").splitlines(keepends=True)

        def grow(upto):
            (tmp_path / "p.csv").write_text("".join(lines[: upto + 1]))
            return tmp_path / "p.csv"

        return grow

    def test_one_is_an_event_with_its_reason_in_every_format(self, detect, silent):
        path = silent(300)
        table = detect(path)
        assert (table.exit_code, "temp_c has delivered nothing for 197 rows" in table.stdout) == (1, True)
        document = json.loads(detect(path, "--format", "json").stdout)
        (event,) = document["events"]
        assert (event["kind"], event["score"], event["severity"]) == ("silent", None, "medium")
        assert document["silent"] == ["temp_c"]
        (row,) = csv.DictReader(io.StringIO(detect(path, "--format", "csv").stdout))
        assert (row["kind"], row["score"], row["severity"]) == ("silent", "", "medium")

    def test_plugin_and_metrics_have_a_line_for_it_in_every_run(self, detect, silent, tmp_path):
        more = ("--state", "st", "--format", "nagios", "--prom-textfile", "m.prom")
        for upto in (90, 200, 200, 300):
            result = detect(silent(upto), *more)
            metrics = (tmp_path / "m.prom").read_text()
            is_silent = upto > 100
            assert result.exit_code == int(is_silent)
            assert ("\ntemp_c has delivered nothing for" in result.stdout) == is_silent
            assert f'sensor_silent{{model="{result_model(metrics)}"' in metrics
            assert (
                f'sensor="temp_c"}} {int(is_silent)}\n'
                in metrics[metrics.index("TYPE lstm_anomaly_sensor_silent") :]
            )

    def test_runs_of_a_state_tell_it_once(self, detect, silent):
        states = [
            [json.loads(line)["state"] for line in detect(silent(upto), *more).stdout.splitlines()]
            for upto in (90, 150, 200, 300)
            for more in [("--state", "st", "--format", "jsonl")]
        ]
        assert states == [[], ["open"], [], []]

    def test_files_too_short_for_a_verdict_are_explained(self, detect, silent):
        result = detect(silent(5))
        assert result.exit_code == 0
        assert "--state FILE goes on where the last run ended" in result.stderr


def result_model(metrics):
    return metrics.split('model="')[1].split('"')[0]
