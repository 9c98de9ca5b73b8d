"""A model that was trained on another machine, under another OpenBLAS kernel, gives the scores it gave there.

When the model file's format changes, or scores are meant to change: `python tests/golden/make_scores.py`.
"""

import os

import numpy as np
import pytest
from kernels import kernel_at_work

from lstm_anomaly import Detector

TOLERANCE = 1e-5  # relative; kernels add up a product's terms in other orders, in float32


@pytest.fixture(scope="module")
def golden(root):
    with np.load(root / "tests" / "golden" / "scores.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def detector(root):
    return Detector.load(root / "tests" / "golden" / "scores.model")


def test_the_golden_rows_have_all_that_there_is_to_judge(golden):
    scores = golden["scores"]
    assert np.isnan(scores[:15]).all()
    for fault in (slice(150, 173), slice(350, 363), slice(550, 580)):
        assert (scores[fault] > 1).any()
    assert np.median(scores[15:]) < 1


def test_scores_are_those_of_the_machine_that_trained(golden, detector):
    scores = detector.score(golden["values"])
    np.testing.assert_allclose(scores, golden["scores"], rtol=TOLERANCE)
    np.testing.assert_array_equal(scores > 1, golden["scores"] > 1)


def test_scores_of_rows_one_by_one_are_those_of_the_machine_that_trained(golden, detector):
    stream, values = detector.stream(), golden["values"]
    parts = [stream.push(values[k : k + 1]).scores for k in range(len(values))]
    scores = np.concatenate([*parts, stream.finish().scores])
    np.testing.assert_allclose(scores, golden["scores"], rtol=TOLERANCE)


@pytest.mark.skipif(not os.environ.get("OPENBLAS_CORETYPE"), reason="no kernel was asked for")
def test_the_kernel_that_was_asked_for_is_at_work():
    """OpenBLAS takes another one in silence where the processor or the build has not got it."""
    assert kernel_at_work() == os.environ["OPENBLAS_CORETYPE"].lower()
