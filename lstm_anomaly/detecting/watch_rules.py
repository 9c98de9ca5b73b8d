"""How rows are watched, whatever the model: plain values, which can be sent to another process."""

from dataclasses import dataclass, field

from lstm_anomaly.base.types import Resample
from lstm_anomaly.decision.event import Event
from lstm_anomaly.decision.events import EventRules
from lstm_anomaly.decision.filters import filter_events
from lstm_anomaly.decision.spans import LIMIT
from lstm_anomaly.detecting.stream import Watcher
from lstm_anomaly.model.file import read_model
from lstm_anomaly.model.folder import model_path
from lstm_anomaly.model.model import Model


@dataclass(frozen=True)
class WatchRules:
    """What makes rows an event, and which events count.

    merge_gap, min_duration, off   as in `EventRules`; None: the merge gap that the model's threshold knows
    direction, least               as `direction` and `min_deviation` of `filter_events`
    views                          keep with each event the rows to see it in
    silent_after                   as that of `Watcher`
    resample_by                    as in `Model.resampled_by`
    """

    merge_gap: int | None = None
    min_duration: int = 1
    off: float = LIMIT
    direction: str = "both"
    least: dict[str, float] = field(default_factory=dict)
    views: bool = False
    silent_after: int | None = None
    resample_by: Resample | None = None

    def watcher(self, model: Model) -> Watcher:
        """A watcher with this model."""
        gap = model.threshold.merge_gap if self.merge_gap is None else self.merge_gap
        return Watcher(
            model.resampled_by(self.resample_by),
            EventRules(gap, self.min_duration, self.off),
            self._kept,
            views=self.views,
            silent_after=self.silent_after,
        )

    def _kept(self, events: list[Event]) -> list[Event]:
        return filter_events(events, direction=self.direction, min_deviation=self.least)


@dataclass(frozen=True)
class FolderWatchers:
    """Makes the watcher of each group of a folder of models, by these rules."""

    folder: str
    rules: WatchRules

    def __call__(self, group: str) -> Watcher:
        """The watcher of one group."""
        return self.rules.watcher(read_model(model_path(self.folder, group)))
