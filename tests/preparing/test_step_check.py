"""Rows at another step than the model's are refused, with what to do, and not told as a hundred events."""

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.preparing.step_check import STEPS, StepCheck


def times(*seconds):
    return np.datetime64("2024-01-01", "ns") + np.array(seconds) * np.timedelta64(10**9, "ns")


def check(stamps, step=300, size=1000, **how):
    checker = StepCheck(np.timedelta64(step, "s"), **{"is_joined": False, **how})
    for k in range(0, len(stamps), size):
        checker.push(stamps[k : k + size], "new.csv")


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("step", "said", "advice"),
    [(60, "every 1 min", "--resample-by last"), (600, "every 10 min", "--resample 10min")],
)
def test_a_wrong_step_is_refused_with_both_steps_and_advice(step, said, advice, size):
    with pytest.raises(InputError) as caught:
        check(times(*range(0, 40 * step, step)), size=size)
    assert said in str(caught.value)
    assert "the model knows one every 5 min" in str(caught.value)
    assert advice in str(caught.value)


@pytest.mark.parametrize("step", [200, 300, 500])
def test_about_the_same_step_is_taken(step):
    check(times(*range(0, 40 * step, step)))


def test_holes_and_repeated_stamps_are_no_other_step():
    rows = np.delete(np.arange(60), [5, 9, 17, 18, 33])
    check(times(*(300 * np.repeat(rows, 2))))


def test_a_model_that_joins_rows_takes_finer_ones_and_no_coarser():
    check(times(*range(0, 2400, 60)), is_joined=True)
    with pytest.raises(InputError, match="every 10 min"):
        check(times(*range(0, 24000, 600)), is_joined=True)


def test_few_rows_tell_nothing():
    check(times(*range(0, 60 * STEPS, 60)))
