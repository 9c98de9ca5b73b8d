"""--strict-time: a stamp that is not later than the one before stops the run, with its line."""

import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import CsvReader, ReadOptions, read_csvs
from lstm_anomaly.reading.lines import sources

STRICT = ReadOptions(strict_time=True)


@pytest.fixture
def write(tmp_path):
    def write_file(minutes, name="x.csv", group=lambda n: ""):
        path = tmp_path / name
        rows = (f"2024-01-01 00:{m:02d}:00,{n},{group(n)}" for n, m in enumerate(minutes))
        path.write_text("\n".join(["time,a,who", *rows]) + "\n")
        return str(path)

    return write_file


def test_rows_in_order_are_read(write):
    assert len(read_csvs([write(range(20))], STRICT)[0]) == 20


@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        ([0, 1, 2, 2, 3], r"x\.csv:5: the time stamp '2024-01-01 00:02:00' is that of the row before again"),
        ([0, 1, 3, 2, 4], r"x\.csv:5: the time stamp '2024-01-01 00:02:00' is earlier than the row before"),
    ],
)
def test_a_stamp_that_does_not_go_on_is_refused(write, minutes, message):
    path = write(minutes)
    with pytest.raises(InputError, match=message):
        read_csvs([path], STRICT)
    assert len(read_csvs([path])[0]) == 5


def test_a_stamp_that_cannot_be_read_is_refused(tmp_path):
    rows = [f"2024-01-01 00:{m:02d}:00,{m}" for m in range(20)]
    rows[10] = "yesterday,10"
    (tmp_path / "x.csv").write_text("\n".join(["time,a", *rows]) + "\n")
    with pytest.raises(InputError, match=r"x\.csv:12: the time stamp 'yesterday' cannot be read"):
        read_csvs([str(tmp_path / "x.csv")], STRICT)


def test_order_is_kept_over_pieces_and_files(write, monkeypatch):
    monkeypatch.setattr(sources, "HEAD_BYTES", 100)
    one, two = write(range(20), "1.csv"), write(range(15, 30), "2.csv")
    with pytest.raises(InputError, match=r"2\.csv:2: "):
        list(CsvReader([one, two], STRICT, block_size=60))


def test_each_group_has_a_time_of_its_own(write):
    path = write([0, 0, 1, 1, 2, 2], group=lambda n: "pq"[n % 2])
    options = ReadOptions(strict_time=True, group_by="who")
    assert len(read_csvs([path], options)[0]) == 6
