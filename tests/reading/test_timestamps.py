"""Time stamps in the notations of loggers and spreadsheets, and those that cannot be known are refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import ReadOptions, read_csvs
from lstm_anomaly.reading.values import spellings

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_stamps(*stamps: str, name: str = "time") -> str:
        path = tmp_path / "input.csv"
        rows = "".join(f"{stamp};{n}.5\n" for n, stamp in enumerate(stamps))
        path.write_text(f"{name};a\n{rows}", encoding="utf-8")
        return str(path)

    return write_stamps


def times(path: str, **options: object) -> list[str]:
    frame, _ = read_csvs([path], ReadOptions(**options))
    assert frame.times is not None
    assert frame.times.dtype == np.dtype("datetime64[ns]")
    return [str(time.astype("datetime64[ms]")) for time in frame.times]


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2024-03-01 10:20:30", "2024-03-01T10:20:30.000"),
        ("2024-03-01T10:20:30.5", "2024-03-01T10:20:30.500"),
        ("2024-03-01 10:20:30,5", "2024-03-01T10:20:30.500"),
        ("2024-03-01T10:20Z", "2024-03-01T10:20:00.000"),
        ("2024-03-01 10:20:30+02:00", "2024-03-01T08:20:30.000"),
        ("20240301T102030", "2024-03-01T10:20:30.000"),
        ("2024-03-01", "2024-03-01T00:00:00.000"),
        ("2024/03/01 10:20", "2024-03-01T10:20:00.000"),
        ("2024.03.01 10:20", "2024-03-01T10:20:00.000"),
        ("31/01/2024 10:20:30", "2024-01-31T10:20:30.000"),
        ("1/31/2024 1:20:30 PM", "2024-01-31T13:20:30.000"),
        ("31.01.2024 10:20", "2024-01-31T10:20:00.000"),
        ("01.02.2024 10:20", "2024-02-01T10:20:00.000"),
        ("01.02.24 10:20", "2024-02-01T10:20:00.000"),
        ("31-01-2024, 10.20.30", "2024-01-31T10:20:30.000"),
        ("31/01/2024 10:20:30.250", "2024-01-31T10:20:30.250"),
        ("31/01/2024 10:20 +0100", "2024-01-31T09:20:00.000"),
        ("05-Feb-2024 10:20:30", "2024-02-05T10:20:30.000"),
        ("1700000000", "2023-11-14T22:13:20.000"),
        ("1700000000.25", "2023-11-14T22:13:20.250"),
        ("1700000000250", "2023-11-14T22:13:20.250"),
        ("1700000000250000", "2023-11-14T22:13:20.250"),
        ("1700000000250000000", "2023-11-14T22:13:20.250"),
        ("20240301102030", "2024-03-01T10:20:30.000"),
        ("202403011020", "2024-03-01T10:20:00.000"),
        ("20240301", "2024-03-01T00:00:00.000"),
    ],
)
def test_a_stamp_is_read_in_its_own_notation(write, stamp, expected):
    path = write(stamp, stamp, stamp)
    assert times(path) == [expected] * 3
    frame, report = read_csvs([path])
    assert frame.stamps is not None
    assert frame.stamps.tolist() == [stamp] * 3
    assert report.is_clean
    assert frame.sensors == ("a",)


def test_day_and_month_that_no_row_tells_apart_are_refused_with_the_option(write):
    path = write("03/04/2024 10:00", "03/04/2024 10:01")
    with pytest.raises(
        InputError, match=r"input\.csv:2: .*day first or month first.*--datetime-format day-first"
    ):
        read_csvs([path])
    assert times(path, datetime_format="day-first")[0] == "2024-04-03T10:00:00.000"
    assert times(path, datetime_format="month-first")[0] == "2024-03-04T10:00:00.000"
    assert times(path, datetime_format="%d/%m/%Y %H:%M")[0] == "2024-04-03T10:00:00.000"


def test_one_row_past_the_twelfth_settles_day_and_month(write):
    assert times(write("03/04/2024 10:00", "13/04/2024 10:00"))[0] == "2024-04-03T10:00:00.000"
    assert times(write("03/04/2024 10:00", "03/14/2024 10:00"))[0] == "2024-03-04T10:00:00.000"


def test_rows_that_run_on_through_midnight_settle_day_and_month(write):
    day_first = [f"{day:02d}/04/2024 {hour:02d}:00" for day in (3, 4) for hour in range(24)]
    assert times(write(*day_first))[0] == "2024-04-03T00:00:00.000"
    month_first = [f"04/{day:02d}/2024 {hour:02d}:00" for day in (3, 4) for hour in range(24)]
    assert times(write(*month_first))[0] == "2024-04-03T00:00:00.000"


def test_the_first_of_each_month_is_not_taken_for_days_in_january(write):
    with pytest.raises(InputError, match="day first or month first"):
        read_csvs([write("01/01/2024", "01/02/2024", "01/03/2024", "01/04/2024")])


def test_both_orders_in_one_column_are_refused(write):
    with pytest.raises(InputError, match="no order of day, month and year fits"):
        read_csvs([write("13/04/2024", "04/13/2024", "14/04/2024", "04/14/2024")])


def test_midnight_without_a_time_of_day_is_read_with_the_others(write):
    assert times(write("30/04/2024 23:00", "31/05/2024", "31/05/2024 01:00")) == [
        "2024-04-30T23:00:00.000",
        "2024-05-31T00:00:00.000",
        "2024-05-31T01:00:00.000",
    ]


def test_mixed_offsets_are_one_time_line(write):
    assert times(write("2024-03-31T01:59:00+01:00", "2024-03-31T03:00:00+02:00")) == [
        "2024-03-31T00:59:00.000",
        "2024-03-31T01:00:00.000",
    ]


def test_a_stamp_without_offset_among_stamps_with_one_is_not_guessed(write):
    path = write(*["2024-03-31T01:00:00+01:00"] * 9, "2024-03-31T02:00:00")
    frame, report = read_csvs([path])
    assert np.isnat(frame.times).tolist() == [False] * 9 + [True]
    assert report.files[0].bad_cells[0].line == 11
    assert times(path, tz="Europe/Berlin")[-1] == "NaT"  # 02:00 was skipped that night
    assert times(path, tz="UTC")[-1] == "2024-03-31T02:00:00.000"


def test_a_zone_that_is_told_places_naive_stamps(write):
    path = write("2024-01-01 12:00", "2024-07-01 12:00")
    assert times(path, tz="Europe/Berlin") == ["2024-01-01T11:00:00.000", "2024-07-01T10:00:00.000"]
    with pytest.raises(InputError, match="no time zone 'Europe/Atlantis'"):
        read_csvs([path], ReadOptions(tz="Europe/Atlantis"))


def test_the_hour_that_autumn_repeats_is_read_twice(write):
    stamps = [f"2024-10-27 {hour}" for hour in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")]
    assert times(write(*stamps), tz="Europe/Berlin") == [
        f"2024-10-{stamp}:00.000"
        for stamp in ("26T23:30", "27T00:00", "27T00:30", "27T01:00", "27T01:30", "27T02:00")
    ]


def test_the_hour_that_spring_skips_is_no_time(write):
    frame, report = read_csvs(
        [write("2024-03-31 01:30", "2024-03-31 02:30", "2024-03-31 03:30")], ReadOptions(tz="Europe/Berlin")
    )
    assert np.isnat(frame.times).tolist() == [False, True, False]
    assert report.files[0].bad_cells[0].text == "2024-03-31 02:30"


def test_a_date_and_a_time_of_day_in_two_columns_are_joined(tmp_path):
    path = tmp_path / "air.csv"
    path.write_text("Date;Time;CO\n10/03/2004;23.00.00;2,6\n13/03/2004;00.00.00;2,1\n", encoding="utf-8")
    frame, report = read_csvs([str(path)])
    assert str(frame.times[0]) == "2004-03-10T23:00:00.000000000"
    assert frame.stamps.tolist()[0] == "10/03/2004 23.00.00"
    assert frame.sensors == ("CO",)
    assert report.files[0].time_column == "Date Time"
    assert times(str(path), time="Date")[0] == "2004-03-10T23:00:00.000"


def test_years_beyond_the_calendar_are_bad_stamps(write):
    frame, report = read_csvs([write(*["2024-01-01"] * 20, "9999-12-31")])
    assert np.isnat(frame.times[-1])
    assert report.files[0].bad_cells[0].text == "9999-12-31"


@pytest.mark.parametrize("stamp", ["", "NA", "null"])
def test_no_value_for_a_stamp_is_no_time_but_not_bad(write, stamp):
    frame, report = read_csvs([write("2024-01-01", stamp, "2024-01-03")])
    assert frame.stamps is not None
    assert frame.stamps.tolist() == ["2024-01-01", "", "2024-01-03"]
    assert np.isnat(frame.times).tolist() == [False, True, False]
    assert report.is_clean


@pytest.mark.parametrize("stamp", ["2024-03-01 00:00", "1999-12-31T23:59:59", "2012-11-10T09:08:07"])
def test_no_rule_would_change_a_stamp_that_is_skipped_as_plain(stamp):
    assert spellings._PLAIN.fullmatch(stamp)
    for name in spellings.ALWAYS:
        pattern, to = spellings._COMPILED[name]
        assert pattern.sub(to, stamp) == stamp, name


def test_a_column_of_other_numbers_is_not_taken_for_the_time(write):
    frame, _ = read_csvs([write("1700000000", "1600000000", "1800000000", name="pressure")])
    assert frame.times is None
    assert frame.sensors == ("pressure", "a")


def test_a_named_clock_that_is_no_epoch_is_left_out_with_a_reason(write):
    frame, report = read_csvs([write("0.0", "0.1", "0.2", name="time")])
    assert frame.times is None
    assert frame.sensors == ("a",)
    assert "no time since 1970" in report.files[0].left_out["time"]


def test_the_time_column_can_be_named_and_denied(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("made,seen,a\n2024-01-01,2024-02-01,5\n2024-01-02,2024-02-02,6\n", encoding="utf-8")
    assert times(str(path))[0].startswith("2024-01-01")
    assert times(str(path), time="seen")[0].startswith("2024-02-01")
    frame, report = read_csvs([str(path)], ReadOptions(time=""))
    assert frame.times is None
    assert set(report.files[0].left_out) == {"made", "seen"}
    with pytest.raises(InputError, match="column 'a' holds no time stamps that can be read"):
        read_csvs([str(path)], ReadOptions(time="a"))


@pytest.mark.parametrize("told", ["dmy", "%Q", "%", "%Y%Y"])
def test_a_format_that_is_none_is_refused(write, told):
    with pytest.raises(InputError, match=f"'{told}' is no format"):
        read_csvs([write("2024-01-01")], ReadOptions(datetime_format=told))


def test_a_column_named_like_a_time_wins_over_one_looking_like_it(tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("batch,timestamp,a\n01/02/2024,2024-02-01,5\n01/02/2024,2024-02-02,6\n", encoding="utf-8")
    assert times(str(path)) == ["2024-02-01T00:00:00.000", "2024-02-02T00:00:00.000"]


def test_a_format_that_fits_no_column_is_refused(write):
    with pytest.raises(InputError, match="no column holds time stamps written as '%H:%M'"):
        read_csvs([write("2024-01-01", "2024-01-02")], ReadOptions(datetime_format="%H:%M"))


def test_a_stamp_of_any_length_is_read_whole(write):
    stamps = [f"2024-03-01 10:{minute:02d}:00" for minute in range(20)]
    long = "2024-03-01 10:20:00" + " " * 40 + "or so"
    frame, report = read_csvs([write(*stamps, long)])
    assert frame.stamps[-1] == long
    assert np.isnat(frame.times[-1])
    assert [cell.text for cell in report.files[0].bad_cells] == [long]
    long = "2024-03-01 10:20:00" + " " * 40
    frame, report = read_csvs([write(*stamps, long)])
    assert frame.stamps[-1] == long
    assert str(frame.times[-1]).startswith("2024-03-01T10:20:00")
    assert report.is_clean


@pytest.mark.parametrize("null", ["", "NA", "1970-01-01 00:00:00", "never"])
def test_a_stamp_that_means_none_is_missing_and_not_bad(write, null):
    stamps = [f"2024-03-01 10:{minute:02d}:00" for minute in range(20)]
    frame, report = read_csvs(
        [write(*stamps, null)], ReadOptions(null_values=("1970-01-01 00:00:00", "never"))
    )
    assert frame.stamps[-1] == ""
    assert np.isnat(frame.times[-1])
    assert report.is_clean


def test_stamps_in_other_letters_stay_as_they_stand(write):
    stamps = [f"2024-03-01 10:{minute:02d}:00" for minute in range(20)]
    frame, report = read_csvs([write(*stamps, "märz \u202f1")])
    assert frame.stamps[-1] == "märz \u202f1"
    assert report.bad_count == 1
