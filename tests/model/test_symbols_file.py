"""Columns of symbols in a model file: read as they were written, and refused where they make no sense."""

import numpy as np
import pytest

from lstm_anomaly.base.container import load_arrays, save_arrays
from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.base.types import Codebook, Series, SymbolColumns
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import judge
from lstm_anomaly.training import fit_symbols as fitting
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn


def series(jobs=120):
    codes = np.tile([0, 1, 1, 2, 0], jobs)
    return Series(
        values=codes[:, np.newaxis].astype(float),
        sensors=("event",),
        times=None,
        step=None,
        segments=tuple((5 * k, 5 * k + 5) for k in range(jobs)),
        row_of=np.arange(len(codes)),
        symbols=SymbolColumns((Codebook("event", ["\x1b[31m", "=1+1", "B"]),), "job"),
    )


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "LEAST_UPDATES", 3)
        patch.setattr(fitting, "MOST_READINGS", 0)
        return learn(series(), LearningSettings(kind="lstm"))


def test_a_model_that_is_read_scores_to_the_same_bits(model, tmp_path):
    write_model(model, tmp_path / "m.model")
    again = read_model(tmp_path / "m.model")
    assert again.session == "job"
    assert again.symbols[0].texts == ("\x1b[31m", "=1+1", "B")
    found, wanted = judge(again, series(20)), judge(model, series(20))
    np.testing.assert_array_equal(found.scores, wanted.scores)
    assert found.words.tolist() == wanted.words.tolist()


def test_a_model_that_is_written_again_is_the_same_file(model, tmp_path):
    write_model(model, tmp_path / "one.model")
    write_model(read_model(tmp_path / "one.model"), tmp_path / "two.model")
    assert (tmp_path / "one.model").read_bytes() == (tmp_path / "two.model").read_bytes()


def edit_header(**changes):
    return lambda header, arrays: header["symbols"][0].update(changes)


def edit_array(name, change):
    def edit(header, arrays):
        arrays[f"symbols.0.{name}"] = change(arrays[f"symbols.0.{name}"].copy())

    return edit


def swap(array):
    array[[0, 1]] = array[[1, 0]]
    return array


def put(place, value):
    def change(array):
        array[place] = value
        return array

    return change


FAULTS = {
    "a vocabulary without a symbol": edit_header(texts=[]),
    "a vocabulary of a million": edit_header(texts=[str(k) for k in range(10**6)]),
    "a symbol twice": edit_header(texts=["A", "A", "B"]),
    "a symbol that is no text": edit_header(texts=["A", 7, "B"]),
    "a smaller vocabulary than was counted": edit_header(texts=["A"]),
    "a column that is no sensor": edit_header(place=1),
    "a column before the first": edit_header(place=-1),
    "no share for symbols never seen": edit_header(unseen=0.0),
    "an LSTM of a billion units": edit_header(lstm={"embedding": 32, "hidden": 10**9}),
    "an LSTM of other sizes": edit_header(lstm={"embedding": 32, "hidden": 63}),
    "weights of no LSTM": edit_header(lstm=None),
    "what was found on held-out rows as text": edit_header(held_out={"lstm": "good", "ngram": 0.1}),
    "sequences out of order": edit_array("ngram.keys", swap),
    "a sequence of no symbols": edit_array("ngram.keys", put(-1, 2**62)),
    "a negative sequence": edit_array("ngram.keys", put(0, -1)),
    "something counted never": edit_array("ngram.counts", put(0, 0)),
    "a context too few": edit_array("ngram.totals", lambda array: array[1:]),
    "orders that end beyond the counts": edit_array("ngram.edges", put(-1, 10**6)),
    "orders that go back": edit_array("ngram.edges", put(1, 10**6)),
    "a duration of no row": edit_array("lengths.rows", put(0, 0)),
    "durations of no sequence": edit_array("lengths.counts", put(0, 10**6)),
    "a limit of nothing": edit_array("limits", put(0, 0.0)),
    "one limit more": edit_array("limits", lambda array: np.append(array, 1.0)),
    "weights in double precision": edit_array("lstm.embedding", lambda array: array.astype(float)),
    "an array of another column": lambda header, arrays: arrays.update({"symbols.1.limits": np.ones(4)}),
    "symbols without their columns": lambda header, arrays: header.pop("symbols"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_makes_no_sense_is_refused(model, tmp_path, fault):
    write_model(model, tmp_path / "m.model")
    header, arrays = load_arrays(tmp_path / "m.model")
    header = {
        name: value for name, value in header.items() if name not in ("format", "format_version", "arrays")
    }
    FAULTS[fault](header, arrays)
    save_arrays(tmp_path / "m.model", header, arrays)
    with pytest.raises(ModelFileError, match="makes no sense"):
        read_model(tmp_path / "m.model")
