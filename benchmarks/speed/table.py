"""The table of speed: ours against PyTorch, ONNX Runtime and bare interpreters, side by side in one run.

    pip install '.[bench]'
    python benchmarks/speed                # everything, about ten minutes on two idle cores
    python benchmarks/speed --quick        # a look, a minute or two
    python benchmarks/speed --plots docs   # also keep the scaling plot there
    python benchmarks/speed --kernels      # a table for each of OpenBLAS's kernels that users have

Every pair is ours, then theirs; the ratio is the median over the pairs, beside it the lowest and the highest.
Each part runs in processes of its own, kept on one core or on two. Peers that are not installed leave out
their part. --clock cpu counts processor time in the parts that run in one process on one core: for a machine
that others use, too. PyTorch and ONNX Runtime run kernels of their own, whatever OpenBLAS is told.
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
FAMILIES = {
    "Nehalem": "SSE4",
    "Sandybridge": "AVX",
    "Haswell": "AVX2",
    "SkylakeX": "AVX-512",
    "ARMV8": "Neon",
    "NEOVERSEN1": "Neon",
}
USUAL = ("Haswell", "SkylakeX", "NEOVERSEN1")  # that users' machines choose by themselves
KERNEL = (
    "import numpy, threadpoolctl as t; "
    "print(*(f\"{i['internal_api']} {i['version']}, kernel {i.get('architecture')}, \""
    " f\"{i['num_threads']} thread\" for i in t.threadpool_info() if i['user_api'] == 'blas'))"
)


def blas(kernel: str = "") -> str:
    """Name, version, kernel and threads of the BLAS that NumPy uses when it is told to use `kernel`."""
    found = subprocess.run(
        [sys.executable, "-c", KERNEL],
        env=measure.environment(1, kernel),
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "BLAS not known: threadpoolctl is not installed"


def runs_here(kernel: str) -> bool:
    """Whether the processor can run a kernel: OpenBLAS takes another one where it cannot."""
    return f"kernel {kernel}," in blas(kernel)


def described() -> list[str]:
    """Machine and versions."""
    installed = []
    for name in PACKAGES:
        try:
            installed.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            installed.append(f"no {name}")
    return [f"{measure.machine()}; Python {platform.python_version()}, {', '.join(installed)}"]


def results_of(part: str, cores: int, given: argparse.Namespace, folder: Path, kernel: str = ""):
    """Rows and remarks of one part, as they come."""
    command = [sys.executable, str(measure.HERE / f"{part}.py"), "--folder", str(folder)]
    command += ["--cores", str(cores), "--pairs", str(given.pairs)] + ["--quick"] * given.quick
    if cores == 1 and part != "processes":
        command += ["--clock", given.clock]
    with subprocess.Popen(
        command,
        env=measure.environment(cores, kernel),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
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


def table(given: argparse.Namespace, kernel: str = "") -> list[measure.Row]:
    """Print the table of one kernel, and the remarks below it; its rows."""
    print(blas(kernel), "", sep="\n")
    print("| work | against | cores | ours | theirs | ratio | spread | goal | |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    rows: list[measure.Row] = []
    remarks: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for part in given.only or PARTS:
            for cores in (1,) if part == "scaling" else given.cores:
                for found in results_of(part, cores, given, Path(folder), kernel):
                    if "row" in found:
                        rows.append(measure.Row(**found["row"]))
                        print(line(rows[-1]), flush=True)
                    elif found["remark"] not in remarks:
                        remarks.append(found["remark"])
        plot = Path(folder) / "speed-scaling.png"
        if given.plots and plot.exists():
            shutil.copy(plot, given.plots)
    print("", *remarks, "", sep="\n")
    return rows


def beside(tables: dict[str, list[measure.Row]]) -> list[str]:
    """The ratios of several kernels beside each other, in Markdown; a kernel without a row has a gap."""
    ratios: dict[tuple[str, str, int], dict[str, float]] = {}
    for kernel, rows in tables.items():
        for row in rows:
            ratios.setdefault((row.work, row.against, row.cores), {})[kernel] = row.ratio
    names = [f"{kernel} ({FAMILIES[kernel]})" if kernel in FAMILIES else kernel for kernel in tables]
    lines = [f"| work | against | cores | {' | '.join(names)} |", "|---|---|---|" + "---|" * len(names)]
    for (work, against, cores), found in ratios.items():
        cells = [f"{found[kernel]:.2f}" if kernel in found else "" for kernel in tables]
        lines.append(f"| {work} | {against} | {cores} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer shapes, rows and pairs")
    parser.add_argument("--pairs", type=int, default=None, help="of each measurement  [default: 5; quick: 2]")
    parser.add_argument("--only", action="append", choices=PARTS, help="leave out the other parts")
    parser.add_argument("--cores", type=int, nargs="+", default=(1, 2), help="[default: 1 2]")
    parser.add_argument("--plots", type=Path, help="folder in which to keep the scaling plot")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument(
        "--kernels",
        nargs="*",
        metavar="NAME",
        help=f"OpenBLAS's kernels, a table each  [without names: {', '.join(USUAL)}, if they run here]",
    )
    given = parser.parse_args()
    given.pairs = given.pairs or (2 if given.quick else 5)

    print(*described(), f"{given.pairs} pairs, {given.clock} time", "", sep="\n")
    if given.kernels is None:
        table(given)
        return
    tables: dict[str, list[measure.Row]] = {}
    for kernel in given.kernels or USUAL:
        if runs_here(kernel):
            tables[kernel] = table(given, kernel)
        else:
            print(f"skipped: this machine does not run the kernel {kernel}", "", sep="\n")
    print(*beside(tables), sep="\n")
