"""Every error a user can meet, in one tree, so that one place can turn each into a message.

LstmAnomalyError              what, where, why, what to try; exit status 2
  InputError                  a CSV that cannot be read, or not without guessing
    SensorsError              its sensors are not the ones the model was trained on
  NotEnoughDataError          too few usable rows for what was asked
  SettingsError               a setting of training that makes no sense
  TrainingError               the loss stopped being finite
  ThresholdError              no threshold can be learned from these scores
  ModelFileError              a model file that is damaged, foreign, or from the future
  StateError                  a state file likewise, or one that belongs to another input
  OutputError                 a result that could not be written or delivered
  WorkerError                 a process or engine that works for this one died, or is of another version
  LockedError                 another run is at work on the same state or model; exit status 75
"""


class LstmAnomalyError(Exception):
    """Base of all errors with a message for the user.

    `message` says what is wrong and why, `where` names the place (`file` or `file:line`), and
    `hint` says what to try. `str(error)` is the one line that the command line prints.
    """

    exit_status = 2

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        said = self.message.rstrip(".")
        if self.hint:
            said += f"{'' if said.endswith('?') else '.'} Try: {self.hint}"
        return f"{place}{said}"


class InputError(LstmAnomalyError):
    """A CSV that cannot be read, or only by guessing."""


class SensorsError(InputError):
    """The sensors in the input are not the sensors of the model."""


class NotEnoughDataError(LstmAnomalyError):
    """Too few usable rows for what was asked."""


class SettingsError(LstmAnomalyError):
    """A setting that makes no sense, or that does not exist."""


class TrainingError(LstmAnomalyError):
    """Training stopped being numbers: a loss or statistic that is not finite."""


class ThresholdError(LstmAnomalyError):
    """No threshold can be learned from these scores."""


class ModelFileError(LstmAnomalyError):
    """A model file that is damaged, not a model file, or from a later version."""


class StateError(LstmAnomalyError):
    """A state file that is damaged, not a state file, from a later version, or of another input."""


class OutputError(LstmAnomalyError):
    """A result that could not be written or delivered."""


class WorkerError(LstmAnomalyError):
    """A process, or an engine, that works for this one died, does not answer, or is of another version."""


class LockedError(LstmAnomalyError):
    """Another run is at work on the same state or model."""

    exit_status = 75  # EX_TEMPFAIL of sysexits.h: try again later
