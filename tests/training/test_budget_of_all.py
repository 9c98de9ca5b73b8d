"""The budget counts every reason for an alarm; whatever the training data, scores are bounded and told."""

import numpy as np
import pytest
from small_models import series_of, small_model

from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.model.judge import judge
from lstm_anomaly.scoring import limits, novelty, states, unseen
from lstm_anomaly.scoring.components import fit_components
from lstm_anomaly.scoring.limits import standing_out
from lstm_anomaly.training import calibrate as calibrating
from lstm_anomaly.training.calibrate import FARTHEST_BUDGET, LEAST, MARGIN, ROOM, STRANGEST, budget_of
from lstm_anomaly.training.doubts import unlike_span
from lstm_anomaly.training.settings import LearningSettings


def plant(rows, seed=0):
    """Three sensors that follow a wave and a load that comes and goes; a valve; (rows, 4)."""
    rng, t = np.random.default_rng(seed), np.arange(rows)
    load = np.convolve(rng.normal(size=rows + 49), np.full(50, 1 / 10), "valid")
    wave = 3 * np.sin(t / 30) + load
    noise = rng.normal(size=(rows, 3)) * [0.3, 0.2, 0.5]
    return np.column_stack([np.column_stack([wave, 20 - wave, 3 * wave]) + noise, t // 300 % 2])


def episodes(scores, gap):
    above = np.flatnonzero(scores > 1)
    return int((np.diff(above, prepend=-gap - 2) > gap + 1).sum()) if len(above) else 0


@pytest.fixture(scope="module")
def certified():
    """A model whose budget its 4,000 rows can certify."""
    return small_model(plant(4000), kind="linear", budget=Budget.parse("1/500rows"))


class TestBudget:
    def test_unseen_normal_rows_keep_the_certified_budget(self, certified):
        """Eight in 4,000 rows are accepted, of whatever reason."""
        assert certified.threshold.certified
        new = plant(4000, seed=1)
        found = judge(certified, series_of(new)).scores
        assert episodes(found, certified.threshold.merge_gap) <= 8

    def test_as_many_episodes_are_counted_as_training_rows_then_have(self, certified):
        """That is few, but for looking at rows that the linear parts were fitted to."""
        found = judge(certified, series_of(plant(4000))).scores
        assert episodes(found, certified.threshold.merge_gap) <= certified.threshold.allowed

    @pytest.mark.parametrize("seed", range(3))
    def test_rows_too_few_to_certify_still_raise_no_alarm_on_as_many(self, seed):
        model = small_model(plant(1000, 10 + seed), kind="linear")
        assert not model.threshold.certified
        assert np.nanmax(judge(model, series_of(plant(1000, 20 + seed))).scores) <= 1

    def test_verdicts_that_wait_keep_the_certified_budget_too(self):
        model = small_model(plant(4000), kind="linear", budget=Budget.parse("1/500rows"), look_ahead=12)
        found = judge(model, series_of(plant(4000, seed=1))).scores
        assert episodes(found, model.threshold.merge_gap) <= 8

    def test_training_is_told_how_long_verdicts_wait(self, monkeypatch):
        asked = []

        def spy(*args):
            asked.append(args[-1])
            return fit_components(*args)

        monkeypatch.setattr("lstm_anomaly.training.measure_errors.fit_components", spy)
        small_model(plant(500), kind="linear", look_ahead=12)
        assert asked == [12]

    @pytest.mark.parametrize(
        ("step", "rows", "budget"),
        [(60.0, 403, "1/week"), (60.0, 404, "1/week"), (60.0, 402, "1/day"), (None, 30, "1/10000rows")],
    )
    def test_the_default_span_is_one_of_which_the_rows_can_tell(self, step, rows, budget):
        """A week of minutes has 10,080 rows, 25 times 403.2."""
        if (step, rows) == (60.0, 403):
            budget = "1/day"
        assert FARTHEST_BUDGET == 25
        assert str(budget_of(LearningSettings(), step, rows)) == budget


class TestBounds:
    """What is shown is 1,001 at most, above which it says `more than 1000 times`."""

    def test_nothing_shows_more_than_1001(self, certified):
        values = plant(300, seed=1)
        values[200:, 0] = 1e300
        values[220:, 3] = -1e300
        scores = judge(certified, series_of(values)).scores
        assert np.nanmax(scores) == 1001.0
        assert np.isfinite(scores[certified.window - 1 :]).all()

    def test_a_constant_sensor_that_moves_by_a_little_is_bounded(self):
        values = np.column_stack([plant(3000)[:, :2], np.full(3000, 7.0)])
        model = small_model(values, kind="linear")
        new = np.column_stack([plant(300, seed=1)[:, :2], np.full(300, 7.0)])
        new[200, 2] += 1e-4
        scores = judge(model, series_of(new)).scores
        assert np.nanmax(scores[:200]) <= 1
        assert np.nanmax(scores) <= 1001

    def test_the_evidence_of_one_sensor_counts_at_most_ten_times(self):
        assert novelty.MOST == 10.0
        rule, _ = novelty.NoveltyRule.fit(np.zeros((400, 1)), np.array([True]))
        total = rule.remembered(np.full((50, 1), rule.evidence[0]), 50)[:, 0]
        np.testing.assert_allclose(total[[0, 8, 9, 49]] / rule.evidence[0], [1, 9, 10, 10])


class TestLittleToLearn:
    """Training ends with a model, and its threshold says that it is not certified."""

    @pytest.mark.parametrize("kind", ["linear", "lstm"])
    @pytest.mark.parametrize("sensors", [1, 2])
    def test_where_nothing_moves(self, kind, sensors):
        values = np.full((600, sensors), 7.0)
        model = small_model(values, kind=kind)
        assert not model.threshold.certified
        assert np.nanmax(judge(model, series_of(values[:100])).scores) <= 1
        values[300:, 0] = 7.5
        assert np.nanmax(judge(model, series_of(values)).scores[300:]) > 1

    @pytest.mark.parametrize("rows", [30, 45, 120, 400])
    @pytest.mark.parametrize("sensors", [1, 3, 60])
    def test_on_few_rows(self, rows, sensors):
        rng, t = np.random.default_rng(0), np.arange(2 * rows)[:, np.newaxis]
        values = np.sin(t / 20 + np.arange(sensors)) + 0.1 * rng.normal(size=(2 * rows, sensors))
        model = small_model(values[:rows], kind="linear", window=None)
        assert not model.threshold.certified
        assert np.isfinite(judge(model, series_of(values[rows:])).scores[model.window - 1 :]).all()

    def test_in_stretches_shorter_than_the_longest_lag(self):
        """Of 20 rows each: what the others say 24 rows later is never known, and does not count."""
        values = plant(1000)[:, :3]
        values[::21] = np.nan
        model = small_model(values, kind="linear", window=8)
        assert np.isinf(model.components.usual[2]).all()
        new = judge(model, series_of(plant(200, seed=1)[:, :3]))
        assert np.isfinite(new.scores[7:]).all()
        assert np.isfinite(new.expected[7:]).all()

    @pytest.mark.parametrize("kind", ["linear", "lstm"])
    def test_where_only_rows_tell_that_no_weights_were_fitted_to(self, kind, monkeypatch):
        monkeypatch.setattr("lstm_anomaly.training.measure_errors.MOST_VALUES", 1)
        model = small_model(plant(2000), kind=kind)
        assert 500 - 2 * model.window < model.threshold.rows <= 500
        assert np.nanmax(judge(model, series_of(plant(500, seed=1))).scores) < 10

    def test_inputs_count_like_targets_in_what_is_held_in_memory(self, monkeypatch):
        """Four inputs at four lags, of which three are targets: 640 rows of 10,240 values."""
        monkeypatch.setattr("lstm_anomaly.training.measure_errors.MOST_VALUES", 10_240)
        model = small_model(plant(2000), kind="linear", window=8)
        assert model.roles.inputs.sum() == 4
        assert model.threshold.rows == 640 - 7


def contaminated():
    """3,000 rows of training, in 150 of which a fault lasts."""
    values = plant(3000)
    values[1500:1650, 1] += 4
    return values


def scores_of_new_fault(model):
    """Of 1,000 new rows with the same fault in the rows 500 to 599."""
    values = plant(1000, seed=1)
    values[500:600, 1] += 4
    return judge(model, series_of(values)).scores


@pytest.fixture(scope="module")
def learned_fault():
    return small_model(contaminated(), kind="linear")


class TestContaminated:
    """One row in twenty of the training data has a fault that lasts."""

    def test_the_same_fault_is_still_found_in_new_rows(self, learned_fault):
        assert (scores_of_new_fault(learned_fault)[500:600] > 1).any()

    def test_it_makes_no_false_alarm_and_a_larger_fault_is_found(self, learned_fault):
        assert np.nanmax(scores_of_new_fault(learned_fault)[:500]) <= 1
        values = plant(1000, seed=1)
        values[500:600, 1] += 12
        assert (judge(learned_fault, series_of(values)).scores[500:600] > 1).any()

    def test_trained_without_the_rows_of_the_doubt_the_model_finds_the_fault(self):
        values = contaminated()
        values[1490:1690] = np.nan
        scores = scores_of_new_fault(small_model(values, kind="linear"))
        assert (scores[500:600] > 1).all()
        assert np.nanmax(scores[:500]) <= 1

    def test_a_doubt_names_its_rows(self, learned_fault):
        """The fault lasts from minute 1500 to 1649: 2 March, 1:00 to 3:29."""
        (doubt,) = learned_fault.summary.doubts
        assert doubt.startswith("its rows from 2024-03-02T01:00:00 to 2024-03-02T03:29:00 look like faults")

    def test_a_model_that_was_to_keep_them_doubts_them(self):
        model = small_model(contaminated(), kind="linear", trim=0.0)
        doubt = next(text for text in model.summary.doubts if "unlike all others" in text)
        first, last = doubt.split(" from ")[1].split(" are ")[0].split(" to ")
        assert "2024-03-02T01:00" <= first <= "2024-03-02T01:20"
        assert "2024-03-02T03:20" <= last <= "2024-03-02T04:00"

    @pytest.mark.parametrize("seed", range(3))
    def test_without_a_fault_there_is_no_doubt(self, seed):
        assert small_model(plant(1500, seed), kind="linear").summary.doubts == ()

    def test_what_stands_out_is_measured_by_the_limit_of_the_other_blocks(self):
        x = np.full(600, 2.0)
        x[300:320] = 14.0
        assert standing_out(x) == (pytest.approx(7.0), 300, 319)
        assert standing_out(np.full(600, 2.0)) == (0.0, 0, 0)
        assert standing_out(x[:400]) == (0.0, 0, 0)  # sixteen blocks less five are too few

    @pytest.mark.parametrize(
        ("times", "rows", "doubted"), [(4.0, 20, True), (3.9, 20, False), (9.0, 19, False)]
    )
    def test_a_span_is_doubted_from_4_times_and_one_row_in_fifty_on(self, times, rows, doubted):
        assert bool(unlike_span(times, ("a", "b"), rows, 1000)) == doubted


class TestConstants:
    """On these all results depend: one that moves is a decision, not an accident."""

    def test_of_the_limits(self):
        assert (limits.DEVIATIONS, limits.BLOCKS, limits.BLOCK_ROWS, limits.HIGH) == (4.0, 24, 25, 0.99)

    def test_of_the_states(self):
        assert (states.ROWS_A_STATE, states.MOST_STATES, states.CHANGE) == (500, 16, 3)

    def test_of_what_was_never_seen(self):
        assert (unseen.LEAST_MULTIPLE, unseen.SURE, unseen.MEMORY) == (1.5, 2.0, 5)

    def test_of_calibration(self):
        assert (MARGIN, ROOM, LEAST, STRANGEST) == (2.0, 1.2, 0.75, 5)

    def threshold(self, raw, **settings):
        model, series = small_model(plant(1000), kind="linear"), series_of(plant(len(raw), 1))
        return calibrating.with_threshold(model, series, raw, LearningSettings(**settings)).threshold

    def test_where_nothing_is_near_a_limit_the_threshold_is_1_and_a_half(self):
        """Rows of 0.1 count as 0.75; too few to certify, they get twice that."""
        found = self.threshold(np.full(700, 0.1))
        assert (found.value, found.certified) == (1.5, False)

    def test_a_certified_threshold_is_a_fifth_above_the_certified_level(self):
        found = self.threshold(np.full(3000, 0.1), budget=Budget.parse("1/100rows"))
        assert (found.value, found.certified) == (pytest.approx(1.2 * 0.75), True)
