"""One thread for products while a network is at work, and as many as before afterwards."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from conftest import normal_values

from lstm_anomaly import Detector
from lstm_anomaly.base import blas
from lstm_anomaly.base.blas import one_thread, openblas
from lstm_anomaly.output import detector

QUICK = {
    "model_kind": "lstm",
    "epochs": 1,
    "hidden": 4,
    "window": 8,
    "threshold": 3.0,
}
THREADS = 3  # a count that nothing else would set

needs_openblas = pytest.mark.skipif(
    openblas("get_num_threads") is None, reason="NumPy is not linked to OpenBLAS here"
)


def count():
    return openblas("get_num_threads")()


@pytest.fixture
def three_threads():
    before = count()
    openblas("set_num_threads")(THREADS)
    yield
    openblas("set_num_threads")(before)


@needs_openblas
@pytest.mark.usefixtures("three_threads")
class TestCount:
    def test_is_one_inside_and_the_callers_afterwards(self):
        with one_thread():
            assert count() == 1
        assert count() == THREADS

    def test_is_the_callers_after_an_error(self):
        def fail():
            with one_thread():
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert count() == THREADS

    def test_is_the_callers_after_blocks_in_each_other(self):
        with one_thread(), one_thread():
            assert count() == 1
        assert count() == THREADS

    def test_is_one_until_the_last_of_two_blocks_that_overlap_has_ended(self):
        began, ends = threading.Event(), threading.Event()

        def other():
            with one_thread():
                began.set()
                ends.wait(60)

        thread = threading.Thread(target=other)
        with one_thread():
            thread.start()
            assert began.wait(60)
        assert count() == 1
        ends.set()
        thread.join()
        assert count() == THREADS

    def test_is_that_of_the_library_in_which_numpy_computes(self):
        """Told from outside: a variable that OpenBLAS reads when it is loaded."""
        code = "from lstm_anomaly.base.blas import openblas; print(openblas('get_num_threads')())"
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        assert done.stdout.split() == [b"1"]

    @pytest.mark.parametrize("fails", [False, True])
    def test_is_one_wherever_the_python_interface_computes(self, monkeypatch, fails):
        seen = []

        def noting(function):
            def noted(*args, **named):
                seen.append(count())
                if fails:
                    raise RuntimeError("on purpose")
                return function(*args, **named)

            return noted

        values = normal_values(900)
        fitted = Detector(**QUICK).fit(values)
        assert count() == THREADS
        monkeypatch.setattr(detector, "learn", noting(detector.learn))
        monkeypatch.setattr(detector, "detect", noting(detector.detect))
        monkeypatch.setattr(detector.Judge, "push", noting(detector.Judge.push))
        monkeypatch.setattr(detector.Judge, "finish", noting(detector.Judge.finish))
        stream = fitted.stream()
        calls = [
            lambda: Detector(**QUICK).fit(values),
            lambda: fitted.score(values),
            lambda: fitted.predict(values, unjudged=0),
            lambda: fitted.events_frame(values),
            lambda: fitted.detect(values),
            lambda: stream.push(values[:20]),
            stream.finish,
        ]
        for call in calls:
            told = len(seen)
            if fails:
                with pytest.raises(RuntimeError, match="on purpose"):
                    call()
            else:
                call()
            assert set(seen[told:]) == {1}
            assert count() == THREADS


def test_without_openblas_nothing_is_changed(monkeypatch):
    monkeypatch.setattr(blas, "openblas", lambda name: None)
    with one_thread(), one_thread():
        np.testing.assert_array_equal(np.ones((2, 2)) @ np.ones(2), [2, 2])
    assert blas._inside == 0
