"""Does an event tell the truth? On series whose faults are known: sensor, row and kind of what it quotes.

    python benchmarks/explanations.py FOLDER

Each folder below FOLDER with train.csv, test.csv and faults.csv counts; faults.csv has `first_row` and
`last_row` (both included, from 0), `sensor`, `kind` and `size_sd`. Counted is the first event of each fault:
is its guilty sensor the first it names, does the quoted row lie within the fault, and is the kind right? A
sensor that shows another day, or is frozen with its own noise, breaks with the others: `relation` is right,
and so is the way in which its reading departs, which depends on the hour.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from lstm_anomaly.decision.event import Event
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import read_csvs
from lstm_anomaly.training.train import learn

AFTERMATH = 30  # rows after a fault in which an event may still begin because of it
FIGURES = ("put", "found", "first", "within", "kind")


def told(folder: Path) -> Iterator[tuple[Any, Event | None]]:
    """Each fault of a folder, and the first event that it caused, None where it was not found."""
    train, test = (read_csvs([str(folder / f"{part}.csv")])[0] for part in ("train", "test"))
    events = detect(learn(clean(train)[0]), test).events
    for fault in pd.read_csv(folder / "faults.csv").itertuples():
        met = (e for e in events if e.start <= fault.last_row + AFTERMATH and e.end >= fault.first_row)
        yield fault, next(met, None)


def counted(fault: Any, event: Event | None) -> Counter[str]:
    """What is right about the event; nothing where there is none."""
    if event is None:
        return Counter(put=1)
    first = event.first
    if first is None:  # it names none
        return Counter(put=1, found=1)
    within = fault.first_row <= first.row <= fault.last_row
    kind = first.kind in right_kinds(fault.kind, fault.size_sd)
    return Counter(
        put=1, found=1, first=int(first.sensor == fault.sensor), within=int(within), kind=int(kind)
    )


def right_kinds(kind: str, size: float) -> tuple[str, ...]:
    """What may be said of a fault."""
    if kind in ("offset", "spike", "drift"):
        return ("up",) if size > 0 else ("down",)
    return {"stuck": ("flat",), "noise": ("noisy",)}.get(kind, ("relation", "up", "down", "flat"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    whole: Counter[str] = Counter()
    for path in sorted(parser.parse_args().folder.rglob("faults.csv")):
        figures = sum((counted(*pair) for pair in told(path.parent)), Counter[str]())
        whole += figures
        print(path.parent, *(f"{name} {figures[name]}" for name in FIGURES), flush=True)
    found = max(whole["found"], 1)
    shares = (f"{name} {whole[name]} ({whole[name] / found:.1%})" for name in FIGURES[2:])
    print(f"all: put {whole['put']}, found {found},", ", ".join(shares))


if __name__ == "__main__":
    main()
