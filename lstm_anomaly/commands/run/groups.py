"""`--group-by`: a model for each group of rows, learned into a folder of model files and used from there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from lstm_anomaly.base.errors import ModelFileError, NotEnoughDataError
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run.group_jobs import Groups, GroupTraining, Trained, read_groups, train_group
from lstm_anomaly.commands.run.load import for_model

if TYPE_CHECKING:
    from lstm_anomaly.detecting.group_stream import GroupWatcher
    from lstm_anomaly.detecting.verdicts import Judging
    from lstm_anomaly.detecting.watch_rules import WatchRules
    from lstm_anomaly.reading import ReadOptions

    Train = Callable[[Groups], Iterator[Trained]]

DIED = "its process died, perhaps for lack of memory; fewer at a time may help. Try: -j 1"


def train_groups(training: GroupTraining, console: Console, workers: int, engine: str | None) -> None:
    """Learn a model for each group and write it to the folder.

    By this many worker processes, or by those of an engine, `dask://HOST:PORT`. A group that nothing can be
    learned from does not keep the others from theirs, but is an error in the end.
    """
    from lstm_anomaly.model.folder import check_case, make_folder, write_index

    with _trainer(training, workers, engine) as train:
        groups = read_groups(training, console)
        make_folder(training.folder)
        console.warn(_same_but_for_case(training.column, groups.names))
        check_case(training.folder, groups.names)
        done, failed = [], []
        for outcome in train(groups):
            console.warn(f"{training.column} '{outcome.name}': {text}" for text in outcome.warnings)
            if outcome.error:
                failed.append(outcome.name)
                console.trouble([f"{training.column} '{outcome.name}': {outcome.error}"])
            else:
                done.append(outcome.name)
                console.result([outcome.line])
    if done:
        write_index(training.folder, training.column, done)
        console.result(
            [
                f"Wrote {len(done)} models to {training.folder}.",
                f"Next: lstm-anomaly detect NEW.csv --model {training.folder}",
            ]
        )
    if failed or not groups.names:
        raise NotEnoughDataError(
            f"{len(failed)} of {len(groups)} groups have no model",
            where=training.folder,
            hint="see the reasons above; more rows of those groups, or leave them out",
        )


@contextmanager
def _trainer(training: GroupTraining, workers: int, engine: str | None) -> "Iterator[Train]":
    """What trains all groups: processes of this machine, or an engine, which begins to read meanwhile."""
    if engine is None:
        yield lambda groups: _by_processes(groups, workers)
        return
    from lstm_anomaly.commands.run.dask_engine import connected
    from lstm_anomaly.commands.run.dask_groups import training_by

    with connected(engine) as cluster, training_by(cluster, training) as train:
        yield lambda groups: train(groups.names)


def _by_processes(groups: Groups, workers: int) -> Iterator[Trained]:
    """Train each group in one of several processes, or here."""
    from lstm_anomaly.base.workers import WorkerDied, run_jobs

    for outcome in run_jobs(train_group, groups, workers):
        yield Trained(outcome.job.name, error=DIED) if isinstance(outcome, WorkerDied) else outcome


def _same_but_for_case(column: str, groups: tuple[str, ...]) -> list[str]:
    """A warning of names that differ only in case: perhaps one machine, written in two ways."""
    alike: dict[str, list[str]] = {}
    for group in groups:
        alike.setdefault(group.casefold(), []).append(group)
    return [
        f"{column}: {' and '.join(map(repr, names))} differ in case only; each gets a model of"
        " its own. If they are one machine, write its name in one way"
        for names in alike.values()
        if len(names) > 1
    ]


def watcher_of(
    path: str, options: "ReadOptions", rules: "WatchRules", workers: int = 1
) -> "tuple[Judging, ReadOptions]":
    """What judges with the model, or the folder of models, at `path`, and how to read its input.

    The models of a folder are shared by several worker processes, which end with the command.
    """
    if not os.path.isdir(path):
        from lstm_anomaly.model.file import read_model

        if options.group_by is not None:
            raise click.UsageError(
                f"--group-by: {path} is the model of one machine. Train with --group-by, or leave it out."
            )
        if workers > 1:
            raise click.UsageError(f"-j is for a folder of models, and {path} is one model: leave -j out.")
        model = read_model(path)
        return rules.watcher(model), for_model(options, model)
    return group_watcher(path, options, rules, workers)


def group_watcher(
    folder: str, options: "ReadOptions", rules: "WatchRules", workers: int
) -> "tuple[GroupWatcher, ReadOptions]":
    """The same for a folder of models, which all know the same columns of symbols, by the same texts."""
    from lstm_anomaly.base.kept_objects import KeptObjects
    from lstm_anomaly.detecting.group_stream import GroupWatcher
    from lstm_anomaly.detecting.watch_rules import FolderWatchers
    from lstm_anomaly.model.file import read_model
    from lstm_anomaly.model.folder import model_path, read_index

    column, groups = read_index(folder)
    watchers = KeptObjects(FolderWatchers(folder, rules), groups, workers)
    click.get_current_context().call_on_close(watchers.close)
    watcher = GroupWatcher(watchers, groups)
    if not watcher.has_same_symbols():
        raise ModelFileError(
            "the models of its groups do not know the same symbols",
            where=folder,
            hint="train all groups in one run of `lstm-anomaly train --group-by`",
        )
    nulls, tz = (*options.null_values, *watcher.null_values), options.tz or watcher.tz
    options = for_model(replace(options, null_values=nulls, tz=tz), read_model(model_path(folder, groups[0])))
    return watcher, replace(options, group_by=options.group_by or column)
