"""How surprising symbols are: durations, readers in any pieces, and reasons in words."""

import numpy as np
import pytest

from lstm_anomaly.base.types import Codebook, Series, SymbolColumns
from lstm_anomaly.scoring.symbols.column import END, LASTING, LENGTH, NEXT, rarity, shown
from lstm_anomaly.scoring.symbols.durations import Durations
from lstm_anomaly.scoring.symbols.reader import SymbolReader
from lstm_anomaly.training import fit_symbols as fitting
from lstm_anomaly.training.fit_symbols import fit_symbols
from lstm_anomaly.training.settings import LearningSettings

TEXTS = ["IDLE", "PUMP", "FILL"]


def learned(codes, begins=(0,), session=None, kind="linear"):
    """A column learned from codes; sequences begin in some rows."""
    codes = np.asarray(codes, float)
    stops = [*begins[1:], len(codes)]
    series = Series(
        values=codes[:, np.newaxis],
        sensors=("state",),
        times=None,
        step=None,
        segments=tuple(zip(begins, stops, strict=True)),
        row_of=np.arange(len(codes)),
        symbols=SymbolColumns((Codebook("state", list(TEXTS)),), session),
    )
    (column,), _ = fit_symbols(series, series.segments, LearningSettings(kind=kind), 1e-4)
    return column


def cycles(count, seed=0, rows=(4, 8)):
    """IDLE, PUMP, FILL again and again, each for some rows."""
    rng = np.random.default_rng(seed)
    return np.concatenate([np.full(rng.integers(*rows), k % 3) for k in range(3 * count)])


def read(reader, codes, begins=None):
    codes = np.asarray(codes)
    begins = np.arange(len(codes)) == 0 if begins is None else np.asarray(begins)
    texts = np.array([*TEXTS, "ALARM", ""], object)[np.minimum(codes, 3)]
    return reader.push(codes, begins, texts)


def test_durations_within_those_seen_are_counted():
    durations = Durations.fit(np.zeros(4, int), np.array([2, 4, 4, 8]), 1)
    kinds, rows = np.zeros(2, int), np.array([3, 8])
    np.testing.assert_allclose(durations.nats(kinds, rows, at_least=True), -np.log([4 / 6, 2 / 6]))
    np.testing.assert_allclose(durations.nats(kinds, rows, at_least=False), -np.log([2 / 6, 5 / 6]))


def test_durations_beyond_those_seen_are_ever_more_surprising():
    durations = Durations.fit(np.zeros(4, int), np.array([2, 4, 4, 8]), 1)
    longer = durations.nats(np.zeros(3, int), np.array([8, 16, 64]), at_least=True)
    shorter = durations.nats(np.zeros(2, int), np.array([2, 1]), at_least=False)
    assert (np.diff(longer) > 1).all()
    assert shorter[1] > shorter[0] + 1


def test_durations_of_a_symbol_never_seen_say_nothing():
    durations = Durations.fit(np.zeros(4, int), np.array([2, 4, 4, 8]), 2)
    assert not durations.nats(np.array([1, 5]), np.array([9, 9]), at_least=True).any()


def test_usual_durations_hold_nine_of_ten():
    assert Durations.fit(np.zeros(100, int), np.arange(1, 101), 1).usual(0) == (6, 95)


@pytest.mark.parametrize(("nats", "said"), [(np.log(4000), "1 in 4,000"), (np.log(2), "1 in 2")])
def test_rarity_has_two_digits(nats, said):
    assert rarity(nats) == said


def test_what_is_rarer_than_anyone_has_seen_is_not_counted():
    assert rarity(40.0) == "less than 1 in 1,000,000"


def test_hostile_symbols_are_shown_as_short_plain_text():
    assert shown("\x1b[31mred\n") == "\\x1b[31mred\\n"
    assert len(shown("x" * 10_000)) == 40
    assert shown("") == "(empty)"


def test_states_in_row_after_row_are_found_to_last():
    assert learned(cycles(60)).lasts
    assert not learned(np.tile([0, 1, 2], 60)).lasts


def test_a_wrong_order_is_surprising_where_it_begins():
    column = learned(cycles(100))
    nats = read(SymbolReader(column, False), [0] * 5 + [2] * 5 + [0] * 5).nats[1:, NEXT]
    assert nats.argmax() == 5
    assert nats[5] > column.limits[NEXT]


def test_a_wrong_order_is_told_with_what_is_usual():
    found = read(SymbolReader(learned(cycles(100)), False), [0] * 5 + [2] * 5)
    assert found.words[6].startswith("FILL after IDLE: ")
    assert found.words[6].endswith("; usual: PUMP (100 %)")


def test_a_symbol_never_seen_is_told_by_its_text():
    found = read(SymbolReader(learned(cycles(100)), False), [0] * 5 + [3] * 2 + [1])
    assert found.words[6].startswith("ALARM (never seen) after IDLE: ")


def test_a_state_that_lasts_too_long_is_told_while_it_lasts():
    column = learned(cycles(400))
    found = read(SymbolReader(column, False), [0] * 5 + [1] * 60)
    assert (found.nats[30:, LASTING] > column.limits[LASTING]).all()
    assert found.words[-1].startswith("PUMP for 60 rows: ")
    assert found.words[-1].endswith("; usual: 4 to 7 rows")


def test_a_state_that_is_over_too_soon_is_told_as_it_ends():
    column = learned(cycles(400, rows=(30, 40)))
    found = read(SymbolReader(column, False), [0] * 35 + [1] * 2 + [2] * 5)
    assert found.nats[:, LASTING].argmax() == 38
    assert found.words[38].startswith("PUMP for 2 rows: ")


def test_the_first_state_of_a_file_may_have_begun_before():
    column = learned(cycles(400, rows=(30, 40)))
    assert read(SymbolReader(column, False), [0] * 2 + [1] * 5).nats[3, LASTING] < 1


def sessions(count):
    """0 1 2 2 as often as asked for: the codes, and where each begins."""
    return np.tile([0, 1, 2, 2], count), list(range(0, 4 * count, 4))


def test_a_session_that_ends_early_is_told_in_its_last_row():
    codes, begins = sessions(300)
    column = learned(codes, begins, session="batch")
    found = read(
        SymbolReader(column, True), [0, 1, 2, 2, 0, 1, 0, 1], np.array([1, 0, 0, 0, 1, 0, 1, 0], bool)
    )
    assert (
        found.nats[:, END].argmax() == 6
    )  # the row before that one is row 5, the last of the second session
    assert found.words[6].startswith("ends after PUMP: ")
    assert "usual: FILL" in found.words[6]


def test_the_end_of_the_last_session_is_told_at_the_end():
    codes, begins = sessions(300)
    reader = SymbolReader(learned(codes, begins, session="batch"), True)
    assert read(reader, [0, 1]).nats[:, END].max() == 0
    assert reader.finish().nats[0, END] > 5


def test_a_session_longer_than_any_is_told():
    codes, begins = sessions(300)
    column = learned(codes, begins, session="batch")
    assert read(SymbolReader(column, True), [0, 1] + [2] * 40).nats[-1, LENGTH] > column.limits[LENGTH]


@pytest.mark.parametrize("kind", ["linear", "lstm"])
@pytest.mark.parametrize("are_whole", [False, True])
@pytest.mark.parametrize("size", [1, 5])
def test_reading_in_pieces_gives_the_same_bits_and_words(monkeypatch, kind, are_whole, size):
    monkeypatch.setattr(fitting, "LEAST_UPDATES", 3)
    monkeypatch.setattr(fitting, "MOST_READINGS", 0)
    if are_whole:
        codes, begins = sessions(100)
        new, starts = np.array([0, 1, 2, 2, 0, 2, 0, 1, 3, 2, 2]), [0, 4, 6]
    else:
        codes, begins = cycles(60), [0]
        new, starts = np.array([0] * 5 + [2] * 3 + [1] * 30 + [3, 0]), [0, 20]
    column = learned(codes, begins, session="batch" if are_whole else None, kind=kind)
    flags = np.isin(np.arange(len(new)), starts)
    whole = read(SymbolReader(column, are_whole), new, flags)
    reader, nats, words = SymbolReader(column, are_whole), np.zeros_like(whole.nats), [""] * (len(new) + 1)
    for first in range(0, len(new), size):
        part = read(reader, new[first : first + size], flags[first : first + size])
        for k, text in enumerate(part.words):
            before, now = nats[first + k], part.nats[k]
            if column.multiples(now).max() > column.multiples(before).max():
                words[first + k] = text
            nats[first + k] = np.maximum(before, now)
    np.testing.assert_array_equal(nats, whole.nats)
    assert words == whole.words.tolist()
