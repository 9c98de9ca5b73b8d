"""The container file: what a linter would say, and that it installs this program as it is."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from scripts import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def steps():
    """The instructions of the file, as pairs of a word and what it is about."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


def values(steps, word):
    return [value for name, value in steps if name == word]


def test_its_images_are_slim_and_of_a_python_that_is_tested(steps):
    tested = [name.rsplit(" ", 1)[1] for name in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", name)]
    for image in values(steps, "FROM"):
        version = re.match(r"python:(3\.\d+)-slim-[a-z]+( AS \w+)?$", image)
        assert version, image
        assert version[1] in tested


def test_it_runs_the_program_as_a_user_without_rights(steps):
    last = [name for name, _ in steps].index("FROM", 1)
    assert int(values(steps[last:], "USER")[-1]) >= 1000
    (entry,) = json.loads(values(steps, "ENTRYPOINT")[0])
    assert entry in PROJECT["scripts"]


def test_what_it_copies_is_there_and_nothing_else_is_sent(steps):
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    sent = [line[1:] for line in ignored if line.startswith("!")]
    copied = [one for line in values(steps, "COPY") if "--from" not in line for one in line.split()[:-1]]
    assert sorted(copied) == sorted(sent)
    assert all((ROOT / name).exists() for name in copied)
    needed = {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"}
    assert all(any(fnmatch.fnmatch(name, one) for one in copied) for name in needed)


def test_it_keeps_no_cache_and_no_tests_of_others(steps):
    (install,) = [line for line in values(steps, "RUN") if "pip install" in line]
    assert "--no-cache-dir" in install
    assert "-name tests" in install


def test_hadolint_has_nothing_to_say():
    beside = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if beside is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([beside, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
