"""The Python interface, as users of scikit-learn and PyOD expect it."""

import sys

import click
import numpy as np
import pandas as pd
import pytest
from conftest import SENSORS, normal_values

from lstm_anomaly import Detector
from lstm_anomaly.base.errors import (
    InputError,
    LstmAnomalyError,
    NotEnoughDataError,
    OutputError,
    SensorsError,
    SettingsError,
)
from lstm_anomaly.commands.frame.app import app
from lstm_anomaly.output.detector import ARGUMENTS

QUICK = {
    "model_kind": "lstm",
    "epochs": 4,
    "hidden": 8,
    "window": 8,
    "threshold": 3.0,
}


NEW = normal_values(30, seed=1)


@pytest.fixture(scope="module")
def fitted():
    return Detector(**QUICK).fit(normal_values(900))


def with_fault():
    values = normal_values(300, seed=1)
    values[120:140, 0] += 6
    return values


def test_fit_returns_the_detector_and_learns_a_positive_threshold(fitted):
    assert isinstance(fitted, Detector)
    assert fitted.threshold_ > 0


def test_higher_is_more_abnormal_and_above_1_is_predicted_as_1(fitted):
    scores = fitted.score(with_fault())
    assert scores.shape == (300,)
    assert scores[120:140].max() > 1 > np.nanmedian(scores)
    np.testing.assert_array_equal(fitted.predict(with_fault(), unjudged=0), (scores > 1).astype(int))


def test_rows_before_the_first_whole_window_are_nan_and_predicted_as_0(fitted):
    scores = fitted.score(with_fault())
    assert np.isnan(scores[:7]).all()
    assert np.isfinite(scores[7:]).all()
    with pytest.warns(UserWarning, match=r"^7 of 300 rows could not be judged"):
        assert fitted.predict(with_fault())[:7].tolist() == [0] * 7
    assert fitted.predict(with_fault(), unjudged=-1)[:8].tolist() == [-1] * 7 + [0]


def test_a_detector_says_what_it_is(fitted):
    assert (
        repr(Detector(seed=3, false_alarms="1/day")) == "Detector(false_alarms='1/day', seed=3), not fitted"
    )
    assert repr(fitted).endswith(f"fitted to 3 sensors: {fitted.model_.kind}, window 8")


def test_a_wrong_name_of_an_argument_is_answered_with_the_right_one():
    with pytest.raises(SettingsError, match=r"'kind'; did you mean 'model_kind'\? Try: one of false_alarms,"):
        Detector(kind="linear")
    with pytest.raises(SettingsError, match="did you mean 'false_alarms'"):
        Detector(false_alarm="1/week")


def test_arguments_are_named_as_the_options_of_train():
    train = app.get_command(click.Context(app), "train")
    assert {f"--{name.replace('_', '-')}" for name in ARGUMENTS} <= {
        each for p in train.params for each in p.opts
    }


def test_one_condition_or_date_may_stand_without_a_list():
    values = np.column_stack([normal_values(500), np.tile([0, 1, 1, 1, 1], 100).repeat(1)])
    detector = Detector(model_kind="linear", off="sensor_4 < 1", horizon=0).fit(values)
    assert np.isnan(detector.score(values)[:50:5]).all()


def test_a_picture_of_all_rows_shows_scores_and_the_sensors_of_the_events(fitted):
    times = pd.date_range("2026-03-02", periods=300, freq="min")
    rows = pd.DataFrame(with_fault(), index=times, columns=fitted.model_.sensors)
    above, *below = fitted.plot(rows).axes
    np.testing.assert_array_equal(above.lines[0].get_ydata()[7:], fitted.score(rows)[7:])
    assert above.get_title(loc="right") == "1 event"
    assert len(above.patches) == 1
    assert above.patches[0].get_linewidth() > 0, "or an event of one row, which has no width, is not seen"
    assert below[0].get_title(loc="right") == "sensor_1"
    np.testing.assert_array_equal(below[0].lines[0].get_ydata(), with_fault()[:, 0])
    assert fitted.plot(with_fault()).axes[-1].get_xlabel() == "row"


def test_a_picture_of_one_event_has_its_sentence(fitted):
    (sentence,) = fitted.events_frame(with_fault())["sentence"]
    words = fitted.plot(with_fault(), event=0).get_suptitle()
    assert words.startswith("Event 1: line ")
    assert " ".join(words.split("\n")[1:]) == sentence


def test_without_matplotlib_a_picture_says_what_to_install(fitted, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("lstm_anomaly.output.report.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OutputError, match=r"matplotlib, .* Try: pip install 'lstm-anomaly\[plot\]'"):
        fitted.plot(with_fault())


def test_events_as_a_data_frame_tell_the_same_as_events(fitted):
    times = pd.date_range("2026-03-02", periods=300, freq="min")
    table = fitted.events_frame(pd.DataFrame(with_fault(), index=times, columns=fitted.model_.sensors))
    events = fitted.detect(with_fault())
    assert table["rows"].tolist() == [event.duration for event in events]
    assert table["start"].tolist() == [str(times[event.start]) for event in events]
    assert table["sensor"].tolist() == [event.contributions[0].sensor for event in events]
    assert all(table["sentence"].str.contains(" usual | instead of "))
    assert fitted.events_frame(with_fault())["start"].tolist() == [f"line {e.start + 1}" for e in events]


def test_forecasts_come_in_own_units_with_intervals():
    detector = Detector(model_kind="linear", horizon=12).fit(normal_values(900))
    found = detector.forecast(normal_values(1000), steps=5)
    assert found.values.shape == (3, 5)
    assert (np.abs(found.values.T - normal_values(1005)[1000:]) < [1, 0.3, 5]).all()
    low, high = found.interval(np.float32(0.75))
    assert (low < found.values).all()
    assert (found.values < high).all()
    for steps, why in ((13, "13 rows cannot be forecast"), (2.5, "2.5 is no number of rows")):
        with pytest.raises(SettingsError, match=why):
            detector.forecast(normal_values(1000), steps=steps)
    with pytest.raises(SettingsError, match="the level nan is not between 0 and 1"):
        found.interval(float("nan"))


def test_a_detector_without_a_horizon_says_how_to_get_one(fitted):
    with pytest.raises(InputError, match="no horizon"):
        fitted.forecast(normal_values(300))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("tz", 3, "tz is 3, but must be a text"),
        ("tz", "Nowhere/X", "no time zone 'Nowhere/X'. Try: a name such as Europe/Berlin"),
        ("tz", "../x", "no time zone '../x'"),
        ("holidays", "zz", r"holidays is \('zz',\), but must be dates. Try: dates such as 2024-12-25"),
        ("holidays", ["2024-13-01"], "but must be dates"),
        ("holidays", 3, "holidays is 3, but must be texts"),
        ("off", 3, "off is 3, but must be texts"),
        ("false_alarms", 3, 'the false-alarm budget "3" is not'),
        ("seed", "zz", "seed is 'zz', but must be a whole number"),
        ("trim", (1,), r"trim is \(1,\), but must be a number"),
        ("model_kind", 3, "no kind of model 3. Try: auto or"),
        ("preset", ["fast"], r"no preset \['fast'\]. Try: fast or"),
        ("threshold_method", 3, "threshold_method is 3, but must be a text"),
    ],
)
def test_wrong_arguments_are_told_with_the_right_ones(name, value, told):
    with pytest.raises(LstmAnomalyError, match=told):
        Detector(**{name: value})


@pytest.mark.parametrize(
    ("method", "arguments", "told"),
    [
        ("detect", {"X": NEW, "rules": 3}, "rules is 3, but must be EventRules"),
        ("events_frame", {"X": NEW, "rules": "zz"}, "rules is 'zz', but must be EventRules"),
        ("plot", {"X": NEW, "event": 1.5}, "event is 1.5, but must be a whole number"),
        ("predict", {"X": NEW, "unjudged": "zz"}, "unjudged is 'zz', but must be a whole number"),
        ("save", {"path": 3}, "path is 3, but must be the name of a file"),
        ("load", {"path": 3}, "path is 3, but must be the name of a file"),
        ("fit", {"X": NEW, "on_epoch": 3}, "on_epoch is 3, but must be a function"),
        (
            "plot",
            {"X": NEW, "event": 9},
            "there is no event 9: these rows have [0-8] events?. Try: events_frame",
        ),
        ("plot", {"X": NEW, "event": -9}, "there is no event -9"),
    ],
)
def test_methods_tell_wrong_arguments_with_the_right_ones(fitted, method, arguments, told):
    with pytest.raises(SettingsError, match=told):
        getattr(fitted, method)(**arguments)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("zz",), "readings must be numbers"),
        ((None,), "the shape .n_rows, n_sensors., not"),
        ((NEW[:, :2],), "2 sensors in an array, but the model was trained on 3"),
        ((NEW, "zz"), "times is 'zz', but must be an array of datetime64"),
        ((NEW, None, [True]), r"starts has the shape \(1,\), but must have \(30,\): one for each row"),
    ],
)
def test_a_stream_tells_wrong_rows_with_the_right_ones(fitted, given, told):
    with pytest.raises(LstmAnomalyError, match=told):
        fitted.stream().push(*given)


def test_a_stream_takes_lists_as_score_does(fitted):
    scores = fitted.stream().push(NEW.tolist()).scores
    np.testing.assert_array_equal(scores, fitted.score(NEW))


def test_a_negative_horizon_is_refused():
    with pytest.raises(SettingsError, match="horizon is -1"):
        Detector(horizon=-1)


def test_detect_names_the_sensor_with_seen_and_expected_values(fitted):
    worst = max(fitted.detect(with_fault()), key=lambda event: event.peak)
    assert (
        118 <= worst.start <= worst.peak_row <= 141 <= worst.end <= 139 + 36
    )  # what a component remembers of it is over
    top = worst.contributions[0]
    assert top.sensor == "sensor_1"
    assert top.direction == "up"
    assert top.seen - top.expected == pytest.approx(6, abs=3)


def test_save_and_load_give_identical_scores(fitted, tmp_path):
    fitted.save(tmp_path / "m")
    loaded = Detector.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.score(with_fault()), fitted.score(with_fault()))


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        Detector(seed=seed, **QUICK).fit(normal_values(300)).save(tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("size", [1, 7, 64, 300])
def test_rows_in_pieces_score_as_the_whole_does(fitted, size):
    values = with_fault()
    values[200, 1] = np.nan
    stream = fitted.stream()
    pieces = [stream.push(values[k : k + size]).scores for k in range(0, 300, size)]
    whole = fitted.stream().push(values).scores
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    np.testing.assert_array_equal(whole[:200], fitted.score(with_fault())[:200])


def test_data_frames_go_by_column_name(fitted):
    frame = pd.DataFrame(normal_values(400), columns=SENSORS)
    detector = Detector(**QUICK).fit(frame)
    shuffled = frame[list(SENSORS[::-1])]
    np.testing.assert_array_equal(detector.score(shuffled), detector.score(frame))
    with pytest.raises(SensorsError, match="flow"):
        detector.score(frame.drop(columns="flow"))


def test_a_gap_in_a_datetime_index_is_seen():
    index = pd.date_range("2024-01-01", periods=400, freq="min", tz="Europe/Berlin")
    frame = pd.DataFrame(normal_values(400), columns=SENSORS, index=index)
    detector = Detector(**QUICK).fit(frame)
    scores = detector.score(frame.drop(index=index[100:150]))
    assert np.isnan(scores[100:107]).all()
    assert np.isfinite(scores[107:]).all()


def test_one_sensor_as_a_flat_array_works():
    values = normal_values(400)[:, 0]
    assert np.isfinite(Detector(**QUICK).fit(values).score(values)[7:]).all()


def test_missing_and_endless_readings_are_not_normal_but_unknown(fitted):
    values = normal_values(100, seed=4)
    values[40:50, 0] = np.nan
    values[50:52, 0] = np.inf, -1e308
    with pytest.warns(UserWarning, match=r"count as missing: 2 of 'sensor_1' \(the first in row 51\)"):
        assert np.isnan(fitted.score(values)[45:58]).all()


def test_an_array_with_other_sensors_is_refused(fitted):
    with pytest.raises(SensorsError, match="2 sensors in an array, but the model was trained on 3"):
        fitted.score(np.zeros((20, 2)))


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_too_few_rows_are_refused_with_what_is_needed(rows):
    with pytest.raises(NotEnoughDataError, match="row"):
        Detector().fit(normal_values(rows))


def test_text_is_refused():
    for readings in ([["a"], ["b"]], [[10**400], [0]]):
        with pytest.raises(InputError, match="must be numbers"):
            Detector().fit(readings)


def test_an_unfitted_detector_says_so():
    with pytest.raises(RuntimeError, match="not fitted yet"):
        Detector().score(normal_values(20))


def test_all_errors_share_one_base():
    assert issubclass(SensorsError, LstmAnomalyError)


@pytest.mark.parametrize(
    "setting",
    [
        *({"window": 0}, {"epochs": 0}, {"batch_size": 0}, {"hidden": -1}, {"kind": "x"}, {"epoch": 3}),
        *({"window": 10**400}, {"seed": 2.5}, {"layers": "x"}, {"merge_gap": None}, {"horizon": True}),
        *({"trim": float("nan")}, {"confidence": 7}, {"threshold": "x"}, {"off": 3}, {"preset": []}),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(setting):
    with pytest.raises(SettingsError, match=next(iter(setting))):
        Detector(**setting)


def test_events_are_rows_of_what_was_given_whatever_its_order(fitted):
    index = pd.date_range("2024-01-01", periods=300, freq="min")
    frame = pd.DataFrame(with_fault(), columns=["sensor_1", "sensor_2", "sensor_3"], index=index)
    (event,) = fitted.detect(frame)
    (reverse,) = fitted.detect(frame.iloc[::-1])
    assert reverse.peak_row == 299 - event.peak_row
    assert fitted.score(frame.iloc[::-1])[reverse.peak_row] == pytest.approx(event.peak)
