"""What one command prints, another takes; and messages name what there is."""

import re
from pathlib import Path

import click
import pytest

from lstm_anomaly.commands.frame.app import COMMANDS, app
from lstm_anomaly.commands.frame.help import GROUPS, long_name

PACKAGE = Path(__file__).parents[2] / "lstm_anomaly"


def test_strangest_episodes_as_printed_and_as_written_are_taken_by_ignore(run, trained, tmp_path):
    where = (trained / "normal.csv", "--model", "m", "--model-kind", "linear")
    result = run("train", *where, "--write-ignore", "odd.csv")
    assert result.exit_code == 0, result.output
    printed = re.findall(r"^ {12}(2024-\S+ \S+,2024-\S+ \S+,.*x \S+)$", result.stdout, re.MULTILINE)
    assert printed
    header, *written = (tmp_path / "odd.csv").read_text().splitlines()
    assert header == "start,end,reason"
    assert written == printed
    (tmp_path / "pasted.csv").write_text("".join(f"            {line}\n" for line in printed))
    for path in ("odd.csv", "pasted.csv"):
        again = run("train", *where, "--ignore", path, "-v")
        assert again.exit_code == 0, again.output
        assert f"{path}" in again.output


def test_the_strangest_episodes_of_groups_are_not_written_to_one_file(run, trained):
    result = run(
        "train", trained / "normal.csv", "--model", "m", "--group-by", "a", "--write-ignore", "f.csv"
    )
    assert result.exit_code == 2
    assert "--write-ignore is about one model" in result.output


def test_config_show_says_that_nothing_is_set(run):
    result = run("config", "show")
    assert (result.exit_code, result.stdout.split(":")[0]) == (0, "Nothing is set")


def test_config_show_lists_the_profiles_that_there_are(run, tmp_path):
    (tmp_path / "lstm-anomaly.toml").write_text('[profile.night.detect]\nsnooze = "2h"\n[profile.day]\n')
    assert run("config", "show").stdout.splitlines()[1] == "# profiles, for --profile: night, day"


def test_a_table_of_no_command_is_an_error_that_names_the_nearest(run, tmp_path):
    (tmp_path / "lstm-anomaly.toml").write_text("[detct]\nmin-duration = 3\n")
    result = run("config", "show")
    assert result.exit_code == 2
    assert "[detct]: there is no command 'detct'. Did you mean 'detect'?" in " ".join(result.stderr.split())


def test_messages_name_only_options_that_some_command_has():
    real = {name for names in GROUPS.values() for name in names} | {"--version", "--config", "--profile"}
    real |= {"--no-early", "--room"}  # the other side of a switch; an example's own program
    for path in PACKAGE.rglob("*.py"):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", path.read_text(encoding="utf-8")))
        assert named <= real, path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_only_options_of_its_own(command):
    """The text of its module, without its examples of other commands."""
    found = app.get_command(click.Context(app), command)
    own = {long_name(option) for option in found.params if isinstance(option, click.Option)}
    own |= {"--group-by"} if command == "fleet" else set()  # it says whose models it takes
    text = "\n".join(filter(None, [found.help, *(getattr(option, "help", "") for option in found.params)]))
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= own
