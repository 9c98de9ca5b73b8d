"""What the user may say about training; None is chosen from the data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral, Real

import numpy as np

from lstm_anomaly.base.bounds import check_number, short
from lstm_anomaly.base.errors import SettingsError
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.model.model import MODEL_KINDS
from lstm_anomaly.model.schema import MOST_LOOK_AHEAD
from lstm_anomaly.reading.values.wall_clock import find_zone

KINDS = ("auto", *MODEL_KINDS)
EFFORTS = {"fast": 0.25, "default": 1.0, "thorough": 4.0}  # preset -> multiple of the default weight updates
_MOST = 2**31
_WHOLE = {  # bounds of whole numbers; far above any use, so that no later place has to expect more
    "look_ahead": (0, MOST_LOOK_AHEAD),
    "window": (2, 10**6),
    "stride": (1, _MOST),
    "hidden": (1, 10**4),
    "layers": (1, 100),
    "epochs": (1, _MOST),
    "batch_size": (1, _MOST),
    "patience": (0, _MOST),
    "seed": (0, 2**63 - 1),
    "merge_gap": (0, _MOST),
}
_REAL = {
    "learning_rate": (1e-12, 1e6),
    "weight_decay": (0.0, 1e6),
    "trim": (0.0, 1.0),
    "confidence": (0.0, 1.0),
    "max_train_time": (1e-9, 1e12),
    "threshold_level": (1e-9, 1e6),
}
_TEXTS = ("off", "holidays")


@dataclass(frozen=True)
class LearningSettings:
    """Settings of `learn`.

    kind           `linear` without an LSTM; `lstm` with both; `pure`: where there is an LSTM it alone
                   counts; `auto`: `lstm` where one does much better on held-out rows, else `linear`
    preset         how long the LSTMs are trained: `fast`, `default` or `thorough`
    trained        False leaves the LSTMs as they were drawn, to measure what their training is worth
    look_ahead     rows after a row that its verdict may wait for
    window         rows that a verdict looks back on with the window networks, the judged row included
    stride         rows between the starts of two training windows
    hidden         units of the autoencoder's LSTMs; layers: LSTMs on top of each other in it
    epochs, batch_size, learning_rate, patience, weight_decay   of training
    max_train_time seconds after which training ends with the best weights so far; None: no limit
    seed           of all randomness
    horizon        rows to forecast, or a length of time; 0: none; None: a day, where the rows allow it
    trim           share of the rows before the calibration rows that may be left out because they stand out;
                   0: what looks like a fault is not left out either
    budget, confidence, threshold_method, threshold_level, merge_gap   of the threshold
    tz, holidays   of the calendar: local time, and dates that are like Sundays
    off            conditions under which the plant is off, see `OffRule`
    """

    kind: str = "auto"
    preset: str = "default"
    trained: bool = True
    look_ahead: int = 0
    window: int | None = None
    stride: int | None = None
    hidden: int = 32
    layers: int = 1
    epochs: int | None = None
    batch_size: int = 64
    learning_rate: float = 5e-3
    patience: int | None = None
    weight_decay: float = 0.0
    max_train_time: float | None = None
    seed: int = 0
    horizon: int | timedelta | None = None
    trim: float = 0.01
    budget: Budget | None = None
    confidence: float = 0.9
    threshold_method: str = "episodes"
    threshold_level: float | None = None
    merge_gap: int = 0
    off: tuple[str, ...] = ()
    tz: str | None = None
    holidays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise SettingsError(f"there is no kind of model {self.kind!r}", hint=" or ".join(KINDS))
        if self.preset not in list(EFFORTS):
            raise SettingsError(f"there is no preset {self.preset!r}", hint=" or ".join(EFFORTS))
        for table, kind in ((_WHOLE, Integral), (_REAL, Real)):
            for name, (least, most) in table.items():
                value = getattr(self, name)
                if value is not None or getattr(type(self), name) is not None:
                    check_number(name, value, kind, least, most)
        if self.horizon is not None and not isinstance(self.horizon, timedelta):
            check_number("horizon", self.horizon, Integral, 0, _MOST)
        if not isinstance(self.threshold_method, str):
            raise SettingsError(f"threshold_method is {short(self.threshold_method)}, but must be a text")
        self._check_texts()

    def _check_texts(self) -> None:
        for name in _TEXTS:
            texts = getattr(self, name)
            if not isinstance(texts, Iterable) or not all(isinstance(text, str) for text in texts):
                raise SettingsError(f"{name} is {short(texts)}, but must be texts")
        if not isinstance(self.tz, str | None):
            raise SettingsError(f"tz is {short(self.tz)}, but must be a text", hint="such as Europe/Berlin")
        if self.tz is not None:
            find_zone(self.tz)
        try:
            np.array(list(self.holidays), dtype="datetime64[D]")
        except ValueError as error:
            raise SettingsError(
                f"holidays is {short(self.holidays)}, but must be dates", hint="dates such as 2024-12-25"
            ) from error

    @property
    def effort(self) -> float:
        """Weight updates as a multiple of the default number."""
        return EFFORTS[self.preset] if self.trained else 0.0


DEFAULTS = LearningSettings()
