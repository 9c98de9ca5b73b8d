"""How well are wrong sequences of symbols found, in two sets of logs, a bracket language, and plants?

    python benchmarks/symbols.py DATA [--only hdfs] [--seeds 1]

DATA holds `hdfs-train.csv`, `hdfs-test.csv`, `openstack-train.csv` and `openstack-test.csv` with the columns
`session`, `event` and, to test on, `label` (1: the whole session is anomalous), made from the sequences of
the HDFS and OpenStack logs that ait-aecid/anomaly-detection-log-datasets publishes. A session's score is that
of its highest row. `brackets` are made here: 1,000 jobs begin with one of six recipes, go on with 20 to 60
steps that tell nothing, and end with the mark of their recipe, in half of the test jobs with that of another
one: an n-gram cannot know. `plants` are ten sensor files of two weeks with a column of states; in a week of
new rows the valve opens before the pump starts, once. Models are trained and judge as on the command line.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Codebook, FloatArray, SensorFrame, SymbolColumns
from lstm_anomaly.commands.run.load import for_model
from lstm_anomaly.detecting.batch import detect
from lstm_anomaly.detecting.stream import Watcher, watch
from lstm_anomaly.evaluation.ranking import auc_roc
from lstm_anomaly.model.model import Model
from lstm_anomaly.preparing.clean import clean
from lstm_anomaly.reading import CsvReader, ReadOptions, join_frames, read_csvs, settle_empty
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

KINDS = {"n-gram": "linear", "LSTM": "lstm", "better": "auto"}
RECIPES, STEPS, DELAYS, JOBS = 6, 8, (20, 60), 1000
CYCLE = {"IDLE": (15, 40), "PUMP_ON": (4, 8), "VALVE_OPEN": (3, 6), "FILLING": (15, 25), "DRAIN": (10, 18)}
PLANTS = 10
ROWS_A_DAY = 1440
WITHIN = 20  # rows after the wrong order in which it must be found

Rng = np.random.Generator


@dataclass(frozen=True)
class Figures:
    """What a model makes of sessions, and how long it takes.

    auc          of the sessions' scores; at_1 the share found where 1 % of normal ones are flagged
    found, false  shares of anomalous and normal sessions flagged by the model's own threshold
    seconds      of training, on a processor core; rate symbols judged a second, likewise
    """

    auc: float
    at_1: float
    found: float
    false: float
    seconds: float
    rate: float

    def __str__(self) -> str:
        return (
            f"| {self.auc:.4f} | {100 * self.at_1:.1f} % | {100 * self.found:.1f} %"
            f" | {100 * self.false:.2f} % | {self.seconds:.1f} | {self.rate:,.0f} |"
        )


def of_sessions(
    scores: FloatArray, sessions: NDArray[np.object_], labels: NDArray[np.int64]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """The highest score and the label of each session, (S,) each."""
    starts = np.flatnonzero(np.append(True, sessions[1:] != sessions[:-1]))
    return np.maximum.reduceat(scores, starts), labels[starts]


def figures(model: Model, seconds: float, rows: SensorFrame, labels: NDArray[np.int64]) -> Figures:
    """Of rows with their labels (N,), judged in pieces as they are read."""
    began = time.process_time()
    scores = np.concatenate([found.scores for found in watch(Watcher(model), [rows])])
    rate = len(rows) / (time.process_time() - began)
    assert rows.groups is not None
    highest, is_wrong = of_sessions(scores, rows.groups, labels)
    normal, wrong = highest[is_wrong == 0], highest[is_wrong == 1]
    level = np.quantile(normal, 0.99, method="higher")
    return Figures(
        auc_roc(is_wrong == 1, highest),
        float((wrong > level).mean()),
        float((wrong > 1).mean()),
        float((normal > 1).mean()),
        seconds,
        rate,
    )


def trained(rows: SensorFrame, kind: str, seed: int) -> tuple[Model, float]:
    """A model, and how many seconds of a processor it took."""
    series, _ = clean(rows)
    began = time.process_time()
    model = learn(series, LearningSettings(kind=kind, seed=seed))
    return model, time.process_time() - began


def logs(folder: Path, name: str, kind: str, seed: int) -> tuple[Model, Figures]:
    """Train on a set of logs and judge its test sessions."""
    options = ReadOptions(symbols=("event",), session="session")
    rows = settle_empty(read_csvs([str(folder / f"{name}-train.csv")], options)[0])
    model, seconds = trained(rows, kind, seed)
    test = str(folder / f"{name}-test.csv")
    new = join_frames(list(CsvReader([test], for_model(options, model), sensors=model.sensors)))
    labels = read_csvs([test], ReadOptions(only=("label",), time=""))[0].values[:, 0].astype(np.int64)
    return model, figures(model, seconds, new, labels)


def brackets(rng: Rng, jobs: int, wrong: bool) -> tuple[SensorFrame, NDArray[np.int64]]:
    """Jobs in the bracket language, every other one ended wrongly if `wrong`, and labels of their rows."""
    codes, sessions, labels = [], [], []
    for job in range(jobs):
        recipe, length = int(rng.integers(RECIPES)), int(rng.integers(DELAYS[0], DELAYS[1] + 1))
        is_wrong = wrong and job % 2
        end = (recipe + int(rng.integers(1, RECIPES))) % RECIPES if is_wrong else recipe
        steps = 2 * RECIPES + rng.integers(STEPS, size=length)
        codes += [recipe, *steps.tolist(), RECIPES + end]
        sessions += [f"job {job}"] * (length + 2)
        labels += [int(is_wrong)] * (length + 2)
    texts = [f"recipe {k}" for k in range(RECIPES)] + [f"done {k}" for k in range(RECIPES)]
    texts += [f"step {k}" for k in range(STEPS)]
    frame = SensorFrame(
        values=np.array(codes, float)[:, np.newaxis],
        sensors=("event",),
        lines=np.arange(2, len(codes) + 2),
        source_index=np.zeros(len(codes), np.int64),
        sources=("brackets.csv",),
        groups=np.array(sessions, object),
        symbols=SymbolColumns((Codebook("event", texts),), "job"),
    )
    return frame, np.array(labels)


def bracket_figures(kind: str, seed: int) -> tuple[Model, Figures]:
    """Train on right jobs and judge others."""
    rng = np.random.default_rng(seed)
    model, seconds = trained(brackets(rng, JOBS, wrong=False)[0], kind, seed)
    return model, figures(model, seconds, *brackets(rng, JOBS, wrong=True))


def plant(rng: Rng, days: int, wrong: bool) -> tuple[SensorFrame, int]:
    """Minutes of four sensors and the state they follow, and the row where the valve opens too soon."""
    rows, states, wrong_at = days * ROWS_A_DAY, list[str](), -1
    while len(states) < rows:
        cycle = list(CYCLE)
        if wrong and wrong_at < 0 and len(states) > rows // 2:
            cycle[1], cycle[2] = cycle[2], cycle[1]
        for state in cycle:
            if state == "VALVE_OPEN" and cycle[1] == state:
                wrong_at = len(states)
            states += [state] * int(rng.integers(*CYCLE[state]))
    values, names = np.empty((rows, 5)), list(CYCLE)
    level, pressure, flow, temperature = 0.0, 0.0, 0.0, 20.0
    for row, state in enumerate(states[:rows]):
        pressure += 0.5 * ((0.2 if state in ("IDLE", "DRAIN") else 3.0) - pressure)
        flow += 0.6 * ({"FILLING": 5.0, "DRAIN": -4.0}.get(state, 0.0) - flow)
        level = max(0.0, level + 0.1 * flow)
        temperature += 0.05 * (20 + 5 * np.sin(2 * np.pi * row / ROWS_A_DAY) - temperature)
        noise = rng.normal(0, (0.05, 0.05, 0.1, 0.05))
        values[row] = (*(np.array([level, pressure, flow, temperature]) + noise), names.index(state))
    times = np.datetime64("2024-01-01", "ns") + np.arange(rows) * np.timedelta64(1, "m")
    frame = SensorFrame(
        values=values,
        sensors=("level", "pressure", "flow", "temperature", "state"),
        lines=np.arange(2, rows + 2),
        source_index=np.zeros(rows, np.int64),
        sources=("plant.csv",),
        stamps=times.astype(str).astype(object),
        times=times,
        symbols=SymbolColumns((Codebook("state", names),)),
    )
    return frame, wrong_at


def plant_lines(seed: int) -> Iterator[str]:
    """Ten plants: is the wrong order found, what else, and are the sensors' limits those without states."""
    found, others, same = 0, 0, 0
    for k in range(PLANTS):
        rng = np.random.default_rng([seed, k])
        normal, (new, at) = plant(rng, 14, wrong=False)[0], plant(rng, 7, wrong=True)
        model, _ = trained(normal, "linear", seed)
        alone, _ = trained(_without_states(normal), "linear", seed)
        same += np.array_equal(model.components.limits, alone.components.limits)
        events = detect(model, new).events
        hits = [event for event in events if at <= event.start <= at + WITHIN]
        found += any("VALVE_OPEN after IDLE" in event.reason for event in hits)
        others += len(events) - len(hits)
    yield (
        f"{PLANTS} plants: the wrong order is found and named in {found}; {others} other events in"
        f" {PLANTS} weeks; the sensors' limits are those without states in {same}"
    )


def _without_states(frame: SensorFrame) -> SensorFrame:
    return replace(frame, values=frame.values[:, :4], sensors=frame.sensors[:4], symbols=None)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=["hdfs", "openstack", "brackets", "plants"])
    parser.add_argument("--seeds", type=int, default=1)
    told = parser.parse_args()
    print("| sequences | model | nats, held out | AUC | at 1 % | found | false | train s | symbols/s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for seed in range(told.seeds):
        for name in ("hdfs", "openstack", "brackets"):
            for said, kind in KINDS.items():
                if told.only not in (None, name):
                    continue
                made = (
                    bracket_figures(kind, seed) if name == "brackets" else logs(told.data, name, kind, seed)
                )
                column = made[0].symbols[0]
                used = "LSTM" if column.lstm is not None else "n-gram"
                nats = column.held_out.get(used.casefold().replace("-", ""))
                shown = "" if nats is None else f"{nats:.3f}"
                print(
                    f"| {name} | {said}{f': {used}' if kind == 'auto' else ''} | {shown} {made[1]}",
                    flush=True,
                )
        if told.only in (None, "plants"):
            for line in plant_lines(seed):
                print(line, flush=True)


if __name__ == "__main__":
    main()
