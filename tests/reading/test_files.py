"""What a file may be wrapped in, where it may come from, and what is refused before it can do harm."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.reading import ReadOptions, read_csvs
from lstm_anomaly.reading.lines.opening import MAX_RATIO, RATIO_CHECKED_FROM

TEXT = "time,Temp °C\n" + "".join(f"2024-01-01 00:{m:02d}:00,{m}.25\n" for m in range(20))
Write = Callable[[bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(data: bytes, name: str = "input.dat") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)

    return write_file


def zipped(*members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for member in members:
            # A fixed time, because these bytes are part of the names of tests.
            archive.writestr(zipfile.ZipInfo(member), TEXT)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(TEXT.encode(), mtime=0), "gzip-compressed"),
        (bz2.compress(TEXT.encode()), "bzip2-compressed"),
        (lzma.compress(TEXT.encode()), "xz-compressed"),
        (zipped("a.csv"), "zip-compressed"),
        (TEXT.encode("utf-8-sig"), ""),
        (TEXT.encode("utf-16"), "utf-16-le"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.replace("\n", "\r\n").encode(), ""),
        (TEXT.replace("\n", "\r").encode(), ""),
        (gzip.compress(TEXT.replace("\n", "\r\n").encode("utf-16"), mtime=0), "utf-16-le, gzip-compressed"),
    ],
)
def test_packing_encoding_and_line_ends_are_told_by_content(write, data, told):
    frame, report = read_csvs([write(data)])
    assert frame.sensors == ("Temp °C",)
    assert frame.values[:, 0].tolist() == [m + 0.25 for m in range(20)]
    assert frame.lines.tolist() == list(range(2, 22))
    assert report.files[0].dialect.endswith(f"header, {told}" if told else "header")


def test_latin_1_is_refused_by_line_and_read_when_told(write):
    path = write(TEXT.encode("latin-1"))
    with pytest.raises(InputError, match=r"input\.dat:1: byte 0xb0 is not UTF-8 text.*--encoding latin-1"):
        read_csvs([path])
    assert read_csvs([path], ReadOptions(encoding="latin-1"))[0].sensors == ("Temp °C",)


def test_text_that_is_not_in_the_encoding_told_is_refused(write):
    with pytest.raises(InputError, match="is not valid utf-16"):
        read_csvs([write(b"a,b\n1,2\n3")], ReadOptions(encoding="utf-16"))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "rot13", "idna"])
def test_an_encoding_that_is_none_is_refused(write, encoding):
    with pytest.raises(InputError, match="no text encoding"):
        read_csvs([write(TEXT.encode())], ReadOptions(encoding=encoding))


@pytest.mark.parametrize("data", [TEXT.encode(), gzip.compress(TEXT.encode(), mtime=0), zipped("a.csv")])
def test_standard_input_is_read_as_bytes(monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))
    frame, report = read_csvs(["-"])
    assert len(frame) == 20
    assert frame.place(0) == "-:2"
    assert report.files[0].source == "-"


@pytest.mark.parametrize("members", [30_000, 70_000])  # more than 65,535 are counted in another record
def test_a_zip_of_very_many_files_is_refused_by_the_record_at_its_end(tmp_path, monkeypatch, members):
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(members):
            archive.writestr(zipfile.ZipInfo(f"{number}.csv"), b"")
        archive.writestr(zipfile.ZipInfo("last.csv"), TEXT)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # which would read them all
    with pytest.raises(InputError, match=rf"the zip holds {members + 1:,} files"):
        read_csvs([str(tmp_path / "many.zip")])


def test_a_pipe_that_cannot_seek_may_carry_a_zip(monkeypatch):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Pipe(zipped("a.csv")), encoding="ascii"))
    assert len(read_csvs(["-"])[0]) == 20


def test_standard_input_twice_is_refused():
    with pytest.raises(InputError, match="only once"):
        read_csvs(["-", "-"])


@pytest.mark.parametrize(
    "path", ["http://example.org/a.csv", "s3://bucket/a.csv", "file:///etc/passwd", "FTP://x/y"]
)
def test_addresses_are_refused(path):
    with pytest.raises(InputError, match="is an address, and only files are read"):
        read_csvs([path])


def test_reading_opens_no_socket(write):
    opened = []
    sys.addaudithook(lambda event, _: opened.append(event) if event.startswith("socket.") else None)
    read_csvs([write(TEXT.encode())])
    for path in ("http://example.org/a.csv", "ftp://example.org/a.csv"):
        with pytest.raises(InputError):
            read_csvs([path])
    assert opened == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"input\.dat:1: the file is empty"),
        (b"\n\n  \n", r"input\.dat:1: the file holds blank lines only"),
        (b"time,a\n", r"input\.dat:1: a header but no rows below it"),
        (b"# only\n# comments\n", r"input\.dat:2: has no rows"),
        (b"a,b\nx,y\nz,w\n", r"input\.dat:2: no column of numbers \('a': text"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-20], "gzip data is damaged, locked or cut short"),
        (bz2.compress(TEXT.encode())[:-20], "bzip2 data is damaged, locked or cut short"),
        (zipped("a.csv")[:60], "its zip data is damaged, locked or cut short"),
        (zipped("a.csv", "b.csv"), "the zip holds 2 files"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), r"is a workbook, not a CSV. Try: save its sheet"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "is an old Excel file"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(write, data, message):
    with pytest.raises(InputError, match=message) as caught:
        read_csvs([write(data)])
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: there is no such file"):
        read_csvs([str(tmp_path / "none.csv")])
    with pytest.raises(InputError, match="is a directory"):
        read_csvs([str(tmp_path)])


def test_a_single_row_is_a_frame_of_one_row(write):
    frame, _ = read_csvs([write(b"time,a\n2024-01-01,5\n")])
    assert frame.values.tolist() == [[5.0]]


def test_a_missing_line_end_is_noticed_as_perhaps_half_a_row(write):
    assert read_csvs([write(b"a,b\n1,2\n3,4")])[1].files[0].ends_without_newline
    assert not read_csvs([write(b"a,b\n1,2\n3,4\n")])[1].files[0].ends_without_newline


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_decompression_bomb_is_refused(write, pack):
    data = pack(b"1,2\n" * (RATIO_CHECKED_FROM // 64)) * 32  # streams one after the other are read as one
    assert len(data) * MAX_RATIO < RATIO_CHECKED_FROM * 2
    with pytest.raises(InputError, match="unpacks to more than 250 times its size"):
        read_csvs([write(data)])


def test_a_line_without_end_is_refused(write):
    with pytest.raises(InputError, match="a line is longer than 8 MiB"):
        read_csvs([write(b'time,a\n2024-01-01,1\n2024-01-02,"' + b"x" * 20_000_000)])


def test_too_many_columns_are_refused_before_they_cost_anything(write):
    header = ",".join(f"c{n}" for n in range(200_000)).encode()
    with pytest.raises(InputError, match=r"input\.dat:1: has 200,000 columns"):
        read_csvs([write(header + b"\n" + b"1," * 199_999 + b"1\n")])


def test_several_files_are_read_in_order_and_rows_know_their_file(write):
    first = write(b"time,a,b\n2024-01-01,1,2\n2024-01-02,3,4\n", "1.csv")
    second = write(b"time;b;a\n2024-01-03;6;5,5\n", "2.csv")
    frame, report = read_csvs([first, second])
    assert frame.values.tolist() == [[1, 2], [3, 4], [5.5, 6]]
    assert frame.place(2) == f"{second}:2"
    assert [file.rows for file in report.files] == [2, 1]


def test_an_empty_file_among_others_is_a_note(write):
    good = write(b"a,b\n1,2\n3,4\n", "1.csv")
    empty = write(b"a,b\n", "2.csv")
    frame, report = read_csvs([good, empty])
    assert len(frame) == 2
    assert report.files[1].notes == ["a header but no rows below it"]


def test_a_file_with_other_sensors_than_the_first_is_refused(write):
    first, second = write(b"a,b\n1,2\n3,4\n", "1.csv"), write(b"a,c\n1,2\n3,4\n", "2.csv")
    with pytest.raises(
        SensorsError, match=r"2\.csv:1: has no column 'b'; wanted: 'a', 'b'; in the file: 'a', 'c'"
    ):
        read_csvs([first, second])


def test_files_with_and_without_time_do_not_go_together(write):
    first = write(b"time,a\n2024-01-01,1\n2024-01-02,2\n", "1.csv")
    second = write(b"a\n1\n2\n", "2.csv")
    with pytest.raises(InputError, match="has no time column"):
        read_csvs([first, second])


def test_a_text_column_in_the_second_file_stays_the_firsts_sensor(write):
    first, second = write(b"a,b\n1,2\n3,4\n", "1.csv"), write(b"a,b\n1,ERR\n3,ERR\n", "2.csv")
    frame, report = read_csvs([first, second])
    assert np.isnan(frame.values[2:, 1]).all()
    assert report.files[1].bad_by_sensor == {"b": 2}


def test_the_sensors_of_a_model_are_read_in_its_order_and_others_left_out(write):
    frame, report = read_csvs([write(b"b,x,a\n1,2,3\n4,5,6\n")], sensors=["a", "b"])
    assert frame.sensors == ("a", "b")
    assert frame.values.tolist() == [[3, 1], [6, 4]]
    assert report.files[0].left_out == {"x": "not a sensor of the model"}


def test_a_missing_sensor_of_the_model_is_an_error_with_a_guess(write):
    path = write(b"temp,b\n1,2\n3,4\n")
    with pytest.raises(SensorsError, match=r"has no column 'Temp'.*perhaps 'temp' for 'Temp'"):
        read_csvs([path], sensors=["Temp", "b"])
    frame, report = read_csvs([path], ReadOptions(allow_missing=True), sensors=["Temp", "b"])
    assert np.isnan(frame.values[:, 0]).all()
    assert report.files[0].notes == ["no reading at all in column 'Temp'"]


def test_excluded_columns_are_left_out_and_mistyped_ones_refused(write):
    path = write(b"a,b,anomaly\n1,2,0\n3,4,1\n")
    frame, report = read_csvs([path], ReadOptions(exclude=("anomaly",)))
    assert frame.sensors == ("a", "b")
    assert report.files[0].left_out == {"anomaly": "excluded"}
    with pytest.raises(SensorsError, match=r"has no column 'anomoly'.*Try: 'anomaly'"):
        read_csvs([path], ReadOptions(exclude=("anomoly",)))


def test_only_keeps_the_columns_asked_for(write):
    frame, _ = read_csvs([write(b"a,b,c\n1,2,0\n3,4,1\n")], ReadOptions(only=("c", "a")))
    assert frame.sensors == ("a", "c")


def test_a_label_column_that_is_not_excluded_is_pointed_at(write):
    _, report = read_csvs([write(b"a,anomaly\n1.5,0\n3,1\n")])
    assert report.files[0].label_columns == ["anomaly"]
    assert report.lines()[-1].endswith(
        "column 'anomaly' is named like a label; --exclude it if it is none of the sensors"
    )
