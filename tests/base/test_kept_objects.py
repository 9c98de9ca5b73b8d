"""Objects that stay in worker processes: they remember, answer in order, and their errors come through."""

import os

import pytest

from lstm_anomaly.base.errors import OutputError, WorkerError
from lstm_anomaly.base.kept_objects import KeptObjects


class Sum:
    """What was added so far."""

    def __init__(self, name):
        if name == "nobody":
            raise OutputError("has no sum", where="nobody", hint="another name")
        self.total = 0

    def add(self, number):
        self.total += number
        return self.total


def process_of(_kept):
    return os.getpid()


def length_of(_kept, text):
    return len(text)


def end_the_process(_kept):
    os._exit(9)


@pytest.fixture(params=[1, 2], ids=["here", "two processes"])
def sums(request):
    kept = KeptObjects(Sum, ["a", "b", "c", "nobody"], request.param)
    yield kept
    kept.close()


@pytest.fixture
def apart():
    kept = KeptObjects(Sum, ["a", "b", "c", "d"], 2)
    yield kept
    kept.close()


def test_each_object_remembers_and_answers_come_in_the_order_asked(sums):
    assert sums.ask({"a": (Sum.add, (1,)), "b": (Sum.add, (2,))}) == {"a": 1, "b": 2}
    found = sums.ask({"c": (Sum.add, (5,)), "b": (Sum.add, (2,)), "a": (Sum.add, (3,))})
    assert list(found.items()) == [("c", 5), ("b", 4), ("a", 4)]


def test_an_error_keeps_its_place_and_its_advice(sums):
    with pytest.raises(OutputError, match=r"nobody: has no sum\. Try: another name"):
        sums.ask({"a": (Sum.add, (1,)), "nobody": (Sum.add, (1,))})
    assert sums.ask({"a": (Sum.add, (1,))}) == {"a": 2}


def test_objects_are_divided_among_other_processes(apart):
    found = apart.ask(dict.fromkeys("abcd", (process_of, ())))
    assert found["a"] == found["c"] != found["b"] == found["d"]
    assert os.getpid() not in found.values()


def test_calls_and_answers_longer_than_a_pipe_holds_get_through(apart):
    text = "x" * 3_000_000
    assert set(apart.ask(dict.fromkeys("abcd", (length_of, (text,)))).values()) == {3_000_000}


def test_a_worker_that_dies_is_one_line_with_advice(apart):
    with pytest.raises(WorkerError, match=r"a worker process died.*Try: -j 1"):
        apart.ask({"a": (end_the_process, ()), "b": (process_of, ())})
