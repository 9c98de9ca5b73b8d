"""How long an LSTM of symbols is trained and how large it is, which symbols last, and what their limit is."""

import numpy as np
import pytest

from lstm_anomaly.base.types import Codebook, Series, SymbolColumns
from lstm_anomaly.training import fit_symbols as fitting
from lstm_anomaly.training.fit_symbols import _folds, _limit, _Rows, fit_symbols
from lstm_anomaly.training.settings import LearningSettings


def learned(codes, kind):
    """The column that is learned from codes of three symbols."""
    codes = np.asarray(codes, float)
    series = Series(
        values=codes[:, np.newaxis],
        sensors=("state",),
        times=None,
        step=None,
        segments=((0, len(codes)),),
        row_of=np.arange(len(codes)),
        symbols=SymbolColumns((Codebook("state", ["A", "B", "C"]),), None),
    )
    (column,), _ = fit_symbols(series, series.segments, LearningSettings(kind=kind), 1e-4)
    return column


@pytest.fixture
def asked(monkeypatch):
    """What training was asked for."""
    found = {}

    def lesson(params, codes, parts, are_whole, config):
        found["symbols"] = sum(b - a for a, b in parts[0])
        found["shapes"] = params["embedding"].shape[1], params["lstm.W_h"].shape[1]
        found["plan"] = config.batch_size, config.rounds, config.weight_decay
        found["updates"] = config.updates

    monkeypatch.setattr(fitting, "SymbolLesson", lesson)
    monkeypatch.setattr(fitting, "train", lambda *_: iter(()))
    monkeypatch.setattr(fitting, "sequence_nats", lambda *_: np.zeros(1))  # what it has not learned
    return found


def symbols(count):
    return np.random.default_rng(0).integers(3, size=count)


@pytest.mark.parametrize(
    ("rows", "fitted", "updates"),
    [
        (400, 260, 100),  # 50 updates would read each symbol 200 times, 32 of 32 symbols an update
        (3151, 2048, 400),
        (3175, 2064, 403),
        (34_000, 22_100, 4000),
    ],
)
def test_an_lstm_gets_100_to_4000_updates_and_reads_a_symbol_200_times(asked, rows, fitted, updates):
    learned(symbols(rows), "lstm")
    assert (asked["symbols"], asked["updates"]) == (fitted, updates)


def test_the_lstm_has_64_units_and_is_trained_with_weight_decay(asked):
    learned(symbols(400), "lstm")
    assert asked["shapes"] == (32, 64)
    assert asked["plan"] == (32, 16, 0.02)


@pytest.mark.parametrize(("rows", "is_trained"), [(306, False), (307, True)])
def test_of_fewer_than_200_symbols_to_fit_to_no_lstm_learns(asked, rows, is_trained):
    """Of the rows 65 % are to fit to."""
    assert (learned(symbols(rows), "lstm").lstm is not None) == is_trained


@pytest.mark.parametrize(("repeated", "lasts"), [(699, False), (700, True)])
def test_symbols_last_where_seven_of_ten_rows_repeat_the_row_before(repeated, lasts):
    codes = np.append(np.zeros(repeated), 1 + np.arange(1001 - repeated) % 2)
    codes = np.append(codes[0], codes)[:1001]
    assert learned(codes, "linear").lasts == lasts


def test_what_one_normal_row_in_a_hundred_shows_is_never_an_anomaly():
    assert _limit(np.zeros(5000), 1e-4) == pytest.approx(np.log(100))


def test_a_limit_is_told_by_the_top_tenth_of_the_maxima_of_25_rows():
    """Maxima 1 to 1,000; those above 900 exceed it by 50.5 on average, a tenth more as there are 100."""
    nats = np.zeros((1000, 25))
    nats[:, 7] = np.arange(1, 1001)
    per_row = 0.1 / 25 / 10  # ten times rarer than a block's maximum is above 900
    assert _limit(nats.ravel(), per_row) == pytest.approx(900 + 1.1 * 50.5 * np.log(10))


def test_each_quarter_of_the_rows_is_judged_by_the_others():
    rows = _Rows(np.zeros(8, int), np.arange(8) == 0, False, False, 3)
    assert _folds(rows).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(("nats", "is_trained"), [(0.00199, False), (0.00201, True)])
def test_an_lstm_is_trained_where_counts_leave_two_thousandths_of_a_nat(asked, nats, is_trained, monkeypatch):
    monkeypatch.setattr(fitting.NGram, "nats", lambda self, grams: np.full(len(grams), nats))
    learned(symbols(400), "auto")
    assert bool(asked) == is_trained
