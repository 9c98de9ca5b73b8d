"""Labels files: every kind says the same, and what is no label is refused by line."""

import re

import numpy as np
import pytest
from conftest import SENSORS, csv_text, normal_values

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import read_csvs
from lstm_anomaly.reading.labels import read_labels


@pytest.fixture
def labels_file(tmp_path):
    """Write the text of a labels file and return its path."""

    def write(text):
        (tmp_path / "labels.csv").write_text(text)
        return str(tmp_path / "labels.csv")

    return write


def frame_of_ten(tmp_path, start="2024-03-05T00:00"):
    """Ten rows a minute apart, as read from a file."""
    (tmp_path / "data.csv").write_text(csv_text(normal_values(10), start=start))
    return read_csvs([str(tmp_path / "data.csv")])[0]


@pytest.mark.parametrize(
    "text",
    [
        "label\n0\n0\n1\n1\n0\n0\n0\n0\n0\n1\n",
        "0\n0\n1\n1\n0\n0\n0\n0\n0\n1\n",
        "time;anomaly;note\n" + "".join(f"{k};{k in (2, 3, 9):d}.0;x\n" for k in range(10)),
        "start,end\n3,4\n10,10\n",
        "3,4\n10,10,the bearing\n",  # without a header
        "2024-03-05 00:02,2024-03-05 00:03\n2024-03-05 00:09,2024-03-05 00:09\n",
        "".join(f"{k},{k in (2, 3, 9):d}\n" for k in range(10)),
        "End,Start\n2024-03-05 00:03:00,2024-03-05 00:02:00\n2024-03-05 00:09:30,2024-03-05 00:08:30\n",
        "start,end\n2024-03-05T01:02+01:00,2024-03-05T01:03+01:00\n2024-03-05T00:09Z,2024-03-06T00:00Z\n",
        "start,end\n05-Mar-2024 00:02,05-Mar-2024 00:03\n05-Mar-2024 00:09,05-Mar-2024 00:09\n",
        "start,end\n1709596920,1709596980\n1709597340,1709597340\n",
    ],
)
def test_rows_and_pairs_of_every_kind_say_the_same(tmp_path, labels_file, text):
    labels = read_labels(labels_file(text), frame_of_ten(tmp_path))
    assert np.flatnonzero(labels).tolist() == [2, 3, 9]


def test_the_column_can_be_named(tmp_path, labels_file):
    text = "a,b\n" + "0,1\n" * 10
    assert read_labels(labels_file(text), frame_of_ten(tmp_path), "b").all()


def test_events_outside_the_data_are_passed_over(tmp_path, labels_file):
    text = "start,end\n2023-01-01,2023-01-02\n2024-03-05 00:08:00,2025-01-01\n"
    assert np.flatnonzero(read_labels(labels_file(text), frame_of_ten(tmp_path))).tolist() == [8, 9]


def test_labels_in_the_data_itself_go_by_line_when_rows_are_refused(tmp_path):
    lines = csv_text(normal_values(10)).splitlines()
    marked = [f"{line},{k in (4, 5):d}" for k, line in enumerate(lines)]
    marked[0] = f"{lines[0]},anomaly"
    marked[2] += ",too many fields"
    path = tmp_path / "data.csv"
    path.write_text("\n".join(marked) + "\n")
    frame, report = read_csvs([str(path)], sensors=SENSORS)
    assert (len(frame), report.refused_count) == (9, 1)
    assert np.flatnonzero(read_labels(str(path), frame)).tolist() == [2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "labels.csv: holds no labels"),
        ("label\n", "labels.csv: holds no labels"),
        ("label\n0\n1\n", "labels.csv: has 2 labels, but the data has 10 rows"),
        ("label\n0\n2\n", "labels.csv:3: '2' in 'label' is neither 0 nor 1"),
        ("a,b\n0,1\n", "labels.csv:1: which column holds the labels is not clear"),
        ("start,end\n3,\n", "labels.csv:2: a span needs a start and an end"),
        ("start,end\n4,3\n", "labels.csv:2: the span ends before it starts"),
        ("start,end\n1,2\n3,11\n", "labels.csv:3: row 11 is not in the data, which has rows 1 to 10"),
        ("start,end\n2024-03-05,soon\n", "labels.csv:2: 'soon' is no time stamp"),
        ("start,end\n2024-03-05,2024-03-04\n", "labels.csv:2: the span ends before it starts"),
    ],
)
def test_what_is_no_label_is_refused_by_line(tmp_path, labels_file, text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        read_labels(labels_file(text), frame_of_ten(tmp_path))


def test_a_column_that_is_not_there_is_named(tmp_path, labels_file):
    with pytest.raises(InputError, match="no column 'c'; its columns: 'a', 'b'"):
        read_labels(labels_file("a,b\n0,1\n"), frame_of_ten(tmp_path), "c")


def test_times_need_data_with_times(tmp_path, labels_file):
    with pytest.raises(InputError, match="but the data has no time column"):
        read_labels(labels_file("start,end\n2024-03-05,2024-03-06\n"), frame_of_ten(tmp_path, start=None))
