"""A report says what was noticed in a few plain lines, however much there was, and counts all of it."""

from pathlib import Path

import pytest

from lstm_anomaly.reading import ReadOptions, read_csvs
from lstm_anomaly.reading.report import KEPT


def lines_of(path: Path, text: str, **options: object) -> list[str]:
    path.write_bytes(text.encode())
    _, report = read_csvs([str(path)], ReadOptions(**options))
    return report.lines()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("in.csv")


def test_a_clean_file_takes_two_lines(path):
    assert lines_of(path, "time;a\n2024-01-01;1,5\n2024-01-02;2,5\n") == [
        "in.csv: 2 rows; semicolon-separated, decimal comma, header",
        "  time: column 'time', ISO 8601",
    ]


def test_everything_odd_is_said_once_with_its_first_lines(path):
    rows = ["1,2,x", "ERR,2,x", "3,4", "5,6,x", "", "-,inf,x", "7,8,x,9", "7,8,x"]
    assert lines_of(path, "a,b,note\n" + "\n".join(rows) + "\n") == [
        "in.csv: 5 rows; comma-separated, header",
        "  time: no such column; rows are counted",
        "  left out 'note': text rather than numbers ('x')",
        "  1 blank line passed over",
        "  refused 1 row: too few fields (line 4)",
        "  refused 1 row: too many fields (line 8)",
        "  2 cells of 'a' taken as missing: 'ERR', '-' (lines 3, 7)",
        "  1 cell of 'b' taken as missing: 'inf' (line 7)",
    ]


def test_thousands_of_bad_cells_and_rows_are_counted_and_take_two_lines(path):
    count = 3 * KEPT
    text = "a,b\n" + "1,2\n" * 1000 + "ERR,2\n" * count + "1\n" * count
    found = lines_of(path, text)
    assert found[2:] == [
        "  refused 3,000 rows: too few fields (lines 4002, 4003, 4004 and 2,997 more)",
        "  3,000 cells of 'a' taken as missing: 'ERR', ... (lines 1002, 1003, 1004 and 2,997 more)",
    ]
    _, report = read_csvs([str(path)])
    assert len(report.files[0].bad_cells) == len(report.files[0].refused) == KEPT
    assert (report.bad_count, report.refused_count, report.rows) == (count, count, 1000 + count)


def test_control_characters_of_names_and_cells_are_never_in_the_lines(path):
    text = '"\x1b[31mred\x9b[/]\u202e",b\n1,2\n3,"\x1b]52;c;x\x07"\n5,6\n'
    assert all(character.isprintable() for line in lines_of(path, text) for character in line)


def test_counts_add_up(path):
    path.write_text("a,b\n1,\nERR,4\n5\n", encoding="utf-8")
    frame, report = read_csvs([str(path)], sensors=["a", "b"])
    file = report.files[0]
    assert (file.rows, file.cells, file.missing_cells, file.bad_count) == (len(frame), 4, 2, 1)
    assert not report.is_clean


def test_columns_left_out_for_one_reason_take_one_line(path):
    assert lines_of(path, "a,x,y,ok\n1,RUN,UP,True\n2,RUN,DOWN,False\n")[2:] == [
        "  left out 'x', 'y': text rather than numbers",
        "  left out 'ok': true or false rather than numbers ('True')",
    ]


def test_a_sensor_without_a_single_reading_is_told(path):
    assert lines_of(path, "a,b\n1,\n2,\n")[2:] == ["  no reading at all in column 'b'"]


def test_stamps_lacking_the_offset_of_others_are_reported_with_the_option(tmp_path):
    path = tmp_path / "x.csv"
    stamps = [f"2024-01-01 00:{minute:02d}:00{'' if minute % 5 else 'Z'}" for minute in range(50)]
    path.write_text("time,a\n" + "".join(f"{stamp},{n}.5\n" for n, stamp in enumerate(stamps)))
    hint = "; --tz ZONE says where those without a UTC offset were written"
    assert any(line.endswith(hint) for line in read_csvs([str(path)])[1].lines())
    assert not any("--tz" in line for line in read_csvs([str(path)], ReadOptions(tz="UTC"))[1].lines())
