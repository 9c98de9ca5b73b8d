"""How things are timed here, in pairs of ours and theirs, so that a busy moment hits both; rows of the table.

Imports nothing but the standard library: what is loaded here counts in the peak memory of what is started.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
# The first two, set for older OpenBLAS builds on some machines, slow a current NumPy. With the third our
# modules are compiled at every start, while those that pip installed are not.
UNWANTED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Row:
    """A line of the table: medians of ours and theirs, the median ratio of the pairs and its spread."""

    work: str
    against: str
    cores: int
    ours: float
    theirs: float
    ratio: float
    least: float
    most: float
    goal: float | None
    unit: str = "s"
    note: str = ""

    @classmethod
    def of(cls, work, against, cores, pairs, goal, unit="s", note=""):
        """From pairs of (ours, theirs)."""
        ratios = sorted(ours / theirs for ours, theirs in pairs)
        ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
        middle = statistics.median(ratios)
        return cls(work, against, cores, ours, theirs, middle, ratios[0], ratios[-1], goal, unit, note)


def tell(row: Row) -> None:
    """Hand a row to the process that prints the table."""
    print(json.dumps({"row": asdict(row)}), flush=True)


def remark(text: str) -> None:
    """Hand on a line to print below the table."""
    print(json.dumps({"remark": text}), flush=True)


CHOSEN = "SPEED_KERNEL"  # by which a part of the benchmark, and what it starts, knows the kernel


def environment(cores: int, kernel: str = "") -> dict[str, str]:
    """For a process that is measured: one BLAS thread in ours, where processes share the work.

    `kernel` is OpenBLAS's: by default that of the process that asks, or the one that OpenBLAS chooses.
    """
    kernel = kernel or os.environ.get(CHOSEN, "")
    kept = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    threads = {"OMP_NUM_THREADS": str(cores), "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    chosen = {CHOSEN: kernel, "OPENBLAS_CORETYPE": kernel} if kernel else {}
    return {**kept, **threads, **chosen, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent.parent)])}


def pin(cores: int) -> None:
    """Keep this process, and those it starts, on so many processor cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


def seconds(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Of one run."""
    began = clock()
    run()
    return clock() - began


def median_seconds(run: Callable[[], object], count: int, clock: Callable[[], float]) -> float:
    """Of `count` runs the middle one."""
    return statistics.median(seconds(run, clock) for _ in range(count))


def options(docstring: str) -> argparse.Namespace:
    """What every part of the benchmark is told on its command line."""
    parser = argparse.ArgumentParser(description=docstring)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--folder", type=Path, default=Path())
    return parser.parse_args()


def clock_of(given: argparse.Namespace) -> Callable[[], float]:
    """Wall time, or processor time for one core of a machine that others use too."""
    return time.process_time if given.clock == "cpu" else time.perf_counter


def machine() -> str:
    """Processor and cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        cpu = sys.platform
    return f"{cpu}, {os.cpu_count()} cores"
