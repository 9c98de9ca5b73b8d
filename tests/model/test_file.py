"""The model as a file: what was saved scores the same, and a file that makes no sense is refused."""

from dataclasses import replace

import numpy as np
import pytest
from forged import packed
from small_models import series_of, small_model

from lstm_anomaly.base.container import load_arrays, save_arrays
from lstm_anomaly.base.errors import ModelFileError, OutputError
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import judge


def rows(count, seed=0):
    """Three signals, then a switch, then a sensor that stands still; (count, 5)."""
    t = np.arange(count)[:, np.newaxis]
    signals = np.sin(t / 20 + np.arange(3)) + 0.1 * np.random.default_rng(seed).normal(size=(count, 3))
    return np.column_stack([signals, np.arange(count) // 50 % 2, np.full(count, 7.0)])


@pytest.fixture(scope="module", params=["lstm", "linear"])
def model(request):
    return small_model(rows(700), kind=request.param, look_ahead=3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Header and arrays of a model of kind `lstm`: 5 sensors, of which 4 are inputs and 3 targets."""
    path = tmp_path_factory.mktemp("saved") / "x.model"
    write_model(small_model(rows(700), kind="lstm"), path)
    return load_arrays(path)


def test_a_model_that_was_saved_and_read_scores_the_same(model, tmp_path):
    write_model(model, tmp_path / "x.model")
    loaded = read_model(tmp_path / "x.model")
    new = rows(200, seed=1)
    new[100:110, 0] += 2
    new[150:, 4] = 7.5
    ours, theirs = judge(model, series_of(new)), judge(loaded, series_of(new))
    for name in ("scores", "errors", "expected"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert loaded.threshold == model.threshold
    assert loaded.summary == model.summary
    assert (loaded.sensors, loaded.step, loaded.look_ahead) == (model.sensors, model.step, 3)


def test_writing_what_was_read_gives_the_same_bytes(model, tmp_path):
    write_model(model, tmp_path / "a")
    write_model(read_model(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def header(**changes):
    """A change of the header's entries."""
    return lambda head, arrays: head.update(changes)


def header_part(part, **changes):
    """A change of one part of the header; None takes an entry away."""

    def change(head, arrays):
        head[part] = {name: value for name, value in (head[part] | changes).items() if value is not None}

    return change


def array(name, make):
    """A change of one array: `make(array)` takes its place."""

    def change(head, arrays):
        arrays[name] = make(arrays[name].copy())

    return change


def value(name, index, new):
    """A change of one number of one array."""

    def make(a):
        a[index] = new
        return a

    return array(name, make)


def without(*names):
    """A model without some of the header's entries, and the arrays of those names."""

    def change(head, arrays):
        for name in names:
            head.pop(name, None)
            for key in [key for key in arrays if key == name or key.startswith(f"{name}.")]:
                del arrays[key]

    return change


def swapped(one, other):
    """Two arrays in each other's place."""

    def change(head, arrays):
        arrays[one], arrays[other] = arrays[other], arrays[one]

    return change


def states(count, rows=5, usual=1.0):
    """So many operating states, of which the last has so many rows and such usual errors of one sensor."""

    def change(head, arrays):
        arrays["states.centres"] = np.repeat(arrays["states.centres"], count, axis=0)
        arrays["states.rows"] = np.repeat(arrays["states.rows"], count)
        arrays["states.rows"][-1:] = rows
        arrays["components.usual"] = np.repeat(arrays["components.usual"], count, axis=1)
        arrays["components.usual"][0, -1:, 0] = usual

    return change


MUTANTS = {
    "an unknown kind": header(kind="gru"),
    "a kind that is no text": header(kind=["lstm"]),
    "the kind of a model without an LSTM": header(kind="linear"),
    "a linear model with a forecaster": header(kind="linear", autoencoder=None),
    "no forecaster": header(forecaster=None),
    "no autoencoder": header(autoencoder=None),
    "a forecaster without sizes": header(forecaster={}),
    "a forecaster's weights missing": without("forecaster.lstm.W_x"),
    "an autoencoder's weights missing": without("autoencoder.output.W"),
    "sizes that are no numbers": header(autoencoder={"hidden": "4", "layers": 1}),
    "sizes of zero": header(autoencoder={"hidden": 0, "layers": 1}),
    "another hidden size": header(autoencoder={"hidden": 5, "layers": 1}),
    "more layers than there are": header(autoencoder={"hidden": 4, "layers": 2}),
    "more layers than memory can hold": header(autoencoder={"hidden": 4, "layers": 10**15}),
    "sizes as a list": header(autoencoder=[4, 1]),
    "a later format": header(format_version=3),
    "an earlier format": header(format_version=1),
    "another format": header(format="torch"),
    "no window": without("window"),
    "a window of 0": header(window=0),
    "a window of -8": header(window=-8),
    "a window of another length": header(window=9),
    "a window that is true": header(window=True),
    "a negative look-ahead": header(look_ahead=-1),
    "a fractional look-ahead": header(look_ahead=1.5),
    "a negative number of rows to fill": header(max_fill=-1),
    "a fractional number of rows to fill": header(max_fill=1.5),
    "an unknown way to resample": header(resample="median"),
    "resampling without a step": header(resample="mean", step_seconds=None),
    "a step of 0": header(step_seconds=0.0),
    "a negative step": header(step_seconds=-60.0),
    "a step that is text": header(step_seconds="60"),
    "no sensors": header(sensors=[]),
    "a sensor too few": header(sensors=["a", "b", "c", "d"]),
    "a sensor twice": header(sensors=["a", "b", "c", "d", "d"]),
    "a sensor without a name": header(sensors=["a", "b", "c", "d", None]),
    "sensors as one text": header(sensors="abcde"),
    "no sensors at all": header(sensors=None),
    "a threshold of 0": header_part("threshold", value=0.0),
    "a negative threshold": header_part("threshold", value=-1.0),
    "a threshold that is text": header_part("threshold", value="1"),
    "a threshold by an unknown method": header_part("threshold", method="guess"),
    "a budget that is none": header_part("threshold", budget="never"),
    "half a threshold": header_part("threshold", merge_gap=None),
    "a threshold that is a number": header(threshold=1.0),
    "no threshold": without("threshold"),
    "no summary": without("summary"),
    "half a summary": header_part("summary", seed=None),
    "a summary with more": header_part("summary", author="x"),
    "a summary's rows as text": header_part("summary", rows="many"),
    "a summary's losses as a number": header_part("summary", losses=1.0),
    "a summary's losses as text": header_part("summary", losses=["low"]),
    "a summary's range of one sensor only": header_part("summary", lowest=[0.0]),
    "a summary's range as text": header_part("summary", highest=["high"] * 5),
    "a best epoch that there was not": header_part("summary", best_epoch=9),
    "a missing array": without("components.bound"),
    "an array too many": lambda head, arrays: arrays.update(extra=np.ones(1)),
    "NaN in the weights": value("forecaster.lstm.W_h", (0, 0), np.nan),
    "NaN in the scaler": value("scaler.center", 0, np.nan),
    "an infinite unit": value("components.plain", (0, 0), np.inf),
    "a scale of 0": value("scaler.scale", 1, 0.0),
    "a negative scale": value("scaler.scale", 1, -1.0),
    "a negative unit": value("components.usual", (0, 0, 0), -1.0),
    "a negative unit of the forecaster": value("forecaster.unit", 0, -1.0),
    "a forecaster that reads nothing": swapped("forecaster.lowest", "forecaster.highest"),
    "an isolation of another type": array("isolation.weights", lambda a: a.astype(np.float32)),
    "a usual mean of 0": value("components.signed", (0, 0, 0), 0.0),
    "a negative bound": value("components.bound", (0, 0), -1.0),
    "a memory in which less than nothing is high": value("components.high", (0, 3), -1.0),
    "a negative limit": value("components.limits", 0, -1.0),
    "components for which nothing is high": array("components.high", lambda a: 0 * a),
    "a negative share": value("shares", (0, 0), -0.1),
    "a share of more than one": value("shares", (0, 0), 1.1),
    "one share for all": array("shares", lambda a: a[:, :1]),
    "no limit of all together": without("together"),
    "a limit of all together that is 0": header(together=0.0),
    "a limit of all together as text": header(together="1"),
    "no limit of what was never seen": without("unseen_limit"),
    "a limit of what was never seen that is 0": header(unseen_limit=0.0),
    "a limit of what was never seen that is a whole number": header(unseen_limit=4),
    "no regression on the other sensors": without("related"),
    "half a regression": without("forecast.offset"),
    "a regression with a lag too few": array("forecast.weights", lambda a: a[:, :-4]),
    "NaN in a regression": value("related.weights", (0, 0), np.nan),
    "a regression of another type": array("related.weights", lambda a: a.astype(np.float64)),
    "no operating state": states(0),
    "more operating states than there may be": states(17),
    "operating states without rows": states(2, rows=0),
    "operating states of other sensors": array("states.centres", lambda a: a[:, :-1]),
    "a sensor that counts in one state only": states(2, usual=0.0),
    "a forecaster that reads what never comes": array("forecaster.lowest", lambda a: a + np.float32(1e38)),
    "negative evidence": value("novelty.evidence", 0, -1.0),
    "weights of another type": array("forecaster.output.W", lambda a: a.astype(np.float64)),
    "a scaler of another type": array("scaler.center", lambda a: a.astype(np.float32)),
    "weights turned": array("forecaster.output.W", lambda a: a.T),
    "a scaler too short": array("scaler.scale", lambda a: a[:-1]),
    "a scaler in two dimensions": array("scaler.scale", lambda a: a[np.newaxis]),
    "components of another length": array("linear.components", lambda a: a[:, :-1]),
    "one unit for all": array("components.plain", lambda a: a[:, :1]),
    "one bound for all": array("components.bound", lambda a: a[:1]),
    "counts as one number": array("novelty.counts", lambda a: a.sum()),
    "targets and rules swapped": swapped("roles.targets", "roles.ruled"),
    "inputs and targets swapped": swapped("roles.inputs", "roles.targets"),
    "inputs and rules swapped": swapped("roles.inputs", "roles.ruled"),
    "a role of 2": array("roles.inputs", lambda a: np.array([2, 0, 1, 1, 0])),
    "roles of -1 and 3": array("roles.ruled", lambda a: np.array([0, 0, 0, -1, 3])),
    "no roles": array("roles.targets", np.zeros_like),
    "targets in other places": array("roles.targets", lambda a: np.array([0, 1, 1, 1, 0])),
    "rules for sensors that are not ruled": value("novelty.sensors", 0, 0),
    "rules for a sensor that there is not": value("novelty.sensors", 1, 5),
    "rules for sensor -1": value("novelty.sensors", 1, -1),
    "a rule without values": array("novelty.counts", lambda a: np.array([0, a.sum()])),
    "more values than the rules count": array("novelty.values", lambda a: np.append(a, 9.0)),
    "a familiar range turned over": swapped("familiar.low", "familiar.high"),
    "familiar steps turned over": value("familiar.least_step", 0, 1e9),
    "a negative familiar score": value("familiar.scores", 0, -1.0),
    "no familiar rows": without("familiar_rows"),
    "familiar rows as text": header(familiar_rows="many"),
    "strange episodes as a number": header(strangest=5),
    "a strange episode without a place": header(strangest=[{"score": 1.0, "sensor": "a"}]),
    "a strange episode with more": header(
        strangest=[{"start": "1", "end": "2", "score": 1.0, "sensor": "a", "by": "x"}]
    ),
    "a strange episode's score as text": header(
        strangest=[{"start": "1", "end": "2", "score": "1", "sensor": "a"}]
    ),
    "a doubt that is a number": header_part("summary", doubts=[1]),
    "a held-out error that is text": header_part("summary", held_out={"forecast_lstm": "low"}),
    "a negative flat range": value("stillness.least", (0, 0), -1.0),
    "a resolution of 0": value("stillness.resolution", 0, 0.0),
    "flat ranges of three lengths": array("stillness.least", lambda a: a[:3]),
    "values not in order": array("novelty.values", lambda a: a[::-1]),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_file_that_makes_no_sense_is_refused_with_its_name(saved, tmp_path, name):
    head, arrays = {**saved[0]}, {**saved[1]}
    MUTANTS[name](head, arrays)
    path = tmp_path / "pump.model"
    path.write_bytes(packed(head, arrays))
    with pytest.raises(ModelFileError, match=r"pump\.model"):
        read_model(path)


def test_a_file_with_more_operating_states_is_not_refused(saved, tmp_path):
    """So that those above are refused for what is wrong with them."""
    head, arrays = {**saved[0]}, {**saved[1]}
    states(2)(head, arrays)
    (tmp_path / "pump.model").write_bytes(packed(head, arrays))
    assert read_model(tmp_path / "pump.model").states.rows.tolist()[1:] == [5]


def test_a_file_that_was_not_changed_is_not_refused(saved, tmp_path):
    save_arrays(tmp_path / "pump.model", *saved)
    read_model(tmp_path / "pump.model")
    assert saved[1]["roles.inputs"].tolist() == [1, 1, 1, 1, 0]
    assert saved[1]["roles.targets"].tolist() == [1, 1, 1, 0, 0]
    assert saved[1]["roles.ruled"].tolist() == [0, 0, 0, 1, 1]


def test_a_model_that_cannot_be_read_back_does_not_replace_the_old_one(model, tmp_path):
    path = tmp_path / "x.model"
    write_model(model, path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match=r"cannot be read back .*the look-ahead is not a number of rows"):
        write_model(replace(model, look_ahead=-1), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["x.model"]


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="is a folder"):
        read_model(tmp_path)
