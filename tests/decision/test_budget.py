"""False-alarm budgets: every written form, its rate, and a clear refusal of the rest."""

import pytest

from lstm_anomaly.base.errors import ThresholdError
from lstm_anomaly.decision.budget import Budget

DAY = 86_400.0


@pytest.mark.parametrize(
    ("text", "alarms_a_day"),
    [
        ("1/week", 1 / 7),
        ("2/day", 2.0),
        ("1/month", 12 / 365.25),
        ("1/year", 1 / 365.25),
        ("1/hour", 24.0),
        ("3/minute", 3 * 1440.0),
        ("0.5/week", 0.5 / 7),
        ("1/2weeks", 1 / 14),
        (" 1 / 2 Weeks ", 1 / 14),
    ],
)
def test_budget_in_time_is_a_rate_per_row_by_the_sampling_step(text: str, alarms_a_day: float) -> None:
    minute_rows_a_day = 1440
    assert Budget.parse(text).per_row(60.0) * minute_rows_a_day == pytest.approx(alarms_a_day)
    assert Budget.parse(text).per_row(DAY) == pytest.approx(alarms_a_day)


def test_budget_in_rows_does_not_care_for_time() -> None:
    budget = Budget.parse("1/10000rows")
    assert budget.per_row(None) == budget.per_row(60.0) == 1e-4


def test_budget_in_time_needs_rows_with_a_time() -> None:
    with pytest.raises(ThresholdError, match=r"in weeks, but the rows have no time.*1/10000rows"):
        Budget.parse("1/week").per_row(None)


@pytest.mark.parametrize(
    ("text", "canonical", "words"),
    [
        ("1/week", "1/week", "1 false alarm a week"),
        ("1.0/1 WEEKS", "1/week", "1 false alarm a week"),
        ("2/hours", "2/hour", "2 false alarms an hour"),
        (".5/2 days", "0.5/2days", "0.5 false alarms in 2 days"),
        ("1/10000rows", "1/10000rows", "1 false alarm in 10000 rows"),
        ("1/row", "1/row", "1 false alarm a row"),
    ],
)
def test_budget_reads_back_what_it_writes(text: str, canonical: str, words: str) -> None:
    budget = Budget.parse(text)
    assert str(budget) == canonical
    assert Budget.parse(canonical) == budget
    assert budget.words == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "week",
        "1",
        "/week",
        "1/",
        "0/week",
        "1/0weeks",
        "-1/week",
        "nan/week",
        "inf/week",
        "1/fortnight",
        "1/s",
        "1e3/week",
        "one/week",
        "1/week/2",
        "1//week",
        "9" * 400 + "/week",
    ],
)
def test_any_other_text_is_refused_with_the_text_and_examples(text: str) -> None:
    with pytest.raises(ThresholdError, match="NUMBER/UNIT") as caught:
        Budget.parse(text)
    assert "1/week, 2/day" in str(caught.value)
