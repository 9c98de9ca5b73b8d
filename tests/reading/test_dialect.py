"""Delimiter, decimal sign, header and units are found by looking; what looks like two things is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import ReadOptions, read_csvs
from lstm_anomaly.reading.layout.dialect import find_dialect
from lstm_anomaly.reading.values.numbers import find_number_format

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> str:
        path = tmp_path / "input.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return str(path)

    return write_file


def dialect_of(text: str, **options: object):
    return find_dialect(text.splitlines(), ReadOptions(**options), "input.csv")[0]


@pytest.mark.parametrize(
    ("text", "delimiter", "names"),
    [
        ("a,b\n1,2\n3,4", ",", ("a", "b")),
        ("a;b\n1;2\n3;4", ";", ("a", "b")),
        ("a\tb\n1\t2\n3\t4", "\t", ("a", "b")),
        ("a|b\n1|2\n3|4", "|", ("a", "b")),
        ("a\n1\n2", ",", ("a",)),
        ("t;a;b\n2024-01-01;1,5;2,5\n2024-01-02;1,5;2,5", ";", ("t", "a", "b")),
        ("1,5;2,5\n3,5;4,5", ";", ("column 1", "column 2")),
        ("t,note,a\n1,x;y;z,2\n2,x;y;z,3", ",", ("t", "note", "a")),
        ('"a, [C]";"b; c"\n1;2\n3;4', ";", ("a, [C]", "b; c")),
        ("a,b", ",", ("a", "b")),
    ],
)
def test_delimiter_and_names_are_found(text, delimiter, names):
    dialect = dialect_of(text)
    assert (dialect.delimiter, dialect.names) == (delimiter, names)


def test_two_delimiters_that_fit_equally_are_refused_with_the_options():
    with pytest.raises(
        InputError, match=r"input\.csv:1: may be separated by .*--delimiter '[;|]' or --delimiter"
    ):
        dialect_of("1;2|3\n4;5|6\n7;8|9")
    assert dialect_of("1;2|3\n4;5|6", delimiter="|").delimiter == "|"


def test_a_delimiter_that_is_told_is_taken():
    assert ReadOptions(delimiter="\\t").delimiter == "\t"
    assert dialect_of("a b\n1 2\n3 4", delimiter=" ").names == ("a", "b")


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\0", "§"])
def test_a_delimiter_must_be_one_plain_character(delimiter):
    with pytest.raises(InputError, match="delimiter must be one plain character"):
        ReadOptions(delimiter=delimiter)


def test_a_null_value_must_be_text():
    """A terminal that is not set to UTF-8 gives other bytes, which stand in no file that is read."""
    with pytest.raises(InputError, match="is not UTF-8 text"):
        ReadOptions(null_values=("\udce9",))


def test_the_sign_between_thousands_must_be_one_character():
    with pytest.raises(InputError, match="must be one character, not 'xx'"):
        ReadOptions(thousands="xx")


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("a,b\n1,2\n3,4", ("a", "b")),
        ("1,2\n3,4", ()),
        ("2024-01-01,2\n2024-01-02,4", ()),
        ("time,0,1,2\n2024-01-01,5,6,7\n2024-01-02,5,6,7", ("time", "0", "1", "2")),
        ("1,RUN\n2,RUN\n3,STOP", ()),
        ("n,state\n2,RUN\n3,STOP", ("n", "state")),
        (",,\n1,2,3\n4,5,6", ()),
        ("a,b", ("a", "b")),
        ("1,2", ()),
    ],
)
def test_the_header_is_told_from_rows(text, header):
    assert dialect_of(text).header == header


def test_a_first_row_with_words_and_numbers_is_refused_with_both_options():
    with pytest.raises(InputError, match=r"may be the header or a row.*--no-header-row.*--header-row"):
        dialect_of("ERR,1.5,2.5\n1.5,2.5,3.5\n1.5,2.5,3.5")
    assert dialect_of("ERR,1.5\n1.5,2.5", header=False).header == ()
    assert dialect_of("ERR,1.5\n1.5,2.5", header=True).header == ("ERR", "1.5")


def test_lines_before_the_header_are_noted():
    dialect = dialect_of("Export 7\nPump,North\ntime,a,b\n2024-01-01,1,2\n2024-01-02,3,4")
    assert dialect.header == ("time", "a", "b")
    assert dialect.data_line == 4
    assert dialect.notes == [f"line {n} stands before the header and is no row" for n in (1, 2)]


def test_one_odd_line_above_rows_without_header_is_refused():
    with pytest.raises(InputError, match=r"input\.csv:1: is neither a header nor a row"):
        dialect_of("Export 7\n1,2\n3,4")


def test_lines_to_skip_are_skipped_and_still_counted():
    dialect = dialect_of("garbage,1\nmore\na,b\n1,2\n3,4", skip_lines=2)
    assert dialect.names == ("a", "b")
    assert dialect.data_line == 4


def test_a_campbell_logger_file_has_four_lines_above_its_rows():
    text = '"TOA5","X","CR1000"\n"TIMESTAMP","RECORD","Batt"\n"TS","RN","Volts"\n"","","Min"\n'
    dialect = dialect_of(text + '"2024-01-01 00:00:00",1,12.5\n"2024-01-01 00:01:00",2,12.5\n')
    assert dialect.data_line == 5


def test_a_row_of_bad_cells_with_a_good_time_is_no_units_row():
    assert dialect_of("time,a\n2024-01-01,ERR\n2024-01-02,5\n2024-01-03,5").data_line == 2


def test_a_name_over_two_lines_moves_the_rows_down(write):
    frame, _ = read_csvs([write('"a\n[C]",b\n1,2\n3,4\n')])
    assert frame.sensors == ("a\n[C]", "b")
    assert frame.lines.tolist() == [3, 4]


def test_row_numbers_are_left_out_and_readings_are_not(write):
    frame, report = read_csvs([write(",id,a,b\n0,10,1,7\n1,11,2,7\n2,12,3,7\n")])
    assert frame.sensors == ("a", "b")
    assert set(report.files[0].left_out.values()) == {"counts the rows"}


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["1.5", "2", "-3.25e5"], (".", "")),
        (["1,5", "2", "-3,25"], (",", "")),
        (["1.234,5", "2,5"], (",", ".")),
        (["1,234.5", "2.5"], (".", ",")),
        (["1,234,567"], (".", ",")),
        (["1,23,456.5"], (".", ",")),
        (["1.234.567"], (",", ".")),
        (["0,123"], (",", "")),
        (["1.125", "250.5", "3"], (".", "")),
        (["1.125", "998", "1200"], (".", "")),
        (["1,5"] * 99 + ["1.5"], (",", "")),
        (["1.5"] * 99 + ["1,5"], (".", "")),
        ([], (".", "")),
    ],
)
def test_decimal_and_grouping_signs_are_found(cells, found):
    assert find_number_format([cells], "log.csv:2") == found


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ([["1,234"]], "--decimal , or --thousands ,"),
        ([["1.5", "1,5"]], "--decimal , or --decimal ."),
        ([["1.005", "998"], ["1.350", "1.287"]], "--thousands . or --decimal ."),
        ([["+0070,1", "+0065,1"]], "--decimal , if it is a decimal comma"),
    ],
)
def test_numbers_that_can_be_read_two_ways_are_refused(columns, told):
    with pytest.raises(InputError) as caught:
        find_number_format(columns, "log.csv:2")
    assert told in str(caught.value)


def test_a_word_in_every_row_of_the_first_pages_does_not_hide_a_sensor(write):
    rows = "".join(f"{n},{'warming up' if n < 220 else n / 2}\n" for n in range(2000))
    frame, report = read_csvs([write("n,a\n" + rows)])
    assert "a" in frame.sensors
    assert report.bad_count == 220


def test_a_short_first_row_without_header_is_refused_and_not_lost(write):
    frame, report = read_csvs([write("1,2\n1,2,3\n4,5,6\n")], ReadOptions(header=False))
    assert frame.lines.tolist() == [2, 3]
    assert report.files[0].refused[0].line == 1


def test_a_sensor_of_the_model_is_never_taken_for_the_time(write):
    frame, _ = read_csvs([write("ts,a\n1700000000,1\n1700000001,2\n")], sensors=["ts", "a"])
    assert frame.times is None
    assert frame.values[:, 0].tolist() == [1700000000, 1700000001]


def test_a_file_of_refused_rows_only_says_why_the_first_was(write):
    with pytest.raises(
        InputError, match=r"input\.csv:2: all 2 rows are refused, the first because of a cell"
    ):
        read_csvs([write("a,b\nx,2\ny,4\n")], ReadOptions(bad_values="skip"), sensors=["a", "b"])
