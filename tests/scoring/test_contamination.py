"""Training rows that look like faults: a sensor breaks with the others; what is only rare does not."""

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.scoring.contamination import looks_like_fault
from lstm_anomaly.training.doubts import fault_doubt
from lstm_anomaly.training.settings import LearningSettings
from lstm_anomaly.training.train import learn
from lstm_anomaly.training.trim import fault_rows

ROWS = 4800  # 48 blocks of 100


def normal(rows=ROWS, sensors=3, seed=0):
    """What the others leave of each sensor, and readings 20 times as large, (rows, sensors) each."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, sensors)), 20 * rng.normal(size=(rows, sensors))


class TestOnePass:
    @pytest.mark.parametrize("seed", range(5))
    def test_normal_rows_do_not(self, seed):
        assert not looks_like_fault(*normal(seed=seed)).any()

    def test_rows_of_an_offset_do_and_few_others(self):
        errors, level = normal()
        errors[1000:1200, 1] += 12
        found = looks_like_fault(errors, level)
        assert found[1000:1200].all()
        assert found.sum() <= 205

    def test_offsets_in_ten_blocks_do_not_hide_each_other(self):
        errors, level = normal()
        for start in range(200, 4200, 400):
            errors[start : start + 24, 1] += 12
        found = looks_like_fault(errors, level)
        assert all(found[start : start + 24].all() for start in range(200, 4200, 400))

    def test_what_comes_back_in_every_block_does_not(self):
        errors, level = normal()
        for start in range(40, ROWS, 100):
            errors[start : start + 5] += 12
        assert not looks_like_fault(errors, level).any()

    def test_a_sensor_that_the_others_do_not_explain_does_not(self):
        errors, level = normal()
        errors[1000:1200, 1] += 12
        level[:, 1] /= 20
        assert not looks_like_fault(errors, level).any()

    def test_one_sensor_alone_does_not(self):
        errors, level = normal(sensors=1)
        errors[1000:1200] += 12
        assert not looks_like_fault(errors, level).any()

    @pytest.mark.parametrize(("rows", "found"), [(299, 0), (300, 10)])
    def test_of_too_few_rows_none_do(self, rows, found):
        errors, level = normal(rows)
        errors[100:110, 1] += 30
        assert looks_like_fault(errors, level).sum() == found

    def test_in_a_quiet_state_less_is_enough(self):
        errors, level = normal()
        state = np.arange(ROWS) // 50 % 2
        errors[state == 1] /= 20
        errors[1060:1090, 1] += 1.0  # in the quiet state
        level /= 4  # of which that is a fifth
        assert not looks_like_fault(errors, level).any()
        assert looks_like_fault(errors, level, state)[1060:1090].all()

    def test_what_is_small_against_the_sensor_itself_does_not(self):
        """Copies of each other differ in their last digits: that they differ more somewhere is no fault."""
        errors, level = normal()
        errors /= 200
        errors[1000:1200, 1] *= 12
        assert not looks_like_fault(errors, level).any()
        assert looks_like_fault(errors, level / 200)[1000:1200].any()


def plant(rows=3000, seed=0):
    """Three sensors that follow one load, scaled, (3, rows)."""
    rng = np.random.default_rng(seed)
    load = np.convolve(rng.normal(size=rows + 19), np.full(20, 0.2), "valid")
    return (np.array([[1.0], [-1.0], [0.5]]) * load + 0.1 * rng.normal(size=(3, rows))).astype(np.float32)


class TestRounds:
    def found(self, rows, segments):
        return fault_rows(rows, np.ones(len(rows), bool), segments, np.random.default_rng(0))

    def test_of_normal_rows_none_are_left_out(self):
        assert not self.found(plant(), ((0, 3000),)).any()

    def test_a_small_fault_beside_a_large_one_is_left_out_too(self):
        rows = plant()
        rows[0, 500:600] += 20
        rows[1, 2000:2080] += 1.0
        found = self.found(rows, ((0, 3000),))
        assert found[500:600].all()
        assert found[2000:2080].mean() > 0.9

    def test_where_more_than_a_tenth_is_otherwise_it_is_another_way_of_running(self):
        rows = plant()
        rows[0, 1000:1330] += 3
        assert not self.found(rows, ((0, 3000),)).any()

    def test_rows_outside_the_segments_are_not_looked_at(self):
        rows = plant()
        rows[0, 1400:1500] += 20
        assert not self.found(rows, ((0, 1400), (1500, 3000))).any()

    def test_very_many_rows_are_looked_at_in_pieces(self, monkeypatch):
        monkeypatch.setattr("lstm_anomaly.training.trim.MOST_VALUES", 12 * 1499)
        rows = plant()
        rows[0, 500:550] += 20
        rows[1, 2000:2050] += 20
        found = self.found(rows, ((0, 3000),))
        assert found[500:550].all()
        assert found[2000:2050].all()


class TestTraining:
    def values(self):
        values = plant().T.astype(np.float64)
        values[2700:2800, 0] += 3
        return values

    def test_faults_are_left_out_of_calibration_rows_too(self):
        clean, found = (small_model(x, kind="linear") for x in (plant().T.astype(float), self.values()))
        assert found.summary.trimmed_rows >= 100
        assert clean.summary.trimmed_rows == 0
        assert found.threshold.value * found.components.limits[0] == pytest.approx(
            clean.threshold.value * clean.components.limits[0], rel=0.5
        )

    def test_trim_0_keeps_them_and_says_nothing_of_them(self):
        model = small_model(self.values(), kind="linear", trim=0.0)
        assert model.summary.trimmed_rows == 0
        assert not any("look like faults" in doubt for doubt in model.summary.doubts)

    def test_an_lstm_is_trained_without_them(self):
        model = small_model(self.values(), kind="lstm")
        assert any("look like faults" in doubt for doubt in model.summary.doubts)

    def test_the_same_seed_gives_the_same_model(self):
        one, other = (learn(series_of(self.values()), LearningSettings(kind="linear")) for _ in range(2))
        assert one.summary == other.summary
        np.testing.assert_array_equal(one.components.limits, other.components.limits)


class TestNote:
    def test_spans_and_the_way_to_keep_them_are_told(self):
        (told,) = fault_doubt([("1:00", "2:00"), ("5:00", "6:00")])
        assert told.startswith("its rows from 1:00 to 2:00, from 5:00 to 6:00 look like faults")
        assert "--trim 0" in told

    def test_of_many_spans_ten_are_told_and_the_rest_counted(self):
        (told,) = fault_doubt([(str(k), str(k)) for k in range(13)])
        assert "from 9 to 9 and 3 more spans look like" in told

    def test_without_any_nothing_is_told(self):
        assert fault_doubt([]) == ()
