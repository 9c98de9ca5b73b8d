"""Options from a file and from the environment; crontab lines, completion, the manual page, the log."""

import json
import os
import shlex
import struct
import subprocess
import sys

import click
import pytest

from lstm_anomaly.commands.cron import HOURS, MINUTES
from lstm_anomaly.commands.frame.app import COMMANDS, app

ERROR = "lstm-anomaly: error: "


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A user's own configuration folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "lstm-anomaly"
    folder.mkdir(parents=True)
    return folder


def test_command_line_wins_over_environment_over_folder_over_user(run, home, tmp_path, monkeypatch):
    (home / "lstm-anomaly.toml").write_text(
        "[detect]\nmodel = 'of-user'\nscores = 'of-user'\nformat = 'csv'\n"
    )
    (tmp_path / "lstm-anomaly.toml").write_text("[detect]\nmodel = 'of-folder'\nscores = 'of-folder'\n")
    monkeypatch.setenv("LSTM_ANOMALY_DETECT_MODEL", "of-environment")
    shown = run("config", "show").stdout
    assert "detect.model = 'of-environment'  (LSTM_ANOMALY_DETECT_MODEL)" in shown
    assert "detect.scores = 'of-folder'  (lstm-anomaly.toml [detect])" in shown
    assert f"detect.format = 'csv'  ({home / 'lstm-anomaly.toml'} [detect])" in shown
    assert "of-line: cannot read the model" in run("detect", "x.csv", "--model", "of-line").stderr
    assert "of-environment: cannot read the model" in run("detect", "x.csv").stderr


def test_a_profile_is_laid_over_the_command(run, home, tmp_path):
    (tmp_path / "c.toml").write_text(
        "[detect]\nmodel = 'one'\n[profile.two.detect]\nmodel = 'two'\nmax_age = '1h'\n"
    )
    assert "one: cannot read" in run("--config", "c.toml", "detect", "x.csv").stderr
    assert "two: cannot read" in run("--config", "c.toml", "--profile", "two", "detect", "x.csv").stderr
    shown = run("--config", "c.toml", "--profile", "two", "config", "show", "detect").stdout
    assert "detect.max-age = '1h'  (c.toml [profile.two.detect])" in shown
    assert "detect.min-duration = 1  (default)" in shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "[detect]\nmodle = 'm'\n",
            "c.toml [detect]: 'modle' is no option of 'detect'. Did you mean 'model'?",
        ),
        ("[detect\n", "c.toml: is not valid TOML"),
        ("model = 'm'\n", "c.toml: 'model' must stand in a table such as [detect]"),
        ("[detect]\nformat = 'xml'\n", "'xml' is not one of"),
    ],
)
def test_what_a_file_says_wrongly_is_told_with_its_place(run, home, tmp_path, text, why):
    (tmp_path / "c.toml").write_text(text)
    result = run("--config", "c.toml", "detect", "x.csv", "--model", "m")
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_command_of_a_command_takes_options_from_file_and_environment(run, home, tmp_path, monkeypatch):
    (tmp_path / "c.toml").write_text(
        "[fleet.summary]\nmodel = 'one'\ntogether = '1h'\n[profile.two.fleet.summary]\nmodel = 'two'\n"
    )
    summary = ("fleet", "summary", "x.csv")
    assert run("--config", "c.toml", *summary).stderr.startswith(f"{ERROR}one: ")
    assert run("--config", "c.toml", "--profile", "two", *summary).stderr.startswith(f"{ERROR}two: ")
    monkeypatch.setenv("LSTM_ANOMALY_FLEET_SUMMARY_MODEL", "of-environment")
    assert run("--config", "c.toml", *summary).stderr.startswith(f"{ERROR}of-environment: ")
    assert run("--config", "c.toml", "config", "show").stdout.splitlines()[2:] == [
        "fleet.summary.model = 'of-environment'  (LSTM_ANOMALY_FLEET_SUMMARY_MODEL)",
        "fleet.summary.together = '1h'  (c.toml [fleet.summary])",
    ]


@pytest.mark.parametrize("table", ["fleet.sumary", "detect.summary"])
def test_a_table_of_a_command_that_there_is_not_is_told(run, home, tmp_path, table):
    (tmp_path / "c.toml").write_text(f"[{table}]\nmodel = 'm'\n")
    result = run("--config", "c.toml", table.split(".")[0], "x")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert f"c.toml [{table}]: there is no command '{table.replace('.', ' ')}'" in result.stderr


def test_a_file_or_profile_that_is_not_there_is_told(run, home):
    assert "no.toml: cannot be read" in run("--config", "no.toml", "detect").stderr
    assert "There is no profile 'x'" in run("--profile", "x", "detect").stderr


def test_a_file_that_merely_lies_in_the_folder_starts_no_program(run, home, tmp_path):
    (tmp_path / "lstm-anomaly.toml").write_text("[detect]\nexec = 'touch run'\n")
    assert "is allowed only in a file named with --config" in run("detect", "x.csv").stderr
    os.rename(tmp_path / "lstm-anomaly.toml", tmp_path / "c.toml")
    assert "exec = 'touch run'" in run("--config", "c.toml", "config", "show", "detect").stdout


class TestCron:
    def test_prints_a_line_that_sh_reads_back_and_units(self, run, tmp_path):
        (tmp_path / "a b%.csv").write_text("x")
        text = run("cron", "a b%.csv", "--model", "m$1").stdout
        line = next(line for line in text.splitlines() if line.startswith("*/10 * * * * "))
        words = shlex.split(line.removeprefix("*/10 * * * * ").replace(r"\%", "%"))
        assert words[-8:] == [
            "detect",
            str(tmp_path / "a b%.csv"),
            "--model",
            str(tmp_path / "m$1"),
            "--state",
            str(tmp_path / "m$1.state"),
            "--on-unknown",
            "fail",
        ]
        assert os.path.isabs(words[0])
        start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
        assert f'"{tmp_path}/a b%%.csv"' in start
        assert "m$$1" in start
        assert "SuccessExitStatus=1" in text

    @pytest.mark.parametrize(
        ("every", "line", "calendar"),
        [
            ("1min", "* * * * * ", "*-*-* *:*:00"),
            ("15m", "*/15 * * * * ", "*-*-* *:0/15:00"),
            ("1h", "0 * * * * ", "*-*-* *:00:00"),
            ("6h", "0 */6 * * * ", "*-*-* 0/6:00:00"),
            ("1d", "0 0 * * * ", "*-*-* 00:00:00"),
        ],
    )
    def test_knows_minutes_hours_and_days(self, run, trained, every, line, calendar):
        text = run("cron", trained / "new.csv", "--model", "m", "--every", every).stdout
        assert f"\n{line}" in text
        assert f"OnCalendar={calendar}\n" in text

    def test_refuses_what_cron_cannot_do(self, run, trained):
        result = run("cron", trained / "new.csv", "--model", "m", "--every", "7min")
        assert result.exit_code == 2
        assert f"{MINUTES[0]}min, {MINUTES[1]}min" in result.stderr
        assert f"{HOURS[-1]}h" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(run, shell):
    text = run("completion", shell).stdout
    assert "_LSTM_ANOMALY_COMPLETE" in text
    assert f"{shell}_complete" in text


def test_completion_completes_commands_and_options():
    def completed(words, number):
        environment = {**os.environ, "_LSTM_ANOMALY_COMPLETE": "bash_complete"}
        environment |= {"COMP_WORDS": f"lstm-anomaly {words}", "COMP_CWORD": str(number)}
        done = subprocess.run(
            [sys.executable, "-c", "from lstm_anomaly.__main__ import main; main()"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert completed("det", 1) == (0, "plain,detect\n")
    assert "plain,--snooze\n" in completed("detect --", 2)[1]


def test_the_manual_page_holds_every_option_of_every_command(run):
    page = run("man").stdout
    assert page.startswith('.TH "LSTM-ANOMALY" "1"')
    with click.Context(app) as ctx:
        for name in COMMANDS:
            for parameter in app.get_command(ctx, name).params:
                if isinstance(parameter, click.Option):
                    assert parameter.opts[-1].replace("-", r"\-") in page
    assert not [line for line in page.splitlines() if line.startswith(".") and line[1:3] not in ROFF]


ROFF = ("TH", "SH", "PP", "TP", "nf", "fi")


def test_the_log_can_be_records(run, trained):
    result = run("detect", "no.csv", "--model", trained / "pump.model", "--log-format", "json")
    record = json.loads(result.stderr)
    assert record["level"] == "error"
    assert "there is no such file" in record["message"]
    result = run(
        "detect", trained / "new.csv", "--model", trained / "pump.model", "--log-format", "json", "-v"
    )
    records = [json.loads(line) for line in result.stderr.splitlines()]
    assert {record["level"] for record in records} == {"info"}


def test_a_model_that_another_run_writes_is_left_alone(run, trained, tmp_path):
    from lstm_anomaly.base.locks import locked

    with locked(tmp_path / "m"):
        for args in (
            ["train", trained / "normal.csv", "--model", "m"],
            ["calibrate", "m", trained / "normal.csv"],
        ):
            assert run(*args).exit_code == 75


class TestFileOfTheCurrentFolder:
    """Whoever may write it could silence alarms, or have files of the caller written over."""

    TEXT = "[detect]\nmin-duration = 7\n"

    def shown(self, run):
        result = run("config", "show", "detect")
        return "min-duration = 7" in result.stdout, result.stderr

    @pytest.mark.parametrize(
        ("of_file", "of_folder", "why"),
        [
            (0o646, 0o755, "others may write it"),
            (0o644, 0o777, "others may write its folder"),
            (0o644, 0o1777, "others may write its folder"),
        ],
    )
    def test_is_not_read_where_others_may_write(self, run, home, tmp_path, of_file, of_folder, why):
        (tmp_path / "lstm-anomaly.toml").write_text(self.TEXT)
        assert self.shown(run) == (True, "")
        (tmp_path / "lstm-anomaly.toml").chmod(of_file)
        tmp_path.chmod(of_folder)
        is_read, said = self.shown(run)
        assert not is_read
        assert f"{tmp_path / 'lstm-anomaly.toml'} is not read: {why}. Try: --config" in said
        assert "min-duration = 7" in run("--config", "lstm-anomaly.toml", "config", "show", "detect").stdout

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
    @pytest.mark.parametrize("place", ["lstm-anomaly.toml", "."])
    def test_is_not_read_where_it_belongs_to_somebody_else(self, run, home, tmp_path, place):
        (tmp_path / "lstm-anomaly.toml").write_text(self.TEXT)
        os.chown(tmp_path / place, 12345, -1)
        is_read, said = self.shown(run)
        assert (is_read, "belongs to another user" in said) == (False, True)

    def test_is_not_read_through_a_link_in_a_folder_that_others_may_write_to(self, run, home, tmp_path):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "any.toml").write_text(self.TEXT)
        (tmp_path / "lstm-anomaly.toml").symlink_to(tmp_path / "own" / "any.toml")
        assert self.shown(run) == (True, "")
        tmp_path.chmod(0o777)
        is_read, said = self.shown(run)
        assert (is_read, "others may write its folder" in said) == (False, True)

    @pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no access lists")
    def test_is_not_read_where_an_access_list_lets_others_write(self, run, home, tmp_path):
        file = tmp_path / "lstm-anomaly.toml"
        file.write_text(self.TEXT)
        nobody = (-1 & 0xFFFFFFFF, 65534)
        entries = (
            (1, 6, nobody[0]),
            (2, 6, nobody[1]),
            (4, 4, nobody[0]),
            (16, 6, nobody[0]),
            (32, 4, nobody[0]),
        )
        access = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        try:
            os.setxattr(file, "system.posix_acl_access", access)
        except OSError:
            pytest.skip("this disk knows no access lists")
        is_read, said = self.shown(run)
        assert (is_read, "others may write it" in said) == (False, True)

    def test_is_named_when_it_says_where_output_goes(self, run, home, tmp_path):
        (tmp_path / "lstm-anomaly.toml").write_text("[detect]\nmodel = 'm'\nscores = 'here.csv'\n")
        said = run("detect", "x.csv").stderr
        assert f"{tmp_path / 'lstm-anomaly.toml'} says where output goes: scores = 'here.csv'" in said
        assert "says where" not in run("--config", "lstm-anomaly.toml", "detect", "x.csv").stderr
