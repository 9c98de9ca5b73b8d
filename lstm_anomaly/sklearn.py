"""The public door to the scikit-learn estimator: `from lstm_anomaly.sklearn import LSTMAnomalyDetector`."""

from lstm_anomaly.output.estimator import LSTMAnomalyDetector

__all__ = ["LSTMAnomalyDetector"]
