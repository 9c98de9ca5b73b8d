"""What the user may say about training; None is chosen from the data."""

from dataclasses import dataclass

from lstm_anomaly.decision.budget import Budget


@dataclass(frozen=True)
class LearningSettings:
    """Settings of `learn`.

    kind           `lstm`, or `linear` for the baseline without an LSTM
    look_ahead     rows after a row that its verdict may wait for
    window         rows that a verdict looks back on with the window networks, the judged row included
    stride         rows between the starts of two training windows
    hidden         units of the autoencoder's LSTMs; layers: LSTMs on top of each other in it
    epochs, batch_size, learning_rate, patience, weight_decay   of training
    seed           of all randomness
    budget, confidence, threshold_method, threshold_level, merge_gap   of the threshold
    """

    kind: str = "lstm"
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
    seed: int = 0
    budget: Budget | None = None
    confidence: float = 0.9
    threshold_method: str = "episodes"
    threshold_level: float | None = None
    merge_gap: int = 0


DEFAULTS = LearningSettings()
