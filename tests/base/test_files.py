"""Atomic writing: the old file or the new one, with its permissions, through links, without litter."""

import os
import stat

import pytest

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.files import append_from, atomic_write
from lstm_anomaly.base.locks import locked


def write(path, content):
    with atomic_write(path) as file:
        file.write(content)


def test_the_file_is_replaced_when_the_block_ends(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_an_error_inside_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail_half_way():
        with atomic_write(path) as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_the_file_is_read_back_before_it_takes_the_place_of_the_old_one(tmp_path):
    path, seen = tmp_path / "x", []
    path.write_bytes(b"old")
    with atomic_write(
        path, lambda temporary: seen.append((temporary.read_bytes(), path.read_bytes()))
    ) as file:
        file.write(b"new")
    assert seen == [(b"new", b"old")]
    assert path.read_bytes() == b"new"


def test_what_reading_back_raises_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def refuse(temporary):
        raise OutputError("no")

    with pytest.raises(OutputError, match="no"), atomic_write(path, refuse) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_permissions_of_an_existing_file_are_kept(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path):
    write(tmp_path / "ours", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_files_that_killed_runs_left_are_removed_and_others_are_not(tmp_path):
    dead = 2**22 + 1  # beyond any process id
    litter, other = tmp_path / f".x.{dead}.tmp", tmp_path / f".y.{dead}.tmp"
    litter.write_bytes(b"")
    other.write_bytes(b"")
    write(tmp_path / "x", b"")
    assert not litter.exists()
    assert other.exists()


def test_a_device_is_written_to(tmp_path):
    write("/dev/null", b"anything")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_full_disk_names_the_path_and_the_reason():
    with pytest.raises(OutputError, match="/dev/full: cannot write: No space left"):
        write("/dev/full", b"anything")


def test_a_temporary_name_cannot_be_foreseen_and_no_link_is_followed(tmp_path, monkeypatch):
    names = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (names.append(os.fspath(old)), replace(old, new)))
    for _ in range(2):
        write(tmp_path / "x", b"new")
    assert len({name.rsplit("-", 1)[1] for name in names}) == 2
    monkeypatch.setattr("lstm_anomaly.base.files.secrets.token_hex", lambda count: "known")
    monkeypatch.setattr("lstm_anomaly.base.files._remove_leftovers", lambda target: None)
    (tmp_path / f".x.{os.getpid()}-known.tmp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="File exists"):
        write(tmp_path / "x", b"newer")
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "x").read_bytes() == b"new"


def test_a_secret_file_is_never_readable_by_others_while_it_is_written(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    path.chmod(0o600)
    with atomic_write(path) as file:
        file.write(b"new")
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_of_an_existing_file_is_kept(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    write(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("open_", [atomic_write, lambda path: append_from(path, 0), locked])
@pytest.mark.parametrize("plant", ["link", "pipe", "second name"])
def test_what_another_user_may_have_planted_in_a_shared_folder_is_refused(tmp_path, open_, plant):
    path, elsewhere = tmp_path / "shared" / "x", tmp_path / "elsewhere"
    path.parent.mkdir()
    elsewhere.write_bytes(b"precious")
    if plant == "second name":
        path.hardlink_to(elsewhere)
    else:
        path.symlink_to(elsewhere) if plant == "link" else os.mkfifo(path)
        os.chown(path, 12345, -1, follow_symlinks=False)
    path.parent.chmod(0o1777)
    with pytest.raises(OutputError, match="in a folder where all may make such"), open_(path):
        raise AssertionError("it was opened")
    assert elsewhere.read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "shared"]


@pytest.mark.parametrize("open_", [atomic_write, lambda path: append_from(path, 0)])
def test_own_links_in_a_shared_folder_are_followed(tmp_path, open_):
    (tmp_path / "x").symlink_to(tmp_path / "elsewhere")
    tmp_path.chmod(0o1777)
    with open_(tmp_path / "x") as file:
        file.write(b"new")
    assert (tmp_path / "elsewhere").read_bytes() == b"new"
