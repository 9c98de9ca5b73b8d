"""Learning a threshold: what each method returns, what it promises, and what it refuses."""

import json
import math

import numpy as np
import pytest

from lstm_anomaly.base.errors import ThresholdError
from lstm_anomaly.base.types import FloatArray
from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.decision.learn_threshold import (
    METHODS,
    ThresholdOptions,
    learn_threshold,
)
from lstm_anomaly.decision.threshold import Threshold

WEEK = 10080  # rows, one a minute
NAN = np.nan


def learn(scores: FloatArray | list[float], budget: str = "1/week", **options: object) -> Threshold:
    breaks = options.pop("breaks", ())
    asked = ThresholdOptions(Budget.parse(budget), **{"step_seconds": 60.0, "merge_gap": 2, **options})  # type: ignore[arg-type]
    return learn_threshold(np.array(scores, dtype=float), asked, breaks)  # type: ignore[arg-type]


def quiet(weeks: float, peaks: tuple[float, ...] = ()) -> FloatArray:
    """Normal scores below 1 for some weeks, with a peak of each given height, days apart."""
    scores = np.random.default_rng(0).random(round(weeks * WEEK))
    scores[1000 * np.arange(1, len(peaks) + 1)] = peaks
    return scores


# The certified threshold


def test_four_weeks_may_have_one_episode_above_the_threshold() -> None:
    threshold = learn(quiet(4, peaks=(5.0, 3.0, 9.0)))
    assert (threshold.value, threshold.allowed, threshold.episodes) == (5.0, 1, 1)
    assert threshold.certified
    assert threshold.proven_rate == pytest.approx(3.8897 / 4, rel=1e-4)


def test_shortest_certified_calibration_lies_above_everything_seen() -> None:
    threshold = learn(quiet(2.31, peaks=(5.0, 3.0)))
    assert (threshold.value, threshold.allowed, threshold.certified) == (5.0, 0, True)


def test_rows_of_one_episode_count_once() -> None:
    scores = quiet(4, peaks=(5.0, 3.0, 9.0))
    scores[3001:3010:3] = 8.0  # two rows between each: one episode with the 9
    assert learn(scores, merge_gap=2).value == 5.0
    assert learn(scores, merge_gap=1).value == 8.0


def test_an_episode_does_not_cross_a_break_in_time() -> None:
    scores = quiet(4, peaks=(9.0,))
    scores[1001] = 8.0
    assert learn(scores).value < 1.0
    assert learn(scores, breaks=(1001,)).value == 8.0


def test_higher_confidence_and_smaller_budget_never_lower_the_threshold() -> None:
    scores = np.random.default_rng(3).exponential(size=12 * WEEK)
    by_confidence = [learn(scores, confidence=c).value for c in (0.5, 0.8, 0.9, 0.99)]
    by_budget = [learn(scores, budget).value for budget in ("2/day", "1/day", "2/week", "1/week")]
    assert by_confidence == sorted(by_confidence)
    assert by_budget == sorted(by_budget)
    assert len(set(by_budget)) == 4


def test_budget_in_rows_needs_no_time() -> None:
    threshold = learn(quiet(4), "1/10000rows", step_seconds=None)
    assert threshold.certified
    assert threshold.allowed == 1


def test_generous_budget_keeps_the_threshold_above_nearly_all_rows() -> None:
    scores = np.random.default_rng(0).random(1000)
    threshold = learn(scores, "1/3rows", step_seconds=None, merge_gap=32)
    assert threshold.value == pytest.approx(np.quantile(scores, 0.95))


# Too little data


def test_too_short_calibration_is_extrapolated_and_says_so() -> None:
    scores = np.random.default_rng(1).exponential(size=WEEK // 2)
    threshold = learn(scores)
    assert not threshold.certified
    assert threshold.allowed == -1
    assert threshold.rows_missing == math.ceil(math.log(10) * WEEK) - WEEK // 2
    assert scores.max() <= threshold.value < 2 * scores.max()
    assert threshold.promise().startswith(
        "Not certified for 1 false alarm a week at 90 % confidence: that takes 2.3 weeks of normal data,"
        " 13 days more than there was. 3.5 days of normal data had 0 episodes above it,"
        " which proves at most 4.61 a week."
    )


def test_a_minute_of_data_is_not_extrapolated_to_weeks_and_says_so() -> None:
    scores = np.random.default_rng(1).exponential(size=60)
    by_week, by_rows = learn(scores, step_seconds=1.0), learn(scores, "1/6000rows", step_seconds=None)
    assert by_week.value == by_rows.value
    assert "to 100 times those rows only, so false alarms may come more often" in by_week.promise()
    assert "only" not in by_rows.promise()
    assert by_rows.value > learn(scores, "1/3000rows", step_seconds=None).value


@pytest.mark.parametrize("rows", [10, 31, 60])
def test_few_rows_still_give_a_sensible_threshold(rows: int) -> None:
    scores = np.random.default_rng(rows).chisquare(5, rows) / 5
    threshold = learn(scores, step_seconds=2.0, merge_gap=32)
    assert scores.max() <= threshold.value < 10 * scores.max()
    assert not threshold.certified


# Scores that invite a meaningless threshold


def test_rows_that_were_not_judged_are_left_out_and_counted() -> None:
    with_holes = np.concatenate([np.full(31, NAN), quiet(4, peaks=(5.0, 3.0, 9.0))])
    threshold = learn(with_holes)
    assert (threshold.value, threshold.rows, threshold.left_out) == (5.0, 4 * WEEK, 31)


@pytest.mark.parametrize("row", [0, 17, 4 * WEEK - 1])
@pytest.mark.parametrize("method", METHODS)
def test_one_nan_anywhere_never_makes_a_nan_threshold(method: str, row: int) -> None:
    scores = quiet(4)
    scores[row] = NAN
    level = 1.0 if method == "fixed" else None
    assert math.isfinite(learn(scores, method=method, level=level).value)


def test_infinite_score_is_refused_with_its_row() -> None:
    scores = quiet(1)
    scores[17] = np.inf
    with pytest.raises(ThresholdError, match="row 17 is infinite"):
        learn(scores)


def test_negative_score_is_refused_with_its_row() -> None:
    scores = quiet(1)
    scores[3], scores[17] = 0.0, -0.5
    with pytest.raises(ThresholdError, match=r"row 17 is -0\.5"):
        learn(scores)


@pytest.mark.parametrize("scores", [[], [NAN] * 50, [0.5] * 9, [NAN] * 50 + [0.5] * 9])
def test_too_few_judged_rows_are_refused_with_their_number(scores: list[float]) -> None:
    with pytest.raises(ThresholdError, match=r"\d judged calibration rows are too few.*it takes 10"):
        learn(scores)


@pytest.mark.parametrize("weeks", [0.01, 1, 4])
@pytest.mark.parametrize("method", ["episodes", "pot", "quantile", "sigma"])
def test_constant_score_is_its_own_threshold_so_that_it_stays_normal(method: str, weeks: float) -> None:
    learned = learn(np.full(round(weeks * WEEK), 0.5), method=method)
    margin = 1.2 if method == "episodes" and not learned.certified else 1.0
    assert learned.value == 0.5 * margin


@pytest.mark.parametrize("method", ["episodes", "pot", "quantile", "sigma"])
def test_scores_that_are_all_zero_are_refused(method: str) -> None:
    with pytest.raises(ThresholdError, match=r"came out as 0.*Try"):
        learn(np.zeros(4 * WEEK), method=method)


def test_ties_at_the_threshold_are_normal() -> None:
    threshold = learn(quiet(4, peaks=(5.0,) * 8 + (9.0,)))
    assert (threshold.value, threshold.episodes) == (5.0, 1)


def test_one_episode_as_long_as_the_set_keeps_the_threshold_above_most() -> None:
    scores = np.linspace(1.0, 2.0, 4 * WEEK)  # rises all the time: one episode at every level
    threshold = learn(scores)
    assert threshold.value == pytest.approx(1.95, abs=1e-3)
    assert threshold.episodes == 1


def test_one_episode_that_lasts_a_short_set_is_extrapolated() -> None:
    threshold = learn(np.linspace(1.0, 2.0, 200), merge_gap=32)
    assert 2.0 <= threshold.value < 20.0


def test_scaling_the_scores_scales_the_threshold() -> None:
    scores = np.random.default_rng(5).exponential(size=WEEK)
    for method in ("episodes", "pot", "quantile", "sigma"):
        assert learn(1e-9 * scores, method=method).value == pytest.approx(
            1e-9 * learn(scores, method=method).value
        )


# The other methods


def test_quantile_and_sigma_are_what_their_names_say() -> None:
    scores = quiet(1)
    assert learn(scores, method="quantile").value == np.quantile(scores, 0.999)
    assert learn(scores, method="quantile", level=0.5).value == np.quantile(scores, 0.5)
    assert learn(scores, method="sigma").value == pytest.approx(scores.mean() + 3 * scores.std())
    assert learn(scores, method="sigma", level=6).value == pytest.approx(scores.mean() + 6 * scores.std())


def test_daily_maxima_extrapolate_to_the_budget() -> None:
    scores = np.random.default_rng(0).exponential(size=8 * WEEK)
    once_a_week = np.quantile(scores, 1 - 1 / WEEK)
    assert learn(scores, method="daily-max", merge_gap=0).value == pytest.approx(once_a_week, rel=0.05)


def test_fourteen_days_are_enough_for_daily_maxima() -> None:
    assert learn(quiet(2), method="daily-max").value > 0.9


def test_daily_maxima_need_two_weeks_of_days_with_times() -> None:
    with pytest.raises(ThresholdError, match="13 whole days"):
        learn(quiet(13.9 / 7), method="daily-max")
    with pytest.raises(ThresholdError, match="need rows with a time"):
        learn(quiet(4), "1/10000rows", method="daily-max", step_seconds=None)


def test_days_that_are_mostly_missing_are_no_days() -> None:
    scores = quiet(2)
    scores[:800] = NAN
    with pytest.raises(ThresholdError, match="13 whole days"):
        learn(scores, method="daily-max")


def test_any_method_is_certified_when_it_is_not_below_the_certified_level() -> None:
    scores = quiet(4, peaks=(5.0, 3.0, 9.0))
    assert learn(scores, method="fixed", level=5.0).certified
    assert not learn(scores, method="fixed", level=4.99).certified
    assert not learn(quiet(1), method="fixed", level=500.0).certified  # too short to prove anything


def test_fixed_threshold_needs_no_scores() -> None:
    threshold = learn([], method="fixed", level=2)
    assert (threshold.value, threshold.rows, threshold.proven_rate) == (2.0, 0, math.inf)
    assert threshold.promise() == (
        "Not certified for 1 false alarm a week: given by hand, without normal data to check it."
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "spot"}, 'no threshold method "spot".*episodes, pot'),
        ({"confidence": 0.3}, r"confidence of 0\.3"),
        ({"confidence": 1.0}, "confidence of 1 "),
        ({"confidence": NAN}, "confidence of nan"),
        ({"merge_gap": -1}, "merge gap of -1"),
        ({"method": "fixed"}, "needs the threshold itself"),
        ({"method": "fixed", "level": NAN}, "nan is no level"),
        ({"method": "fixed", "level": 0.0}, "0 is no level"),
        ({"method": "quantile", "level": 99.9}, "not between 0 and 1"),
        ({"method": "quantile", "level": 1.0}, "not between 0 and 1"),
        ({"level": 3.0}, '"episodes" takes no level'),
    ],
)
def test_options_out_of_range_are_refused_in_words(options: dict[str, object], message: str) -> None:
    with pytest.raises(ThresholdError, match=message):
        learn(quiet(1), **options)


# What it says and how it is stored


def test_a_certified_promise_names_budget_confidence_data_and_limits() -> None:
    assert learn(quiet(4, peaks=(5.0, 3.0, 9.0))).promise() == (
        "At most 1 false alarm a week, with 90 % confidence: 4 weeks of normal data had 1 episode above it,"
        " which proves at most 0.972 a week. It holds while normal data stays like this data;"
        " drift and new ways of running void it."
    )


def test_promise_of_other_methods_says_that_they_make_none() -> None:
    promise = learn(quiet(4), method="sigma", level=1.0).promise()
    assert promise.startswith("Not certified for 1 false alarm a week at 90 % confidence. 4 weeks of normal")
    assert "says nothing about how often alarms come" in promise


@pytest.mark.parametrize(
    ("rows", "step_seconds", "extent"),
    [
        (1, None, "1 row"),
        (60, None, "60 rows"),
        (60, 1.0, "60 seconds"),
        (120, 1.0, "2 minutes"),
        (120, 60.0, "2 hours"),
        (47, 3600.0, "47 hours"),
        (48, 3600.0, "2 days"),
        (13, 86_400.0, "13 days"),
        (14, 86_400.0, "2 weeks"),
        (105, 86_400.0, "15 weeks"),
    ],
)
def test_promise_names_the_data_in_a_unit_that_reads_well(
    rows: int, step_seconds: float | None, extent: str
) -> None:
    budget = "1/week" if step_seconds else "1/10000rows"
    threshold = learn(np.zeros(rows), budget, method="fixed", level=1.0, step_seconds=step_seconds)
    assert f" {extent} of normal data had 0 episodes above it" in threshold.promise()


def test_promise_counts_rows_where_there_is_no_time() -> None:
    promise = learn(quiet(1), "1/10000rows", step_seconds=None).promise()
    assert "takes 23026 rows of normal data, 12946 rows more than there was" in promise


@pytest.mark.parametrize("method", METHODS)
def test_stored_threshold_reads_back_the_same_through_json(method: str) -> None:
    threshold = learn(quiet(4), method=method, level=0.9 if method == "fixed" else None)
    assert Threshold.from_dict(json.loads(json.dumps(threshold.to_dict()))) == threshold


def test_stored_threshold_that_is_not_certified_reads_back_too() -> None:
    threshold = learn(quiet(0.5), confidence=0.5)
    assert threshold.allowed == -1
    assert Threshold.from_dict(threshold.to_dict()) == threshold


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("value", 0.0),
        ("value", -1.0),
        ("value", NAN),
        ("value", math.inf),
        ("value", "5"),
        ("value", True),
        ("value", None),
        ("method", "spot"),
        ("level", -3),
        ("certified", 1),
        ("budget", "often"),
        ("budget", 7),
        ("confidence", 1.0),
        ("rows", -1),
        ("rows", 1.5),
        ("left_out", None),
        ("step_seconds", 0),
        ("merge_gap", -1),
        ("allowed", -2),
        ("episodes", "0"),
    ],
)
def test_stored_threshold_with_an_impossible_field_is_refused(field: str, value: object) -> None:
    stored = {**learn(quiet(4)).to_dict(), field: value}
    with pytest.raises(ThresholdError):
        Threshold.from_dict(stored)


def test_stored_threshold_with_missing_or_foreign_fields_is_refused() -> None:
    stored = learn(quiet(4)).to_dict()
    with pytest.raises(ThresholdError, match="has the fields"):
        Threshold.from_dict({**stored, "mood": "good"})
    del stored["value"]
    with pytest.raises(ThresholdError, match="has the fields"):
        Threshold.from_dict(stored)
