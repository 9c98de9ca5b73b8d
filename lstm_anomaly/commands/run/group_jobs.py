"""Training of one group as a job that any process can do: what it gets, what it does, what it gives."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.commands.frame.console import Console

if TYPE_CHECKING:
    from lstm_anomaly.base.types import BoolArray, IntArray, SensorFrame
    from lstm_anomaly.reading import ReadOptions
    from lstm_anomaly.training.settings import LearningSettings


@dataclass(frozen=True)
class GroupTraining:
    """How the models of all groups are learned.

    files, rows, ignore   what is read, and the file of spans that are not learned from
    options               how it is read
    settings              of the training
    how                   arguments of `clean`
    folder                of the models
    is_strict             stop a group's training where a sensor would spoil it
    """

    files: tuple[str, ...]
    options: "ReadOptions"
    settings: "LearningSettings"
    how: dict[str, Any]
    folder: str
    rows: str | None = None
    ignore: str | None = None
    is_strict: bool = False

    @property
    def column(self) -> str:
        """The column that says whose row it is."""
        return str(self.options.group_by)


@dataclass(frozen=True)
class Group:
    """One group: its rows, which are not learned from, where its model goes, texts for "no reading"."""

    name: str
    frame: "SensorFrame"
    ignored: "BoolArray | None"
    path: str
    training: GroupTraining
    null_values: tuple[str, ...]


@dataclass(frozen=True)
class Groups:
    """The groups of a frame, each made with its rows when it is asked for."""

    frame: "SensorFrame"
    ignored: "BoolArray | None"
    members: "dict[str, IntArray]"
    null_values: tuple[str, ...]
    training: GroupTraining
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, place: int) -> Group:
        from lstm_anomaly.model.folder import model_path
        from lstm_anomaly.reading import take_rows

        name = self.names[place]
        members = self.members[name]
        rows, marks = take_rows(self.frame, members), None if self.ignored is None else self.ignored[members]
        alone = replace(self.training, files=self.training.files[:1])  # names a place in messages
        return Group(name, rows, marks, model_path(alone.folder, name), alone, self.null_values)


@dataclass(frozen=True)
class Trained:
    """How it went with one group: a line for the summary, or why there is no model; what spoils it."""

    name: str
    line: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()


def read_groups(training: GroupTraining, console: Console) -> Groups:
    """Read the files, and tell the rows of the groups apart."""
    from lstm_anomaly.commands.run.load import settle_nulls, with_marks
    from lstm_anomaly.reading import split_groups

    frame, ignored = with_marks(training.files, training.options, training.rows, console, training.ignore)
    frame, nulls = settle_nulls(frame, training.options, console)
    members = split_groups(frame)
    return Groups(frame, ignored, members, nulls, training, tuple(members))


def train_group(group: Group) -> Trained:
    """Learn the model of one group and write it."""
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
        return Trained(group.name, error=str(error))
    write_model(replace(model, null_values=group.null_values), group.path)
    return Trained(group.name, group_line(model, group.name), warnings=tuple(spoiled))
