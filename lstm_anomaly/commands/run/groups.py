"""`--group-by`: a model for each group of rows, learned into a folder of model files and used from there."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.base.errors import LstmAnomalyError, NotEnoughDataError
from lstm_anomaly.commands.frame.console import Talk

if TYPE_CHECKING:
    from lstm_anomaly.base.types import BoolArray, SensorFrame
    from lstm_anomaly.detecting.stream import Watcher
    from lstm_anomaly.detecting.verdicts import Judging
    from lstm_anomaly.model.model import Model
    from lstm_anomaly.reading import ReadOptions
    from lstm_anomaly.training.settings import LearningSettings


@dataclass(frozen=True)
class GroupTraining:
    """How the models of all groups are learned.

    files, rows, ignore   what is read, and the file of spans that are not learned from
    options               how it is read
    settings              of the training
    how                   arguments of `clean`
    workers               processes that train side by side
    is_strict             stop a group's training where a sensor would spoil it
    """

    files: tuple[str, ...]
    options: "ReadOptions"
    settings: "LearningSettings"
    how: dict[str, Any]
    rows: str | None = None
    ignore: str | None = None
    workers: int = 1
    is_strict: bool = False


@dataclass(frozen=True)
class _Group:
    """One group: its rows, which of them are not learned from, and where its model goes."""

    name: str
    frame: "SensorFrame"
    ignored: "BoolArray | None"
    path: str
    training: GroupTraining


@dataclass(frozen=True)
class _Trained:
    """How it went with one group: a line for the summary, or why there is no model; what spoils it."""

    name: str
    line: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()


def train_groups(training: GroupTraining, talk: Talk, folder: str) -> None:
    """Learn a model for each group and write it to the folder.

    A group that nothing can be learned from does not keep the others from theirs, but is an error in the end.
    """
    from lstm_anomaly.base.workers import WorkerDied, run_jobs
    from lstm_anomaly.commands.run.load import with_marks
    from lstm_anomaly.model import folder as model_folder
    from lstm_anomaly.reading import split_groups, take_rows

    frame, ignored = with_marks(training.files, training.options, training.rows, talk, training.ignore)
    model_folder.make_folder(folder)
    groups = split_groups(frame)
    alone = replace(training, files=training.files[:1])  # names a place in messages
    jobs = (
        _Group(
            name,
            take_rows(frame, members),
            None if ignored is None else ignored[members],
            model_folder.model_path(folder, name),
            alone,
        )
        for name, members in groups.items()
    )
    done, failed, column = [], [], str(training.options.group_by)
    for outcome in run_jobs(_train_group, jobs, min(training.workers, len(groups))):
        if isinstance(outcome, WorkerDied):
            why = "its process died, perhaps for want of memory. Try: -j 1"
            outcome = _Trained(outcome.job.name, error=why)
        talk.warn(f"{column} '{outcome.name}': {text}" for text in outcome.warnings)
        if outcome.error:
            failed.append(outcome.name)
            talk.warn([f"{column} '{outcome.name}': {outcome.error}"])
        else:
            done.append(outcome.name)
            talk.result([outcome.line])
    if done:
        model_folder.write_index(folder, column, done)
        talk.result(
            [f"Wrote {len(done)} models to {folder}.", f"Next: lstm-anomaly detect NEW.csv --model {folder}"]
        )
    if failed or not groups:
        raise NotEnoughDataError(
            f"{len(failed)} of {len(groups)} groups have no model",
            where=folder,
            hint="see the reasons above; more rows of those groups, or leave them out",
        )


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
    write_model(replace(model, null_values=training.options.null_values), group.path)
    return _Trained(group.name, group_line(model, group.name), warnings=tuple(spoiled))


def watcher_of(
    path: str, options: "ReadOptions", make: "Callable[[Model], Watcher]"
) -> "tuple[Judging, ReadOptions]":
    """What judges with the model, or the folder of models, at `path`, and how to read its input."""
    from lstm_anomaly.commands.run.load import as_trained

    if not os.path.isdir(path):
        from lstm_anomaly.model.file import read_model

        if options.group_by is not None:
            raise click.UsageError(
                f"--group-by: {path} is the model of one machine. Train with --group-by, or leave it out."
            )
        model = read_model(path)
        return make(model), as_trained(options, model)
    from lstm_anomaly.detecting.group_stream import GroupWatcher
    from lstm_anomaly.model.folder import read_models

    column, models = read_models(path)
    options = as_trained(options, *models.values())
    return GroupWatcher(models, make), replace(options, group_by=options.group_by or column)
