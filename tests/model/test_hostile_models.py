"""Model files by strangers: mutated, cut, hostile; each is refused with its name, and none runs anything."""

import io
import os
import pickle
import resource
import subprocess
import sys
import tarfile
import time
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from forged import forged, packed
from small_models import series_of, small_model

from lstm_anomaly.base.container import MAX_BYTES, load_arrays
from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.model.file import read_model, write_model
from lstm_anomaly.model.judge import judge

MUTANTS, CUTS = 2000, 500
SOAKED = 50_000
FORGED, FORGED_SOAKED = 150, 20_000


def rows(count, seed=0):
    wave = np.sin(np.arange(count)[:, np.newaxis] / 9 + np.arange(3))
    return wave + 0.1 * np.random.default_rng(seed).normal(size=(count, 3))


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "pump.model"
    write_model(small_model(rows(600), kind="lstm"), path)
    return path.read_bytes()


def scores_of(path):
    return judge(read_model(path), series_of(rows(60, seed=1))).scores


def is_refused_or_equal(path, content, wanted):
    """Whether the file with this content is refused with its name, or scores to the same bits, in 2 s."""
    path.write_bytes(content)
    began = time.process_time()  # which does not run on while other programs have the processor
    try:
        found = scores_of(path)
    except ModelFileError as error:
        return str(error).startswith(str(path))
    finally:
        assert time.process_time() - began < 2
    np.testing.assert_array_equal(found, wanted)
    return False


def most_memory():
    """Bytes that this process has had at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("count", [MUTANTS, pytest.param(SOAKED, marks=pytest.mark.soak)])
def test_a_model_with_changed_bytes_is_refused_or_scores_to_the_same_bits(content, tmp_path, rng, count):
    path = tmp_path / "pump.model"
    path.write_bytes(content)
    wanted = scores_of(path)
    before = most_memory()
    harmless = 0
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(int(rng.integers(1, 4))):
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
        harmless += not is_refused_or_equal(path, bytes(changed), wanted)
    assert harmless < count / 5  # dates and the like in the zip's own headers
    assert most_memory() - before < 300e6


@pytest.mark.parametrize("count", [CUTS, pytest.param(SOAKED // 4, marks=pytest.mark.soak)])
def test_a_model_that_is_cut_is_refused(content, tmp_path, rng, count):
    path = tmp_path / "pump.model"
    before = most_memory()
    for length in rng.integers(0, len(content), count):
        assert is_refused_or_equal(path, content[: int(length)], None)
    assert most_memory() - before < 300e6


def with_switches(values):
    """Rows (n, 3) with a sensor that switches, and one that stands still."""
    return np.column_stack([values, np.arange(len(values)) // 200 % 2, np.full(len(values), 7.0)])


@pytest.mark.parametrize("count", [FORGED, pytest.param(FORGED_SOAKED, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", ["lstm", "linear"])
def test_a_forged_model_is_refused_or_judges_all_rows_and_fires(tmp_path, kind, count):
    """Whoever changes numbers can make the checksum fit again; then a number's bounds have to hold."""
    path = tmp_path / "pump.model"
    write_model(small_model(with_switches(rows(600)), kind=kind), path)
    header, arrays = load_arrays(path)
    usual, wild = (with_switches(rows(60, seed)) for seed in (1, 2))
    wild[30:] += [50, -50, 80, 40, 9]
    rng, sound = np.random.default_rng(7), 0
    for _ in range(count):
        changed, others, what = forged(header, arrays, rng)
        path.write_bytes(packed(changed, others))
        try:
            model = read_model(path)
        except ModelFileError:
            continue
        sound += 1
        assert np.isfinite(judge(model, series_of(usual)).scores[7:]).all(), what
        assert (judge(model, series_of(wild)).scores[30:] > 1).mean() > 0.9, what
    assert count / 20 < sound < count / 2


class Runs:
    """Pickles into a call that leaves a file behind."""

    def __init__(self, sign):
        self.sign = sign

    def __reduce__(self):
        return os.mkdir, (str(self.sign),)


def zipped(members, **how):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a name that comes twice
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def npy(array, **how):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **how)
    return out.getvalue()


def with_header(text):
    """A `.npy` member whose own header is this text."""
    text = text.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


def tarred(data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("data.pkl"), io.BytesIO(data))
    return out.getvalue()


def hostile_files(content, sign):
    """Name -> content of files that would run something, fill the memory, or write elsewhere."""
    evil = Runs(sign)
    members = zipfile.ZipFile(io.BytesIO(content))
    usual = [(name, members.read(name)) for name in members.namelist()]
    objects = npy(np.array([evil], dtype=object), allow_pickle=True)
    shape = "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }"
    files = {f"pickle, protocol {protocol}": pickle.dumps(evil, protocol) for protocol in range(6)}
    files |= {
        "a pickle behind a zip's sign": b"PK\x03\x04" + pickle.dumps(evil),
        "a pickle before a zip": pickle.dumps(evil) + content,
        "an object array": objects,
        "an object array in the zip": zipped([("header.npy", objects)]),
        "objects beside the usual members": zipped([*usual, ("extra.npy", objects)]),
        "objects in the place of weights": zipped([*usual[:1], (usual[1][0], objects), *usual[2:]]),
        "a pickle in the place of the header": zipped([("header.npy", pickle.dumps(evil)), *usual[1:]]),
        "a torch file": zipped([("archive/data.pkl", pickle.dumps(evil)), ("archive/version", b"3\n")]),
        "a keras file": zipped(
            [("config.json", b'{"class_name": "Lambda"}'), ("model.weights.h5", b"\x89HDF")]
        ),
        "a joblib file": b"\x80\x04" + pickle.dumps([evil]),
        "a tar of a pickle": tarred(pickle.dumps(evil)),
        "a member elsewhere": zipped([*usual, ("../../evil.npy", npy(np.ones(1)))]),
        "a member at the root": zipped([*usual, ("/tmp/evil.npy", npy(np.ones(1)))]),
        "a member twice": zipped([*usual, usual[0]]),
        "a compressed bomb": zipped([("header.npy", bytes(MAX_BYTES + 1))], compression=zipfile.ZIP_DEFLATED),
        "a bomb in the usual place": zipped(
            [*usual[:1], (usual[1][0], bytes(20_000_000)), *usual[2:]], compression=zipfile.ZIP_DEFLATED
        ),
        "a header that calls": zipped([("header.npy", with_header("__import__('os').mkdir('x')"))]),
        "a header of a huge shape": zipped([("header.npy", with_header(shape % "(10**12,)"))]),
        "a shape beyond all": zipped([("header.npy", with_header(shape % "(9223372036854775807, 9)"))]),
        "a negative shape": zipped([("header.npy", with_header(shape % "(-1,)"))]),
        "a structured type": zipped(
            [("header.npy", npy(np.zeros(2, dtype=[("a", "O")]), allow_pickle=True))]
        ),
        "a header nested without end": zipped([("header.npy", with_header("[" * 110))]),
        "JSON nested without end": zipped(
            [("header.npy", npy(np.frombuffer(b"[" * 200_000, dtype=np.uint8))), *usual[1:]]
        ),
        "a number without end": zipped(
            [("header.npy", npy(np.frombuffer(b"9" * 50_000, dtype=np.uint8))), *usual[1:]]
        ),
    }
    return files


def test_thirty_hostile_files_are_refused_and_run_nothing(content, tmp_path):
    sign = tmp_path / "ran"
    files = hostile_files(content, sign)
    assert len(files) >= 30
    for name, hostile in files.items():
        path = tmp_path / "pump.model"
        path.write_bytes(hostile)
        tracemalloc.start()
        with pytest.raises(ModelFileError, match=r"pump\.model"):
            read_model(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 300e6, name
        assert not sign.exists(), name
    pickle.loads(pickle.dumps(Runs(sign)))  # so they would have run
    assert sign.exists()


AUDIT = """
import sys
from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.model.file import read_model

def watch(event, arguments):
    if event in ("exec", "compile", "os.system", "subprocess.Popen", "socket.connect", "pickle.find_class"):
        print("saw", event, arguments)

for path in sys.argv[1:]:  # once, so that everything is imported
    try:
        read_model(path)
    except ModelFileError:
        pass
sys.addaudithook(watch)
for path in sys.argv[1:]:
    try:
        read_model(path)
    except ModelFileError:
        pass
"""


def test_nothing_is_compiled_executed_or_connected_while_a_model_is_read(content, tmp_path):
    files = {"the model itself": content, **hostile_files(content, tmp_path / "ran")}
    paths = []
    for number, hostile in enumerate(files.values()):
        paths.append(tmp_path / f"{number}.model")
        paths[-1].write_bytes(hostile)
    done = subprocess.run([sys.executable, "-c", AUDIT, *paths], capture_output=True, text=True, check=False)
    # NumPy reads the literal in an array's own header with the compiler's parser, which runs nothing.
    saw = [line for line in done.stdout.splitlines() if "PyCF_ONLY_AST" not in line]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in saw if not line.startswith("saw compile")] == []
