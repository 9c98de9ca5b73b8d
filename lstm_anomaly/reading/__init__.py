"""From CSV files to a clean, evenly spaced series: the only part that uses pandas."""

from lstm_anomaly.reading.bookmark import Bookmark
from lstm_anomaly.reading.follow import Follower
from lstm_anomaly.reading.frames import (
    data_frame,
    drop_empty_sensors,
    join_frames,
    match_sensors,
    select_in_pieces,
    select_rows,
    split_groups,
    take_rows,
)
from lstm_anomaly.reading.lines.paths import expand_paths
from lstm_anomaly.reading.options import ReadOptions
from lstm_anomaly.reading.reader import CsvReader, read_csvs
from lstm_anomaly.reading.report import BadCell, FileReport, ReadReport, Refused
from lstm_anomaly.reading.values.symbols import settle_empty

__all__ = [
    "BadCell",
    "Bookmark",
    "CsvReader",
    "FileReport",
    "Follower",
    "ReadOptions",
    "ReadReport",
    "Refused",
    "data_frame",
    "drop_empty_sensors",
    "expand_paths",
    "join_frames",
    "match_sensors",
    "read_csvs",
    "select_in_pieces",
    "select_rows",
    "settle_empty",
    "split_groups",
    "take_rows",
]
