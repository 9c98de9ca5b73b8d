"""Calibration: its strangest episodes, the budget that rows allow, and edge cases of the rows."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import SMALL, series_of, small_model

from lstm_anomaly.base.errors import LstmAnomalyError
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.episodes import highest_episodes
from lstm_anomaly.model.judge import judge
from lstm_anomaly.training.calibrate import budget_of, calibrated, with_threshold
from lstm_anomaly.training.settings import LearningSettings

NAN = np.nan


def waves(rows, seed=0):
    rng, t = np.random.default_rng(seed), np.arange(rows)
    return np.sin(t[:, np.newaxis] / 20 + np.arange(3)) + 0.1 * rng.normal(size=(rows, 3))


class TestHighestEpisodes:
    def test_are_the_highest_apart_by_more_than_the_gap_and_the_highest_first(self):
        scores = np.full(400, 0.1)
        scores[[50, 52, 100, 200, 300]] = [5, 7, 3, 9, 1]
        found = highest_episodes(scores, merge_gap=5, most=3)
        assert [(s.start, s.end, s.peak_row, s.peak) for s in found] == [
            (200, 200, 200, pytest.approx(9)),
            (50, 52, 52, pytest.approx(7)),
            (100, 100, 100, pytest.approx(3)),
        ]

    def test_do_not_reach_across_a_break(self):
        scores = np.full(1000, 0.1)
        scores[40:60] = 2.0
        found = highest_episodes(scores, merge_gap=3, most=5, breaks=(50,))
        assert sorted((s.start, s.end) for s in found) == [(40, 49), (50, 59)]

    @pytest.mark.parametrize("scores", [np.zeros(50), np.ones(50), np.full(50, NAN), np.zeros(0)])
    def test_constant_or_no_scores_have_none(self, scores):
        assert highest_episodes(scores, 3, 5) == []

    def test_one_that_lasts_is_one(self):
        scores = np.r_[np.full(100, 0.1), np.full(100, 5.0), np.full(1900, 0.1)]
        scores[[500, 900]] = 6, 7
        assert [s.peak for s in highest_episodes(scores, 4, 3)][:2] == pytest.approx([7, 6])


@pytest.fixture(scope="module")
def series():
    """With a fault in the calibration rows."""
    values = waves(1500)
    values[1400:1405, 2] += 6
    return series_of(values)


class TestStrangest:
    def test_a_fault_in_calibration_rows_is_listed_first_with_place_and_sensor(self, series):
        model = small_model(series.values, kind="linear", trim=0.0)  # else the fault is left out
        first = model.strangest[0]
        assert first.sensor == "s2"
        assert "2024-03-01T23:20" <= first.start <= "2024-03-01T23:25"  # minute 1400 of the first of March
        assert len(model.strangest) <= 5
        assert [e.score for e in model.strangest] == sorted((e.score for e in model.strangest), reverse=True)

    def test_a_fault_so_large_that_limits_grew_with_it_is_told_where_it_was(self, series):
        """Its memory is at its highest after it, in another sensor."""
        values = waves(900)
        values[820:830, 1] += 60
        first = small_model(values, kind="linear", trim=0.0).strangest[0]
        assert first.sensor == "s1"
        assert "2024-03-01T13:40" <= first.start <= "2024-03-01T13:42"

    def test_rows_without_time_are_counted_from_1_in_the_input(self, series):
        model = small_model(series.values, kind="linear")
        untimed = replace(series, times=None, step=None, row_of=np.r_[-1, -1, np.arange(1498)])
        again = calibrated(replace(model, step_seconds=None), untimed, LearningSettings())
        assert int(again.strangest[0].start) == pytest.approx(1403, abs=4)

    def test_left_out_of_the_segments_it_is_gone(self, series):
        kept = replace(series, segments=((0, 1390), (1410, 1500)))
        model = small_model(series.values, kind="linear")
        again = calibrated(model, kept, LearningSettings())
        assert not [e for e in again.strangest if "T23:20" <= e.start[10:] <= "T23:25"]


class TestBudget:
    """Without one asked for: the longest span that the rows can tell something about."""

    @pytest.mark.parametrize(
        ("rows", "budget"),
        [(404, "1/week"), (403, "1/day"), (58, "1/day"), (57, "1/hour"), (1, "1/hour")],
    )
    def test_is_a_week_a_day_or_an_hour_of_at_most_25_times_the_rows(self, rows, budget):
        assert budget_of(LearningSettings(), 60.0, rows) == Budget.parse(budget)

    def test_is_10_000_rows_without_time(self):
        assert budget_of(LearningSettings(), None, 5) == Budget.parse("1/10000rows")

    def test_one_that_was_asked_for_stays_however_few_rows_there_are(self):
        asked = Budget.parse("1/month")
        assert budget_of(LearningSettings(budget=asked), 60.0, 5) == asked


class TestFamiliar:
    """The guard against drift knows the scores that `detect` gives, not those of the threshold."""

    def test_as_many_normal_rows_as_in_training_are_above_its_level(self):
        model = small_model(waves(6000), kind="linear")
        again = calibrated(model, series_of(waves(6000, seed=2)), LearningSettings())
        for one in (model, again):
            scores = judge(one, series_of(waves(6000, seed=1))).scores
            above = np.mean(scores[np.isfinite(scores)] > one.familiar.level)
            assert one.familiar.share == pytest.approx(0.05, abs=0.001)
            assert above == pytest.approx(0.05, abs=0.025)


class TestHeldOut:
    def test_errors_of_both_are_told_by_task(self):
        found = small_model(waves(900), kind="lstm", epochs=30).summary.held_out
        assert 0 < found["restored_linear"] < 0.1
        assert found["restored_lstm"] > found["restored_linear"]  # 30 short epochs of four units
        assert 0.01 < found["forecast_linear"] < 0.05


class TestEdges:
    """Whatever the calibration rows are, there is a finite threshold or a refusal that says why."""

    def calibrate(self, values):
        return calibrated(small_model(waves(700), kind="linear"), series_of(values), LearningSettings())

    def test_normal_rows_in_a_place_never_seen_widen_what_was_seen(self):
        values = waves(500, seed=1) + 40.0
        model = small_model(waves(700), kind="linear")
        again = calibrated(model, series_of(values), LearningSettings())
        assert again.unseen.limit > 3 * model.unseen.limit
        assert again.states is model.states

    @pytest.mark.parametrize("hole", [NAN, np.inf])
    def test_one_hole_is_left_out(self, hole):
        values = waves(500, seed=1)
        values[100, 1] = hole
        threshold = self.calibrate(values).threshold
        assert np.isfinite(threshold.value)
        assert threshold.rows == 500 - 1 - 2 * (SMALL["window"] - 1)

    def test_constant_rows_give_a_threshold(self):
        assert 0 < self.calibrate(np.tile(waves(1, seed=1), (500, 1))).threshold.value < np.inf

    def test_repeated_rows_tie_and_are_no_trouble(self):
        assert np.isfinite(self.calibrate(np.tile(waves(50, seed=1), (10, 1))).threshold.value)

    def test_fewer_rows_than_a_window_are_refused(self):
        with pytest.raises(LstmAnomalyError, match="too few for a threshold"):
            self.calibrate(waves(SMALL["window"] - 1))

    def test_one_episode_that_lasts_the_whole_set_is_below_the_threshold(self):
        values = waves(500, seed=1) + 4.0
        again = self.calibrate(values)
        assert np.isfinite(again.threshold.value)
        assert not again.threshold.certified
        scores = judge(again, series_of(values)).scores
        assert np.nanmax(scores) <= 1


@pytest.fixture(scope="module")
def model():
    return small_model(waves(700), kind="linear")


class TestThreshold:
    """Of rows whose highest multiple of a limit is the same in all of them."""

    def threshold(self, model, rows, multiple):
        series = series_of(np.zeros((rows, 3)))
        return with_threshold(model, series, np.full(rows, multiple), LearningSettings()).threshold

    def test_where_rows_are_enough_to_certify_it_is_a_fifth_higher(self, model):
        found = self.threshold(model, 30 * 1440, 1.0)
        assert (found.certified, found.value) == (True, pytest.approx(1.2))

    def test_where_rows_are_too_few_it_is_doubled(self, model):
        found = self.threshold(model, 1440, 1.0)
        assert (found.certified, found.value) == (False, pytest.approx(2.0))

    def test_three_quarters_of_a_limit_are_always_normal(self, model):
        assert self.threshold(model, 30 * 1440, 0.1).value == pytest.approx(0.75 * 1.2)

    def test_the_five_highest_episodes_are_kept(self, model):
        raw = np.full(700, 0.1)
        raw[50:700:90] = 2.0 + np.arange(8)
        found = with_threshold(model, series_of(waves(700)), raw, LearningSettings())
        assert len(found.strangest) == 5
