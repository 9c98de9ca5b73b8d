"""Files with one reading a row give the rows of wide ones, and rows of several machines are not mixed."""

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError, SensorsError
from lstm_anomaly.reading import CsvReader, ReadOptions, join_frames, read_csvs, split_groups
from lstm_anomaly.reading.lines import sources

STAMPS = [f"2024-01-01 00:{minute:02d}:00" for minute in range(30)]
NAN = float("nan")


@pytest.fixture
def write(tmp_path):
    def write_file(lines, name="input.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return str(path)

    return write_file


def by_time(stamps=STAMPS, sensors=("a", "b")):
    """Readings in time order; sensor `a` reads the minute and a half, `b` the minute times ten."""
    return [f"{t},{s},{m + 0.5 if s == 'a' else m * 10}" for m, t in enumerate(stamps) for s in sensors]


def test_readings_of_one_time_become_one_row(write):
    frame, report = read_csvs([write(["time,sensor,value", *by_time()])])
    assert frame.sensors == ("a", "b")
    assert frame.values[3].tolist() == [3.5, 30.0]
    assert frame.lines.tolist() == list(range(2, 62, 2))
    assert (report.rows, report.files[0].readings) == (30, 60)
    assert report.lines()[0].endswith(
        "30 rows of 60 readings; comma-separated, header, "
        "long: the sensor in 'sensor', its reading in 'value'"
    )


def test_a_file_sorted_by_sensor_gives_the_same_rows(write):
    lines = sorted(by_time(), key=lambda line: line.split(",")[1])
    frame, _ = read_csvs([write(["time,sensor,value", *lines])], sensors=["b", "a"])
    assert frame.values[3].tolist() == [30.0, 3.5]
    assert len(frame) == 30


@pytest.mark.parametrize("header", ["time,tag,value", "time,Variable,reading", "time;Tag Name;Value"])
def test_long_files_are_known_by_their_names(write, header):
    lines = [line.replace(",", header[4]) for line in by_time()]
    assert read_csvs([write([header, *lines])])[0].sensors == ("a", "b")


def test_other_names_are_told(write):
    options = ReadOptions(sensor_column="what", value_column="x")
    assert read_csvs([write(["time,what,x", *by_time()])], options)[0].sensors == ("a", "b")
    with pytest.raises(InputError, match="--sensor-column NAME together with --value-column NAME"):
        read_csvs([write(["time,what,x", *by_time()])], ReadOptions(sensor_column="what"))


def test_a_sensor_of_the_model_named_value_stays_a_sensor(write):
    lines = [f"{t},on,{m}" for m, t in enumerate(STAMPS)]
    frame, _ = read_csvs([write(["time,item,value", *lines])], sensors=["value"])
    assert frame.sensors == ("value",)
    assert len(frame) == 30


def test_a_reading_that_is_missing_or_bad_is_missing_in_its_row_and_named(write):
    lines = by_time()
    lines[5] = f"{STAMPS[2]},b,ERR"
    del lines[10]
    frame, report = read_csvs([write(["time,sensor,value", *lines])])
    np.testing.assert_array_equal(frame.values[[2, 5]], [[2.5, NAN], [NAN, 50.0]])
    (cell,) = report.files[0].bad_cells
    assert (cell.line, cell.sensor, cell.text) == (7, "b", "ERR")


def test_every_reading_is_in_a_row_or_refused_with_its_line(write):
    lines = [*by_time(), f"{STAMPS[29]},a,7", f"{STAMPS[29]},,8", "yesterday,a,9"]
    frame, report = read_csvs([write(["time,sensor,value", *lines])])
    assert frame.values[29].tolist() == [29.5, 290.0]
    assert [(row.line, row.reason) for row in report.files[0].refused] == [
        (63, "a reading without the name of its sensor"),
        (64, "a reading without a readable time"),
        (62, "a second reading of the sensor at one time"),
    ]
    assert report.files[0].readings == 60


def test_sensors_that_the_model_does_not_know_are_counted_and_make_no_rows(write):
    lines = [*by_time(), "2024-01-01 00:40:00,c,1"]
    frame, report = read_csvs([write(["time,sensor,value", *lines])], sensors=["a", "b"])
    assert len(frame) == 30
    assert report.files[0].left_out == {"c": "not a sensor of the model (1 readings)"}


def test_a_sensor_without_a_reading_is_an_error_unless_it_may_be_missing(write):
    path = write(["time,sensor,value", *by_time()])
    with pytest.raises(SensorsError, match=r"has no reading of 'c'; wanted: 'a', 'c'; in the file: 'a', 'b'"):
        read_csvs([path], sensors=["a", "c"])
    frame, _ = read_csvs([path], ReadOptions(allow_missing=True), sensors=["a", "c"])
    assert np.isnan(frame.values[:, 1]).all()


def test_without_time_readings_cannot_be_put_together(write):
    with pytest.raises(InputError, match="has one reading a row but no time stamps"):
        read_csvs([write(["sensor,value", "a,1.5", "b,2", "a,3", "b,4"])])


@pytest.mark.parametrize("size", [60, 500, 1 << 20])
def test_pieces_of_a_long_file_hold_the_rows_of_the_whole(write, monkeypatch, size):
    monkeypatch.setattr(sources, "HEAD_BYTES", 200)
    path = write(["time,sensor,value", *by_time()])
    pieces = list(CsvReader([path], sensors=["a", "b"], block_size=size))
    whole = read_csvs([path], sensors=["a", "b"])[0]
    joined = join_frames(pieces)
    np.testing.assert_array_equal(joined.values, whole.values)
    assert joined.lines.tolist() == whole.lines.tolist()
    assert len(pieces) > 1 or size > 500


def test_several_long_files_have_the_sensors_of_the_first(write):
    one = write(["time,sensor,value", *by_time()], "1.csv")
    two = write(["time,sensor,value", *(line.replace("00:", "01:", 1) for line in by_time())], "2.csv")
    frame, _ = read_csvs([one, two])
    assert len(frame) == 60
    assert frame.source_index.tolist() == [0] * 30 + [1] * 30


def machines(column="asset", names=("p1", "p2")):
    return [f"time,{column},temp", *(f"{t},{n},{m}.5" for m, t in enumerate(STAMPS) for n in names)]


@pytest.mark.parametrize("names", [("p1", "p2"), ("1", "2"), ("north", "south", "east")])
def test_rows_of_several_machines_are_not_read_as_rows_of_one(write, names):
    with pytest.raises(InputError, match=r"one for each 'asset' \('.*--group-by 'asset' for a model each"):
        read_csvs([write(machines(names=names))])
    frame, _ = read_csvs([write(machines(names=names))], ReadOptions(exclude=("asset",)))
    assert frame.sensors == ("temp",)


def test_rows_know_their_group(write):
    frame, report = read_csvs([write(machines(names=("p1", " p2")))], ReadOptions(group_by="asset"))
    assert frame.sensors == ("temp",)
    assert {name: len(rows) for name, rows in split_groups(frame).items()} == {"p1": 30, "p2": 30}
    assert "groups in 'asset'" in report.files[0].dialect


def test_long_rows_of_several_machines_are_kept_apart(write):
    lines = [f"{t},{g},{s},{m}" for m, t in enumerate(STAMPS) for s in "ab" for g in ("p1", "p2")]
    frame, _ = read_csvs([write(["time,asset,sensor,value", *lines])], ReadOptions(group_by="asset"))
    assert len(frame) == 60
    assert frame.groups.tolist()[:4] == ["p1", "p2", "p1", "p2"]
    assert not np.isnan(frame.values).any()


def test_a_loggers_repeated_stamps_are_no_machines(write):
    rng = np.random.default_rng(0)
    lines = [f"{t},{rng.normal():.1f},{rng.integers(0, 4)}" for t in STAMPS for _ in range(4)]
    frame, _ = read_csvs([write(["time,a,b", *lines])])
    assert frame.sensors == ("a", "b")


def test_a_group_column_that_is_none_is_refused(write):
    with pytest.raises(SensorsError, match=r"has no column 'aset'.*Try: 'asset'"):
        read_csvs([write(machines())], ReadOptions(group_by="aset"))
