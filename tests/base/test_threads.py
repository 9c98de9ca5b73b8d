"""Two things at once: both are done, and an error of either is the caller's."""

import threading

import numpy as np
import pytest

from lstm_anomaly.base.threads import made_ahead, run_both


@pytest.mark.parametrize("apart", [True, False])
def test_both_are_done_and_only_the_second_in_a_thread_of_its_own(apart):
    where = {}
    run_both(
        lambda: where.update(here=threading.current_thread()),
        lambda: where.update(beside=threading.current_thread()),
        apart,
    )
    assert where["here"] is threading.current_thread()
    assert (where["beside"] is threading.current_thread()) != apart


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("failing", ["here", "beside"])
def test_an_error_of_either_is_raised_when_the_other_has_ended(apart, failing):
    done, before = [], threading.active_count()

    def work(name):
        done.append(name)
        if name == failing:
            raise MemoryError(name)

    with pytest.raises(MemoryError, match=failing):
        run_both(lambda: work("here"), lambda: work("beside"), apart)
    assert done == ["here"] or set(done) == {"here", "beside"}
    assert not apart or "beside" in done
    assert threading.active_count() == before


def test_what_numpy_is_told_to_ignore_is_ignored_in_the_thread_too():
    with np.errstate(divide="ignore"):
        run_both(lambda: None, lambda: np.float64(1) / np.zeros(1), True)


@pytest.mark.parametrize("apart", [True, False])
def test_items_are_made_in_order_and_at_most_one_before_it_is_asked_for(apart):
    made = []

    def make(item):
        made.append(item)
        return item * 10, threading.current_thread()

    for k, (result, thread) in enumerate(made_ahead(make, [1, 2, 3], apart)):
        assert result == [10, 20, 30][k]
        assert (thread is threading.current_thread()) != apart
        assert len(made) <= k + 2
    assert made == [1, 2, 3]


@pytest.mark.parametrize("apart", [True, False])
def test_an_error_ahead_comes_in_its_items_turn_and_no_thread_stays(apart):
    before, items = threading.active_count(), made_ahead(lambda item: 6 // item, [2, 1, 0, 3], apart)
    assert [next(items), next(items)] == [3, 6]
    with pytest.raises(ZeroDivisionError):
        next(items)
    assert threading.active_count() == before


def test_who_stops_before_the_end_leaves_no_thread_behind():
    before, items = threading.active_count(), made_ahead(abs, [1, 2, 3], True)
    next(items)
    items.close()
    assert threading.active_count() == before
