"""The detector as a scikit-learn estimator, for pipelines and searches; needs the extra `sklearn`.

    from lstm_anomaly.sklearn import LSTMAnomalyDetector

Rows are time: they are never to be shuffled, and one row's score depends on the rows before it.
"""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.base.types import FloatArray, IntArray
from lstm_anomaly.output.detector import Detector


class LSTMAnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """`lstm_anomaly.Detector` with the conventions of scikit-learn's outlier detectors, and PyOD's beside.

    Parameters are those of `Detector`, with the same names; `random_state` stands for `seed`. A row that
    cannot be judged, one with a missing reading or among the first ones, has the score `unjudged`: 0 is as
    normal as can be, NaN keeps such rows apart.

    Attributes:
        detector_: the fitted `lstm_anomaly.Detector`.
        n_features_in_, feature_names_in_: as everywhere in scikit-learn.
        offset_: what `decision_function` takes from `score_samples`: -1.
        decision_scores_: of each training row, a multiple of the threshold; higher is more abnormal (PyOD).
        labels_: 1 for each training row that is anomalous, 0 for the others (PyOD).
        threshold_: above it `decision_scores_` mean an anomaly: 1 (PyOD).
    """

    offset_ = -1.0
    threshold_ = 1.0

    def __init__(
        self,
        *,
        model_kind: str = "auto",
        preset: str = "default",
        look_ahead: int = 0,
        window: int | None = None,
        stride: int | None = None,
        hidden: int = 32,
        layers: int = 1,
        epochs: int | None = None,
        batch_size: int = 64,
        learning_rate: float = 5e-3,
        patience: int | None = None,
        weight_decay: float = 0.0,
        false_alarms: str | None = None,
        confidence: float = 0.9,
        merge_gap: int = 0,
        trim: float = 0.01,
        random_state: Any = 0,
        unjudged: float = 0.0,
    ) -> None:
        self.model_kind = model_kind
        self.preset = preset
        self.look_ahead = look_ahead
        self.window = window
        self.stride = stride
        self.hidden = hidden
        self.layers = layers
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.weight_decay = weight_decay
        self.false_alarms = false_alarms
        self.confidence = confidence
        self.merge_gap = merge_gap
        self.trim = trim
        self.random_state = random_state
        self.unjudged = unjudged

    def fit(self, X: Any, y: object = None) -> Self:
        """Learn from rows (n_samples, n_features) that are mostly normal, oldest first; `y` is ignored.

        Raises ValueError when nothing can be learned from them.
        """
        rows = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", ensure_min_samples=2)
        settings = self.get_params()
        state, _unjudged = settings.pop("random_state"), settings.pop("unjudged")
        settings["seed"] = state if isinstance(state, int) else int(check_random_state(state).randint(2**31))
        try:
            self.detector_ = Detector(**settings).fit(rows)
        except LstmAnomalyError as error:
            raise ValueError(str(error)) from error
        self.decision_scores_ = self._scores(rows)
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(np.int64)
        return self

    def score_samples(self, X: Any) -> FloatArray:
        """How normal each row is, (n_samples,): minus its score, so that higher is more normal."""
        check_is_fitted(self)
        return -self._scores(
            validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        )

    def decision_function(self, X: Any) -> FloatArray:
        """Below 0 for anomalous rows, above for normal ones, (n_samples,)."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Any) -> IntArray:
        """-1 for each anomalous row, 1 for the others, (n_samples,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _scores(self, rows: FloatArray) -> FloatArray:
        scores = self.detector_.score(rows)
        return np.where(np.isnan(scores), self.unjudged, scores)

    def __sklearn_tags__(self) -> Any:
        """Missing readings are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
