"""The table of speed: ours against PyTorch, ONNX Runtime and bare interpreters, side by side in one run.

    pip install '.[bench]'
    python benchmarks/speed                # everything, about ten minutes on two idle cores
    python benchmarks/speed --quick        # a look, a minute or two
    python benchmarks/speed --plots docs   # also keep the scaling plot there

Every pair is ours, then theirs; the ratio is the median over the pairs, beside it the lowest and the highest.
Each part runs in processes of its own, kept on one core or on two. Peers that are not installed leave out
their part. --clock cpu counts processor time in the parts that run in one process on one core: for a machine
that others use, too.
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import measure

PARTS = ("steps", "scoring", "processes", "scaling")
PACKAGES = ("numpy", "pandas", "click", "torch", "onnxruntime")
KERNEL = (
    "import numpy, threadpoolctl as t; "
    "print(*(f\"{i['internal_api']} {i['version']}, kernel {i.get('architecture')}, \""
    " f\"{i['num_threads']} thread\" for i in t.threadpool_info() if i['user_api'] == 'blas'))"
)


def described() -> list[str]:
    """Machine and versions."""
    installed = []
    for name in PACKAGES:
        try:
            installed.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            installed.append(f"no {name}")
    kernel = subprocess.run(
        [sys.executable, "-c", KERNEL],
        env=measure.environment(1),
        capture_output=True,
        text=True,
        check=False,
    )
    blas = kernel.stdout.strip() or "BLAS not known: threadpoolctl is not installed"
    return [f"{measure.machine()}; Python {platform.python_version()}, {', '.join(installed)}", blas]


def results_of(part: str, cores: int, given: argparse.Namespace, folder: Path):
    """Rows and remarks of one part, as they come."""
    command = [sys.executable, str(measure.HERE / f"{part}.py"), "--folder", str(folder)]
    command += ["--cores", str(cores), "--pairs", str(given.pairs)] + ["--quick"] * given.quick
    if cores == 1 and part != "processes":
        command += ["--clock", given.clock]
    with subprocess.Popen(
        command, env=measure.environment(cores), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            yield json.loads(line)
        trouble = process.stderr.read().strip().splitlines()
    if process.returncode:
        reason = trouble[-1] if trouble else process.returncode
        yield {"remark": f"{part} on {cores} core(s) ended early: {reason}"}


def line(row: measure.Row) -> str:
    """One row of the table, in Markdown."""
    digits = 0 if row.unit == "MB" else 2 if row.unit == "s" else 1
    numbers = [f"{value:,.{digits}f} {row.unit}" for value in (row.ours, row.theirs)]
    spread = f"{row.least:.2f}..{row.most:.2f}"
    goal = "" if row.goal is None else f"{row.goal:g} {'met' if row.ratio <= row.goal else 'missed'}"
    cells = [row.work, row.against, str(row.cores), *numbers, f"{row.ratio:.2f}", spread, goal, row.note]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer shapes, rows and pairs")
    parser.add_argument("--pairs", type=int, default=None, help="of each measurement  [default: 5; quick: 2]")
    parser.add_argument("--only", action="append", choices=PARTS, help="leave out the other parts")
    parser.add_argument("--plots", type=Path, help="folder in which to keep the scaling plot")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    given = parser.parse_args()
    given.pairs = given.pairs or (2 if given.quick else 5)

    print(*described(), f"{given.pairs} pairs, {given.clock} time", "", sep="\n")
    print("| work | against | cores | ours | theirs | ratio | spread | goal | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    remarks = []
    with tempfile.TemporaryDirectory() as folder:
        for part in given.only or PARTS:
            for cores in (1,) if part == "scaling" else (1, 2):
                for found in results_of(part, cores, given, Path(folder)):
                    if "row" in found:
                        print(line(measure.Row(**found["row"])), flush=True)
                    elif found["remark"] not in remarks:
                        remarks.append(found["remark"])
        plot = Path(folder) / "speed-scaling.png"
        if given.plots and plot.exists():
            shutil.copy(plot, given.plots)
    print("", *remarks, sep="\n")
