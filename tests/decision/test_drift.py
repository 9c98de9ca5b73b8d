"""The guard of the promise: quiet on data like the training data, and clear on data that is not."""

from dataclasses import replace

import numpy as np
import pytest
from small_models import small_model

from lstm_anomaly.decision.drift import AFTERMATH, LEAST_ROWS, DriftWatch, Familiar

SENSORS = ("flow", "heat")


def readings(rows, seed=0):
    """A slow wave and a noisy one, (rows, 2)."""
    rng, t = np.random.default_rng(seed), np.arange(rows)
    return np.column_stack([np.sin(t / 50), 20 + np.cos(t / 30)]) + 0.05 * rng.normal(size=(rows, 2))


def scores(rows, seed=0, scale=1.0):
    """Smoothed noise below the threshold."""
    rng = np.random.default_rng(seed)
    smooth = np.convolve(rng.normal(size=rows + 9) ** 2, np.ones(10) / 10, mode="valid")
    return scale * 0.2 * smooth


@pytest.fixture(scope="module")
def familiar():
    return Familiar.fit(scores(6000), readings(20_000))


def findings(familiar, values, rows_scores, piece=None):
    watch = DriftWatch(familiar, SENSORS)
    for first in range(0, len(values), piece or len(values)):
        watch.push(
            values[first : first + (piece or len(values))],
            rows_scores[first : first + (piece or len(values))],
        )
    return watch.findings()


def test_data_like_the_training_data_is_quiet(familiar):
    for seed in range(1, 11):
        assert findings(familiar, readings(3000, seed), scores(3000, seed)) == []


def test_higher_scores_far_below_the_threshold_are_told(familiar):
    (told,) = findings(familiar, readings(3000, 1), scores(3000, 1, scale=1.4))
    assert "of the rows below the threshold score above" in told
    assert "5 % of the calibration rows did" in told


def test_a_sensor_beyond_its_range_is_named(familiar):
    values = readings(1000, 1)
    values[400:, 1] += 5
    (told,) = findings(familiar, values, scores(1000, 1))
    assert told.startswith("heat is outside 1")
    assert "on 60 % of the rows" in told


@pytest.mark.parametrize(("factor", "told"), [(4.0, "flow moves"), (0.05, "flow moves")])
def test_a_sensor_that_moves_otherwise_is_named(familiar, factor, told):
    values = readings(1000, 1)
    rng = np.random.default_rng(5)
    values[:, 0] = np.sin(np.arange(1000) / 50) * (factor > 1) + factor * 0.05 * rng.normal(size=1000)
    assert [text for text in findings(familiar, values, scores(1000, 1)) if text.startswith(told)]


def test_an_event_and_the_rows_after_it_are_no_drift(familiar):
    values, judged = readings(1000, 1), scores(1000, 1)
    values[300:600] += 50
    judged[300:600] = 3
    judged[600 : 600 + AFTERMATH] = 0.9
    assert findings(familiar, values, judged) == []


def test_mostly_anomalous_rows_are_drift_or_something_worse(familiar):
    judged = scores(1000, 1)
    judged[:600] = 2
    assert findings(familiar, readings(1000, 1), judged) == ["60 % of the rows are anomalous"]


def test_few_rows_say_nothing(familiar):
    rows = LEAST_ROWS - 1
    assert findings(familiar, readings(rows) + 100, np.full(rows, 0.9)) == []


@pytest.mark.parametrize("piece", [1, 7, 250])
def test_pieces_say_what_the_whole_says(familiar, piece, monkeypatch):
    monkeypatch.setattr("lstm_anomaly.decision.drift.PERIOD", 600)
    familiar = replace(familiar, rows=600)
    values, judged = readings(900, 1), scores(900, 1, scale=1.5)
    values[500:, 1] += 4
    judged[200:230] = 1.5
    values[240, 0] = judged[240] = np.nan
    assert findings(familiar, values, judged, piece) == findings(familiar, values, judged) != []


def test_a_stream_that_drifts_after_long_is_noticed_and_so_is_its_return(familiar):
    watch = DriftWatch(familiar, SENSORS)
    told = []
    for k in range(30):
        watch.push(readings(1000, k) + (9 if 20 <= k < 28 else 0), scores(1000, k))
        told.append(bool(watch.findings()))
    assert not any(told[:20])
    assert any(told[20:25])
    watch.push(readings(9000, 31), scores(9000, 31))
    assert watch.findings() == []


def test_news_is_told_once_and_again_after_a_while_without(familiar):
    watch = DriftWatch(familiar, SENSORS)
    watch.push(readings(6000) + 9, scores(6000))
    assert watch.news()
    watch.push(readings(6000) + 9, scores(6000))
    assert watch.news() == []
    watch.push(readings(6000), scores(6000))
    assert watch.news() == []
    watch.push(readings(6000) + 9, scores(6000))
    assert watch.news()


def test_readings_beyond_all_bounds_are_outside_and_no_step(familiar):
    values = readings(600, 1)
    values[::3, 0], values[1::3, 0] = 1e308, -1e308
    (told,) = findings(familiar, values, scores(600, 1))
    assert told.startswith("flow is outside")


def test_a_pause_is_no_step(familiar):
    watch = DriftWatch(familiar, SENSORS)
    for k in range(60):
        watch.push(readings(20, seed=1) + np.array([0, 0.1 * (k % 2)]), np.zeros(20))
        watch.pause()
    assert watch.findings() == []


def test_calibrating_again_widens_what_is_familiar(familiar):
    wider = Familiar.fit(scores(100), 10 + readings(500)).joined(familiar)
    assert (wider.low == familiar.low).all()
    assert (wider.high > familiar.high).all()
    assert wider.rows == 100


def test_few_calibration_rows_make_no_share_surprising():
    few = Familiar.fit(scores(100), readings(500))
    assert findings(few, readings(1000, 1), np.full(1000, 0.99)) == []
    none = Familiar.fit(np.full(9, np.nan), readings(50))
    assert np.isfinite([none.level, none.share, none.spread]).all()


def test_a_model_knows_what_is_familiar_to_it():
    model = small_model(readings(1500), kind="linear")
    assert model.familiar.rows == model.threshold.rows
    assert 0 < model.familiar.level < 1


class TestBounds:
    """One sensor whose readings were 0 to 10 and whose steps were 1; 5 % of the scores were above 0.5."""

    ROWS = 1000

    def known(self, spread=0.0, rows=1000):
        ten, one = np.array([10.0]), np.array([1.0])
        return Familiar(0.5, 0.05, spread, rows, 0 * ten, ten, one, one)

    def is_drift(self, values=None, above=0, familiar=None):
        """Whether 1,000 rows are drift, so many of which score 0.9; readings are 0 and 1 in turn."""
        values = np.arange(self.ROWS) % 2.0 if values is None else values
        judged = np.where(np.arange(self.ROWS) < above, 0.9, 0.1)
        watch = DriftWatch(familiar or self.known(), ("flow",))
        watch.push(values[:, np.newaxis], judged)
        return bool(watch.findings())

    @pytest.mark.parametrize(("above", "drift"), [(100, False), (101, True)])
    def test_more_than_twice_the_usual_share_above_the_level_is_drift(self, above, drift):
        assert self.is_drift(above=above) == drift

    @pytest.mark.parametrize(("above", "drift"), [(219, False), (220, True)])
    def test_the_share_must_be_four_standard_deviations_more(self, above, drift):
        """0.05 + 4 sqrt(0.9 / 1000 + 0.9 / 1000) = 0.2197."""
        assert self.is_drift(above=above, familiar=self.known(spread=0.9)) == drift

    @pytest.mark.parametrize(
        ("rows", "reading", "drift"), [(101, 10.9, False), (100, 11.1, False), (101, 11.1, True)]
    )
    def test_a_tenth_of_the_rows_may_be_a_tenth_of_the_range_outside(self, rows, reading, drift):
        values = np.arange(self.ROWS) % 2.0
        values[:rows] = reading
        assert self.is_drift(values) == drift

    @pytest.mark.parametrize(("step", "drift"), [(0.49, True), (0.51, False), (1.99, False), (2.01, True)])
    def test_steps_of_half_to_twice_the_usual_are_no_drift(self, step, drift):
        assert self.is_drift(np.arange(self.ROWS) % 2 * step) == drift

    @pytest.mark.parametrize(("rows", "told"), [(300, False), (301, True)])
    def test_it_takes_200_rows_more_than_100_after_an_anomaly(self, rows, told):
        judged = np.full((rows,), 0.1)
        judged[0] = 2.0
        watch = DriftWatch(self.known(), ("flow",))
        watch.push(np.full((rows, 1), 99.0), judged)
        assert bool(watch.findings()) == told

    def test_a_period_has_2000_rows_and_counts_until_the_next_is_half_over(self):
        watch = DriftWatch(self.known(), ("flow",))
        watch.push(np.full((2000, 1), 99.0), np.full(2000, 0.1))
        watch.push(np.arange(999)[:, np.newaxis] % 2.0, np.full(999, 0.1))
        assert watch.findings()
        watch.push(np.array([[1.0]]), np.array([0.1]))
        assert watch.findings() == []

    def test_the_level_has_95_percent_below_and_its_spread_is_over_20_blocks(self):
        """Ten 1s, all in the first of 20 blocks of ten: shares 1, 0, 0, ... have variance 0.05 0.95."""
        found = Familiar.fit(np.r_[np.ones(10), np.zeros(190)], readings(100))
        assert (found.level, found.share) == pytest.approx((0.05, 0.05))
        assert found.spread == pytest.approx(0.05 * 0.95 * 10)
