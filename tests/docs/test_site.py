"""The site holds each page once, and a page for each command with all its options; `make site` builds it."""

import re

import click
import pytest
from scripts import ROOT, load_script

from lstm_anomaly.commands.frame.app import COMMANDS, app


@pytest.fixture(scope="module")
def made():
    """The pages that are made while the site is built, by their places."""
    return load_script("docs/site_pages.py").made_pages()


def test_the_site_leads_to_each_page_once(made):
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:")[1]
    written = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert sorted(re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE)) == sorted({*written, *made})


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_a_command_has_usage_and_all_of_its_options(made, name):
    command = app.get_command(click.Context(app), name)
    page = made[f"reference/{name}.md"]
    assert f"lstm-anomaly {name} " in page
    each = command.commands.values() if isinstance(command, click.Group) else [command]
    for option in (param for one in each for param in one.params if isinstance(param, click.Option)):
        assert max(option.opts, key=len) in page


def test_links_of_the_first_page_are_as_from_inside_docs(made):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", made["index.md"])
    assert len(links) > 15
    assert not [link for link in links if not (ROOT / "docs" / link).exists()]
