"""Every command on a page is run, in the order of the page, and prints what the page shows.

With linear models, which are learned in a moment; `make pages` lets `train` choose as it does for a reader.
"""

import gzip
import os
import re
import shutil
import sys
from contextlib import suppress

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import SENSORS, csv_text, normal_values
from pages import (
    NEVER_END,
    PAGES,
    REASONS,
    blocks,
    calls,
    check_options,
    check_set_up,
    commands,
    is_as_shown,
    is_run,
    run_line,
    shown_until,
    stages_of,
    words,
)
from scripts import ROOT, load_script
from small_models import little_effort

from lstm_anomaly.commands.frame.app import COMMANDS, app
from lstm_anomaly.commands.frame.help import GROUPS

WITH_COMMANDS = [page for page in PAGES if next(commands(page), None)]
WITH_PYTHON = [page for page in PAGES if "from lstm_anomaly import" in page.read_text(encoding="utf-8")]
LINEAR = {"LSTM_ANOMALY_TRAIN_MODEL_KIND": "linear", "LSTM_ANOMALY_TRAIN_HORIZON": "0"}
SHARED = ROOT.parent / "shared/data/nab/machine_temperature/test.csv"
# The file that the tutorial downloads, where it is at hand.
MACHINE = os.environ.get("LSTM_ANOMALY_NAB") or (str(SHARED) if SHARED.exists() else None)
LEARNED = slice(-4000, None)  # rows of the sample's normal weeks


@pytest.fixture(scope="module")
def pump(tmp_path_factory):
    """The files that most pages name, from the sample data: days to learn from, a day to judge, a model."""
    folder = tmp_path_factory.mktemp("pump")
    header, *normal = (ROOT / "sample_data" / "normal.csv").read_text().splitlines()
    week = (ROOT / "sample_data" / "week.csv").read_text().splitlines()[1:]
    for name, rows in {
        "normal": normal[LEARNED],
        "april": normal[:1440],
        "may": normal[1440:2880],
        "last_month": normal[-1200:],
        "today": week[:1440],
        "week": week[:1500],
    }.items():
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    more = [f"{header},speed_rpm,valve,label,comment"]
    more += [
        f"{row},{1450 if k % 1440 else 0},{int(k % 1440 > 0)},0,fine" for k, row in enumerate(normal[LEARNED])
    ]
    (folder / "plant.csv").write_text("\n".join(more) + "\n")
    (folder / "today.csv.gz").write_bytes(gzip.compress((folder / "today.csv").read_bytes()))
    (folder / "sample_data").symlink_to(ROOT / "sample_data")
    train = (
        "train",
        folder / "normal.csv",
        "--model",
        folder / "pump.model",
        "--model-kind",
        "linear",
        "--horizon",
        "0",
    )
    assert CliRunner().invoke(app, [*map(str, train)]).exit_code == 0
    return folder


def furnish_fleet(folder):
    """A fleet of six pumps, and a day on which three of them rise at once and a fourth before them."""
    for name, rows, start in (("fleet", 300, "2024-03-01T00:00"), ("today", 200, "2024-03-05T00:00")):
        lines = []
        for pump, rises_at in enumerate((200, 170, 170, 100, 200, 170), 1):
            values = normal_values(rows, seed=(name == "today") * 100 + pump)
            values[rises_at if name == "today" else rows :, 0] += 6
            header, *texts = csv_text(values, start=start).splitlines()
            lines += [f"{text},pump {pump:02}" for text in texts]
        (folder / f"{name}.csv").write_text("\n".join([f"{header},asset", *lines]) + "\n")


def furnish_symbols(folder):
    """Days of the benchmark's plant, and more in which the valve opens too soon; a log of jobs."""
    plant = load_script("benchmarks/symbols.py").plant
    rng = np.random.default_rng(0)
    for name, days in (("plant", 4), ("new", 2)):
        frame, _ = plant(rng, days, wrong=name == "new")
        states = frame.symbols.codebooks[0].texts
        rows = [
            f"{time.astype('M8[m]')},{','.join(f'{value:.3f}' for value in row[:4])},{states[int(row[4])]}"
            for time, row in zip(frame.times, frame.values, strict=True)
        ]
        (folder / f"{name}.csv").write_text("\n".join(["time,level,pressure,flow,temp,state", *rows]) + "\n")
    jobs = [f"{k},{event}" for k in range(300) for event in ("START", "READ", "WRITE", "STOP")]
    (folder / "jobs.csv").write_text("\n".join(["job,event", *jobs]) + "\n")


def furnish_machine(folder):
    """The series of the tutorial where its file is at hand, else one like it: it falls once."""
    if MACHINE:
        shutil.copy(MACHINE, folder / "machine.csv")
        return
    values = 85 + 5 * normal_values(4600)[:, :1] - 105
    values[4000:4040] -= 60
    text = csv_text(values, ("value",), "2013-12-02T21:15", minutes=5)
    (folder / "machine.csv").write_text(text.replace("time,", "timestamp,", 1))


MORE_FILES = {
    "guide.md": furnish_fleet,
    "fleet.md": furnish_fleet,
    "symbols.md": furnish_symbols,
    "tutorial.md": furnish_machine,
}


def is_here(program):
    return program == "lstm-anomaly" or shutil.which(program) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="the pages are for a shell such as sh")
@pytest.mark.parametrize("learning", ["linear", pytest.param("chosen", marks=pytest.mark.soak)])
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_commands_of_a_page_run_and_print_what_it_shows(page, learning, pump, tmp_path, monkeypatch):
    for path in pump.iterdir():
        shutil.copy(path, tmp_path) if path.is_file() else (tmp_path / path.name).symlink_to(path.resolve())
    MORE_FILES.get(page.name, lambda folder: None)(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name, value in LINEAR.items() if learning == "linear" else ():
        monkeypatch.setenv(name, value)
    lacking = set()
    is_stand_in = page.name == "tutorial.md" and not MACHINE
    for command in commands(page):
        first, *rest = words(command.line)
        if not is_run(command.line):
            check_set_up(command.line)
        elif first == "cat" and not (tmp_path / rest[0]).exists():
            (tmp_path / rest[0]).write_text(command.shown)
        elif not_here := {stage[0] for stage in stages_of(command.line) if not is_here(stage[0])}:
            lacking |= not_here
        else:
            status, printed = run_line(command.line)
            said = f"{command.place}: $ {command.line}\n{printed}"
            assert status == 0 or (status == 1 and " detect " in command.line), said
            assert is_stand_in or not command.shown or is_as_shown(command.shown, printed), said
    if lacking:
        pytest.skip(f"the other commands were run; not installed: {', '.join(sorted(lacking))}")


ENDLESS = [command for page in PAGES for command in commands(page) if NEVER_END.search(command.line)]


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="the pages are for a shell such as sh")
@pytest.mark.parametrize("command", ENDLESS, ids=lambda command: command.place)
def test_a_command_that_never_ends_tells_of_an_event(command, trained, tmp_path, monkeypatch):
    if lacking := [stage[0] for stage in stages_of(command.line) if not is_here(stage[0])]:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    shutil.copy(trained / "new.csv", tmp_path / "plant.csv")
    shutil.copy(trained / "pump.model", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert b'"sentence"' in (shown := shown_until(command.line, b'"sentence"')), shown


def test_each_command_that_is_not_run_has_one_reason_and_each_reason_one():
    lines = [command.line for page in PAGES for command in commands(page)]
    reasons = [[why for pattern, why in REASONS.items() if pattern.search(line)] for line in lines]
    assert [line for line, found in zip(lines, reasons, strict=True) if len(found) > 1] == []
    assert {found[0] for found in reasons if found} == set(REASONS.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_on_a_page_have_the_options_they_are_given(page):
    lines = [command.line for command in commands(page)]
    lines += [text for _, text in blocks(page, "sh")]
    for line in lines:
        for arguments in calls(line):
            check_options(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_the_text_have_the_options_they_are_given(page):
    for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", page.read_text(encoding="utf-8")):
        program, *rest = span.split() or [""]
        arguments = rest if program == "lstm-anomaly" else span.split()
        if arguments and arguments[0] in COMMANDS:
            with suppress(click.BadOptionUsage):  # text may name an option without a value for it
                check_options(arguments)


def test_pages_name_only_options_that_some_command_has():
    real = {name for names in GROUPS.values() for name in names} | {"--version", "--config", "--profile"}
    real |= {"--no-early", "--fast", "--steps", "--network", "--rm", "--room"}  # a switch; other programs
    for page in PAGES:
        text = re.sub(r"`[^`]*benchmarks/[^`]*`", "", page.read_text(encoding="utf-8"))
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) <= real, page.name


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_python_on_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    times = pd.date_range("2024-03-01", periods=300, freq="30min")
    rows = pd.DataFrame(normal_values(300), index=times, columns=SENSORS)
    names = {"normal": rows[:250], "new": rows[250:]}
    with little_effort():
        for _, block in blocks(page, "python"):
            exec(block, names)
    assert (tmp_path / "pump.model").exists()


def test_the_options_in_the_file_on_a_page_are_taken(run, tmp_path):
    _, text = next(blocks(ROOT / "docs" / "unattended.md", "toml"))
    (tmp_path / "lstm-anomaly.toml").write_text(text)
    result = run("--profile", "pump2", "config", "show", "detect")
    assert result.exit_code == 0, result.output
    assert "detect.model = '/etc/lstm-anomaly/pump2.model'  (lstm-anomaly.toml" in result.output
