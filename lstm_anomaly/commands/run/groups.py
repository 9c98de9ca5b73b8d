"""`--group-by`: a model for each group of rows, learned into a folder of model files and used from there."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstm_anomaly.base.errors import LstmAnomalyError, ModelFileError, NotEnoughDataError
from lstm_anomaly.commands.frame.console import Talk
from lstm_anomaly.commands.run.load import for_model

if TYPE_CHECKING:
    from lstm_anomaly.detecting.stream import Watcher
    from lstm_anomaly.detecting.verdicts import Judging
    from lstm_anomaly.model.model import Model
    from lstm_anomaly.reading import ReadOptions
    from lstm_anomaly.training.settings import LearningSettings


def train_groups(
    files: tuple[str, ...],
    options: "ReadOptions",
    rows: str | None,
    talk: Talk,
    settings: "LearningSettings",
    folder: str,
    ignore: str | None = None,
    **how: Any,
) -> None:
    """Learn a model for each group and write it to the folder; `how` are arguments of `clean`.

    Rows of the spans in the file `ignore` are not learned from.

    A group that nothing can be learned from does not keep the others from theirs, but is an error in the end.
    """
    from lstm_anomaly.commands.run.load import clean_for_training, with_marks
    from lstm_anomaly.model import folder as model_folder
    from lstm_anomaly.model.file import write_model
    from lstm_anomaly.output.terminal.summary import group_line
    from lstm_anomaly.reading import split_groups, take_rows
    from lstm_anomaly.training.train import learn

    frame, ignored = with_marks(files, options, rows, talk, ignore)
    model_folder.make_folder(folder)
    groups = split_groups(frame)
    done, failed = [], []
    for group, members in groups.items():
        try:
            marked = None if ignored is None else ignored[members]
            series, _noticed = clean_for_training(take_rows(frame, members), files, marked, ignore, **how)
            model = learn(series, settings)
        except LstmAnomalyError as error:
            failed.append(group)
            talk.warn([f"{options.group_by} '{group}': {error}"])
            continue
        write_model(model, model_folder.model_path(folder, group))
        done.append(group)
        talk.result([group_line(model, group)])
    if done:
        model_folder.write_index(folder, str(options.group_by), done)
        talk.result(
            [f"Wrote {len(done)} models to {folder}.", f"Next: lstm-anomaly detect NEW.csv --model {folder}"]
        )
    if failed or not groups:
        raise NotEnoughDataError(
            f"{len(failed)} of {len(groups)} groups have no model",
            where=folder,
            hint="see the reasons above; more rows of those groups, or leave them out",
        )


def watcher_of(
    path: str, options: "ReadOptions", make: "Callable[[Model], Watcher]"
) -> "tuple[Judging, ReadOptions]":
    """What judges with the model, or the folder of models, at `path`, and how to read its input."""
    if not os.path.isdir(path):
        from lstm_anomaly.model.file import read_model

        if options.group_by is not None:
            raise click.UsageError(
                f"--group-by: {path} is the model of one machine. Train with --group-by, or leave it out."
            )
        model = read_model(path)
        return make(model), for_model(options, model)
    from lstm_anomaly.detecting.group_stream import GroupWatcher
    from lstm_anomaly.model.folder import read_models

    column, models = read_models(path)
    options = for_model(options, _with_all_symbols(models, path))
    return GroupWatcher(models, make), replace(options, group_by=options.group_by or column)


def _with_all_symbols(models: "Mapping[str, Model]", path: str) -> "Model":
    """One of the models. All know the same columns of symbols, with the same vocabularies."""
    first, *others = models.values()
    for other in others:
        if [(c.place, c.texts) for c in other.symbols] != [(c.place, c.texts) for c in first.symbols]:
            raise ModelFileError(
                "the models of its groups do not know the same symbols",
                where=path,
                hint="train all groups in one run of `lstm-anomaly train --group-by`",
            )
    return first
