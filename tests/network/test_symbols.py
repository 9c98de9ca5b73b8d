"""Models of sequences of symbols: gradients, equality with slow and obvious versions, and with PyTorch."""

from pathlib import Path

import naive
import numpy as np
import pytest
from gradcheck import assert_gradients_match, numeric_gradient

from lstm_anomaly.base.types import MOST_SYMBOLS
from lstm_anomaly.network.following import RUN
from lstm_anomaly.network.symbols.following_symbols import begin, follow_symbols
from lstm_anomaly.network.symbols.next_symbol import (
    embedding_gradient,
    init_next_symbol,
    next_symbol_loss_and_gradients,
    next_symbol_shapes,
    symbol_buffers,
)
from lstm_anomaly.network.symbols.ngram import ORDER, NGram, grams_of
from lstm_anomaly.network.symbols.softmax import cross_entropy, log_softmax
from lstm_anomaly.network.training.forecaster_training import ForecastConfig
from lstm_anomaly.network.training.loop import train
from lstm_anomaly.network.training.symbol_training import SymbolLesson, sequence_nats

GOLDEN = Path(__file__).parent.parent / "golden" / "symbols.npz"
V = 3
END, START = V + 1, V + 2


def make(dtype=np.float32, hidden=5):
    """Parameters whose outputs are not all alike."""
    rng = np.random.default_rng(0)
    params = init_next_symbol(rng, V, 4, hidden, dtype)
    params["output.W"][...] = rng.normal(size=(V + 1, hidden))
    params["output.b"][...] = rng.normal(size=V + 1)
    return params


def test_softmax_equals_its_definition():
    logits = np.array([[[0.0], [np.log(2)], [np.log(5)]]])  # odds 1 : 2 : 5
    np.testing.assert_allclose(np.exp(log_softmax(logits))[0, :, 0], [1 / 8, 2 / 8, 5 / 8])


def test_softmax_neither_overflows_nor_loses_small_chances():
    found = log_softmax(np.array([[[1000.0], [0.0], [-1000.0]]]))[0, :, 0]
    np.testing.assert_array_equal(found, [0.0, -1000.0, -2000.0])


def test_cross_entropy_is_the_mean_of_the_targets_that_count():
    logits = np.log(np.array([[[1.0, 8.0], [3.0, 1.0], [4.0, 1.0]]]))  # (1, 3, 2)
    loss, gradient = cross_entropy(logits, np.array([[1, 0]]), np.array([[1.0, 0.0]]))
    assert loss == pytest.approx(-np.log(3 / 8))
    np.testing.assert_allclose(gradient[0], [[1 / 8, 0], [3 / 8 - 1, 0], [4 / 8, 0]])


def test_gradient_of_cross_entropy_equals_finite_differences(rng):
    logits, targets = rng.normal(size=(2, 4, 3)), rng.integers(4, size=(2, 3))
    weights = rng.uniform(0, 2, size=(2, 3))
    gradient = cross_entropy(logits, targets, weights)[1]
    numeric = numeric_gradient(lambda: cross_entropy(logits, targets, weights)[0], logits)
    np.testing.assert_allclose(gradient, numeric, atol=1e-9)


def test_embedding_gets_the_gradients_of_all_places_of_a_symbol():
    inputs = np.array([[0, 2], [0, 3]])  # (T, B); 3 was never seen
    d_x = np.array([[[1.0, 10.0]], [[2.0, 20.0]]])  # (T, D, B), D = 1
    found = embedding_gradient(np.zeros((5, 1)), inputs, d_x)
    np.testing.assert_array_equal(found, [[3.0], [0.0], [10.0], [0.0], [0.0]])


def test_gradients_of_all_parameters_equal_finite_differences(rng):
    params = make(np.float64)
    inputs, targets = rng.integers(V + 2, size=(5, 2)), rng.integers(V + 1, size=(5, 2))
    inputs[inputs == V] = 0  # the embedding of what was never seen does not learn
    weights, buffers = (rng.random((5, 2)) < 0.7).astype(float), symbol_buffers(params, 5, 2)

    def loss():
        return next_symbol_loss_and_gradients(params, inputs, targets, weights, buffers)[0]

    gradients = next_symbol_loss_and_gradients(params, inputs, targets, weights, buffers)[1]
    assert gradients.keys() == params.keys()
    assert_gradients_match(loss, params, gradients)


def test_parameters_have_the_shapes_that_are_promised():
    params = init_next_symbol(np.random.default_rng(0), V, 4, 5)
    assert {name: array.shape for name, array in params.items()} == next_symbol_shapes(V, 4, 5)
    assert not params["embedding"][V].any()


def test_loss_and_gradients_equal_those_of_pytorch():
    with np.load(GOLDEN) as arrays:
        golden = {name: arrays[name] for name in arrays.files}
    params = {
        "embedding": golden["embedding"],
        "lstm.W_x": golden["weight_ih"],
        "lstm.W_h": golden["weight_hh"],
        "lstm.b": golden["bias"],
        "output.W": golden["output.weight"],
        "output.b": golden["output.bias"],
    }
    inputs, targets, weights = golden["inputs"], golden["targets"], golden["weights"]
    buffers = symbol_buffers(params, *inputs.shape)
    loss, gradients = next_symbol_loss_and_gradients(params, inputs, targets, weights, buffers)
    assert loss == pytest.approx(float(golden["loss"]), rel=1e-12)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, golden[f"gradient.{name}"], rtol=1e-9, atol=1e-12)


def follow(params, sequence, over):
    said, _ = follow_symbols(params, begin(params), [np.array(sequence)], np.array([over]))
    return said


def test_following_equals_the_naive_lstm():
    params, sequence = make(np.float64), [0, 2, V, 1, 1]  # V was never seen
    said = follow(params, sequence, over=True)
    expected = naive.next_symbol_log_p(params, [*sequence, V], start=V + 1)  # (6, V + 1)
    came = [0, 2, None, 1, 1, V]
    for place, code in enumerate(came):
        nats = np.inf if code is None else -expected[place, code]
        assert said.nats[place] == pytest.approx(nats)
        assert said.usual[place] == expected[place].argmax()
        assert said.share[place] == pytest.approx(np.exp(expected[place].max()))


@pytest.mark.parametrize("size", [1, 7, 300])
def test_following_in_pieces_gives_the_same_bits(rng, size):
    params, sequence = make(hidden=8), rng.integers(V + 1, size=2 * RUN + 40)
    whole = follow(params, sequence, over=False)
    state, found = begin(params), []
    for first in range(0, len(sequence), size):
        piece = [sequence[first : first + size]]
        said, state = follow_symbols(params, state, piece, np.array([False]))
        found.append(said)
    for name in ("nats", "usual", "share"):
        np.testing.assert_array_equal(
            np.concatenate([getattr(part, name) for part in found]), getattr(whole, name)
        )


def test_sequences_side_by_side_give_the_bits_of_each_alone(rng):
    params = make(hidden=8)
    parts = [rng.integers(V, size=length) for length in (1, 30, 4, 600, 4)]
    together, _ = follow_symbols(params, begin(params), parts, np.ones(5, bool))
    alone = [follow(params, part, over=True).nats for part in parts]
    np.testing.assert_array_equal(together.nats, np.concatenate(alone))


def counted(sequences, unseen=0.01):
    codes = np.concatenate([np.array(sequence) for sequence in sequences])
    begins = np.concatenate([np.arange(len(sequence)) == 0 for sequence in sequences])
    return NGram.fit(grams_of(codes, begins, np.full(ORDER - 1, START), V), V, unseen)


SEQUENCES = [[0, 1, 2, END], [0, 1, 1, 2, END], [0, 2, END], [0, 1, 2, 2, END]]


@pytest.mark.parametrize("history", [[], [0], [0, 1], [0, 1, 1, 2], [2, 2, 2], [1, V, 0]])
@pytest.mark.parametrize("symbol", [0, 1, 2, V, END])
def test_ngram_equals_the_naive_one(history, symbol):
    context = np.array(([START] * ORDER + history)[1 - ORDER :])
    found = counted(SEQUENCES).nats(np.append(context, symbol)[np.newaxis])[0]
    p = naive.witten_bell(SEQUENCES, ORDER, 0.01, START, history, symbol)
    assert found == pytest.approx(-np.log(p))


def test_ngram_names_the_most_likely_follower():
    usual, share = counted(SEQUENCES).most_likely(np.array([START] * (ORDER - 1)))
    assert usual == 0
    assert share > 0.9


def test_ngram_lists_transitions_the_most_frequent_first():
    assert counted(SEQUENCES).transitions()[:3].tolist() == [[2, END, 4], [START, 0, 4], [0, 1, 3]]


def test_grams_do_not_reach_across_the_begin_of_a_sequence():
    grams = grams_of(np.array([0, 1, 2]), np.array([False, True, False]), np.array([1, 1, 1, 2]), V)
    assert grams.tolist() == [[1, 1, 1, 2, 0], [START] * 4 + [1], [START] * 3 + [1, 2]]


def test_packed_contexts_of_the_largest_vocabulary_fit():
    assert (MOST_SYMBOLS + 4) ** ORDER < 2**63


def brackets(rng, count, delay):
    """Sequences that end as they began, with noise between."""
    return [
        np.concatenate([[kind], rng.integers(2, 4, size=delay), [kind]])
        for kind in rng.integers(2, size=count)
    ]


def test_training_learns_what_lies_beyond_an_ngram(rng):
    sequences = brackets(rng, 60, delay=8)
    codes, stops = np.concatenate(sequences), np.cumsum([len(part) for part in sequences]).tolist()
    segments = tuple(zip([0, *stops[:-1]], stops, strict=True))
    params = init_next_symbol(rng, 4, 8, 16)
    config = ForecastConfig(updates=250, rounds=5, batch_size=16, learning_rate=0.01)
    lesson = SymbolLesson(params, codes, (segments[:40], segments[40:50]), True, config)
    reports = list(train(lesson, config, rng))
    assert reports[-1].validation_loss < reports[0].validation_loss
    nats = sequence_nats(params, codes, segments[50:], True).reshape(10, -1)  # ends included
    assert nats[:, -2].mean() < 0.2  # the closing bracket; log(2) would be a guess


def test_the_same_seed_trains_the_same_bits():
    def trained():
        rng = np.random.default_rng(3)
        codes = np.tile([0, 1, 2, 1], 40)
        params = init_next_symbol(rng, 3, 4, 4)
        config = ForecastConfig(updates=6, rounds=2, batch_size=2, steps=16)
        segments = ((0, 100),), ((100, 160),)
        list(train(SymbolLesson(params, codes, segments, False, config), config, rng))
        return params

    one, other = trained(), trained()
    assert all(np.array_equal(one[name], other[name]) for name in one)
