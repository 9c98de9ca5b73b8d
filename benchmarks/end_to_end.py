"""Does the whole tool keep its word? Models of normal weeks meet many further normal weeks.

    python benchmarks/end_to_end.py [--seeds 10] [--train-weeks 10] [--weeks 20] [--kind lstm]

For each seed a healthy pump of `lstm_anomaly.evaluation.sample_pump` runs through all these weeks. A model is
trained on the
first ones, and every event that it then finds in the others is a false alarm. The threshold is learned on all
of them: 2.4 weeks are enough to certify one false alarm a week at 90 %; with two, as in the demo, the
threshold is extrapolated and says so.

The weeks are judged one after the other, so memory holds one of them. The interval is the exact Poisson one
at 90 %, of all seeds together; the budget is promised for each model with 90 % confidence, so one seed in
ten may break it. The last columns count the false alarms by what fired.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Series, TimeArray
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.events import EventRules, EventTracker
from lstm_anomaly.detecting.batch import judged_rows
from lstm_anomaly.evaluation.false_alarms import FalseAlarms
from lstm_anomaly.evaluation.sample_pump import MINUTES_A_DAY, NORMAL_START, SENSORS, make_normal
from lstm_anomaly.model.judge import Judge
from lstm_anomaly.model.model import Model
from lstm_anomaly.scoring.reasons import WORDS
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

Floats = NDArray[np.float64]

ROWS_A_WEEK = 7 * MINUTES_A_DAY
STEP_SECONDS = 60.0
CONFIDENCE = 0.9
SHORT = ("forecast", "restored", "related", "together", "unseen", "flat", "new")  # as `reasons.WORDS`


@dataclass(frozen=True)
class Run:
    """One seed: the model, and the false alarms that it gave on the weeks after its training."""

    seed: int
    model: Model
    alarms: list[Event]
    weeks: float
    seconds: float

    @property
    def by_reason(self) -> Counter[str]:
        """False alarms by what fired, in short."""
        return Counter(SHORT[WORDS.index(event.reason.rpartition(", ")[0])] for event in self.alarms)


def pump(seed: int, weeks: int) -> Floats:
    """Readings of a healthy pump as its logger writes them, (rows, 5)."""
    values = make_normal(np.random.default_rng([seed, 4]), days=7 * weeks)
    return np.column_stack(
        [np.round(x, digits) for x, digits in zip(values.T, SENSORS.values(), strict=True)]
    )


def stamps(first: int, stop: int) -> TimeArray:
    """Of rows a minute apart, counted from the first to train on."""
    return NORMAL_START.astype("datetime64[ns]") + np.arange(first, stop) * np.timedelta64(1, "m")


def series_of(values: Floats) -> Series:
    """The rows as a clean series."""
    return Series(
        values=values,
        sensors=tuple(SENSORS),
        times=stamps(0, len(values)),
        step=np.timedelta64(1, "m"),
        segments=((0, len(values)),),
        row_of=np.arange(len(values)),
    )


def events_in(model: Model, values: Floats, start: int) -> Iterator[Event]:
    """Events in rows that follow each other, from row `start` on, judged a week at a time."""
    judge, rules = Judge(model), EventRules(merge_gap=model.threshold.merge_gap)
    tracker = EventTracker(model.sensors, rules)
    for first in range(0, len(values), ROWS_A_WEEK):
        part = values[first : first + ROWS_A_WEEK]
        judged = judge.push(part, stamps(start + first, start + first + len(part)))
        yield from tracker.push(judged_rows(part, judged))
    yield from tracker.finish()


def run(seed: int, train_weeks: int, weeks: int, settings: LearningSettings) -> Run:
    """Train on the first weeks, count events in the others."""
    began = time.perf_counter()
    values = pump(seed, train_weeks + weeks)
    trained = train_weeks * ROWS_A_WEEK
    model = learn(series_of(values[:trained]), settings)
    alarms = list(events_in(model, values[trained:], trained))
    return Run(seed, model, alarms, weeks, time.perf_counter() - began)


def false_alarms(runs: Sequence[Run]) -> FalseAlarms:
    """All runs together, against their budget."""
    budget = runs[0].model.threshold.budget
    rows = sum(run.weeks for run in runs) * ROWS_A_WEEK
    exposure = rows / budget.rows_in_span(STEP_SECONDS)
    return FalseAlarms(sum(len(run.alarms) for run in runs), exposure, budget, CONFIDENCE)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--train-weeks", type=int, default=10)
    parser.add_argument("--weeks", type=int, default=20)
    parser.add_argument("--budget", default="1/week")
    parser.add_argument("--kind", default="lstm")
    given = parser.parse_args()

    settings = LearningSettings(kind=given.kind, budget=Budget.parse(given.budget))
    print(
        f"{given.kind}, budget {given.budget}, {given.train_weeks} weeks to train on, {given.weeks} to judge"
    )
    print(f"{'seed':>4}{'certified':>11}{'threshold':>11}{'alarms':>8}{'rate':>7}{'s':>6}"
          + "".join(f"{name:>{len(name) + 2}}" for name in SHORT))  # fmt: skip
    runs = []
    for seed in range(given.seeds):
        one = run(seed, given.train_weeks, given.weeks, settings)
        runs.append(one)
        reasons = one.by_reason
        certified = "yes" if one.model.threshold.certified else "no"
        print(
            f"{seed:>4}{certified:>11}{one.model.threshold.value:>11.2f}{len(one.alarms):>8}"
            f"{false_alarms([one]).rate:>7.2f}{one.seconds:>6.0f}"
            + "".join(f"{reasons[name]:>{len(name) + 2}}" for name in SHORT),
            flush=True,
        )
    total = false_alarms(runs)
    low, high = total.bounds
    kept = sum(false_alarms([one]).rate <= total.budget.alarms for one in runs)
    print(
        f"all: {total.count} alarms, {total.rate:.2f} {total.budget.per}"
        f" ({low:.2f} to {high:.2f} at {CONFIDENCE:.0%}): {total.verdict.value};"
        f" {kept} of {len(runs)} within the budget"
    )


if __name__ == "__main__":
    main()
