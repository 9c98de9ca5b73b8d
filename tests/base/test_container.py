"""The model file's container: round trip, same bytes, and refusal of whatever is not one."""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from forged import packed

from lstm_anomaly.base import files
from lstm_anomaly.base.container import load_arrays, save_arrays
from lstm_anomaly.base.errors import ModelFileError, OutputError
from lstm_anomaly.base.zip_directory import directory_of_zip

HEADER = {"sensors": ["a", "b"], "window": 3}


def arrays():
    return {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "center": np.array([0.5, 1.5])}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "x.model"
    save_arrays(path, HEADER, arrays())
    return path


def test_what_was_saved_is_loaded(saved):
    header, loaded = load_arrays(saved)
    assert header["sensors"] == ["a", "b"]
    assert header["window"] == 3
    for name, array in arrays().items():
        assert loaded[name].dtype == array.dtype
        np.testing.assert_array_equal(loaded[name], array)


def test_the_same_content_gives_the_same_bytes(saved, tmp_path):
    save_arrays(tmp_path / "again", HEADER, arrays())
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_a_pipe_gets_the_same_bytes_and_may_be_read(saved, tmp_path):
    reader, writer = os.pipe()
    save_arrays(f"/dev/fd/{writer}", HEADER, arrays())
    assert os.read(reader, 1 << 16) == saved.read_bytes()
    os.write(writer, saved.read_bytes())
    os.close(writer)
    assert load_arrays(f"/dev/fd/{reader}")[0]["window"] == 3
    os.close(reader)


def test_a_missing_file_is_named():
    with pytest.raises(ModelFileError, match=r"nowhere\.model: cannot read the model: No such file"):
        load_arrays("nowhere.model")


@pytest.mark.parametrize(
    "content", [b"", b"x", b"PK\x03\x04 cut", b"time,temp\n1,2\n", pickle.dumps({"a": 1}), b"\0" * 5000]
)
def test_foreign_content_is_refused(tmp_path, content):
    path = tmp_path / "foreign"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a model file"):
        load_arrays(path)


def test_a_pickled_array_is_refused_and_not_run(tmp_path):
    ran = tmp_path / "ran"

    class Hostile:
        def __reduce__(self):
            return (open, (str(ran), "w"))

    path = tmp_path / "hostile"
    with open(path, "wb") as file:
        np.savez(file, header=np.array([Hostile()], dtype=object))
    with pytest.raises(ModelFileError):
        load_arrays(path)
    assert not ran.exists()


def test_every_truncation_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(ModelFileError):
            load_arrays(path)


def test_a_changed_byte_is_refused_or_changes_nothing(saved, tmp_path, rng):
    content = saved.read_bytes()
    path = tmp_path / "changed"
    refused = 0
    for position in rng.integers(len(content), size=600):
        changed = bytearray(content)
        changed[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            header, loaded = load_arrays(path)
        except ModelFileError:
            refused += 1
        else:
            assert header["window"] == 3
            for name, array in arrays().items():
                np.testing.assert_array_equal(loaded[name], array)
    assert refused > 300


def rewritten(source, target, change):
    """Copy an npz, with `change(members)` in between."""
    with zipfile.ZipFile(source) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m.update({"more.npy": npy(np.ones(2))}), "members"),
        (lambda m: m.pop("W.npy"), "members"),
        (lambda m: m.update({"W.npy": npy(np.ones((2, 4), np.float32))}), "belongs there"),
        (lambda m: m.update({"W.npy": npy(np.ones((2, 3)))}), "belongs there"),
        (lambda m: m.update({"W.npy": npy(np.full((2, 3), np.nan, np.float32))}), "not finite"),
        (lambda m: m.update({"W.npy": npy(np.zeros((2, 3), np.float32))}), "checksum"),
        (lambda m: m.update({"header.npy": npy(np.frombuffer(b"[]", np.uint8))}), "not a model"),
        (
            lambda m: m.update(
                {"header.npy": m["header.npy"].replace(b'"format_version": 2', b'"format_version": 9')}
            ),
            "by a later lstm-anomaly: format version 9; this program reads version 2. Try: upgrade",
        ),
        (
            lambda m: m.update(
                {"header.npy": m["header.npy"].replace(b'"format_version": 2', b'"format_version": 1')}
            ),
            "by an earlier lstm-anomaly: format version 1; this program reads version 2. Try: train it again",
        ),
        (
            lambda m: m.update({"header.npy": m["header.npy"].replace(b'"window": 3', b'"window": 4')}),
            "checksum",
        ),
    ],
)
def test_each_inconsistency_is_refused_with_its_reason(saved, tmp_path, change, reason):
    rewritten(saved, tmp_path / "odd", change)
    with pytest.raises(ModelFileError, match=reason):
        load_arrays(tmp_path / "odd")


def test_a_bomb_is_refused_unread(tmp_path):
    path = tmp_path / "bomb"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(2**27))
    with pytest.raises(ModelFileError, match="more bytes than a model"):
        load_arrays(path)


def zip_end(count, size):
    """The record at the end of a zip that holds so many files, listed in so many bytes."""
    return struct.pack("<4s4HIIH", b"PK\5\6", 0, 0, count, count, size, 0, 0)


def zip_end_64(count, size, place):
    """The records in front of that with the same in 64 bits, the first of which stands at a place."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 0)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, place, 1)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (b"no zip", (0, 0)),
        (zip_end(3, 150), (3, 150)),
        (zip_end(3, 150)[:-2] + struct.pack("<H", 4) + b"note", (3, 150)),
        (zip_end(0, 0x06054B50), (0, 0x06054B50)),  # which looks like another such record
        (zip_end_64(10**6, 10**8, place=4) + zip_end(0xFFFF, 0xFFFFFFFF), (10**6, 0xFFFFFFFF)),
        (zip_end_64(10**6, 10**8, place=4) + zip_end(1, 50), (10**6, 10**8)),
        (zip_end_64(10**6, 10**8, place=99) + zip_end(1, 50), (10**6, 10**8)),  # zipfile looks here
    ],
)
def test_how_many_files_a_zip_lists_is_known_before_they_are_read(end, told):
    assert directory_of_zip(io.BytesIO(b"PK\3\4" + end)) == told


def test_a_model_of_a_million_members_is_refused_by_the_record_at_its_end(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(b"PK\3\4" + bytes(9) + zip_end(60_000, 6_000_000))
    with pytest.raises(ModelFileError, match="holds more members than a model can have"):
        load_arrays(path)


def test_a_failed_save_leaves_the_old_file_and_no_other(saved):
    before = saved.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        save_arrays(saved, {"not finite": float("nan")}, arrays())
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path):
    with pytest.raises(OutputError, match="cannot write: No such file or directory"):
        save_arrays(tmp_path / "no" / "x.model", HEADER, arrays())


def keeps_a_stray_member(content):
    """As `np.savez(..., allow_pickle=False)` does before NumPy 2.2."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("allow_pickle.npy", npy(np.array(False)))
    return out.getvalue()


def flips_a_bit(content):
    """In the last number of an array: neither zip nor NumPy's headers are touched, only their checksum."""
    changed = bytearray(content)
    changed[content.index(arrays()["center"].tobytes())] ^= 1
    return bytes(changed)


def writes_other_numbers(content):
    """A sound file, with a checksum that fits, that holds something else."""
    return packed(HEADER, {**arrays(), "center": np.array([0.5, 1.75])})


def writes_another_header(content):
    return packed({**HEADER, "window": 4}, arrays())


def is_cut(content):
    return content[:-100]


def is_empty(content):
    return b""


FAULTS = {
    keeps_a_stray_member: "its members are not those that the header lists: allow_pickle.npy",
    flips_a_bit: "CRC",
    writes_other_numbers: "it does not read back as written, in center",
    writes_another_header: "it does not read back as written, in window",
    is_cut: "damaged",
    is_empty: "not a model file",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_read_back_does_not_replace_the_old_one(saved, monkeypatch, fault):
    before, real = saved.read_bytes(), files.sync

    def sync(file):
        file.flush()
        content = fault(Path(file.name).read_bytes())
        file.seek(0)
        file.truncate()
        file.write(content)
        real(file)

    monkeypatch.setattr(files, "sync", sync)
    with pytest.raises(OutputError) as caught:
        save_arrays(saved, HEADER, arrays())
    told = str(caught.value)
    assert told.startswith(f"{saved}: the model was written but cannot be read back (")
    assert FAULTS[fault] in told
    assert "is kept. Try: another disk; if " in told
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        *((each, "report it") for each in (ValueError, KeyError, IndexError, AttributeError, ModelFileError)),
        (MemoryError, "fewer rows"),
    ],
)
def test_what_cannot_be_understood_is_not_put_in_place_of_the_old_file(saved, error, hint):
    before = saved.read_bytes()

    def understand(header, found):
        assert header["window"] == 4
        np.testing.assert_array_equal(found["center"], arrays()["center"])
        raise error("of no use")

    with pytest.raises(OutputError, match=rf"cannot be read back .*of no use.* Try: {hint}"):
        save_arrays(saved, HEADER | {"window": 4}, arrays(), understand=understand)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_an_array_that_no_reader_takes_is_not_written(tmp_path):
    with pytest.raises(OutputError, match="the type '<i4', which these files do not use"):
        save_arrays(tmp_path / "x.model", HEADER, {"a": np.zeros(2, np.int32)})
    assert list(tmp_path.iterdir()) == []
