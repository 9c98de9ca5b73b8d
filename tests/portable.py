"""`make portable`: numeric tests under each OpenBLAS kernel, the lowest versions allowed, and each Python.

Kernels add up the terms of a product in other orders, and some of them in another order where a column stands
elsewhere: what holds under one need not hold under another. So does what an old NumPy or a new Python does.

Prints a line for each, also for those that this machine cannot run. The exit status is 1 when any failed.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENTS = ROOT / ".venv" / "portable"  # one folder for each set of versions; `make clean` removes it
QUICK = ("--epochs", "2", "--hidden", "8", "--window", "8", "--preset", "fast")
FIRST_ROWS, ALL_ROWS = 200, 400  # of the input that grows between two runs with a state

# What computes: products, networks, scores and their files; and times, of which NumPy's rules change.
NUMERIC = (
    "tests/network/test_autoencoder.py",
    "tests/scoring/test_components.py",
    "tests/network/test_following.py",
    "tests/network/test_forecaster.py",
    "tests/model/test_golden_scores.py",
    "tests/model/test_judge.py",
    "tests/network/test_linear.py",
    "tests/network/test_lstm.py",
    "tests/model/test_file.py",
    "tests/network/test_optim.py",
    "tests/network/test_regression.py",
    "tests/network/test_segment_lstm.py",
    "tests/network/test_sliding_windows.py",
    "tests/network/test_symbols.py",
    "tests/scoring/test_states.py",
    "tests/scoring/test_symbols.py",
    "tests/network/test_products.py",
    "tests/base/test_container.py",
    "tests/reading/test_strict_time.py",
    "tests/reading/test_timestamps.py",
)
KERNELS = {
    "x86_64": (
        "Prescott",
        "Nehalem",
        "Sandybridge",
        "Haswell",
        "Zen",
        "SkylakeX",
        "Cooperlake",
        "SapphireRapids",
    ),
    "aarch64": ("ARMV8", "CORTEXA57", "CORTEXA72", "NEOVERSEN1", "NEOVERSEV1", "NEOVERSEN2", "ARMV8SVE"),
}
ALIASES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TOOLS = ("hypothesis", "pytest")

# Products of several shapes: a kernel that the processor cannot run ends the process here, and not in a test.
PROBE = """
import numpy as np
from kernels import kernel_at_work
for dtype in (np.float32, np.float64):
    for size in (1, 7, 64, 200):
        a = np.ones((size, size), dtype)
        a @ a, a @ a[0], a[0] @ a[0], np.linalg.eigh(a)
print(kernel_at_work())
"""


@dataclass(frozen=True)
class Outcome:
    """What came of one kernel, or of one set of versions.

    state   "passed", "FAILED" or "skipped"
    what    pytest's closing line, or why it was skipped
    output  of what failed
    """

    state: str
    what: str
    output: str = ""


@dataclass(frozen=True)
class Job:
    """A line of the table: its name, and what is to be done for it."""

    name: str
    run: Callable[[], Outcome]


def environment(**more: str) -> dict[str, str]:
    """The environment of a process: no kernel asked for unless by `more`, and the sources to import from."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return {**kept, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "110", **more}


def call(*args: str | Path, cwd: Path = ROOT, **more: str) -> tuple[int, str]:
    """Exit status and output of a process."""
    done = subprocess.run(
        list(map(str, args)),
        cwd=cwd,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def numeric_tests(python: str | Path, **more: str) -> Outcome:
    """The numeric tests, run by an interpreter."""
    status, output = call(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *NUMERIC, **more)
    closing = output.strip().rpartition("\n")[2]
    return Outcome("FAILED" if status else "passed", closing or f"exit status {status}", output)


def of_kernel(kernel: str) -> Outcome:
    """The numeric tests under a kernel, if OpenBLAS takes it: in silence it takes another one otherwise."""
    status, output = call(sys.executable, "-c", PROBE, OPENBLAS_CORETYPE=kernel)
    found = output.strip().rpartition("\n")[2]
    if status < 0:
        return Outcome("skipped", "this processor cannot run it")
    if status:
        return Outcome("FAILED", "the kernel could not be asked for", output)
    if found == "None":
        return Outcome("skipped", "NumPy is not linked to OpenBLAS here")
    if found != kernel.lower():
        return Outcome("skipped", f"OpenBLAS takes {found} in its place, on this processor or in this build")
    return numeric_tests(sys.executable, OPENBLAS_CORETYPE=kernel)


def requirements(lowest: bool) -> list[str]:
    """What `pyproject.toml` asks for at run time; the lowest versions of it, if those are wanted."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [lower_bound(text) for text in asked] if lowest else asked


def lower_bound(requirement: str) -> str:
    """`numpy>=1.26` as `numpy==1.26`."""
    found = re.fullmatch(r"([\w.-]+)>=([\d.]+)", requirement)
    if not found:
        raise ValueError(f"{requirement!r} has no lower bound that is understood here")
    return f"{found[1]}=={found[2]}"


def of_versions(version: str, lowest: bool) -> Outcome:
    """Commands and numeric tests under a Python, with the lowest versions or the newest."""
    if version == running() and not lowest:
        return Outcome("skipped", "it is the Python that the kernels were run with")
    interpreter = next(interpreters(version), None)
    if interpreter is None:
        return Outcome("skipped", "not on this machine, and no uv that could install it")
    folder = ENVIRONMENTS / f"{version}{'-lowest' if lowest else ''}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    failed = set_up(interpreter, folder, python, requirements(lowest)) or commands_fail(python)
    if failed:
        return failed
    outcome = numeric_tests(python)
    return Outcome(outcome.state, f"commands and {outcome.what} ({versions(python)})", outcome.output)


def running() -> str:
    """The version of this Python, as in `PYTHONS`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreters(version: str) -> Iterator[str]:
    """Interpreters of a version that work: on the path, pyenv's, and one that uv has or can install."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, shutil.which(f"python{version}")]
    candidates += sorted(map(str, pyenv.glob(f"{version}[.-]*/bin/python{version}")), reverse=True)
    yield from filter(lambda path: is_python(path, version), candidates)
    if uv := shutil.which("uv"):
        call(uv, "python", "install", version)
        status, output = call(uv, "python", "find", version)
        if not status and is_python(output.strip(), version):
            yield output.strip()


def is_python(path: str | None, version: str) -> bool:
    """Whether an interpreter of this version is there; pyenv has scripts that only say that there is none."""
    code = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
    return bool(path) and call(str(path), "-c", code) == (0, f"{version}\n")


def set_up(interpreter: str, folder: Path, python: Path, wanted: list[str]) -> Outcome | None:
    """Make the virtual environment, unless it is there; what failed, if anything did."""
    note, text = folder / "installed.txt", "\n".join([*wanted, *TOOLS])
    if note.exists() and note.read_text() == text:
        return None
    install = (
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--only-binary",
        ":all:",
    )
    for step in ((interpreter, "-m", "venv", "--clear", folder), (*install, *wanted, *TOOLS)):
        status, output = call(*step)
        if status:
            return Outcome("FAILED", "its packages could not be installed", output)
    note.write_text(text)
    return None


def commands_fail(python: Path) -> Outcome | None:
    """The commands once, on the sample data, with warnings as errors; what failed, if anything did."""
    sample = ROOT / "sample_data"
    lines = (sample / "week.csv").read_text().splitlines(keepends=True)
    detect = ("detect", "new.csv", "--model", "m", "--exit-zero")
    runs: list[tuple[int, tuple[str, ...]]] = [
        (FIRST_ROWS, ("train", str(sample / "normal.csv"), "--model", "m", *QUICK)),
        (FIRST_ROWS, ("inspect", "m")),
        (FIRST_ROWS, ("calibrate", "m", str(sample / "normal.csv"))),
        (FIRST_ROWS, detect),
        (FIRST_ROWS, (*detect, "--state", "state", "--scores", "scores.csv")),
        (ALL_ROWS, (*detect, "--state", "state", "--scores", "scores.csv")),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows, run in runs:
            (folder / "new.csv").write_text("".join(lines[: 1 + rows]))
            status, output = call(python, "-W", "error", "-m", "lstm_anomaly", *run, cwd=folder)
            if status:
                return Outcome("FAILED", f"{' '.join(run)}: exit status {status}", output)
        scored = (folder / "scores.csv").read_text().count("\n") - 1
    if scored != ALL_ROWS:
        return Outcome("FAILED", f"{scored} rows were scored of {ALL_ROWS} in two runs with a state")
    return None


def versions(python: Path) -> str:
    """The versions that were installed of what `pyproject.toml` asks for."""
    names = [re.split(r"\W", text)[0] for text in requirements(lowest=False)]
    code = f"import importlib.metadata as m; print(*(f'{{n}} {{m.version(n)}}' for n in {names}), sep=', ')"
    return call(python, "-c", code)[1].strip()


def jobs() -> list[Job]:
    """All lines of the table."""
    machine = platform.machine().lower()
    kernels = KERNELS.get(ALIASES.get(machine, machine), ())
    return [
        *(Job(f"kernel {kernel}", lambda kernel=kernel: of_kernel(kernel)) for kernel in kernels),
        Job(f"lowest versions, Python {PYTHONS[0]}", lambda: of_versions(PYTHONS[0], lowest=True)),
        *(
            Job(f"Python {version}", lambda version=version: of_versions(version, lowest=False))
            for version in PYTHONS
        ),
    ]


def main() -> int:
    """Do all jobs, as many at a time as there are processor cores, and print the table."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    failed = []
    with ThreadPoolExecutor(cores) as pool:
        running = [(job, pool.submit(job.run)) for job in jobs()]
        for job, future in running:
            outcome = future.result()
            print(f"{job.name:29} {outcome.state:8} {outcome.what}", flush=True)
            if outcome.state == "FAILED":
                failed.append((job, outcome))
    for job, outcome in failed:
        print(f"\n{job.name}\n{outcome.output[-6000:]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
