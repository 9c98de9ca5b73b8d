"""A growing file is read on where the last run ended, each complete row once, whatever happened to it."""

import gzip
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from lstm_anomaly.base.errors import InputError
from lstm_anomaly.reading import Bookmark, Follower, ReadOptions
from lstm_anomaly.reading import follow as follow_module

HEADER = "time,a,b\n"
SEEDS = 15
SOAK_SEEDS = 500


class Logger:
    """Writes rows into a file, each with a number of its own; `written` are those that are complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.written: list[int] = []
        self.half = ""
        path.write_text(HEADER)

    def line(self) -> str:
        stamp = np.datetime64("2024-03-01T00:00:00") + np.timedelta64(self.number, "s")
        return f"{stamp},{self.number},{self.number % 7}.5\n"

    def append(self, rows: int, half: bool = False) -> None:
        """Write rows; with `half` the last one only up to somewhere."""
        with self.path.open("a") as file:
            for k in range(rows):
                text = self.half or self.line()
                self.half = ""
                if half and k == rows - 1 and len(text) > 1:
                    cut = 1 + self.number % (len(text) - 2) if len(text) > 2 else 1
                    file.write(text[:cut])
                    self.half = text[cut:]
                    return
                file.write(text)
                self.written.append(self.number)
                self.number += 1

    def begin_file(self) -> None:
        """What was half written is lost; the next row begins a line."""
        if self.half:
            self.half = ""
            self.number += 1


class Runs:
    """Runs that share what a state holds; `seen` are the numbers of the rows that they got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bookmark = Bookmark()
        self.seen: list[int] = []

    def run(self) -> None:
        follower = Follower(str(self.path), ReadOptions(), ("a", "b"), bookmark=self.bookmark)
        for frame in follower.frames():
            self.seen += frame.values[:, 0].astype(int).tolist()
        self.bookmark = follower.bookmark


def rename(path: Path, age: int) -> None:
    for old in range(age, 0, -1):
        here = path.with_name(f"{path.name}.{old}")
        if here.exists():
            here.rename(path.with_name(f"{path.name}.{old + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))
    path.write_text(HEADER)


def rotate_gzip(path: Path, age: int) -> None:
    for old in range(age, 0, -1):
        here = path.with_name(f"{path.name}.{old}.gz")
        if here.exists():
            here.rename(path.with_name(f"{path.name}.{old + 1}.gz"))
    with gzip.open(path.with_name(f"{path.name}.1.gz"), "wb") as packed:
        packed.write(path.read_bytes())
    path.unlink()
    path.write_text(HEADER)


def copy_truncate(path: Path, age: int) -> None:
    for old in range(age, 0, -1):
        here = path.with_name(f"{path.name}.{old}")
        if here.exists():
            here.rename(path.with_name(f"{path.name}.{old + 1}"))
    shutil.copy2(path, path.with_name(f"{path.name}.1"))
    with path.open("r+") as file:
        file.truncate(0)
        file.write(HEADER)


def truncate(path: Path, _age: int) -> None:
    with path.open("r+") as file:
        file.truncate(0)
        file.write(HEADER)


def replace(path: Path, _age: int) -> None:
    other = path.with_name("new.tmp")
    other.write_text(HEADER)
    other.replace(path)


def replace_in_the_same_inode(path: Path, _age: int) -> None:
    """The file is deleted, and the new one gets its inode, as small file systems do."""
    inode = path.stat().st_ino
    path.write_text(HEADER)
    assert path.stat().st_ino == inode


SCENARIOS = {
    "append": None,
    "half a line": None,
    "rename": rename,
    "gzip": rotate_gzip,
    "copytruncate": copy_truncate,
    "truncate while stopped": truncate,
    "replace by the same header": replace,
    "inode reused": replace_in_the_same_inode,
}
LOSES = {truncate, replace, replace_in_the_same_inode}  # what was not read before is gone


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("seeds", [SEEDS, pytest.param(SOAK_SEEDS, marks=pytest.mark.soak)])
def test_every_complete_row_is_read_once(tmp_path, scenario, seeds):
    for seed in range(seeds):
        folder = tmp_path / str(seed)
        folder.mkdir()
        rng = np.random.default_rng(seed)
        logger, runs = Logger(folder / "plant.csv"), Runs(folder / "plant.csv")
        happening = SCENARIOS[scenario]
        logger.append(1)
        runs.run()
        for step in range(int(rng.integers(3, 9))):
            logger.append(int(rng.integers(0, 30)), half=scenario == "half a line" or rng.random() < 0.2)
            if rng.random() < 0.6:
                runs.run()
            if happening is not None and rng.random() < 0.5:
                if happening in LOSES:
                    runs.run()
                logger.begin_file()
                happening(logger.path, step + 1)
        logger.append(1)
        runs.run()
        runs.run()
        assert runs.seen == logger.written, f"seed {seed}"


def test_a_truncated_file_that_grew_larger_is_read_from_its_begin(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    truncate(logger.path, 0)
    logger.append(500)
    runs.run()
    assert runs.seen == logger.written


def test_a_file_rewritten_with_the_same_rows_and_more_is_read_on(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(300)
    runs.run()
    shutil.copy(logger.path, tmp_path / "copy")
    os.replace(tmp_path / "copy", logger.path)
    logger.append(3)
    runs.run()
    assert runs.seen == logger.written


def test_between_two_rotations_nothing_is_lost(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    for age in (1, 2, 3):
        logger.append(7)
        rename(logger.path, age)
    logger.append(2)
    runs.run()
    assert runs.seen == logger.written


def test_a_rotated_file_is_read_on_before_there_is_a_new_one(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    logger.append(5)
    logger.path.rename(tmp_path / "plant.csv.1")
    runs.run()
    assert runs.seen == logger.written
    logger.path.write_text(HEADER)
    logger.append(1)
    runs.run()
    assert runs.seen == logger.written


def test_a_rotated_file_that_had_only_its_header_is_found_too(tmp_path):
    for happening in (rename, rotate_gzip, copy_truncate):
        folder = tmp_path / happening.__name__
        folder.mkdir()
        logger, runs = Logger(folder / "plant.csv"), Runs(folder / "plant.csv")
        logger.append(5)
        runs.run()
        happening(logger.path, 1)
        runs.run()
        logger.append(5)
        happening(logger.path, 2)
        logger.append(5)
        runs.run()
        assert runs.seen == logger.written


def test_a_backlog_larger_than_a_block_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(follow_module, "HEAD_BYTES", 500)
    monkeypatch.setattr(follow_module, "BLOCK_BYTES", 333)
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(200)
    runs.run()
    assert runs.seen == logger.written


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        (b"PK\3\4", "is a zip, in which no place can be remembered. Try: unpack it to CSV"),
        (b"PAR1", "is a Parquet file, in which no place can be remembered"),
        (b"\x28\xb5\x2f\xfd", "is zstd-compressed, not a CSV"),
    ],
)
def test_a_file_in_which_no_place_can_be_remembered_is_named(tmp_path, begin, what):
    (tmp_path / "log.csv").write_bytes(begin + b"\n1,2,3\n")
    with pytest.raises(InputError, match=what):
        list(Follower(str(tmp_path / "log.csv"), ReadOptions(), ("a", "b")).frames())


def test_a_file_that_is_gone_is_an_error_with_its_name(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    logger.path.unlink()
    with pytest.raises(InputError, match=r"plant\.csv: there is no such file"):
        runs.run()


def test_a_new_file_may_have_its_columns_in_another_order(tmp_path):
    path, runs = tmp_path / "plant.csv", Runs(tmp_path / "plant.csv")
    path.write_text(HEADER + "2024-03-01 00:00:00,1,9\n")
    runs.run()
    path.write_text("b,time,a\n9,2024-03-01 00:00:01,2\n")
    runs.run()
    assert runs.seen == [1, 2]


def test_a_date_that_a_new_file_leaves_open_is_read_as_in_the_one_before(tmp_path):
    path, runs = tmp_path / "plant.csv", Runs(tmp_path / "plant.csv")
    path.write_text("time,a,b\n13/02/2024 10:00,1,9\n14/02/2024 10:00,2,9\n")
    runs.run()
    path.write_text("time,b,a\n01/02/2024 10:00,9,3\n")
    runs.run()
    assert runs.seen == [1, 2, 3]


def test_bytes_that_are_no_text_make_a_cell_bad_and_do_not_stop_the_rest(tmp_path):
    path = tmp_path / "plant.csv"
    path.write_bytes(HEADER.encode() + b"2024-03-01 00:00:00,1,9\n2024-03-01 00:00:01,\xff\xfe,9\n")
    follower = Follower(str(path), ReadOptions(), ("a", "b"))
    frame = next(follower.frames())
    assert frame.lines.tolist() == [2, 3]
    assert np.isnan(frame.values[1, 0])


def test_utf_16_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "plant.csv"
    path.write_text(HEADER + "2024-03-01 00:00:00,1,9\n", encoding="utf-16")
    with pytest.raises(InputError, match=r"UTF-16.*UTF-8"):
        list(Follower(str(path), ReadOptions(), ("a", "b")).frames())


def test_windows_line_ends_and_a_byte_order_mark_are_nothing_special(tmp_path):
    path, runs = tmp_path / "plant.csv", Runs(tmp_path / "plant.csv")
    path.write_bytes(b"\xef\xbb\xbftime,a,b\r\n2024-03-01 00:00:00,1,9\r\n")
    runs.run()
    with path.open("ab") as file:
        file.write(b"2024-03-01 00:00:01,2,9\r\n2024-03")
    runs.run()
    assert runs.seen == [1, 2]


def test_a_pipe_or_folder_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(InputError, match="not a regular file"):
            list(Follower(str(tmp_path / name), ReadOptions(), ("a", "b")).frames())


def test_from_the_end_only_new_rows_are_read(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(30, half=True)
    follower = Follower(str(logger.path), ReadOptions(), ("a", "b"))
    follower.skip()
    runs.bookmark = follower.bookmark
    before = len(logger.written)
    logger.append(3)
    runs.run()
    assert runs.seen == logger.written[before:]


def test_zeros_in_front_are_skipped_and_counted(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    copy_truncate(logger.path, 1)
    size = (tmp_path / "plant.csv.1").stat().st_size
    logger.path.write_bytes(bytes(size) + logger.line().encode())
    logger.written.append(logger.number)
    follower = Follower(str(logger.path), ReadOptions(), ("a", "b"), bookmark=runs.bookmark)
    runs.seen += [int(value) for frame in follower.frames() for value in frame.values[:, 0]]
    assert runs.seen == logger.written
    assert f"{size} NUL bytes in front of the first line skipped" in follower.report.files[-1].warnings[0]


def test_behind_a_deleted_file_is_a_gap_and_what_was_rotated_since_is_read(tmp_path):
    logger, runs = Logger(tmp_path / "plant.csv"), Runs(tmp_path / "plant.csv")
    logger.append(5)
    runs.run()
    for age in (1, 2):
        logger.append(5)
        rename(logger.path, age)
    logger.append(5)
    (tmp_path / "plant.csv.2").unlink()
    later = runs.bookmark.position.modified + 1_000_000_000
    os.utime(tmp_path / "plant.csv.1", ns=(later, later))
    follower = Follower(str(logger.path), ReadOptions(), ("a", "b"), bookmark=runs.bookmark)
    found = [int(value) for frame in follower.frames() for value in frame.values[:, 0]]
    assert found == list(range(10, 20))
    assert [gap.path for gap in follower.take_gaps()] == [str(tmp_path / "plant.csv.1")]
    assert follower.take_gaps() == []
