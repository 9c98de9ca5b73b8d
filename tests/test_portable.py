"""`make portable` says honestly what was run, what failed and what was not run."""

import os
import sys
import tomllib

import pytest
from kernels import kernel_at_work
from scripts import load_script

portable = load_script("tests/portable.py")

needs_openblas = pytest.mark.skipif(kernel_at_work() is None, reason="NumPy is not linked to OpenBLAS here")


def test_a_lower_bound_is_the_lowest_version_that_it_allows(root):
    asked = tomllib.loads((root / "pyproject.toml").read_text())["project"]["dependencies"]
    lowest = portable.requirements(lowest=True)
    assert [text.replace("==", ">=") for text in lowest] == asked
    assert portable.lower_bound("python-dateutil>=2.9.0") == "python-dateutil==2.9.0"
    with pytest.raises(ValueError, match="no lower bound"):
        portable.lower_bound("numpy!=2.1")


@pytest.fixture
def one_test(tmp_path, monkeypatch):
    """A test file in the place of the numeric tests."""

    def make(text):
        (tmp_path / "test_it.py").write_text(text)
        monkeypatch.setattr(portable, "NUMERIC", (str(tmp_path / "test_it.py"),))

    return make


@needs_openblas
def test_a_kernel_is_at_work_in_the_tests_that_are_run_under_it(one_test):
    kernel = kernel_at_work()
    one_test(f"from kernels import *\ndef test_it(): assert kernel_at_work() == {kernel!r}")
    outcome = portable.of_kernel(kernel)
    assert (outcome.state, outcome.what[:8]) == ("passed", "1 passed"), outcome.output


@needs_openblas
def test_a_kernel_under_which_a_test_fails_is_a_failure(one_test):
    one_test("def test_it(): assert 1 == 2")
    outcome = portable.of_kernel(kernel_at_work())
    assert (outcome.state, outcome.what[:8]) == ("FAILED", "1 failed")
    assert "assert 1 == 2" in outcome.output


@needs_openblas
def test_a_kernel_missing_in_openblas_is_skipped_naming_the_one_it_took():
    outcome = portable.of_kernel("NoSuchKernel")
    assert outcome.state == "skipped"
    assert f"takes {kernel_at_work()} in its place" in outcome.what


def test_a_kernel_that_the_processor_cannot_run_is_skipped(monkeypatch):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
    monkeypatch.setattr(portable, "PROBE", code)
    assert portable.of_kernel("Haswell").what == "this processor cannot run it"


def test_an_interpreter_that_only_says_that_there_is_none_is_none(tmp_path):
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\necho not installed >&2\nexit 127\n")
    shim.chmod(0o755)
    assert not portable.is_python(str(shim), "3.99")
    assert not portable.is_python(None, "3.99")
    assert portable.is_python(sys.executable, portable.running())


def test_a_python_that_is_not_there_is_skipped(monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    assert portable.of_versions("3.99", lowest=False).state == "skipped"


def test_the_exit_status_is_1_when_one_of_them_failed(monkeypatch, capsys):
    def job(name, state):
        return portable.Job(name, lambda: portable.Outcome(state, "what", "the output"))

    monkeypatch.setattr(portable, "jobs", lambda: [job("a", "passed"), job("b", "skipped")])
    assert portable.main() == 0
    monkeypatch.setattr(portable, "jobs", lambda: [job("a", "FAILED"), job("b", "passed")])
    assert portable.main() == 1
    assert capsys.readouterr().out.count("the output") == 1


def test_all_that_is_to_be_run_is_there(root):
    assert all((root / path).is_file() for path in portable.NUMERIC)
    names = [job.name for job in portable.jobs()]
    assert len(names) == len(set(names))
    assert {"lowest versions, Python 3.11", "Python 3.14"} <= set(names)
