"""Pages are true where a machine can tell: files exist, examples run, pictures are up to date."""

import re
from pathlib import Path

import numpy as np
import pytest
from pages import PAGES, blocks
from scripts import ROOT, load_script

FOLDERS = ("lstm_anomaly", "tests", "docs", "benchmarks", "sample_data")
FILES = {path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")}
FILES |= {Path(path.name) for path in ROOT.glob("*.*")}


def exists(name):
    """Whether a file or folder of the repository has this name, or one that ends in it: `network/lstm.py`."""
    parts = Path(name).parts
    return any(path.parts[-len(parts) :] == parts for path in FILES) or (ROOT / name).is_dir()


def missing(text):
    """Names of source files, pages and drawings in a text that are nowhere in the repository."""
    named = re.findall(r"(?<![\w*{])[\w./-]+\.(?:py|md|svg)\b", text)
    return [name for name in named if not exists(name)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page):
    assert not missing(page.read_text())


def test_files_that_the_code_names_exist():
    for path in (ROOT / "lstm_anomaly").rglob("*.py"):
        assert not missing(path.read_text()), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_folders_that_a_page_names_exist(page):
    named = re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*/)`", page.read_text())
    assert not [name for name in named if not (ROOT / name).is_dir()]


def anchors(page):
    """What a link may name behind `#`: the headings of a page, as GitHub and the site spell them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)", page.read_text(encoding="utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_that_is_named_is_linked(page):
    text = page.read_text(encoding="utf-8")
    names = {other.name for other in PAGES if other.parent.name == "docs"}
    assert not [name for name in re.findall(r"`(?:docs/)?([\w-]+\.md)`", text) if name in names]


def test_the_places_for_changes_exist_in_the_rooms_named():
    table = (ROOT / "docs" / "architecture.md").read_text().split("## If you want to change")[1]
    named = re.findall(r"`(\w+/[\w/.]*)`", table)
    assert len(named) > 10
    assert not [name for name in named if not (ROOT / "lstm_anomaly" / name).exists()]


def test_the_picture_of_the_architecture_is_up_to_date():
    script = load_script("docs/architecture_picture.py")
    assert script.PICTURE.read_text() == script.drawing(), "run: python docs/architecture_picture.py"


def test_examples_of_the_page_on_the_lstm_run():
    names: dict[str, object] = {}
    for _, block in blocks(ROOT / "docs" / "lstm.md", "python"):
        exec(block, names)
    assert names["outputs"].shape == (50, 32, 64)


def test_the_plain_lstm_learns_to_add_over_twelve_steps():
    script = load_script("docs/long_dependency.py")
    rng = np.random.default_rng(0)
    errors = list(script.learn(script.first_weights(rng), rng, 12, 300))
    assert errors[0] > 0.1  # always saying 1 has 0.167
    assert errors[-1] < 0.01


def test_the_fast_lstm_learns_what_the_plain_one_learns():
    script = load_script("docs/long_dependency.py")
    errors = []
    for fast in (False, True):
        rng = np.random.default_rng(1)
        errors += list(script.learn(script.first_weights(rng), rng, 10, 100, fast=fast))
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)


def test_marked_values_are_one_in_each_half_and_the_target_is_their_sum():
    x, sums = load_script("docs/long_dependency.py").sequences(np.random.default_rng(0), 6, 50)
    assert x.shape == (6, 2, 50)
    np.testing.assert_array_equal(x[:3, 1].sum(axis=0), np.ones(50))
    np.testing.assert_array_equal(x[3:, 1].sum(axis=0), np.ones(50))
    np.testing.assert_allclose(sums, (x[:, 0] * x[:, 1]).sum(axis=0))
