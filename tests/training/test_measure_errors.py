"""How many rows tell what is usual, and how much of the budget readings that stand still may use."""

import numpy as np
import pytest
from small_models import small_model

from lstm_anomaly.decision.budget import Budget
from lstm_anomaly.scoring.flatline import Stillness
from lstm_anomaly.training import measure_errors


def waves(rows, sensors):
    wave = np.sin(np.arange(rows)[:, np.newaxis] / 20 + np.arange(sensors))
    return wave + 0.1 * np.random.default_rng(0).normal(size=wave.shape)


def test_the_last_500_rows_tell_however_many_sensors_there_are(monkeypatch):
    monkeypatch.setattr(measure_errors, "MOST_VALUES", 1)
    assert small_model(waves(600, 2), kind="linear").threshold.rows == 500 - (8 - 1)


def test_readings_that_stand_still_may_use_a_twentieth_of_the_budget(monkeypatch):
    asked = []

    class Spy(Stillness):
        @classmethod
        def fit(cls, rows, segments, per_row):
            asked.append(per_row)
            return Stillness.fit(rows, segments, per_row)

    monkeypatch.setattr(measure_errors, "Stillness", Spy)
    small_model(waves(300, 2), kind="linear", budget=Budget.parse("1/100rows"))
    assert asked == [pytest.approx(0.05 / 100 / 2)]  # of each of two sensors


def test_ten_million_values_at_four_lags_tell_what_is_usual(monkeypatch):
    asked = []

    def spy(segments, count):
        asked.append(count)
        return 0

    monkeypatch.setattr(measure_errors, "_row_before", spy)
    small_model(waves(300, 2), kind="linear")
    assert asked == [1_250_000]  # rows of two sensors
