"""A horizon in the model file: read back as it was, refused where it makes no sense, and left out."""

from unittest.mock import patch

import numpy as np
import pytest
from forged import packed
from small_models import small_model

from lstm_anomaly.base.container import load_arrays
from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.training import fit_horizon as fitting


def rows(count):
    t = np.arange(count)[:, np.newaxis]
    wave = np.sin(2 * np.pi * t / 24 + np.arange(3))
    return wave + 0.1 * np.random.default_rng(0).normal(size=(count, 3))


@pytest.fixture(scope="module", params=["lstm", "linear"])
def model(request):
    with patch.multiple(fitting, UPDATES=10, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        return small_model(rows(400), kind=request.param, horizon=12)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "x.model"
    with patch.multiple(fitting, UPDATES=10, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        write_model(small_model(rows(400), kind="lstm", horizon=12), path)
    return load_arrays(path)


def test_a_horizon_is_read_as_it_was_written(model, tmp_path):
    write_model(model, tmp_path / "a")
    read = read_model(tmp_path / "a")
    assert read.horizon.methods_of(None) == model.horizon.methods_of(None)
    assert read.horizon.direct.methods == model.horizon.direct.methods
    write_model(read, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_rest_of_a_model_does_not_hang_on_its_horizon(tmp_path):
    with patch.multiple(fitting, UPDATES=10, HIDDEN=4, EMBEDDING=4, LEAST_LOOK_BACK=60):
        models = [small_model(rows(400), kind="lstm", horizon=steps) for steps in (0, 12)]
    for name, each in zip("ab", models, strict=True):
        write_model(each, tmp_path / name)
    (head, without), (other, with_it) = (load_arrays(tmp_path / name) for name in "ab")
    assert "horizon" not in head
    own = {"horizon", "arrays", "sha256"}
    assert {name: other[name] for name in other.keys() - own} == {
        name: head[name] for name in head.keys() - own
    }
    for name, array in without.items():
        assert array.tobytes() == with_it[name].tobytes(), name


def header(**changes):
    return lambda head, arrays: head["horizon"].update(changes)


def method(**changes):
    return lambda head, arrays: head["horizon"]["methods"]["last"].update(changes)


def array(name, value):
    return lambda head, arrays: arrays.update({f"horizon.{name}": value})


def without(name):
    return lambda head, arrays: arrays.pop(f"horizon.{name}")


def no_header(head, arrays):
    head.pop("horizon")


@pytest.mark.parametrize(
    "changed",
    [
        header(steps=0),
        header(steps=10**12),
        header(steps="12"),
        header(steps=True),
        header(look_back=0),
        header(look_back=10**9),
        header(period=-1),
        header(period=1000),
        header(week=1000),
        header(segment=7),
        header(segment=0),
        header(hidden=10**9),
        header(hidden=5),
        header(embedding=0, segment=0, hidden=0),
        header(methods={}),
        header(methods={"last": {"power": 0.0, "rows": 5}}),
        header(methods={"oracle": {"power": 0.0, "rows": 5}, "last": {"power": 0.0, "rows": 5}}),
        method(power=7.0),
        method(rows=-1),
        method(rows=1.5),
        array("chosen", np.array([0, 1, 9])),
        array("chosen", np.array([0, 1])),
        array("chosen", np.array([0.0, 1, 2])),
        array("scale", np.array([1.0, 0, 1])),
        array("scale", np.array([1.0, -1, 1])),
        array("ridge", np.zeros((12, 3), np.float32)),
        array("paths.last", np.zeros((0, 3, 12), np.float32)),
        array("paths.last", np.zeros((241, 3, 12), np.float32)),
        array("errors.last", np.full((2, 3), -1.0)),
        array("usual.last", np.zeros((3, 12), np.float32)),
        array("blend", np.full((3, 8), 0.1)),
        array("blend", np.eye(8)[[0, 0, 0]]),
        array("blend", np.eye(8)[[1, 1, 1]] * 2 - np.eye(8)[[2, 2, 2]]),
        array("lstm.extra", np.zeros(3, np.float32)),
        without("ridge"),
        without("lstm.place"),
        without("paths.last"),
        no_header,
    ],
)
def test_a_horizon_that_makes_no_sense_is_refused(saved, tmp_path, changed):
    head, arrays = saved
    head = {**head, "horizon": {**head["horizon"]}}
    head["horizon"]["methods"] = {name: {**told} for name, told in head["horizon"]["methods"].items()}
    arrays = dict(arrays)
    changed(head, arrays)
    (tmp_path / "x.model").write_bytes(packed(head, arrays))
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_model(tmp_path / "x.model")


def test_a_file_that_was_not_changed_is_not_refused(saved, tmp_path):
    (tmp_path / "x.model").write_bytes(packed(*saved))
    assert read_model(tmp_path / "x.model").horizon.steps == 12
