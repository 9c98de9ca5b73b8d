"""A logger whose file is rotated in many ways, runs of `detect` on it, and what a plain reader finds."""

import bz2
import csv
import gzip
import json
import lzma
import os
import re
import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from conftest import csv_text, normal_values
from forked import DIED, in_child

from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.reading import follow
from lstm_anomaly.reading.lines import part, tail

NAMES = ("time", "temp_c", "pressure_bar", "flow")
HEADER = ",".join(NAMES) + "\n"
OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
MINUTE = 60_000_000_000


@dataclass
class Logger:
    """Writes rows with a time stamp each into `path`; `written` has the stamps of those that are complete.

    now    what its clock says, ns since 1970; files have their times by it
    dead   files that were deleted
    """

    path: Path
    rng: np.random.Generator
    now: int = int(np.datetime64("2026-03-01T00:00", "ns").astype(np.int64))
    names: tuple[str, ...] = NAMES
    written: list[str] = field(default_factory=list)
    at: int = 0  # place in the file, for a writer that does not append
    appends: bool = True
    half: str = ""
    rows: int = 0

    def __post_init__(self) -> None:
        values = normal_values(4000, seed=int(self.rng.integers(100)))
        values[np.arange(len(values)) % 60 >= 54, 0] += 6  # six rows of each hour
        self.values = values
        self.text: dict[str, str] = {}
        self.begin()

    def begin(self) -> None:
        """A new file with its header."""
        self.path.write_text(",".join(self.names) + "\n")
        self.at = self.path.stat().st_size
        self.touch()

    def touch(self) -> None:
        os.utime(self.path, ns=(self.now, self.now))

    def line(self) -> str:
        stamp = str(np.datetime64(self.now, "ns").astype("M8[s]")).replace("T", " ")
        cells = dict(zip(NAMES, [stamp, *(f"{v:.4f}" for v in self.values[self.rows])], strict=True))
        self.text[stamp] = ",".join(cells.values())
        return ",".join(cells.get(name, "7") for name in self.names) + "\n"

    def append(self, rows: int, *, half: bool = False) -> None:
        """Write rows, one a minute; with `half` the last one only in part, and its rest with the next."""
        for k in range(rows):
            text = self.half or self.line()
            if half and k == rows - 1 and not self.half:
                cut = int(self.rng.integers(1, len(text) - 1))
                self.put(text[:cut])
                self.half = text[cut:]
                break
            self.put(text)
            self.half = ""
            self.written.append(list(self.text)[-1])
            self.rows += 1
            self.now += MINUTE

    def put(self, text: str) -> None:
        with self.path.open("r+") as file:
            file.seek(0, os.SEEK_END) if self.appends else file.seek(self.at)
            file.write(text)
            self.at = file.tell()
        self.touch()

    def forget_half(self, *, end: str = "") -> None:
        """What was half written is lost; the next row begins a line, in this file behind `end`."""
        if self.half:
            self.put(end)
            self.half = ""
            self.rows += 1
            self.now += MINUTE


class Plant:
    """A logger and the runs of `detect` on its file, in a folder of its own."""

    def __init__(self, folder: Path, model: Path, seed: int, **of_logger: object) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.model = model
        self.rng = np.random.default_rng(seed)
        self.log = Logger(folder / "plant.csv", self.rng, **of_logger)
        self.generation = 0
        self.gaps: list[tuple[str, str]] = []
        self.more: tuple[str, ...] = ()
        self.troubles: list[str] = []
        self.dropped_from = len(self.log.written)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def arguments(self, name: str = "plant.csv", at: str = "") -> list[str]:
        to = {what: str(self.folder / f"{at}{what}") for what in ("state", "scores.csv", "told")}
        page = f"sh -c {shlex.quote('cat >> ' + shlex.quote(to['told']))}"
        words = ["detect", str(self.folder / name), "--model", str(self.model), "--state", to["state"]]
        return [*words, "--scores", to["scores.csv"], "--exec", page, *self.more]

    def call(self, *arguments: str) -> int:
        result = CliRunner().invoke(app, list(arguments))
        self.stderr = result.stderr
        return result.exit_code

    def run(self) -> None:
        """One whole run, of which gaps are noted and trouble is not expected."""
        status = self.call(*self.arguments())
        self.gaps += re.findall(
            r"rows may be missing between the last row read (?:\((.*?)\) )?and this one \((.*?)\)",
            self.stderr,
        )
        if status not in (0, 1):
            self.troubles.append(f"exit status {status}: {self.stderr}")

    def run_that_dies(self, seconds: float) -> bool:
        return in_child(lambda: self.call(*self.arguments()), dies_after=seconds) is DIED

    def run_without_room(self, most: int) -> None:
        in_child(lambda: self.call(*self.arguments()), file_limit=most)

    def faults(self, *, once: bool = True) -> list[str]:
        """What a plain reader of all files finds wrong with what the runs left; nothing when all is right.

        once   whether each event must have been told once, rather than at least once
        """
        with (self.folder / "scores.csv").open() as file:
            scored = list(csv.DictReader(file))
        stamps = [row["timestamp"] for row in scored]
        counts = Counter(stamps)
        found = list(self.troubles)
        lost = [stamp for stamp in self.log.written if stamp not in counts]
        doubled = [stamp for stamp, count in counts.items() if count > 1]
        found += [f"{len(doubled)} rows doubled, the first {doubled[0]}"] if doubled else []
        found += self._untold(lost, stamps)
        there = [stamp for stamp in self.on_disk() if stamp not in counts]
        found += [f"{len(there)} rows lost that are there, the first {there[0]}"] if there else []
        found += [f"row {stamp} was never written" for stamp in counts if stamp not in self.log.text]
        kept = set(self.log.written) - set(lost)
        if not doubled and stamps != [stamp for stamp in self.log.written if stamp in kept]:
            found.append("rows are in another order")
        return found or self._unlike_one_run(scored, once=once)

    def _untold(self, lost: list[str], stamps: list[str]) -> list[str]:
        """Stretches of lost rows on whose sides no gap was told."""
        sides = set(self.gaps)
        lost_ones, found, before = set(lost), [], ""
        after_of = iter([*self.log.written])
        stretch = 0
        for stamp in after_of:
            if stamp in lost_ones:
                stretch += 1
                continue
            if stretch and (before, stamp) not in sides:
                found.append(f"{stretch} rows lost between {before} and {stamp}, and not told")
            stretch, before = 0, stamp
        return found + ([f"{stretch} rows lost at the end"] if stretch else [])

    def on_disk(self) -> set[str]:
        """The stamps of all complete rows in all files that are there."""
        stamps = set()
        for file in self.folder.rglob("*plant*"):
            opener = OPENERS.get(file.suffix, open)
            try:
                with opener(file, "rb") as data:
                    text = data.read().decode()
            except EOFError:  # cut, beside a whole one
                continue
            for line in text.split("\n")[:-1]:
                stamps |= {cell for cell in line.strip("\0").split(",") if cell in self.log.text}
        return stamps & set(self.log.written)

    def _unlike_one_run(self, scored: list[dict[str, str]], *, once: bool) -> list[str]:
        """How scores and events differ from those of one run over the same rows."""
        lines = [self.log.text[row["timestamp"]] for row in scored]
        (self.folder / "whole").mkdir()
        (self.folder / "whole" / "plant.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines))
        self.more = ()
        status = self.call(*self.arguments("whole/plant.csv", "whole/"))
        found = [] if status in (0, 1) else [f"one run ends with {status}: {self.stderr}"]
        with (self.folder / "whole" / "scores.csv").open() as file:
            whole = list(csv.DictReader(file))
        other = [
            one["timestamp"]
            for one, row in zip(whole, scored, strict=True)
            if (one["score"], one["state"]) != (row["score"], row["state"])
        ]
        found += [f"{len(other)} scores are others, the first at {other[0]}"] if other else []
        ours, theirs = (self._told(self.folder / at / "told") for at in ("", "whole"))
        found += [f"an event at {start} is {n} times told" for start, n in ours.items() if once and n > 1]
        if set(ours) != set(theirs):
            found.append(f"events at {sorted(ours)}, and in one run at {sorted(theirs)}")
        return found

    @staticmethod
    def _told(path: Path) -> Counter[str]:
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(json.loads(line)["start"] for line in lines)


def numbered(plant: Plant, form: str, packing: str = "", *, keep: int = 99) -> None:
    """Rename the file to number 1, and those before it one further; those beyond `keep` go."""
    plant.log.forget_half()

    def name(number: int) -> Path:
        return plant.folder / form.format(number)

    for number in range(keep, 0, -1):
        for ending in ("", *OPENERS):
            old = Path(f"{name(number)}{ending}")
            if old.exists():
                new = Path(f"{name(number + 1)}{ending}")
                old.unlink() if number == keep else old.rename(new)
    plant.log.path.rename(name(1))
    pack(name(1), packing)
    plant.log.begin()


def dated(plant: Plant, form: str, packing: str = "") -> None:
    """Rename the file to a name with a date, a later one each time."""
    plant.log.forget_half()
    plant.generation += 1
    day = np.datetime64("2026-02-25") + np.timedelta64(plant.generation, "D")
    year, month, number = str(day).split("-")
    target = plant.folder / form.format(y=year, m=month, d=number, h=f"{plant.generation % 24:02}")
    target.parent.mkdir(exist_ok=True)
    plant.log.path.rename(target)
    pack(target, packing)
    plant.log.begin()


def pack(path: Path, packing: str, *, keep: bool = False) -> None:
    """Pack a file as gzip and its like do, which gives the archive the times of the file."""
    if not packing:
        return
    times = path.stat().st_mtime_ns
    archive = Path(f"{path}{packing}")
    with OPENERS[packing](archive, "wb") as file:
        file.write(path.read_bytes())
    os.utime(archive, ns=(times, times))
    if not keep:
        path.unlink()


def copy_truncate(plant: Plant) -> None:
    """Copy the file to number 1 and cut it to nothing."""
    plant.log.forget_half()
    for number in range(99, 0, -1):
        old = plant.folder / f"plant.csv.{number}"
        if old.exists():
            old.rename(plant.folder / f"plant.csv.{number + 1}")
    copy = plant.folder / "plant.csv.1"
    copy.write_bytes(plant.log.path.read_bytes())
    plant.log.now += MINUTE // 60
    os.utime(copy, ns=(plant.log.now, plant.log.now))
    os.truncate(plant.log.path, 0)
    if plant.log.appends:
        plant.log.begin()


def moves_on(plant: Plant, monkeypatch, happening, times: int) -> None:
    """While the next run reads, the file is rotated so many times, at moments that the seed chooses."""
    monkeypatch.setattr(follow, "HEAD_BYTES", 700)
    monkeypatch.setattr(follow, "BLOCK_BYTES", 500)
    left = [times]

    def disturbed(function):
        def call(*args, **named):
            if left[0] and plant.chance(0.3):
                left[0] -= 1
                happening()
                plant.log.append(int(plant.rng.integers(1, 20)))
            return function(*args, **named)

        return call

    monkeypatch.setattr(part.Part, "read", disturbed(part.Part.read))
    monkeypatch.setattr(tail, "siblings", disturbed(tail.siblings))
    monkeypatch.setattr(tail, "open_part", disturbed(tail.open_part))


def model_for(folder: Path) -> Path:
    """A small linear model of the logger's sensors."""
    (folder / "normal.csv").write_text(csv_text(normal_values(900)))
    words = ["train", folder / "normal.csv", "--model", folder / "linear.model", "--window", "8"]
    words += ["--model-kind", "linear", "--threshold", "3"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return folder / "linear.model"
