"""Every row of the input is in the frame or refused, and reading in pieces changes nothing."""

import csv
import io
import itertools
import os
import re
import tempfile
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.base.types import SensorFrame
from lstm_anomaly.reading import CsvReader, ReadOptions, ReadReport, join_frames, read_csvs
from lstm_anomaly.reading.lines import sources

COLUMNS = 3
CLEAN_ROW = re.compile(r"2024-01-01 00:\d\d:00,\d+\.5,\d+")
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> str:
        path = tmp_path / "input.csv"
        path.write_bytes(text.encode())
        return str(path)

    return write_file


def in_pieces(path: str, size: int, options: ReadOptions | None = None) -> tuple[SensorFrame, CsvReader, int]:
    reader = CsvReader([path], options, block_size=size)
    pieces = list(reader)
    return join_frames(pieces), reader, len(pieces)


def assert_same(one: SensorFrame, other: SensorFrame) -> None:
    np.testing.assert_array_equal(one.values, other.values)
    np.testing.assert_array_equal(one.lines, other.lines)
    np.testing.assert_array_equal(one.source_index, other.source_index)
    assert one.sensors == other.sensors
    assert (one.stamps is None) == (other.stamps is None)
    if one.stamps is not None:
        assert one.stamps.tolist() == other.stamps.tolist()
        np.testing.assert_array_equal(one.times, other.times)


def nasty_text(rows: int) -> str:
    """Rows of all kinds: quoted, over two lines, short, bad, with stray quotes, blank lines between."""
    kinds = [
        "{n},{n}.5,note\n",
        '{n},"{n}.25","two\nlines"\n',
        "{n},{n}\n",
        "{n},ERR,x\n",
        '{n},"7,x\n',
        "\n",
        "{n},1,2,3\n",
        '{n},{n},"it said ""off"""\n',
    ]
    return "n,a,note\n" + "".join(kinds[n * n % len(kinds)].format(n=n) for n in range(rows))


@pytest.mark.parametrize("size", [60, 1000, 4096, 1 << 20])
def test_pieces_hold_the_same_rows_and_report_as_the_whole(write, monkeypatch, size):
    monkeypatch.setattr(sources, "HEAD_BYTES", 2000)
    path = write(nasty_text(3000))
    whole, report = read_csvs([path])
    joined, reader, count = in_pieces(path, size)
    assert_same(whole, joined)
    assert reader.report.lines() == report.lines()
    assert reader.report.files[0].refused == report.files[0].refused
    assert reader.report.files[0].bad_cells == report.files[0].bad_cells
    assert count > 1 or size > 4096


def test_pieces_of_a_clean_file_hold_the_same_rows(write, monkeypatch):
    monkeypatch.setattr(sources, "HEAD_BYTES", 2000)
    rows = "".join(
        f"2024-01-{1 + n // 1440:02d}T{n // 60 % 24:02d}:{n % 60:02d}Z,{n}\r\n" for n in range(5000)
    )
    path = write("time,a\r\n" + rows)
    whole, _ = read_csvs([path])
    joined, _, count = in_pieces(path, 777)
    assert_same(whole, joined)
    assert count > 50


def test_the_hour_that_autumn_repeats_is_told_across_pieces(write, monkeypatch):
    monkeypatch.setattr(sources, "HEAD_BYTES", 100)
    clock = [f"{hour:02d}:{minute:02d}" for hour in (1, 2, 2, 3) for minute in range(0, 60, 5)]
    path = write("time,a\n" + "".join(f"2024-10-27 {time},{n}\n" for n, time in enumerate(clock)))
    options = ReadOptions(tz="Europe/Berlin")
    whole, _ = read_csvs([path], options)
    assert (np.diff(whole.times) == np.timedelta64(5, "m")).all()
    for size in (60, 200, 500):
        assert_same(whole, in_pieces(path, size, options)[0])


def test_a_file_larger_than_a_block_is_never_held_whole(write, monkeypatch):
    monkeypatch.setattr(sources, "HEAD_BYTES", 1000)
    path = write("a,b\n" + "1,2\n" * 20_000)
    assert max(len(frame) for frame in CsvReader([path], block_size=4000)) <= 1001


def peak_memory(path: str) -> int:
    """Most bytes held at once, by Python and NumPy, while a file is read in pieces."""
    tracemalloc.start()
    for _ in CsvReader([path], block_size=1 << 16):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "HEAD_BYTES", 1 << 16)
    row = "2024-01-01 00:00:00,1.5,ERR\n2024-01-01 00:00:01,1.5\n2024-01-01 00:00:02,2.5,7\n"
    peaks = []
    for name, copies in (("short", 4_000), ("long", 16_000)):
        path = tmp_path / f"{name}.csv"
        path.write_text("time,a,b\n" + row * copies)
        peaks.append(peak_memory(str(path)))
    assert peaks[1] < 1.2 * peaks[0]


@pytest.fixture
def pipe(monkeypatch):
    """Standard input as a pipe, and the function that writes to it."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as reader, open(write_end, "wb", buffering=0) as writer:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(reader))
        yield writer


def test_rows_of_a_live_input_come_as_soon_as_their_line_ends(pipe):
    pipe.write(b"time,a\n2024-01-01 00:00:00,1\n2024-01-01 00:00:01,2\n2024-01-01 00:0")
    pieces = iter(CsvReader(["-"], live=True))
    assert next(pieces).lines.tolist() == [2, 3]
    pipe.write(b"0:02,3\n")
    assert next(pieces).values.tolist() == [[3.0]]
    pipe.write(b"2024-01-01 00:00:03,4\n2024-01-01 00:00:04,5\n")
    assert next(pieces).lines.tolist() == [5, 6]
    pipe.close()
    assert next(pieces, None) is None


def test_rows_of_a_writer_that_never_pauses_come_after_a_second(pipe, monkeypatch):
    row = b"2024-01-01 00:00:00,1\n"

    def writes_on(stream, seconds):
        pipe.write(row)
        return False

    clock = itertools.count(step=sources.LIVE_LONGEST / 10)  # ten rows a second
    monkeypatch.setattr(sources.ByteStream, "pauses", writes_on)
    monkeypatch.setattr(sources.time, "monotonic", lambda: next(clock))
    pipe.write(b"time,a\n" + row + row)
    pieces = iter(CsvReader(["-"], live=True))
    assert 10 <= len(next(pieces)) <= 15
    pipe.write(row)
    assert len(next(pieces)) == 1


def test_a_live_input_may_be_short(pipe):
    pipe.write(b"a,b\n1,2\n")
    pipe.close()
    assert [len(piece) for piece in CsvReader(["-"], live=True)] == [1]


def test_a_live_input_written_byte_by_byte_gives_the_same_rows(pipe, write):
    text = nasty_text(60).encode()
    whole, report = read_csvs([write(text.decode())], sensors=["n", "a"])
    reader = CsvReader(["-"], sensors=["n", "a"], live=True)

    def write_all():
        for start in range(0, len(text), 7):
            pipe.write(text[start : start + 7])
        pipe.close()

    writer = threading.Thread(target=write_all)
    writer.start()
    pieces = list(reader)
    writer.join()
    np.testing.assert_array_equal(join_frames(pieces).values, whole.values)
    assert join_frames(pieces).lines.tolist() == whole.lines.tolist()
    assert reader.report.files[0].refused == report.files[0].refused


def naive_rows(text: str) -> list[list[str]]:
    """Rows behind the header as Python's own csv module sees them, lines without any cell left out."""
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    return [row for row in rows if len(row) > 1 or "".join(row).strip()]


numbers = st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr)
plain_cells = st.one_of(numbers, st.sampled_from(["", "ERR", "NaN", " 7 ", "1e3", "-", "a b", "12.5 C"]))
quoted_cells = st.sampled_from(['"1.5"', '"x,y"', '"say ""hi"""', '""', '"3"'])
notes = st.one_of(plain_cells, quoted_cells, st.just('"two\nlines"'))


@st.composite
def tables(draw):
    cell = st.one_of(plain_cells, quoted_cells)
    widths = st.sampled_from([COLUMNS] * 8 + [COLUMNS - 1, COLUMNS + 1])
    rows = []
    for width in draw(st.lists(widths, max_size=40)):
        cells = [draw(cell) for _ in range(width)]
        if width == COLUMNS:
            cells[-1] = draw(notes)
        rows.append(",".join(cells))
    good = ["1.5,2.5,on", "2.5,3.5,off", "3.5,4.5,on"] * 20
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    blank = draw(st.sampled_from(["", "", end]))
    return end.join(["a,b,note", *good]) + end + blank + end.join(rows) + draw(st.sampled_from(["", end]))


@settings(max_examples=150, deadline=None)
@given(text=tables())
def test_rows_in_are_rows_in_the_frame_and_rows_refused(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.csv")
        Path(path).write_bytes(text.encode())
        frame, report = read_csvs([path], sensors=["a", "b"])
    expected = naive_rows(text)
    assert len(frame) + report.refused_count == len(expected)
    kept = [row for row in expected if len(row) == COLUMNS]
    assert len(frame) == len(kept)
    for values, row in zip(frame.values, kept, strict=True):
        for value, cell in zip(values, row, strict=False):
            try:
                number = float(cell)
            except ValueError:
                number = np.nan
            assert value == number or (np.isnan(value) and np.isnan(number))


def read_or_error(path: str) -> tuple[SensorFrame | None, ReadReport | None, InputError | None]:
    try:
        return *read_csvs([path]), None
    except InputError as error:
        return None, None, error


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_files_have_every_line_read_or_are_refused_with_a_place(data):
    clean = "".join(f"2024-01-01 00:{m:02d}:00,{m}.5,{m}\n" for m in range(40))
    text = bytearray(("time,a,b\n" + clean).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from(["put", "replace", "cut"])):
            case "put":
                text[at:at] = data.draw(
                    st.sampled_from([b'"', b",", b"\n", b"\r", b";", b"\0", b"#", b"9", b"\xff"])
                )
            case "replace":
                text[at] = data.draw(st.integers(0, 255))
            case "cut":
                del text[at : at + data.draw(st.integers(1, 30))]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.csv")
        Path(path).write_bytes(bytes(text))
        frame, report, error = read_or_error(path)
    if error is not None:
        assert error.where.startswith(path)
        assert "\n" not in str(error)
        return
    assert frame is not None
    assert report is not None
    lines = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode().split("\n")
    told = {*frame.lines.tolist(), *(row.line for row in report.files[0].refused)}
    assert told <= set(range(1, len(lines) + 1))
    untouched = {number for number, line in enumerate(lines, start=1) if CLEAN_ROW.fullmatch(line)}
    assert untouched <= told
