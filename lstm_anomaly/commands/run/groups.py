"""`--group-by`: a model for each group of rows, learned into a folder of model files and used from there."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.base.errors import LstmAnomalyError, ModelFileError, NotEnoughDataError
from lstm_anomaly.commands.frame.console import Console
from lstm_anomaly.commands.run.load import for_model

if TYPE_CHECKING:
    from lstm_anomaly.base.types import BoolArray, IntArray, SensorFrame
    from lstm_anomaly.detecting.group_stream import GroupWatcher
    from lstm_anomaly.detecting.verdicts import Judging
    from lstm_anomaly.detecting.watch_rules import WatchRules
    from lstm_anomaly.reading import ReadOptions
    from lstm_anomaly.training.settings import LearningSettings

DIED = "its process died, perhaps for lack of memory; fewer at a time may help"
GROUPS_A_TASK = 100  # of an engine: each task reads the files again


@dataclass(frozen=True)
class GroupTraining:
    """How the models of all groups are learned.

    files, rows, ignore   what is read, and the file of spans that are not learned from
    options               how it is read
    settings              of the training
    how                   arguments of `clean`
    workers               processes that train side by side
    engine                `dask://HOST:PORT`, whose workers train instead; "" for none
    is_strict             stop a group's training where a sensor would spoil it
    """

    files: tuple[str, ...]
    options: "ReadOptions"
    settings: "LearningSettings"
    how: dict[str, Any]
    rows: str | None = None
    ignore: str | None = None
    workers: int = 1
    engine: str = ""
    is_strict: bool = False


@dataclass(frozen=True)
class _Batch:
    """Groups that one worker of an engine trains; it reads the files itself, by their paths."""

    names: tuple[str, ...]
    training: GroupTraining
    folder: str


@dataclass(frozen=True)
class _Group:
    """One group: its rows, which are not learned from, where its model goes, texts for "no reading"."""

    name: str
    frame: "SensorFrame"
    ignored: "BoolArray | None"
    path: str
    training: GroupTraining
    null_values: tuple[str, ...]


@dataclass(frozen=True)
class _Trained:
    """How it went with one group: a line for the summary, or why there is no model; what spoils it."""

    name: str
    line: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()


def train_groups(training: GroupTraining, console: Console, folder: str) -> None:
    """Learn a model for each group and write it to the folder.

    A group that nothing can be learned from does not keep the others from theirs, but is an error in the end.
    """
    from lstm_anomaly.commands.run.load import settle_nulls, with_marks
    from lstm_anomaly.model import folder as model_folder
    from lstm_anomaly.reading import split_groups

    frame, ignored = with_marks(training.files, training.options, training.rows, console, training.ignore)
    frame, nulls = settle_nulls(frame, training.options, console)
    model_folder.make_folder(folder)
    groups = split_groups(frame)
    done, failed, column = [], [], str(training.options.group_by)
    console.warn(_same_but_for_case(column, list(groups)))
    if training.engine:
        outcomes = _by_engine(training, list(groups), folder)
    else:
        parts = _Parts(frame, ignored, list(groups.items()), nulls, training, folder)
        outcomes = _by_processes(parts, training.workers)
    for outcome in outcomes:
        console.warn(f"{column} '{outcome.name}': {text}" for text in outcome.warnings)
        if outcome.error:
            failed.append(outcome.name)
            console.trouble([f"{column} '{outcome.name}': {outcome.error}"])
        else:
            done.append(outcome.name)
            console.result([outcome.line])
    if done:
        model_folder.write_index(folder, column, done)
        console.result(
            [f"Wrote {len(done)} models to {folder}.", f"Next: lstm-anomaly detect NEW.csv --model {folder}"]
        )
    if failed or not groups:
        raise NotEnoughDataError(
            f"{len(failed)} of {len(groups)} groups have no model",
            where=folder,
            hint="see the reasons above; more rows of those groups, or leave them out",
        )


@dataclass(frozen=True)
class _Parts:
    """The groups of a frame, each made with its rows when it is asked for."""

    frame: "SensorFrame"
    ignored: "BoolArray | None"
    groups: "list[tuple[str, IntArray]]"
    null_values: tuple[str, ...]
    training: GroupTraining
    folder: str

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, place: int) -> _Group:
        from lstm_anomaly.model.folder import model_path
        from lstm_anomaly.reading import take_rows

        name, members = self.groups[place]
        rows, marks = take_rows(self.frame, members), None if self.ignored is None else self.ignored[members]
        alone = replace(self.training, files=self.training.files[:1])  # names a place in messages
        return _Group(name, rows, marks, model_path(self.folder, name), alone, self.null_values)


def _by_processes(groups: _Parts, workers: int) -> Iterator[_Trained]:
    """Train each group in one of several processes, or here."""
    from lstm_anomaly.base.workers import WorkerDied, run_jobs

    for outcome in run_jobs(_train_group, groups, workers):
        if isinstance(outcome, WorkerDied):
            yield _Trained(outcome.job.name, error=f"{DIED}. Try: -j 1")
        else:
            yield outcome


def _by_engine(training: GroupTraining, names: list[str], folder: str) -> Iterator[_Trained]:
    """Train all groups on the workers of an engine, which read and write at the same paths."""
    from lstm_anomaly.base.workers import WorkerDied
    from lstm_anomaly.commands.run.dask_engine import run_on_dask

    there = replace(training, files=tuple(map(os.path.abspath, training.files)))
    if training.ignore is not None:
        there = replace(there, ignore=os.path.abspath(training.ignore))
    batches = [
        _Batch(tuple(names[k : k + GROUPS_A_TASK]), there, os.path.abspath(folder))
        for k in range(0, len(names), GROUPS_A_TASK)
    ]
    for outcome in run_on_dask(_train_batch, batches, training.engine):
        if isinstance(outcome, WorkerDied):
            yield from (_Trained(name, error=f"{DIED}. Try: -j 1") for name in outcome.job.names)
        else:
            yield from outcome


def _train_batch(batch: _Batch) -> list[_Trained]:
    """Read the files, and train some of their groups: nothing but paths and settings comes to a worker."""
    from lstm_anomaly.base.processes import use_one_core
    from lstm_anomaly.commands.frame.app import Settings
    from lstm_anomaly.commands.run.load import settle_nulls, with_marks
    from lstm_anomaly.reading import split_groups

    use_one_core()
    training = batch.training
    console = Console(Settings(quiet=True))
    frame, ignored = with_marks(training.files, training.options, training.rows, console, training.ignore)
    frame, nulls = settle_nulls(frame, training.options, console)
    groups = [(name, rows) for name, rows in split_groups(frame).items() if name in batch.names]
    parts = _Parts(frame, ignored, groups, nulls, training, batch.folder)
    return [_train_group(parts[place]) for place in range(len(parts))]


def _same_but_for_case(column: str, groups: list[str]) -> list[str]:
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


def _train_group(group: _Group) -> _Trained:
    """Learn the model of one group and write it; runs in a process of its own with `-j`."""
    from lstm_anomaly.commands.run.load import clean_for_training, what_spoils
    from lstm_anomaly.model.file import write_model
    from lstm_anomaly.output.terminal.summary import group_line
    from lstm_anomaly.training.train import learn

    training = group.training
    try:
        series, _noticed = clean_for_training(
            group.frame, training.files, group.ignored, training.ignore, **training.how
        )
        spoiled = what_spoils(series, training.files[0], is_strict=training.is_strict)
        model = learn(series, training.settings)
    except LstmAnomalyError as error:
        return _Trained(group.name, error=str(error))
    write_model(replace(model, null_values=group.null_values), group.path)
    return _Trained(group.name, group_line(model, group.name), warnings=tuple(spoiled))


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
