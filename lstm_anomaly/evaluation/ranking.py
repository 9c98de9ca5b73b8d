"""How well row scores rank anomalous rows above normal ones, whatever the threshold: AUC-ROC and AUC-PR."""

import numpy as np

from lstm_anomaly.base.types import BoolArray, FloatArray


def auc_roc(labels: BoolArray, scores: FloatArray) -> float:
    """Area under the ROC curve, 0 to 1: P(labelled row scores higher than another), ties count half.

    From ranks: (R - p (p + 1) / 2) / (p q), R the sum of the p labelled rows' mean ranks among all
    p + q (Mann and Whitney 1947). `scores` (N,) must be finite. NaN unless there are rows of both kinds.
    """
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return np.nan
    _values, at, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_rank = (np.cumsum(counts) - (counts - 1) / 2)[at]  # (N,)
    above = mean_rank[labels].sum() - positives * (positives + 1) / 2
    return float(above / positives / negatives)


def auc_pr(labels: BoolArray, scores: FloatArray) -> float:
    """Average precision, 0 to 1: sum over the distinct scores of precision times the recall it adds.

    AP = sum_k (R_k - R_(k-1)) P_k from the highest score down, without interpolation, which flatters
    (Davis and Goadrich 2006). `scores` (N,) must be finite. NaN unless there are rows of both kinds.
    """
    positives = int(labels.sum())
    if positives in (0, len(labels)):
        return np.nan
    _values, at, counts = np.unique(-scores, return_inverse=True, return_counts=True)
    hits = np.bincount(at, labels, len(counts))  # (distinct,) labelled rows at each score
    precision = np.cumsum(hits) / np.cumsum(counts)  # (distinct,)
    return float(np.dot(hits, precision) / positives)
