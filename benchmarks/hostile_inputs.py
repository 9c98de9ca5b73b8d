"""Time and memory of `train` on files made to break a reader (tests/hostile_files.py), a process each.

    python benchmarks/hostile_inputs.py --bombs 240 --bombs 4096

Each should end in one line and exit status 2, in under 2 seconds of processor time and 300 MB; the
program's start is in both figures. Bombs hold so many MiB of text.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

MAKER = Path(__file__).parent.parent / "tests" / "hostile_files.py"


def run(path: Path, output: Path) -> tuple[int, float, float]:
    """Exit status, processor seconds, and most memory in MB of one training."""
    with output.open("wb") as file:
        command = [sys.executable, "-m", "lstm_anomaly", "train", path.name, "--model", "x.model"]
        process = subprocess.Popen(command, cwd=path.parent, stdout=file, stderr=file)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(megabytes: int, pattern: str) -> None:
    """Print a line for each file whose name fits the pattern."""
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as output:
        subprocess.run([sys.executable, MAKER, folder, str(megabytes << 20)], check=True)
        print(f"bombs of {megabytes} MiB", flush=True)
        for path in sorted(Path(folder).glob(pattern)):
            status, seconds, memory = run(path, Path(output.name))
            lines = Path(output.name).read_text().splitlines()
            print(
                f"{path.name:28} exit {status}  {len(lines)} line  {seconds:5.2f} s  {memory:4.0f} MB"
                f"  {''.join(lines[-1:])[21:]}",
                flush=True,
            )


def main() -> None:
    """All files with bombs of the first size, then the bombs alone of each further one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bombs", type=int, action="append", metavar="MIB")
    for nth, megabytes in enumerate(parser.parse_args().bombs or [240]):
        measure(megabytes, "bomb*" if nth else "*")


if __name__ == "__main__":
    main()
