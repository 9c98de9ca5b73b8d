"""Make `scores.model` and `scores.npz`: a model trained under one OpenBLAS kernel, and scores that it gave.

    python tests/golden/make_scores.py

To be run again when the model file's format changes or when scores are meant to change. Every kernel must
reproduce the scores, see `tests/model/test_golden_scores.py`.
"""

import os
import sys
from pathlib import Path

KERNEL = "Haswell"  # that of most users' machines, and of nearly all that can make the files again
os.environ |= {"OPENBLAS_CORETYPE": KERNEL, "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parent.parent))  # for the tests' own modules

import numpy as np
from kernels import kernel_at_work

from lstm_anomaly import Detector

HERE = Path(__file__).parent


def rows(count, seed):
    """Three waves with noise, a switch, and a sensor that stands still; (count, 5)."""
    rng = np.random.default_rng(seed)
    t = np.arange(count)[:, np.newaxis]
    waves = np.sin(t / [20, 31, 47]) + 0.1 * rng.normal(size=(count, 3))
    return np.column_stack([waves, np.arange(count) // 50 % 2, np.full(count, 7.0)])


def new_rows():
    """Rows with what there can be to judge: a jump, a flat stretch, a new value, a large wave."""
    values = rows(700, seed=1)
    values[150:170, 0] += 3
    values[250:300, 1] = values[250, 1]
    values[350:360, 4] = 9.0
    values[550:580, 2] *= 20
    return values


def main():
    found = kernel_at_work()
    if found != KERNEL.lower():
        sys.exit(f"OpenBLAS took the kernel {found!r} and not {KERNEL!r}; make the files on another machine")
    detector = Detector(
        seed=1, model_kind="lstm", preset="fast", window=16, hidden=16, epochs=3, look_ahead=3
    )
    detector.fit(rows(1500, seed=0)).save(HERE / "scores.model")
    values = new_rows()
    scores = Detector.load(HERE / "scores.model").score(values)
    np.savez_compressed(HERE / "scores.npz", values=values, scores=scores, kernel=np.array(KERNEL))
    judged = scores[np.isfinite(scores)]
    print(f"{len(judged)} rows judged, {(judged > 1).sum()} above 1, the highest score {judged.max():.3g}")


if __name__ == "__main__":
    main()
