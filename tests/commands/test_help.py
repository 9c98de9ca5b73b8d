"""Help that one can find one's way in: short, in groups, whole sentences."""

import re

import click
import pytest

from lstm_anomaly.commands.frame.app import COMMANDS, app
from lstm_anomaly.commands.frame.help import GROUPS, MOST_SHOWN, SELDOM, long_name

OPTION = re.compile(r"^  (?:-\w, )?(--[a-z-]+)", re.MULTILINE)


def help_of(run, command, *arguments):
    return run(command, *arguments).output


def options_of(command):
    """Its own, or those of its commands."""
    found = app.get_command(click.Context(app), command)
    each = list(found.commands.values()) if isinstance(found, click.Group) else [found]
    return [param for one in each for param in one.params if isinstance(param, click.Option)]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_of_help_is_wider_than_a_narrow_terminal(run, command):
    lines = help_of(run, command, "--help").splitlines()
    assert [line for line in lines if len(line) > 80 and "bash-completion" not in line] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_at_most_twenty_options_and_help_all_shows_all(run, command):
    if isinstance(app.get_command(click.Context(app), command), click.Group):
        return
    short = OPTION.findall(help_of(run, command, "--help"))
    assert len(short) == len(set(short)) <= MOST_SHOWN
    names = {long_name(option) for option in options_of(command)} | {"--help"}
    everything = help_of(run, command, "--help-all")
    assert set(OPTION.findall(everything)) - {"--help-all"} == names
    assert ("--help-all" in short) == (set(short) - {"--help-all"} != names)
    assert not re.search(r"\w-$", everything, re.MULTILINE), "a word is broken across two lines"


def test_help_of_train_has_the_groups_in_order(run):
    text = help_of(run, "train", "--help")
    titles = re.findall(r"^([A-Z][A-Za-z ]+):$", text, re.MULTILINE)
    assert titles == ["Main", "What to learn", "Alarm limit", "Events", "Input format", "Output"]


def test_every_option_is_in_one_group_and_no_group_names_another():
    listed = [name for names in GROUPS.values() for name in names]
    assert len(listed) == len(set(listed))
    real = {long_name(option) for command in COMMANDS for option in options_of(command)}
    assert set(listed) == real | {"--help", "--help-all"}
    assert set(listed) >= SELDOM


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_line_is_a_whole_sentence_that_says_what_to_do(command):
    for option in options_of(command):
        said = re.sub(r"  \[default: [^\]]+\]$", "", option.help or "")
        assert re.fullmatch(r"[A-Z][a-z]+ .{,95}[^.]\.", said), (option.opts, said)
        assert said.split()[0] not in ("The", "A", "Such", "Of", "Also", "How", "What", "It", "Its")
