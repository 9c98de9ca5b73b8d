"""Line protocol and Parquet: other ways in which rows come, read to the same frames as CSV."""

import sys

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import CsvReader, ReadOptions, read_csvs
from lstm_anomaly.reading.lines import parquet

INFLUX = ReadOptions(input_format="influx")


@pytest.fixture
def read(tmp_path):
    """Read line protocol."""

    def read_text(text, **told):
        path = tmp_path / "metrics.lp"
        path.write_text(text, encoding="utf-8")
        return read_csvs([str(path)], ReadOptions(input_format="influx", **told))

    return read_text


def test_fields_of_one_time_make_a_row(read):
    rows = ("temp=20.5,flow=3i 1710374700000000000", "temp=-1e2,flow=4i 1710374701000000000")
    frame, _ = read("".join(f"pump,host=a {row}\n" for row in rows))
    assert frame.sensors == ("pump.temp host=a", "pump.flow host=a")
    assert frame.values.tolist() == [[20.5, 3.0], [-100.0, 4.0]]
    assert frame.times.tolist() == [1710374700000000000, 1710374701000000000]


def test_measurements_that_come_apart_are_put_together_by_their_time(read):
    frame, _ = read("a x=1 1710374700000000000\nb x=2 1710374700000000000\na x=3 1710374701000000000\n")
    assert frame.sensors == ("a.x", "b.x")
    assert np.nan_to_num(frame.values, nan=-1).tolist() == [[1, 2], [3, -1]]


def test_escapes_texts_and_truth_values_are_understood(read):
    frame, _ = read(
        'my\\ pump,room=a\\,b note="x=1, y",on=true,t\\=c=2u 1710374700000000000\n# a comment\n\n'
    )
    assert frame.sensors == ("my pump.on room=a,b", "my pump.t=c room=a,b")
    assert frame.values.tolist() == [[1.0, 2.0]]


def test_what_is_no_line_protocol_is_refused_line_by_line(read):
    frame, report = read("a x=1 1710374700000000000\nnonsense\na x=2\na x=3 1710374701000000000\n")
    assert frame.values.tolist() == [[1.0], [3.0]]
    assert report.refused_count == 2


def test_readings_of_one_sensor_only_are_those_asked_for(read):
    text = "a x=1,y=5 1710374700000000000\na x=2,y=6 1710374701000000000\n"
    assert read(text, only=("a.y",))[0].values.tolist() == [[5.0], [6.0]]
    assert read(text, exclude=("a.y",))[0].sensors == ("a.x",)


def test_lines_are_given_to_the_tap_as_they_were(tmp_path):
    path = tmp_path / "m.lp"
    path.write_text("a x=1 1710374700000000000\na x=2 1710374701000000000\n")
    seen = []
    list(CsvReader([str(path)], INFLUX, tap=seen.append))
    assert "".join(seen) == path.read_text()


# --- Parquet


@pytest.fixture
def table():
    """Times, readings with a gap, and a text."""
    pyarrow = pytest.importorskip("pyarrow")
    times = np.datetime64("2024-03-14T00:05", "us") + np.arange(5) * np.timedelta64(1, "m")
    return pyarrow.table(
        {"time": times, "a": [1.5, None, 0.1 + 0.2, -4e-9, 5.0], "b": [1, 2, 3, 4, 5], "s": ["x"] * 5}
    )


def test_a_parquet_file_is_read_as_its_rows_are(tmp_path, table):
    from pyarrow import parquet as writer

    path = str(tmp_path / "log.parquet")
    writer.write_table(table, path, row_group_size=2)
    frame, report = read_csvs([path])
    assert frame.sensors == ("a", "b")
    assert np.array_equal(frame.values[:, 0], [1.5, np.nan, 0.1 + 0.2, -4e-9, 5.0], equal_nan=True)
    assert frame.times[1] == np.datetime64("2024-03-14T00:06")
    assert "s" in report.files[0].left_out


def test_a_parquet_file_comes_some_rows_at_a_time(tmp_path, table, monkeypatch):
    from pyarrow import parquet as writer

    path = tmp_path / "log.parquet"
    writer.write_table(table, path, row_group_size=2)
    monkeypatch.setattr(parquet, "BATCH_ROWS", 2)
    with path.open("rb") as file:
        lines = parquet.ParquetLines(file, "log.parquet")
        assert lines.read(1 << 20).decode().count("\n") == 3  # the names, and the first two rows


def test_a_damaged_parquet_file_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "log.parquet").write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_csvs([str(tmp_path / "log.parquet")])


def test_a_parquet_file_without_the_extra_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "log.parquet").write_bytes(b"PAR1" + b"x" * 100)
    with pytest.raises(InputError, match=r"pip install 'lstm-anomaly\[parquet\]'"):
        read_csvs([str(tmp_path / "log.parquet")])
