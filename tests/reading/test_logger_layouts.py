"""Layouts that loggers and exports write: read to the values they hold, or refused with the way out."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import ReadOptions, read_csvs

START = datetime(2024, 3, 14, 0, 5)
TEMP = [20.5, 21.5, 19.5, 20.0, 22.25, 21.0]
HUM = [41.0, 42.0, 40.5, 41.5, 43.0, 42.5]
CASES = Path(__file__).parents[3] / "shared/cases/csv"


@pytest.fixture
def write(tmp_path):
    """Write a file of this text; its path."""

    def write_file(text):
        path = tmp_path / "log.csv"
        path.write_bytes(text.encode())
        return os.fspath(path)

    return write_file


def stamp(minutes, pattern="%Y-%m-%d %H:%M:%S"):
    return (START + timedelta(minutes=minutes)).strftime(pattern)


def utc(minutes, hours=0):
    return np.datetime64(START + timedelta(minutes=minutes, hours=hours), "ns")


def many(row, count=60):
    """Rows 0, 1, ... of a file."""
    return "".join(f"{row(n)}\n" for n in range(count))


def read(write, text, **told):
    return read_csvs([write(text)], ReadOptions(**told))[0]


def refusal(write, text, **told):
    with pytest.raises(InputError) as caught:
        read(write, text, **told)
    return str(caught.value)


# --- rows of many machines


@pytest.mark.parametrize("each", [5, 700, 720, 1440, 1501, 3000])
@pytest.mark.parametrize("names", [("1", "2", "3"), ("north", "south", "east")])
def test_machines_one_after_the_other_are_refused_at_any_length(write, names, each):
    rows = "".join(f"{stamp(60 * n)},{name},{n % 7 + 0.5}\n" for name in names for n in range(each))
    said = refusal(write, f"datetime,machineID,volt\n{rows}")
    assert f"one for each 'machineID' ('{names[0]}'" in said
    assert "--group-by 'machineID'" in said


def test_machines_beyond_the_first_megabyte_are_refused(write):
    rows = "".join(f"{stamp(n)},{m},{n % 7 + 0.5}\n" for m in (1, 2) for n in range(50_000))
    assert "--group-by 'machine'" in refusal(write, f"time,machine,volt\n{rows}")


def test_machines_without_times_are_refused(write):
    rows = "".join(f"{unit},{n},{n % 7 + 0.5}\n" for unit in (1, 2, 3) for n in range(200))
    text = f"unit_number,cycle,volt\n{rows}"
    assert ":202: rows are of several machines, one for each 'unit_number' ('1', '2'" in refusal(write, text)
    assert read(write, text, group_by="unit_number").sensors == ("volt",)


@pytest.mark.parametrize("pump", [lambda n: n // 30, lambda n: 700 + n // 9 % 3 * 100])
def test_a_pump_that_is_switched_is_no_number_of_a_machine(write, pump):
    frame = read(write, "pump,volt\n" + many(lambda n: f"{pump(n)},{n % 7 + 0.5}"))
    assert frame.sensors == ("pump", "volt")


@pytest.mark.parametrize("apart", [0, 17])
def test_machines_with_clocks_of_their_own_that_take_turns_are_refused(write, apart):
    rows = many(lambda n: f"{stamp(n // 3 + n % 3 * apart / 60)},{n % 3},{n % 7 + 0.5},{n % 5}")
    assert "--group-by 'gateway'" in refusal(write, f"time,gateway,volt,amp\n{rows}")


def test_machines_that_take_turns_are_refused(write):
    rows = many(lambda n: f"{stamp(n)},{'AB'[n % 2]},{n % 7 + 0.5},{n % 5}")
    assert "--group-by 'device'" in refusal(write, f"time,device,volt,amp\n{rows}")


def test_machines_that_only_two_columns_tell_apart_are_refused(write):
    keys = [f"{ups},L{phase}" for ups in (1, 2) for phase in (1, 2, 3)]
    rows = "".join(f"{stamp(n)},{key},{n % 7}.5\n" for n in range(20) for key in keys)
    said = refusal(write, f"time,ups,phase,load\n{rows}")
    assert "many rows have the same time, and no single column tells them apart. Try: --time ''" in said


def test_numbers_of_a_period_of_the_day_are_no_machines(write):
    rows = many(lambda n: f"{stamp(30 * n, '%Y-%m-%d')},{n % 48 + 1},{n % 7}.5", 96)
    said = refusal(write, f"SETTLEMENT_DATE,SETTLEMENT_PERIOD,load\n{rows}")
    assert "many rows have the same date, and no column is read as their time of day" in said


def test_a_file_with_colons_between_its_fields_is_told_how_to_be_read(write):
    text = "a:b:c\n" + many(lambda n: f"{n % 7}.5:{n % 5}:{n % 3}")
    assert "is separated by colons. Try: --delimiter ':'" in refusal(write, text)
    assert read(write, text, delimiter=":").sensors == ("a", "b", "c")


@pytest.mark.parametrize("cell", ["{} %", "0x000{}", "0{}:15"])
def test_readings_with_units_and_codes_name_no_machines(write, cell):
    assert read(
        write, "time,x,a\n" + many(lambda n: f"{stamp(n)},{cell.format(n % 7)},{n % 5}.5")
    ).sensors == ("a",)


def test_addresses_that_look_like_dates_name_sensors(write):
    rows = "".join(f"{stamp(n)},1/2/{k},{n % 7}.5\n" for n in range(30) for k in (3, 14))
    assert "--group-by 'Address'" in refusal(write, f"Time,Address,Value\n{rows}")


def test_a_column_of_readings_and_words_names_no_machines(write):
    rows = many(lambda n: f"{stamp(n)},{n % 7}.5,{'ERR' if n % 2 else 7}")
    assert read(write, f"time,a,b\n{rows}").sensors[0] == "a"


def test_days_of_one_machine_in_any_order_are_one_machine(write):
    day = {"mon": 0, "sun": -1440}
    rows = "".join(
        f"{stamp(n + first)},{name},{n % 7 + 0.5}\n" for name, first in day.items() for n in range(60)
    )
    assert read(write, f"time,day name,volt\n{rows}").sensors == ("volt",)


# --- one reading a row


@pytest.mark.parametrize(
    ("sensor", "value"),
    [
        ("entity_id", "state"),
        ("_field", "_value"),
        ("VarName", "VarValue"),
        ("Tagname", "Value"),
        ("metric", "v"),
        ("Kanal", "Messwert"),
        ("Capteur", "Valeur"),
        ("tagpath", "floatvalue"),
    ],
)
def test_long_files_are_known_by_the_names_that_programs_write(write, sensor, value):
    rows = "".join(
        f"{name},{stamp(n)},{x}\n" for name, xs in (("t", TEMP), ("h", HUM)) for n, x in enumerate(xs)
    )
    frame = read(write, f"{sensor},time,{value}\n{rows}")
    assert frame.sensors == ("t", "h")
    assert frame.values.tolist() == [[t, h] for t, h in zip(TEMP, HUM, strict=True)]


def test_readings_sorted_by_sensor_come_out_in_the_order_of_time(write):
    frame = read(
        write,
        "time,sensor,value\n2024-01-01T00:00:10,a,1\n2024-01-01T00:01:10,a,2\n"
        "2024-01-01T00:00:40,b,3\n2024-01-01T00:01:40,b,4\n",
    )
    assert np.diff(frame.times).astype("timedelta64[s]").astype(int).tolist() == [30, 30, 30]
    assert np.nan_to_num(frame.values, nan=-1).tolist() == [[1, -1], [-1, 3], [2, -1], [-1, 4]]
    assert frame.lines.tolist() == [2, 4, 3, 5]


def test_annotated_csv_of_several_blocks_is_one_long_file(write):
    head = "#group,false,false,true,true,true\n#datatype,string,long,dateTime:RFC3339,double,string\n"
    head += "#default,mean,,,,\n,result,table,_time,_value,_field\n"
    blocks = [
        head + "".join(f",,{k},{stamp(n, '%Y-%m-%dT%H:%M:%SZ')},{x},{name}\n" for n, x in enumerate(readings))
        for k, (name, readings) in enumerate((("t", TEMP), ("h", HUM)))
    ]
    frame = read(write, "\n".join(blocks).replace("\n", "\r\n"))
    assert frame.sensors == ("t", "h")
    assert frame.values.tolist() == [[t, h] for t, h in zip(TEMP, HUM, strict=True)]


def test_columns_of_annotations_are_no_sensors(write):
    rows = many(lambda n: f",,0,{stamp(n)},{n % 7}.5")
    assert read(write, f"#default,_result,,,\n,result,table,_time,a\n{rows}").sensors == ("a",)


def test_a_second_header_with_other_columns_is_refused_by_its_line(write):
    rows = many(lambda n: f"{stamp(n)},{n % 7}.5,{n % 5}")
    more = many(lambda n: f"{stamp(n)},{n % 7}.5,{n % 5},{n % 3}")
    assert ":62: another header" in refusal(write, f"time,a,b\n{rows}time,a,b,c\n{more}")
    assert ":62: another header" in refusal(write, f"time,a,b\n{rows}time,b,a\n{rows}")
    assert len(read(write, f"time,a,b\n{rows}time,a,b\n{rows}")) == 120


def test_messages_of_the_logger_are_no_sensor(write):
    rows = many(lambda n: f'"T";"{stamp(n, "%d.%m.%Y %H:%M:%S")}";{20 + n % 3},5000;1;{45355000000 + n},0000')
    head, off = (
        '"VarName";"TimeString";"VarValue";"Validity";"Time_ms"',
        '"$RT_OFF$";"14.03.2024 01:04:00";0;2;9,0',
    )
    frame = read(write, f"{head}\n{rows}{off}\n")
    assert frame.sensors == ("T",)
    assert (frame.values.min(), frame.values.max(), len(frame)) == (20.5, 22.5, 60)


def test_readings_of_two_hosts_in_one_long_file_are_refused(write):
    rows = "".join(f"{stamp(n)},{host},t,{n % 7}\n" for n in range(30) for host in ("a", "b"))
    said = refusal(write, f"time,host,field,value\n{rows}")
    assert said.endswith("Try: --group-by 'host' for a model each")


def test_numbers_of_sensors_are_told_by_the_columns_that_hold_them(write):
    rows = "".join(f"{k},{1710374700 + 60 * n},{n % 7}.5,{n * 7 % 11}\n" for k in (28, 29) for n in range(30))
    said = refusal(write, f"itemid,clock,value,ns\n{rows}")
    assert "--sensor-column 'itemid' --value-column 'value'" in said
    told = {"sensor_column": "itemid", "value_column": "value"}
    assert read(write, f"itemid,clock,value,ns\n{rows}", **told).sensors == ("28", "29")


# --- the time


def test_a_reading_beside_a_date_is_no_time_of_day(write):
    rows = many(lambda n: f"{stamp(1440 * n, '%Y-%m-%d')},12.{n % 60:02}")
    frame = read(write, f"Date,battery_V\n{rows}")
    assert frame.sensors == ("battery_V",)
    assert frame.values[:2, 0].tolist() == [12.0, 12.01]
    assert frame.times[1] - frame.times[0] == np.timedelta64(1, "D")


@pytest.mark.parametrize("told", [{"time": "Date"}, {"datetime_format": "%Y-%m-%d"}])
def test_what_is_told_of_the_time_is_final(write, told):
    rows = many(lambda n: f"{stamp(1440 * n, '%Y-%m-%d')},12.{7 * n % 60:02}")
    assert read(write, f"Date,Time on\n{rows}", **told).sensors == ("Time on",)


@pytest.mark.parametrize(
    ("pattern", "hours"),
    [
        ("%d-%b-%y %H:%M:%S", 0),
        ("%d %B %Y %H:%M", 0),
        ("%Y-%m-%d %H:%M:%S UTC", 0),
        ("%Y-%m-%d %H:%M:%S CET", -1),
        ("%d/%m/%Y %H:%M:%S GMT", 0),
        ("%Y-%m-%d %H:%M:%S +0000 UTC", 0),
        ("%Y-%m-%dT%H:%M:%S+01:00[Europe/Berlin]", -1),
        ("%m/%d/%Y, %I:%M:%S\u202f%p", 0),
        ("%Y%m%d %H:%M:%S", 0),
        ("%Y-%jT%H:%M:%S", 0),
        ("%Y-%m-%d %H:%M:00:000", 0),
        ("%H:%M:%S %d/%m/%Y", 0),
        ("%Y-%m-%d\u00a0%H:%M", 0),
        ("%Y-%m-%d %I:%M a.m.", 0),
        ("%d/%m/%Y %I:%M a. m.", 0),
        ("%Y/%m/%d-%H:%M:%S", 0),
        ("[%Y%m%d_%H%M]", 0),
        ("%d.%m.%Y %H:%M Uhr", 0),
        ("%d/%m/%Y %Hh%M", 0),
        ("Do %d.%m.%Y %H:%M", 0),
        ("%d-Mär-%y %H:%M:%S", 0),
        ("%d. März %Y %H:%M", 0),
        ("%d mars %Y %H:%M:%S", 0),
        ("%d de marzo de %Y %H:%M", 0),
        ("%A, %B %d, %Y %I:%M:%S %p", 0),
        ("%a %b %d %H:%M:%S UTC %Y", 0),
        ("%Y年%m月%d日 %H:%M", 0),
        ("%Y:%j:%H:%M:%S", 0),
        ("%Y-%m-%dT%H:%M:%Sz", 0),
        ("%Y-%m-%d %H:%M:%S (UTC)", 0),
        ("%Y-%m-%d %H:%M:%S UTC+1", -1),
        ("%y%m%d%H%M", 0),
        ("%B %d, %Y at %I:%M %p", 0),
        ("%d.%m.%Y klo %H.%M", 0),
        ("%Y年%m月%d日 %H時%M分", 0),
        ("%Y. %m. %d. 오전 %I:%M", 0),
        ("%Y-%m-%d %H:%M:%S (UTC+01:00)", -1),
        ("%a %b %d %Y %H:%M:%S GMT+0100 (Central European Standard Time)", -1),
        ("[%d/%b/%Y:%H:%M:%S +0100]", -1),
        ("%d.%m.%Y %H:%M - 31.03.2024 00:15", 0),
        ("%d marca %Y %H:%M", 0),
    ],
)
def test_stamps_that_have_one_meaning_are_read(write, pattern, hours):
    frame = read(write, "time;a\n" + many(lambda n: f"{stamp(n, pattern)};{n % 7}", 70))
    assert frame.times[[0, 1, 49]].tolist() == [utc(n, hours).astype(int) for n in (0, 1, 49)]


@pytest.mark.parametrize(
    ("header", "row", "minutes"),
    [
        (
            "Date,HourEnding",
            lambda n: f"{(START + timedelta(hours=n)):%Y-%m-%d},{(START + timedelta(hours=n)).hour + 1}",
            55,
        ),
        ("Date,Time", lambda n: f"{stamp(60 * n, '%Y-%m-%d')},{stamp(60 * n, '%H%M')}", 0),
        ("Date,Time", lambda n: f"{stamp(60 * n, '%d.%m.%Y')},{int(stamp(60 * n, '%H%M'))}", 0),
        ("Time,Date", lambda n: f"{stamp(60 * n, '%H:%M:%S')},{stamp(60 * n, '%Y-%m-%d')}", 0),
        ("Date,Time", lambda n: f"{stamp(60 * n, '%Y-%m-%d')},{stamp(60 * n, '%H.%M')}", 0),
        (
            "Date,Time",
            lambda n: (
                f"{stamp(60 * n, '%d/%m/%Y')},{stamp(60 * n, '%I:%M') + stamp(60 * n, '%p')[0].lower()}"
            ),
            0,
        ),
        (
            "year,month,day,hour",
            lambda n: ",".join(str(int(stamp(60 * n, p))) for p in ("%Y", "%m", "%d", "%H")),
            -5,
        ),
        (
            "Year,DOY,Hour,Min",
            lambda n: ",".join(str(int(stamp(60 * n, p))) for p in ("%Y", "%j", "%H", "%M")),
            0,
        ),
        ("YY,MM,DD,hh,mm", lambda n: stamp(60 * n, "%y,%m,%d,%H,%M"), 0),
        ("YYYYMMDD,HH24", lambda n: stamp(60 * n, "%Y%m%d,%H"), -5),
        ("año,mes,día,hora", lambda n: stamp(60 * n, "%Y,%m,%d,%H"), -5),
        ("Year,Month,Day,Hour", lambda n: stamp(60 * n, "%Y,%b,%d,%H"), -5),
        ("Fecha,Hora", lambda n: f"{stamp(60 * n, '%d/%m/%Y')},{START.hour + n % 24 + 1}", 55),
        ("Date,Time", lambda n: f"{stamp(60 * n, '%Y%m%d')},{int(stamp(60 * n, '%H%M%S'))}", 0),
        ("Date,Time,AM/PM", lambda n: stamp(60 * n, "%m/%d/%Y,%I:%M,%p"), 0),
        ("day", lambda n: stamp(60 * n, "%Y%j%H%M%S"), 0),
        ("Date,Time,ms", lambda n: f"{stamp(60 * n, '%m/%d/%Y,%I:%M:%S %p')},0", 0),
        ("Year,Month,Day,Hour,Min,Sec,ms", lambda n: stamp(60 * n, "%Y,%m,%d,%H,%M,%S,0"), 0),
    ],
)
def test_times_that_stand_in_several_columns_are_put_together(write, header, row, minutes):
    frame = read(write, f"{header},a\n" + many(lambda n: f"{row(n)},{n % 7}.5"))
    assert frame.sensors == ("a",)
    assert frame.times[[0, 59]].tolist() == [utc(60 * n + minutes).astype(int) for n in (0, 59)]


def test_months_of_years_are_times(write):
    frame = read(write, "month,a\n" + many(lambda n: f"{2019 + n // 12}-{n % 12 + 1:02},{n % 7}.5"))
    assert frame.times[[0, 13]].tolist() == np.array(["2019-01", "2020-02"], "datetime64[ns]").tolist()


def test_parts_of_a_time_may_have_fractions(write):
    rows = many(lambda n: f"2024.0,3.0,{14 + n // 24}.0,{n % 24}.0,5,7.5,{n % 7}.5")
    frame = read(write, f"Year,Month,Day,Hour,Min,Sec,a\n{rows}")
    assert frame.times[59] == utc(60 * 59) + np.timedelta64(7500, "ms")


def test_milliseconds_in_a_column_of_their_own_are_part_of_the_time(write):
    frame = read(write, "Time,Millitm,a\n" + many(lambda n: f"{stamp(n // 4)},{n % 4 * 25},{n % 7}.5"))
    assert frame.sensors == ("a",)
    assert np.diff(frame.times[:4]).astype("timedelta64[ms]").astype(int).tolist() == [25, 25, 25]


def test_hours_that_something_ran_a_day_are_no_time_of_day(write):
    frame = read(
        write, "Date,hours,a\n" + many(lambda n: f"{stamp(1440 * n, '%Y-%m-%d')},{n % 25},{n % 7}.5")
    )
    assert np.unique(np.diff(frame.times)).astype("timedelta64[h]").astype(int).tolist() == [24]


@pytest.mark.parametrize(
    ("header", "rows", "times"),
    [
        ("date,hour", ["2024-03-05,10"], ["2024-03-05T10:00"]),
        ("date,hour", ["2024-03-05,23", "2024-03-06,0"], ["2024-03-05T23:00", "2024-03-06T00:00"]),
        ("date,time", ["2024-03-05,1005"], ["2024-03-05T10:05"]),
        ("time,n", ["2403051005,7"], ["2024-03-05T10:05"]),
        ("time,n", ["1709633100,7"], ["2024-03-05T10:05"]),
    ],
)
def test_a_file_of_one_or_two_rows_keeps_its_times(write, header, rows, times):
    frame = read(write, f"{header},a\n" + "".join(f"{row},1.5\n" for row in rows))
    assert frame.times.tolist() == np.array(times, "datetime64[ns]").tolist()


def test_rows_without_names_may_begin_with_year_day_and_hhmm(write):
    text = many(lambda n: f"101,{stamp(60 * n, '%Y,%j')},{int(stamp(60 * n, '%H%M'))},{n % 7}.5")
    assert read(write, text).times[[0, 59]].tolist() == [utc(60 * n).astype(int) for n in (0, 59)]


@pytest.mark.parametrize(
    ("name", "days", "origin"),
    [
        ("Time", 2451544.5, datetime(2000, 1, 1)),
        ("Time", 719529, datetime(1970, 1, 1)),
        ("MJD", 0, datetime(1858, 11, 17)),
    ],
)
def test_julian_days_and_days_since_the_year_0_are_read(write, name, days, origin):
    first = days + (START - origin) / timedelta(days=1)
    frame = read(write, f"{name},a\n" + many(lambda n: f"{first + n / 1440:.6f},{n % 7}"))
    assert frame.times[[0, 59]].tolist() == [utc(n).astype(int) for n in (0, 59)]


@pytest.mark.parametrize("origin", [datetime(1, 1, 1), datetime(1601, 1, 1)])
def test_ticks_of_100_ns_are_read(write, origin):
    ticks = [(START + timedelta(minutes=n) - origin) // timedelta(microseconds=1) * 10 for n in range(60)]
    frame = read(write, "Timestamp,a\n" + many(lambda n: f"{ticks[n]},{n % 7}"))
    assert frame.times[[0, 59]].tolist() == [utc(n).astype(int) for n in (0, 59)]


def test_even_steps_of_seconds_are_the_time_whatever_their_name(write):
    rows = "".join(f"{s},{1710374700 + 60 * n}.0,{n % 7}.5\n" for s in ("a", "b") for n in range(30))
    told = "--sensor-column 'statistic_id' --value-column 'mean' if these are sensors, --group-by"
    assert told in refusal(write, f"statistic_id,start,mean\n{rows}")


def test_seconds_since_a_start_that_nobody_knows_are_refused(write):
    said = refusal(write, "timestamp,a\n" + many(lambda n: f"{732057000 + 60 * n},{n % 7}"))
    assert "holds no time stamps that can be read, e.g. '732057000'. Try: --time ''" in said


@pytest.mark.parametrize("name", ["sunrise", "Duration"])
def test_a_time_of_day_that_is_none_of_the_rows_is_left_out(write, name):
    rows = many(lambda n: f"{stamp(1440 * n, '%Y-%m-%d')},0{6 + n % 3}:{n % 60:02},{n % 7}.5")
    frame = read(write, f"date,{name},a\n{rows}")
    assert frame.sensors == ("a",)
    assert np.unique(np.diff(frame.times)).astype("timedelta64[h]").astype(int).tolist() == [24]


def test_twenty_four_o_clock_is_midnight(write):
    rows = "".join(f"2024-03-0{day} {hour:02}:00:00,{hour}.5\n" for day in (3, 4, 5) for hour in range(1, 25))
    frame = read(write, f"Hour Ending,load\n{rows}")
    assert np.unique(np.diff(frame.times)).astype("timedelta64[h]").astype(int).tolist() == [1]
    assert frame.times[23] == np.datetime64("2024-03-04T00:00:00")
    assert read(write, "time,a\n2024030323,1\n2024030324,2\n").times[1] == frame.times[23]


def test_days_of_a_spreadsheet_are_read(write):
    days = [(START + timedelta(minutes=n) - datetime(1899, 12, 30)) / timedelta(days=1) for n in range(60)]
    frame = read(write, "Date,a\n" + many(lambda n: f"{days[n]:.6f},{n % 7}"))
    assert frame.times[[0, 59]].tolist() == [utc(n).astype(int) for n in (0, 59)]


def test_days_of_a_spreadsheet_with_too_few_digits_are_refused(write):
    rows = many(lambda n: f"{45355 + n / 1440:.3f},{n % 7}.5")
    assert "--time '' to count rows" in refusal(write, f"Date,a\n{rows}")
    assert read(write, f"Date,a\n{rows}", time="").sensors == ("a",)


def test_seconds_since_1904_are_not_taken_for_those_since_1970(write):
    first = 2_082_844_800 + START.replace(tzinfo=UTC).timestamp()
    frame = read(write, "Time\ta\n" + many(lambda n: f"{first + 60 * n:.1f}\t{n % 7}"))
    assert frame.times[1] == utc(1)


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("%Y-%m-%d %H:%M:%S PST", "--datetime-format '%Y-%m-%d %H:%M:%S PST' and --tz ZONE"),
        ("%Y-%m-%d %H:%M Europe/Berlin", "'%Y-%m-%d %H:%M Europe/Berlin' and --tz Europe/Berlin"),
        ("%m/%d/%Y %H:%M EST", "--datetime-format '%m/%d/%Y %H:%M EST' and --tz ZONE"),
        ("%H:%M:%S", "put the date in front of them, or --time '' to count rows"),
        ("%Y-%m-%d %H:%M-%I:%M", "--time '' to count rows"),
        ("%G-W%V-%u %H:%M", "--datetime-format '%G-W%V-%u %H:%M'"),
    ],
)
def test_stamps_that_are_not_read_are_refused_with_the_format(write, pattern, told):
    text = "when;a\n" + many(lambda n: f"{stamp(n, pattern)};{n % 7}.5")
    assert told in refusal(write, text)
    assert read(write, text, time="").times is None
    if told.startswith("--datetime"):
        frame = read(write, text, datetime_format=pattern)
        assert frame.times[[0, 59]].tolist() == [utc(n).astype(int) for n in (0, 59)]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Record", lambda n: 40 + n),
        ("entry_id", lambda n: 40001 + n),
        ("Scan", lambda n: 2 * n),
        ("No.", lambda n: 60 - n),
        ("boots", lambda n: 7 + n),
        ("year", lambda n: 2024),
        ("month", lambda n: 1 + n % 12),
        ("hour", lambda n: n % 24),
        ("Validity", lambda n: n % 3 // 2),
        ("a_Q", lambda n: 192),
    ],
)
def test_numbers_of_rows_and_parts_of_dates_are_no_sensors(write, name, number):
    text = f"{name},time,a\nRN,TS,degC\n" + many(lambda n: f"{number(n)},{stamp(n)},{n % 7}.5")
    frame, report = read_csvs([write(text)])
    assert frame.sensors == ("a",)
    assert name in report.files[0].left_out
    assert read_csvs([write(text)], ReadOptions(only=(name,)))[0].sensors == (name,)


def test_pairs_of_time_and_value_with_their_own_clocks_are_refused(write):
    rows = many(lambda n: f"{stamp(n)},{n % 7}.5,{stamp(40 + 3 * n / 4)},{n % 5}.5")
    text = f"A Time,A Value,B Time,B Value\n{rows}"
    said = refusal(write, text)
    assert "--time 'B Time' --only 'B Value'" in said
    frame = read(write, text, time="B Time", only=("B Value",))
    assert frame.times[4] == utc(43)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("A,A Time,B,B Time", "{v},{a:%Y-%m-%d %H:%M:%S},{w},{b:%Y-%m-%d %H:%M:%S}"),
        ("A Date,A Time,A,B Date,B Time,B", "{a:%d/%m/%Y,%H:%M:%S},{v},{b:%d/%m/%Y,%H:%M:%S},{w}"),
    ],
)
def test_pairs_with_the_time_behind_or_in_two_columns_are_refused(write, header, row):
    times = [(START + timedelta(minutes=n), START + timedelta(minutes=40 + 3 * n / 4)) for n in range(60)]
    rows = many(lambda n: row.format(a=times[n][0], b=times[n][1], v=n % 7 + 0.5, w=n % 5 + 0.5))
    name = "B Date" if "Date" in header else "B Time"
    assert f"--time '{name}' --only 'B'" in refusal(write, f"{header}\n{rows}")
    assert read(write, f"{header}\n{rows}", time=name, only=("B",)).times[4] == utc(43)


def test_pairs_whose_times_count_from_a_start_of_their_own_are_refused(write):
    text = "X_Value,A,X_Value,B\n" + many(lambda n: f"{n * 0.1:.1f},{n % 7}.5,{n * 0.13:.2f},{n % 5}.5")
    assert "one of them at a time: --only 'B'" in refusal(write, text)
    assert read(write, text, only=("B",)).values[:2, 0].tolist() == [0.5, 1.5]


def test_pairs_of_time_and_value_of_one_clock_are_read(write):
    rows = many(lambda n: f"{stamp(n)},{n % 7}.5,{stamp(n)},{n % 5}.5")
    assert read(write, f"A Time,A Value,B Time,B Value\n{rows}").sensors == ("A Value", "B Value")


# --- numbers


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["\u22121.5", "2.5"], [-1.5, 2.5]),
        (["\u22121,5", "2,5"], [-1.5, 2.5]),
        (["1\u202f013,5", "998,5"], [1013.5, 998.5]),
        (["1\u00a0013.5", "998.5"], [1013.5, 998.5]),
        (["1'013.5", "998.5"], [1013.5, 998.5]),
        (["1.013,5", "998,5"], [1013.5, 998.5]),
        (["1.25e\u22123", "2.5"], [0.00125, 2.5]),
        (["(1.5)", "2.5"], [-1.5, 2.5]),
        (["1.5-", "2.5"], [-1.5, 2.5]),
        (["- 1,5", "2,5"], [-1.5, 2.5]),
    ],
)
def test_numbers_that_have_one_meaning_are_read(write, cells, values):
    frame = read(write, "time;a\n" + many(lambda n: f"{stamp(n)};{cells[n % 2]}"))
    assert frame.values[:2, 0].tolist() == values


def test_points_beside_whole_numbers_are_refused_and_told_by_the_option(write):
    text = "Zeit;Druck\n" + many(lambda n: f"{stamp(n, '%d.%m.%Y %H:%M')};{'1.005' if n % 2 else '998'}")
    assert "--thousands . or --decimal ." in refusal(write, text)
    assert read(write, text, thousands=".").values[:2, 0].tolist() == [998, 1005]
    assert read(write, text, decimal=".").values[:2, 0].tolist() == [998, 1.005]


def test_a_reading_in_tenths_with_its_quality_is_refused(write):
    text = "time;TMP\n" + many(lambda n: f'{stamp(n)};"+00{70 + n % 9},1"')
    assert "+0070,1" in refusal(write, text)


def test_readings_with_their_units_are_refused_with_the_way_out(write):
    assert "take the units out" in refusal(write, "time;a\n" + many(lambda n: f"{stamp(n)};{n % 7}.5 hPa"))


def test_a_clock_with_a_point_says_nothing_of_decimal_signs(write):
    rows = many(lambda n: f"{stamp(n, '%d/%m/%Y')};{stamp(n, '%H.%M')};{n % 7},5")
    assert read(write, f"Data;Ora;a\n{rows}").values[:2, 0].tolist() == [0.5, 1.5]


# --- heads and feet


@pytest.mark.parametrize(("blanks", "told"), [(" ", "--delimiter ' '"), ("  ", "tr -s ' ' < FILE")])
def test_columns_with_blanks_between_them_are_refused_with_the_way_out(write, blanks, told):
    assert told in refusal(write, "time a\n" + many(lambda n: blanks.join([stamp(n), f"{n % 7}.5"])))


def test_names_in_two_lines_are_joined(write):
    rows = many(
        lambda n: f"{3 if n < 40 else 13}/14/24\t{n // 12 % 12 + 1}:{n % 12 * 5:02}a\t{n % 7}.5\t{n % 5}", 12
    )
    frame = read(write, f"\t\tTemp\tOut\nDate\tTime\tOut\tHum\n{rows}")
    assert frame.sensors == ("Temp Out", "Out Hum")


def test_a_header_block_that_says_where_it_ends_is_passed_over(write):
    head = "LabVIEW Measurement\t\nWriter_Version\t2\n***End_of_Header***\t\n\t\n"
    head += "Channels\t2\t\t\nSamples\t60\t60\t\n***End_of_Header***\t\t\t\nX_Value\tT\tP\tComment\n"
    frame = read(write, head + many(lambda n: f"{n * 0.1:.6f}\t{n % 7}.5\t{n % 5}.25\t"))
    assert frame.sensors[:2] == ("T", "P")
    assert frame.values[:2, :2].tolist() == [[0.5, 0.25], [1.5, 1.25]]


# --- the files of people, where they are at hand

READ = {  # first time, sensor -> first value
    "daily_volts": ("2021-01-01T00:00", {"battery_V": 12.31, "temp_C": 21.0, "hum": 45.0}),
    "date_hour_ending": ("2024-03-04T01:00", {"temp": 21.0, "hum": 45.0, "pres": 1005.0}),
    "hour_24": ("2024-03-04T01:00", {"temp": 21.0, "hum": 45.0, "pres": 1005.0}),
    "influx_annotated": ("2024-03-04T00:00", {"temperature": 21.0, "humidity": 45.0, "pressure": 1005.0}),
    "pi_ddmonyy": ("2024-01-30T00:00", {"TI-101.PV": 21.0, "FI-102.PV": 45.0}),
    "row_number_under_units": ("2024-03-04T00:00", {"temp": 21.0, "hum": 45.0}),
    "sentinel_9999": ("2024-03-04T00:00", {"TA": 21.0, "RH": 45.0, "PA": 1005.0}),
    "sqlcmd_footer": ("2024-03-14T11:04:01", {"temp": 21.0, "hum": 45.0}),
    "thingspeak_utc": ("2024-03-04T00:00", {"field1": 21.0, "field2": 45.0, "field3": 1005.0}),
    "unicode_minus": ("2024-03-04T00:00", {"freezer_C": 0.0, "room_C": 21.0, "pres": 1005.0}),
    "weatherlink": ("2024-03-04T00:00", {"Temp Out": 21.0, "Out Hum": 45.0, "Bar": 1005.0}),
    "wincc": ("2024-03-04T00:00", {"Tank_Temp": 21.0, "Tank_Level": 45.0}),
    "wincc_one_tag": ("2024-03-04T00:00", {"Tank_Temp": 21.0}),
    "year_month_day_hour": ("2024-03-04T00:00", {"PM2.5": 45.0, "TEMP": 21.0, "PRES": 1005.0}),
}
LONG = {  # sensor -> least and greatest
    "ha_history": {"temperature": (18.1, 24.0), "humidity": (37.7, 52.3), "power": (993.0, 1016.0)},
    "long_change_of_value": {"temp": (18.0, 29.0), "hum": (38.0, 52.0), "pres": (994.0, 1016.0)},
    "long_unaligned_by_sensor": {
        "temp": (18.133, 29.114),
        "hum": (37.729, 52.322),
        "pres": (993.491, 1016.901),
    },
}
REFUSED = {
    "fleet_by_machine": "--group-by 'machineID'",
    "excel_serial": "days since 1899-12-30",
    "paired_time_value": "each value has its own",
    "point_thousands": "--thousands .",
}


def _case(name):
    path = CASES / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path.parent} is not at hand")
    return os.fspath(path)


@pytest.mark.parametrize("name", READ)
def test_files_of_people_are_read_to_what_they_hold(name):
    frame, _ = read_csvs([_case(name)])
    first, values = READ[name]
    assert dict(zip(frame.sensors, frame.values[0].tolist(), strict=True)) == values
    assert frame.times[0] == np.datetime64(first)


@pytest.mark.parametrize("name", LONG)
def test_long_files_of_people_have_each_sensor_in_its_range(name):
    frame, _ = read_csvs([_case(name)])
    found = {
        sensor.rpartition("_")[2]: (np.nanmin(column), np.nanmax(column))
        for sensor, column in zip(frame.sensors, frame.values.T, strict=True)
    }
    assert found == LONG[name]
    assert (np.diff(frame.times) >= np.timedelta64(0)).all()


@pytest.mark.parametrize("name", REFUSED)
def test_files_of_people_are_refused_with_the_way_out(name):
    with pytest.raises(InputError) as caught:
        read_csvs([_case(name)])
    assert REFUSED[name] in str(caught.value)
