"""What is each part of the score worth? The same families with parts left out, and with each family left out.

    python benchmarks/ablation.py DATA [--plants FOLDER] [--kind linear] [--seed 0] [--variants all] [-j 2]

DATA and FOLDER are laid out as for benchmarks/families.py. Models are trained in this process; labels are
only read to count. A variant leaves one part out, or moves one constant. For each: mean VUS-PR over the
families, false episodes in 10,000 normal rows, events found, and faults found on the plants. Then, for each
family, the variant of constants that is best on all others, and what it loses on that family against its own
best: how much of the choice carries over.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from accuracy import Labelled, series_in
from families import figures

from lstm_anomaly.base.types import Series
from lstm_anomaly.model.judge import judge
from lstm_anomaly.scoring import components, limits, residuals, states
from lstm_anomaly.scoring.components import Components
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.scoring.networks import ResidualReader
from lstm_anomaly.scoring.novelty import NoveltyRule
from lstm_anomaly.scoring.unseen import Unseen
from lstm_anomaly.training import calibrate as calibrating
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn

Context = AbstractContextManager[object]


def without_view(view: int) -> Context:
    """Neither what is learned nor what is judged has residuals of one view."""
    push, fit = ResidualReader.push, components.fit_components

    def silent(found: residuals.Residuals) -> residuals.Residuals:
        errors = found.errors.copy()
        errors[view] = np.nan  # as in a model that lacks it
        return replace(found, errors=errors)

    stack = ExitStack()
    stack.enter_context(patch.object(ResidualReader, "push", lambda self, rows: silent(push(self, rows))))
    stack.enter_context(
        patch(
            "lstm_anomaly.training.measure_errors.fit_components",
            lambda found, *more: fit(silent(found), *more),
        )
    )
    return stack


def zero(owner: type, name: str) -> Context:
    """A method that returns zeros."""
    real: Callable[..., np.ndarray] = getattr(owner, name)
    return patch.object(owner, name, lambda *arguments, **named: 0.0 * real(*arguments, **named))


PARTS: dict[str, Callable[[], Context]] = {
    "all": nullcontext,
    "no forecast": lambda: without_view(residuals.FORECAST),
    "no restored": lambda: without_view(residuals.RESTORED),
    "no related": lambda: without_view(residuals.RELATED),
    "no states": lambda: patch.object(states, "MOST_STATES", 1),
    "no means with sign": lambda: patch.object(
        components, "_signed_mean", lambda scaled, bound, length, last: np.zeros((last, scaled.shape[1]))
    ),
    "no together": lambda: zero(Components, "together_of"),
    "no evidence": lambda: zero(NoveltyRule, "remembered"),
    "no flat": lambda: zero(Stillness, "multiples"),
    "no unseen": lambda: zero(Unseen, "multiples"),
}
CONSTANTS: dict[str, Callable[[], Context]] = {
    "all": nullcontext,
    "limits 3 sd": lambda: patch.object(limits, "DEVIATIONS", 3.0),
    "limits 5 sd": lambda: patch.object(limits, "DEVIATIONS", 5.0),
    "margin 1.5": lambda: patch.object(calibrating, "MARGIN", 1.5),
    "8 states": lambda: patch.object(states, "MOST_STATES", 8),
    "related from .5": lambda: patch.object(components, "LEAST_EXPLAINED", 0.5),
    "related from .85": lambda: patch.object(components, "LEAST_EXPLAINED", 0.85),
}
VARIANTS = {**PARTS, **CONSTANTS}


def as_series(series: Labelled, part: str) -> Series:
    """Rows as the command line cleans them, but for gaps; with times where the first column has them."""
    values = series.train if part == "train" else series.test
    table = pd.read_csv(series.folder / f"{part}.csv", usecols=[0])
    first, times, step = table.iloc[:, 0], None, None
    if not pd.api.types.is_numeric_dtype(first):
        times = pd.to_datetime(first).to_numpy().astype("datetime64[ns]")
        step = np.median(np.diff(times)).astype("timedelta64[ns]")
    names = tuple(f"s{k}" for k in range(values.shape[1]))
    return Series(values, names, times, step, ((0, len(values)),), np.arange(len(values)))


def run(job: tuple[Labelled, str, str, int]) -> dict[str, object]:
    series, variant, kind, seed = job
    with VARIANTS[variant](), np.errstate(all="ignore"):
        model = learn(as_series(series, "train"), LearningSettings(kind=kind, seed=seed))
        scores = judge(model, as_series(series, "test")).scores
    row = figures(series, scores, np.nan_to_num(scores) > 1)
    return row | {"family": series.dataset, "series": series.name, "variant": variant}


def by_variant(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a variant: each family's VUS-PR, their mean, false episodes, found events."""
    table = runs.groupby(["variant", "family"], sort=False)["VUS-PR"].mean().unstack()
    table["mean"] = table.mean(axis=1)
    false = runs.groupby(["variant", "family"])["false"].mean().unstack()
    table["false"], table["false, median"] = false.mean(axis=1), false.median(axis=1)
    table["found"] = runs.groupby("variant")["found"].sum()
    return table


def lost_on_the_one_left_out(table: pd.DataFrame, families: Sequence[str]) -> Iterator[str]:
    """For each family, what the variant that is best on the others loses on it."""
    for family in families if len(families) > 1 else ():
        others = table[[name for name in families if name != family]].mean(axis=1)
        chosen = str(others.idxmax())
        lost = table[family].max() - table.loc[chosen, family]
        yield f"{family}: {chosen!r} is best on the others, and loses {lost:.3f} here"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--plants", type=Path)
    parser.add_argument("--kind", default="linear", choices=("linear", "auto", "lstm", "pure"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("-j", "--jobs", type=int, default=1)
    given = parser.parse_args(arguments)
    folders = [given.data, *([given.plants] if given.plants else [])]
    all_series = [series for folder in folders for series in series_in(folder, given.only)]
    wanted = given.variants.split(",")
    jobs = [(series, variant, given.kind, given.seed) for variant in wanted for series in all_series]
    with ProcessPoolExecutor(given.jobs) as pool:
        runs = pd.DataFrame(list(pool.map(run, jobs, chunksize=8)))
    runs["faults"] = runs.get("faults", np.nan)
    real = runs[runs["faults"].isna()]
    if len(real):
        table = by_variant(real)
        print(table.round(3).to_string())
        constants = table.loc[[name for name in table.index if name in CONSTANTS]]
        print(*lost_on_the_one_left_out(constants, list(real["family"].unique())), sep="\n")
    plants = runs[runs["faults"].notna()]
    if len(plants):
        for figure in ("faults", "false count", "VUS-PR"):
            told = plants.groupby(["variant", "family"], sort=False)[figure].mean().unstack().round(2)
            print(figure, told.to_string(), sep="\n")


if __name__ == "__main__":
    main()
