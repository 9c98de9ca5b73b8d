"""Make the golden arrays `vus.npz` with TSB-AD, whose authors introduced VUS, and scikit-learn.

    pip install numpy pandas scikit-learn scipy statsmodels && pip install --no-deps TSB-AD==1.5
    python tests/golden/make_vus.py

Each case holds labels, scores and the window, and what TSB-AD 1.5 makes of them with
`generate_curve(labels, score, window, "opt", 250)`; `readings/...` hold series and their window by
`find_length_rank(x, rank=1)`. Scores are of every awkward kind: ties, two values, one value, fewer rows
than levels; events lie at the edges, touch when stretched, and outlast the window.
"""

from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score
from TSB_AD.evaluation.basic_metrics import generate_curve
from TSB_AD.utils.slidingWindows import find_length_rank

HERE = Path(__file__).parent


def labels_with(row_count, *events):
    labels = np.zeros(row_count, dtype=np.int64)
    for first, last in events:
        labels[first : last + 1] = 1
    return labels


def cases(rng):
    """Name -> labels, scores, window."""
    some = labels_with(600, (40, 79), (200, 200), (230, 260), (420, 520))
    edges = labels_with(300, (0, 11), (150, 160), (290, 299))
    crowded = (rng.random(400) < 0.1).astype(np.int64)
    smooth = np.convolve(rng.normal(size=640), np.ones(41) / 41, "valid") + 0.3 * some
    return {
        "smooth": (some, smooth, 40),
        "late": (some, np.roll(some, 15) + 0.1 * rng.random(600), 60),
        "no blur": (some, smooth, 0),
        "blur of one row": (some, smooth, 1),
        "odd window": (some, smooth, 33),
        "ties": (some, np.round(smooth, 1), 40),
        "two values": (some, (smooth > 0.2).astype(float), 40),
        "one value": (some, np.ones(600), 40),
        "whole numbers": (some, rng.integers(0, 5, 600).astype(float), 40),
        "perfect": (some, some.astype(float), 40),
        "upside down": (some, -smooth, 40),
        "events at the edges": (edges, rng.random(300) + 0.3 * edges, 50),
        "window longer than the rows": (labels_with(60, (20, 29)), rng.random(60), 125),
        "fewer rows than levels": (labels_with(30, (3, 5), (20, 22)), rng.random(30), 8),
        "many single rows": (crowded, rng.random(400), 20),
        "all but one row": (labels_with(50, (0, 30), (32, 49)), rng.random(50), 6),
        "one row": (labels_with(50, (49, 49)), rng.random(50), 10),
        "tiny differences": (some, 1e-9 * smooth + 1e3, 40),
    }


def readings(rng):
    """Name -> one sensor's readings."""
    rows = np.arange(3000)
    made = {
        "period 24": np.sin(2 * np.pi * rows / 24) + 0.3 * rng.normal(size=3000),
        "period 288": np.sin(2 * np.pi * rows / 288) + 0.05 * np.sin(2 * np.pi * rows / 7),
        "period too short": np.sin(2 * np.pi * rows / 4.5)[:500],
        "noise": rng.normal(size=3000),
        "walk": np.cumsum(rng.normal(size=3000)),
        "straight line": rows[:500] / 10,
        "constant": np.full(500, 3.0),
        "one missing": np.where(rows == 1500, np.nan, np.sin(2 * np.pi * rows / 24)),
        "short": rng.normal(size=40),
        "long": np.sin(2 * np.pi * np.arange(21000) / 50) * (np.arange(21000) < 20000),
    }
    return {name: series.round(3) for name, series in made.items()}


def main():
    rng = np.random.default_rng(1)
    arrays = {}
    for name, (labels, scores, window) in cases(rng).items():
        *_, vus_roc, vus_pr = generate_curve(labels, scores, window, "opt", 250)
        arrays[f"case/{name}/labels"] = labels
        arrays[f"case/{name}/scores"] = scores
        arrays[f"case/{name}/window"] = window
        arrays[f"case/{name}/expected"] = np.array(
            [vus_roc, vus_pr, roc_auc_score(labels, scores), average_precision_score(labels, scores)]
        )
    for name, series in readings(rng).items():
        arrays[f"readings/{name}/series"] = series
        arrays[f"readings/{name}/window"] = find_length_rank(series.reshape(-1, 1), rank=1)
    np.savez_compressed(HERE / "vus.npz", **arrays)


if __name__ == "__main__":
    main()
