"""Inputs that `pandas.read_csv` reads in silence into something else: each is read right, or refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import ReadOptions, read_csvs

ROWS = "".join(f"2024-01-01 00:{minute:02d}:00,{minute}.5,{minute * 2}\n" for minute in range(10))
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> str:
        path = tmp_path / "input.csv"
        path.write_bytes(text.encode())
        return str(path)

    return write_file


def test_rows_with_one_field_more_than_the_header_are_refused(write):
    path = write("time,a,b\n" + ROWS.replace("\n", ",9\n"))
    with pytest.raises(InputError, match=r"input\.csv:1: has 3 fields but the rows have 4 \(line 2"):
        read_csvs([path])


def test_a_header_without_the_row_names_column_is_refused(write):
    with pytest.raises(InputError, match="which name belongs to which column"):
        read_csvs([write("a,b\nr1,1,2\nr2,3,4\n")])


def test_a_trailing_delimiter_makes_an_empty_column_that_is_left_out(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS.replace("\n", ",\n"))])
    assert frame.sensors == ("a", "b")
    assert frame.values[3].tolist() == [3.5, 6.0]
    assert report.files[0].left_out == {"column 4": "no name and no values"}


def test_a_delimiter_at_the_end_of_the_header_only_names_nothing(write):
    frame, _ = read_csvs([write("time,a,b,\n" + ROWS)])
    assert frame.sensors == ("a", "b")


def test_short_rows_are_refused_by_line_and_not_filled_up(write):
    frame, report = read_csvs(
        [write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,1\n2024-01-01 00:11:00,1,2\n")]
    )
    assert len(frame) == 11
    assert frame.lines[-1] == 13
    assert [(row.line, row.reason) for row in report.files[0].refused] == [
        (12, "too few fields: 2 instead of 3")
    ]


def test_a_long_row_that_makes_up_for_a_short_one_hides_neither(write):
    text = "time,a,b\n" + ROWS + "2024-01-01 00:10:00,1\n2024-01-01 00:11:00,1,2,3\n"
    _, report = read_csvs([write(text)])
    assert [row.line for row in report.files[0].refused] == [12, 13]


def test_a_long_first_row_that_makes_up_for_a_short_one_hides_neither(write):
    text = "time,a,b\n2024-01-01 00:11:00,1,2,3\n2024-01-01 00:10:00,1\n" + ROWS
    frame, report = read_csvs([write(text)])
    assert [row.line for row in report.files[0].refused] == [2, 3]
    assert frame.lines.tolist() == list(range(4, 14))


def test_decimal_commas_between_semicolons_are_numbers(write):
    frame, report = read_csvs([write("t;a\n1;1,5\n2;2,5\n3;-3,25\n")])
    assert frame.values[:, -1].tolist() == [1.5, 2.5, -3.25]
    assert "semicolon-separated, decimal comma" in report.files[0].dialect


def test_a_point_among_decimal_commas_is_a_bad_cell_not_ten_times_more(write):
    rows = "".join(f"{n};{n},5\n" for n in range(100, 200))
    frame, report = read_csvs([write(f"n;a\n{rows}7;1.5\n")])
    assert np.isnan(frame.values[-1, -1])
    assert [(cell.line, cell.text) for cell in report.files[0].bad_cells] == [(102, "1.5")]


def test_a_stray_quote_swallows_no_lines(write):
    text = 'time,a,b\n2024-01-01,1,2\n2024-01-02,"1,2\n2024-01-03,1,2\n2024-01-04,1",2\n2024-01-05,1,2\n'
    frame, report = read_csvs([write(text)])
    assert frame.lines.tolist() == [2, 4, 5, 6]
    assert [(row.line, row.reason) for row in report.files[0].refused] == [
        (3, "a quote is opened and not closed")
    ]
    assert [(cell.line, cell.sensor, cell.text) for cell in report.files[0].bad_cells] == [(5, "a", '1"')]


def test_two_stray_quotes_that_would_make_one_row_of_two_do_not(write):
    frame, report = read_csvs([write('a,b\n1,2\n3,"4\n5,6"\n7,8\n')])
    assert frame.lines.tolist() == [2, 4, 5]
    assert report.files[0].refused[0].line == 3


def test_a_cell_of_a_sensor_never_spans_lines(write):
    frame, report = read_csvs([write('a,b\n1,2\n3,"4\nERR,6"\n7,8\n')])
    assert frame.lines.tolist() == [2, 4, 5]
    assert [row.line for row in report.files[0].refused] == [3]


def test_stray_quotes_in_a_text_column_swallow_no_rows(write):
    frame, report = read_csvs([write('a,b,note\n1,2,on\n3,4,"on\n5,6,off\n7,8,"on\n9,8,on\n')])
    assert frame.lines.tolist() == [2, 4, 6]
    assert [row.line for row in report.files[0].refused] == [3, 5]


def test_a_stray_quote_in_the_header_swallows_no_rows(write):
    with pytest.raises(
        InputError, match=r"input\.csv:1: is neither a header nor a row.*a quote is not closed"
    ):
        read_csvs([write('time,a,"b\n' + ROWS + '2024-01-01 00:10:00,1,2"\n' + ROWS)])


def test_a_text_cell_may_span_lines(write):
    frame, report = read_csvs([write('a,b,note\n1,2,"on\nand off"\n3,4,on\n')])
    assert frame.lines.tolist() == [2, 4]
    assert report.is_clean


def test_a_quoted_note_of_half_a_megabyte_refuses_no_row(write):
    note = "x, " * 170_000
    frame, report = read_csvs([write(f'a,b,note\n1,2,"on, off"\n3,4,"{note}"\n5,6,"on ""and"" off"\n')])
    assert frame.lines.tolist() == [2, 3, 4]
    assert report.is_clean


def test_leading_comment_lines_are_not_the_header(write):
    frame, report = read_csvs([write("# logger 7\n# v2\ntime,a,b\n" + ROWS)])
    assert frame.sensors == ("a", "b")
    assert frame.lines[0] == 4
    assert report.files[0].notes == ["2 leading comment lines"]


def test_a_comment_below_the_header_is_told(write):
    frame, report = read_csvs([write("# logger 7\ntime,a,b\n# note\n" + ROWS)])
    assert frame.lines[0] == 4
    assert report.files[0].notes == ["1 leading comment line", "line 3 is a comment and is no row"]


def test_a_commented_header_right_above_the_rows_is_the_header(write):
    frame, _ = read_csvs([write("# time,a,b\n" + ROWS)])
    assert frame.sensors == ("a", "b")


def test_columns_of_one_name_are_told_apart_and_reported(write):
    frame, report = read_csvs([write("time,a,a\n" + ROWS)])
    assert frame.sensors == ("a (column 2)", "a (column 3)")
    assert any("more than one column is named 'a'" in note for note in report.files[0].notes)


def test_a_name_made_up_for_a_double_never_meets_one_that_is_there(write):
    frame, _ = read_csvs([write("a,a,a (column 1)\n1,2,3\n4,5,6\n")])
    assert len(set(frame.sensors)) == 3


def test_one_word_among_numbers_leaves_its_column_numbers(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,ERR,5\n")])
    assert np.isnan(frame.values[-1, 0])
    assert frame.values[:10, 0].tolist() == [n + 0.5 for n in range(10)]
    cell = report.files[0].bad_cells[0]
    assert (cell.line, cell.sensor, cell.text) == (12, "a", "ERR")
    assert report.files[0].bad_by_sensor == {"a": 1}


def test_infinity_and_overflow_are_bad_cells(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,inf,1e999\n")])
    assert np.isnan(frame.values[-1]).all()
    assert [cell.text for cell in report.files[0].bad_cells] == ["inf", "1e999"]


def test_a_units_row_below_the_header_is_no_row(write):
    frame, report = read_csvs([write("time,a,b\n,degC,bar\n" + ROWS)])
    assert frame.lines[0] == 3
    assert report.files[0].notes == ["line 2 holds units or the like, and is no row"]
    assert report.bad_count == 0


def test_the_header_again_in_joined_files_is_refused_by_line(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "time,a,b\n" + ROWS)])
    assert len(frame) == 20
    assert [(row.line, row.reason) for row in report.files[0].refused] == [(12, "the header again")]
    assert report.bad_count == 0


def test_well_grouped_thousands_are_numbers(write):
    frame, report = read_csvs([write('n,a\n1,"1,234.5"\n2,"12,345.5"\n3,7.25\n')])
    assert frame.values[:, -1].tolist() == [1234.5, 12345.5, 7.25]
    assert "',' between thousands" in report.files[0].dialect


def test_an_ambiguous_comma_is_refused_with_the_options_that_settle_it(write):
    path = write('n,a\n1,"1,234"\n2,"2,345"\n')
    with pytest.raises(InputError, match=r"--decimal , or --thousands ,"):
        read_csvs([path])
    assert read_csvs([path], ReadOptions(thousands=","))[0].values[:, -1].tolist() == [1234.0, 2345.0]
    assert read_csvs([path], ReadOptions(decimal=","))[0].values[:, -1].tolist() == [1.234, 2.345]


def test_badly_grouped_thousands_are_bad_cells(write):
    frame, report = read_csvs([write('n,a\n1,"1,234.5"\n2,"12,34.5"\n3,2.5\n')])
    assert np.isnan(frame.values[1, -1])
    assert report.bad_count == 1


def test_a_row_with_a_nul_byte_is_refused(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,1\0,2\n")])
    assert len(frame) == 10
    assert report.files[0].refused[0].line == 12


def test_a_number_with_a_no_break_space_is_a_number(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,\xa01.5\xa0,2\n")])
    assert frame.values[-1].tolist() == [1.5, 2.0]
    assert report.is_clean


def test_the_first_row_of_a_headerless_file_is_a_row(write):
    frame, report = read_csvs([write(ROWS)])
    assert len(frame) == 10
    assert frame.sensors == ("column 2", "column 3")
    assert report.files[0].notes == ["no header row: columns are named by their numbers"]


def test_a_word_late_in_a_long_column_changes_no_other_cell(write):
    rows = [f"{n},{n}.5" for n in range(30_000)]
    rows[25_000] = "25000,Bad Input"
    frame, report = read_csvs([write("n,a\n" + "\n".join(rows) + "\n")], sensors=["a"])
    assert frame.values.dtype == np.float64
    assert np.flatnonzero(np.isnan(frame.values[:, 0])).tolist() == [25_000]
    assert report.files[0].bad_cells[0].line == 25_002


def test_true_in_a_sensor_of_the_model_is_a_bad_cell_and_not_one(write):
    frame, report = read_csvs([write("a,b\nTrue,1\nTrue,2\n")], sensors=["a", "b"])
    assert np.isnan(frame.values[:, 0]).all()
    assert report.files[0].bad_by_sensor == {"a": 2}


def test_text_and_boolean_columns_are_named_and_left_out(write):
    frame, report = read_csvs([write("a,ok,state\n1,True,RUN\n2,False,RUN\n")])
    assert frame.sensors == ("a",)
    assert report.files[0].left_out == {
        "ok": "true or false rather than numbers ('True')",
        "state": "text rather than numbers ('RUN')",
    }


@pytest.mark.parametrize("cell", ["0.5 °C", "12%", "-3,5bar", "7 m/s"])
def test_a_column_of_numbers_with_units_is_named_with_the_remedy(write, cell):
    _, report = read_csvs([write(f"a;b\n1.5;{cell}\n2.5;{cell}\n")])
    why = f"text rather than numbers ({cell!r}; without the unit it would be one)"
    assert report.files[0].left_out == {"b": why}
    assert "left out 'b'" in report.files[0].warnings[0]


def test_bad_stamps_are_reported_and_their_rows_kept(write):
    frame, report = read_csvs([write("time,a,b\n" + ROWS + "yesterday,1,2\n")])
    assert len(frame) == 11
    assert frame.stamps is not None
    assert frame.stamps[-1] == "yesterday"
    assert np.isnat(frame.times[-1])
    assert report.files[0].bad_by_sensor == {"time": 1}


def test_named_null_values_are_missing_and_not_bad(write):
    text = "time,a,b\n" + ROWS + "2024-01-01 00:10:00,-9999,n/a\n2024-01-01 00:11:00,-9999.0,?\n"
    frame, report = read_csvs([write(text)], ReadOptions(null_values=("-9999", "?")))
    assert np.isnan(frame.values[-2:]).all()
    assert report.is_clean


def test_bad_values_skip_refuses_the_row(write):
    path = write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,ERR,5\n")
    frame, report = read_csvs([path], ReadOptions(bad_values="skip"))
    assert len(frame) == 10
    assert report.files[0].refused[0].line == 12


def test_bad_values_fail_names_line_sensor_and_text(write):
    path = write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,ERR,5\n")
    with pytest.raises(
        InputError, match=r"input\.csv:12: 'ERR' in column 'a' is not a number of at most 1e\+100"
    ):
        read_csvs([path], ReadOptions(bad_values="fail"))


def test_max_bad_stops_when_too_much_is_bad(write):
    path = write("time,a,b\n" + ROWS + "2024-01-01 00:10:00,ERR,5\n")
    read_csvs([path], ReadOptions(max_bad=0.05))
    with pytest.raises(InputError, match=r"input\.csv:12: 4.55 % of the cells are bad"):
        read_csvs([path], ReadOptions(max_bad=0.04))
