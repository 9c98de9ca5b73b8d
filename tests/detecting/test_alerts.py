"""Which events are news: each told once when it begins, once when it is over, and not more for a while."""

from dataclasses import replace

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.decision.event import Event
from lstm_anomaly.detecting.alerts import Alerts
from lstm_anomaly.detecting.places import Place, PlacedEvent
from lstm_anomaly.scoring.reasons import TOGETHER

HOUR = np.timedelta64(1, "h")


def event(first, last, state="closed", timed=True):
    """An event from minute `first` to minute `last`."""

    def place(minute):
        time = np.datetime64("2024-03-01", "ns") + np.timedelta64(minute, "m")
        return Place("a.csv", minute + 2, f"minute {minute}", time if timed else None)

    found = Event(first, last, last, 2.0, 1.5, (), (), TOGETHER)
    return PlacedEvent.at(found, state, [place(row) for row in found.rows_told])


def states(events):
    return [(told.first_line - 2, told.state, told.known) for told in events]


def test_an_event_is_told_when_it_begins_and_when_it_is_over():
    news = Alerts()
    assert states(news.select([], event(5, 5), early=True)) == [(5, "open", False)]
    assert news.select([], event(5, 9), early=True) == []
    assert states(news.select([event(5, 9)], None, early=True)) == [(5, "closed", True)]
    assert states(news.select([event(20, 21)], event(40, 40), early=True)) == [
        (20, "closed", False),
        (40, "open", False),
    ]


def test_without_early_only_the_end_is_told():
    news = Alerts()
    assert news.select([], event(5, 5)) == []
    assert states(news.select([event(5, 9)], None)) == [(5, "closed", False)]


def test_snooze_silences_what_begins_soon_after_and_reminds_of_what_lasts():
    news, snooze = Alerts(), HOUR
    assert states(news.select([], event(0, 0), early=True, snooze=snooze)) == [(0, "open", False)]
    assert news.select([], event(0, 59), early=True, snooze=snooze) == []
    assert states(news.select([], event(0, 60), early=True, snooze=snooze)) == [(0, "ongoing", True)]
    assert states(news.select([event(0, 70)], None, early=True, snooze=snooze)) == [(0, "closed", True)]
    assert news.select([event(80, 85)], event(100, 100), early=True, snooze=snooze) == []
    assert states(news.select([], event(100, 121), early=True, snooze=snooze)) == [(100, "open", False)]


def test_an_event_that_was_silenced_is_not_told_when_it_is_over():
    news = Alerts()
    news.select([event(0, 5)], None, snooze=HOUR)
    assert news.select([event(30, 200)], None, snooze=HOUR) == []
    assert states(news.select([event(300, 301)], None, snooze=HOUR)) == [(300, "closed", False)]


def test_snooze_needs_time_stamps():
    with pytest.raises(InputError, match="time stamps"):
        Alerts().select([event(0, 5, timed=False)], None, snooze=HOUR)


def test_an_id_is_that_of_the_begin_whatever_comes_later():
    assert event(5, 5).id == event(5, 90).id == replace(event(5, 6), state="open").id
    assert event(5, 5).id != event(6, 6).id
