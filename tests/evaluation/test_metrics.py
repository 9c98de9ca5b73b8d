"""Metrics: against TSB-AD and scikit-learn by golden values, and small cases that can be checked by hand."""

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstm_anomaly.decision import poisson
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.evaluation.events import (
    detection_delays,
    event_precision,
    event_recall,
    events_of,
    labels_of,
    median_delay,
    touches,
    widened,
)
from lstm_anomaly.evaluation.false_alarms import FalseAlarms, Verdict
from lstm_anomaly.evaluation.figures import LabelledRows, figures, ranked
from lstm_anomaly.evaluation.ranking import auc_pr, auc_roc
from lstm_anomaly.evaluation.row_counts import RowCounts
from lstm_anomaly.evaluation.vus import vus, vus_window

with np.load(ROOT / "tests/golden/vus.npz") as file:
    GOLDEN = dict(file)
CASES = sorted({name.split("/")[1] for name in GOLDEN if name.startswith("case/")})
READINGS = sorted({name.split("/")[1] for name in GOLDEN if name.startswith("readings/")})


def rows(text):
    """`..##.` as labels: True at each `#`."""
    return np.array([sign == "#" for sign in text])


def pairs(*found):
    return np.array(found, dtype=np.int64).reshape(-1, 2)


class TestVolumeUnderTheSurface:
    @pytest.mark.parametrize("case", CASES)
    def test_equals_tsb_ad(self, case):
        labels, scores, window, expected = (
            GOLDEN[f"case/{case}/{part}"] for part in ("labels", "scores", "window", "expected")
        )
        assert vus(labels > 0, scores, int(window)) == pytest.approx(expected[:2], abs=1e-9)

    @pytest.mark.parametrize("name", READINGS)
    def test_window_is_the_period_that_tsb_ad_finds(self, name):
        assert vus_window(GOLDEN[f"readings/{name}/series"]) == GOLDEN[f"readings/{name}/window"]

    def test_golden_values_cover_every_kind_of_window(self):
        windows = {int(GOLDEN[f"readings/{name}/window"]) for name in READINGS}
        assert {24, 125} < windows

    def test_depends_on_the_order_of_scores_alone(self, rng):
        labels, scores = rows("....###......##....."), rng.random(20)
        assert vus(labels, np.exp(5 * scores), 6) == vus(labels, scores, 6)

    def test_a_score_that_rises_late_counts_more_with_blur(self):
        labels = rows("." * 20 + "#" * 10 + "." * 20)
        late = np.roll(labels, 5).astype(float)
        assert vus(labels, late, 20)[1] > vus(labels, late, 0)[1] + 0.1

    @pytest.mark.parametrize("labels", [rows("...."), rows("####")])
    def test_rows_of_one_kind_have_no_volume(self, labels):
        assert np.isnan(vus(labels, np.arange(4.0), 2)).all()

    def test_no_rows_at_all_have_the_default_window(self):
        assert vus_window(np.empty(0)) == 125


class TestRanking:
    @pytest.mark.parametrize("case", CASES)
    def test_equals_scikit_learn(self, case):
        labels, scores = GOLDEN[f"case/{case}/labels"] > 0, GOLDEN[f"case/{case}/scores"]
        expected = GOLDEN[f"case/{case}/expected"][2:]
        assert (auc_roc(labels, scores), auc_pr(labels, scores)) == pytest.approx(expected, abs=1e-12)

    def test_auc_roc_counts_pairs_in_the_right_order_and_ties_by_half(self):
        # Pairs of labelled (3, 1) and other (2, 1, 0): 3 > all three; 1 > 0, 1 = 1, 1 < 2.
        assert auc_roc(rows("##..."), np.array([3.0, 1, 2, 1, 0])) == pytest.approx(4.5 / 6)

    def test_auc_pr_is_precision_weighted_by_the_recall_it_adds(self):
        # Falling scores: hit, miss, hit. Precision 1/1 adds recall 1/2, precision 2/3 the other half.
        assert auc_pr(rows("#.#"), np.array([3.0, 2, 1])) == pytest.approx((1 + 2 / 3) / 2)

    @pytest.mark.parametrize("labels", [rows("..."), rows("###")])
    def test_rows_of_one_kind_cannot_be_ranked(self, labels):
        assert np.isnan([auc_roc(labels, np.arange(3.0)), auc_pr(labels, np.arange(3.0))]).all()

    def test_rows_that_were_not_judged_rank_with_the_lowest(self):
        assert ranked(np.array([np.nan, 2, 1, np.nan])).tolist() == [1, 2, 1, 1]
        assert ranked(np.array([np.nan, np.nan])).tolist() == [0, 0]


class TestEvents:
    def test_events_are_runs_with_inclusive_ends(self):
        assert events_of(rows("##..#.###")).tolist() == [[0, 1], [4, 4], [6, 8]]
        assert events_of(rows("....")).shape == (0, 2)

    @given(arrays(np.bool_, st.integers(0, 30)))
    def test_labels_of_is_the_inverse_of_events_of(self, labels):
        assert labels_of(events_of(labels), len(labels)).tolist() == labels.tolist()

    def test_overlapping_events_label_their_union(self):
        assert labels_of(pairs((3, 4), (0, 3)), 7).tolist() == rows("#####..").tolist()

    def test_recall_counts_events_hit_and_precision_alarms_that_hit(self):
        labels = rows(".###...##..#.")
        flags_ = rows("#.#....#.#..#")
        assert event_recall(events_of(labels), flags_) == pytest.approx(2 / 3)
        assert event_precision(events_of(flags_), labels) == pytest.approx(2 / 5)

    def test_widened_events_stay_within_the_rows(self):
        assert widened(pairs((1, 3), (6, 9)), 2, 11).tolist() == [[0, 5], [4, 10]]
        assert widened(pairs(), 2, 11).shape == (0, 2)

    def test_an_event_in_the_last_row_can_be_hit(self):
        assert touches(pairs((0, 2), (3, 3)), rows("...#")).tolist() == [False, True]

    def test_without_events_or_alarms_there_is_no_recall_or_precision(self):
        assert np.isnan([event_recall(pairs(), rows("#.")), event_precision(pairs(), rows("#."))]).all()

    def test_delay_runs_from_the_event_s_first_row_to_its_first_flag(self):
        events = pairs((1, 3), (5, 6), (9, 11), (13, 13))
        flags_ = rows("##.#..#.#.##..")
        assert detection_delays(events, flags_).tolist() == pytest.approx([0, 1, 1, np.nan], nan_ok=True)

    def test_delay_is_told_by_the_clock_where_there_is_one(self):
        clock = np.array([0.0, 60, 120, 600, 660])
        assert detection_delays(pairs((1, 4)), rows("...#."), clock).tolist() == [540]

    def test_median_delay_is_over_found_events(self):
        assert median_delay(np.array([1.0, np.nan, 4, 10])) == 4
        assert np.isnan(median_delay(np.array([np.nan])))
        assert np.isnan(median_delay(np.empty(0)))


class TestRowCounts:
    COUNTS = RowCounts.of(rows("####......"), rows("##.#.#...."))

    def test_rates_of_a_small_case(self):
        assert RowCounts(3, 1, 1, 5) == self.COUNTS
        assert self.COUNTS.false_alarm_rate == pytest.approx(1 / 6)
        assert self.COUNTS.missed_alarm_rate == pytest.approx(1 / 4)
        assert self.COUNTS.f1 == pytest.approx(6 / 8)

    def test_counts_of_several_series_add_up(self):
        assert RowCounts(1, 2, 3, 4) + self.COUNTS == RowCounts(4, 3, 4, 9)

    def test_rates_of_nothing_are_unknown(self):
        nothing = RowCounts()
        assert np.isnan([nothing.false_alarm_rate, nothing.missed_alarm_rate, nothing.f1]).all()


# count, confidence, scipy.stats.chi2.ppf((1 -+ confidence) / 2, 2 * count (+ 2)) / 2
INTERVALS = [
    (0, 0.9, 0.0, 2.9957322735539895),
    (1, 0.9, 0.05129329438755053, 4.743864518390577),
    (1, 0.5, 0.2876820724517809, 2.692634528889695),
    (3, 0.9, 0.8176914471639533, 7.753656527932725),
    (3, 0.9999, 0.0680906214615082, 16.75086009850435),
    (50, 0.95, 37.110963737461866, 65.91876666433681),
    (1000, 0.9, 948.5598493836511, 1053.6031221333008),
    (100000, 0.99, 99187.32963316483, 100817.43103329056),
]


class TestFalseAlarms:
    @pytest.mark.parametrize(("count", "confidence", "low", "high"), INTERVALS)
    def test_interval_is_garwood_s(self, count, confidence, low, high):
        assert poisson.interval(count, confidence) == pytest.approx((low, high), rel=1e-9)

    def test_probability_at_least_goes_with_probability_at_most(self):
        at_most = np.exp(-5.0) * sum(5.0**n / float(np.prod(range(1, n + 1))) for n in range(5))
        assert poisson.probability_at_least(5, 5.0) == pytest.approx(1 - at_most, rel=1e-12)

    @pytest.mark.parametrize(
        ("count", "weeks", "verdict"),
        [
            (0, 2.9, Verdict.TOO_SHORT),  # with 90 % confidence zero alarms mean at most 3.0 in that time
            (0, 3.1, Verdict.PASS),
            (3, 3.0, Verdict.TOO_SHORT),
            (3, 0.8, Verdict.FAIL),  # three alarms mean at least 0.82
            (100, 200.0, Verdict.PASS),
            (100, 50.0, Verdict.FAIL),
        ],
    )
    def test_verdict_needs_the_whole_interval_on_one_side(self, count, weeks, verdict):
        assert FalseAlarms(count, weeks, Budget.parse("1/week"), 0.9).verdict is verdict

    def test_rate_and_bounds_are_in_the_budget_s_span(self):
        alarms = FalseAlarms(4, 2.0, Budget.parse("2/day"), 0.9)
        assert alarms.rate == 2
        assert alarms.bounds == pytest.approx((1.3663 / 2, 9.1535 / 2), abs=1e-4)

    def test_without_a_normal_row_nothing_is_known(self):
        alarms = FalseAlarms(0, 0.0, Budget.parse("1/week"), 0.9)
        assert np.isnan(alarms.rate)
        assert alarms.verdict is Verdict.TOO_SHORT


class TestFigures:
    def rows_of(self, labels, scores, alarms, **changed):
        count = len(labels)
        given_ = {"clock": np.arange(float(count)), "readings": np.zeros(count), "step_seconds": 60.0}
        return LabelledRows(labels, np.array(scores, float), pairs(*alarms), **given_ | changed)

    def test_a_small_case_from_end_to_end(self):
        labels = rows("..####...#")
        scores = [0.1, 3, 0.2, 0.3, 4, 5, np.nan, 2, 0.1, 0.4]
        found = figures("A", self.rows_of(labels, scores, [(1, 1), (4, 7)]), Budget.parse("1/hour"), 0.9)
        assert (found.rows, found.rows_unknown, found.rows_labelled) == (10, 1, 5)
        assert (found.events, found.event_recall) == (2, 0.5)
        assert (found.alarms, found.event_precision) == (2, 0.5)
        assert (found.false_alarms.count, found.false_alarms.exposure) == (1, pytest.approx(4 / 60))
        assert found.row_counts == RowCounts(2, 2, 3, 3)
        assert (found.delay_rows, found.delay_seconds) == (2, 120)
        assert found.auc_roc == auc_roc(labels, ranked(np.array(scores)))

    @pytest.mark.parametrize(
        ("alarm", "false", "why"),
        [
            ((3, 3), 1, "away from the event"),
            ((4, 4), 0, "two rows before it: labels are not exact"),
            ((10, 12), 0, "two rows after it: its rows are still in the window"),
            ((11, 12), 1, "away again"),
            ((0, 15), 1, "an alarm that is always on meets the event, but not by merit"),
        ],
    )
    def test_a_false_alarm_begins_away_from_events(self, alarm, false, why):
        rows_ = self.rows_of(rows("......###......."), np.zeros(16), [alarm], slack=2)
        found = figures("A", rows_, Budget.parse("1/hour"), 0.9).false_alarms
        assert (found.count, found.exposure) == (false, pytest.approx(9 / 60)), why

    def test_a_gap_in_time_counts_in_the_delay(self):
        clock = np.array([0.0, 1, 2, 12])
        rows_ = self.rows_of(rows(".###"), [0, 0, 0, 2], [(3, 3)], clock=clock)
        found = figures("A", rows_, Budget.parse("1/week"), 0.9)
        assert (found.delay_rows, found.delay_seconds) == (11, 660)

    def test_rows_without_time_are_counted(self):
        rows_ = self.rows_of(rows("..#."), [0, 0, 2, 2], [(2, 3)], step_seconds=None)
        found = figures("A", rows_, Budget.parse("1/100rows"), 0.9)
        assert np.isnan(found.delay_seconds)
        assert found.false_alarms.exposure == pytest.approx(3 / 100)

    def test_without_labels_only_false_alarms_are_known(self):
        found = figures("A", self.rows_of(rows("...."), [0, 2, 0, 0], [(1, 1)]), Budget.parse("1/week"), 0.9)
        assert found.false_alarms.count == 1
        assert np.isnan([found.event_recall, found.auc_pr, found.vus_pr, found.delay_rows]).all()

    def test_the_window_of_vus_comes_from_the_first_sensor(self, rng):
        labels = rows(("." * 60 + "#" * 5) * 6)
        wave = np.sin(2 * np.pi * np.arange(len(labels)) / 20) + 0.01 * rng.normal(size=len(labels))
        scores = rng.random(len(labels))
        found = figures("A", self.rows_of(labels, scores, [], readings=wave), Budget.parse("1/week"), 0.9)
        assert (found.vus_roc, found.vus_pr) == vus(labels, scores, 20)
