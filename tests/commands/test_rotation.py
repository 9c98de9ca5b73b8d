"""Whatever happens to a file between and during runs: no row lost or doubled, events once, gaps told."""

import os
import tempfile
from pathlib import Path

import pytest
from rotating import (
    MINUTE,
    Plant,
    copy_truncate,
    dated,
    model_for,
    moves_on,
    numbered,
    pack,
)

SEEDS, SOAK_SEEDS = 1, 50
NO_ROW = ",,,,,\n"  # what makes of any part of a row a line with too many fields
MEMORY = Path("/dev/shm")  # thousands of files are synced, which takes long on a disk


@pytest.fixture
def folder(tmp_path):
    """A folder that is quick to sync."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return model_for(tmp_path_factory.mktemp("model"))


def grow(plant, most=26, *, half=True):
    plant.log.append(int(plant.rng.integers(0, most)), half=half and plant.chance(0.3))


def goes_on(plant, happening, *, steps=(4, 8), rotates=0.5, runs=0.6):
    """Rows, runs and what happens, in an order that the seed chooses, and two runs at the end."""
    grow(plant)
    plant.log.append(1)
    plant.run()
    for _ in range(int(plant.rng.integers(*steps))):
        grow(plant)
        if plant.chance(runs):
            plant.run()
        if plant.chance(rotates):
            happening()
    ends(plant)


def ends(plant):
    plant.log.append(2)
    plant.run()
    plant.run()


def renamed(plant):
    form = ["plant.csv.{}", "plant.{}.csv", "plant.csv-{}"][plant.rng.integers(3)]
    goes_on(plant, lambda: numbered(plant, form))


def two_between_runs(plant):
    goes_on(plant, lambda: [(numbered(plant, "plant.csv.{}"), grow(plant)) for _ in range(3)], runs=0.4)


def copied_and_truncated(plant):
    goes_on(plant, lambda: copy_truncate(plant))


def zeros_in_front(plant):
    plant.log.appends = False

    def happening():
        copy_truncate(plant)
        plant.log.append(1)

    goes_on(plant, happening)


def packed(plant):
    form = ["plant.csv.{}", "plant.{}.csv"][plant.rng.integers(2)]
    packing = [".gz", ".bz2", ".xz"][plant.rng.integers(3)]
    goes_on(plant, lambda: numbered(plant, form, packing))


def packed_step_by_step(plant):
    """Runs come between the steps of gzip: the archive is cut, or whole, while the file is still there."""

    def happening():
        numbered(plant, "plant.csv.{}")
        grow(plant)
        first = plant.folder / "plant.csv.1"
        pack(first, ".gz", keep=True)
        archive = plant.folder / "plant.csv.1.gz"
        whole, times = archive.read_bytes(), first.stat().st_mtime_ns
        archive.write_bytes(whole[: int(plant.rng.integers(0, len(whole)))])
        plant.run()
        grow(plant)
        archive.write_bytes(whole)
        os.utime(archive, ns=(times, times))
        if plant.chance(0.5):
            plant.run()
        if plant.chance(0.5):
            first.unlink()

    goes_on(plant, happening)


def dated_names(plant):
    form = ["plant.csv-{y}{m}{d}", "plant-{y}{m}{d}.csv", "plant-{d}-{m}-{y}.csv", "plant.csv_{y}-{m}-{d}"]
    form, packing = form[plant.rng.integers(4)], ["", ".gz"][plant.rng.integers(2)]
    goes_on(plant, lambda: dated(plant, form, packing))


def timed_names(plant):
    form = ["plant.csv.{y}-{m}-{d}", "plant.csv.{y}-{m}-{d}_{h}-00-00", "plant.csv.{y}-{m}-{d}_{h}"]
    form = form[plant.rng.integers(3)]
    goes_on(plant, lambda: dated(plant, form), rotates=0.8)


def another_folder(plant):
    plant.more = ("--rotated", "old/p-*")
    goes_on(plant, lambda: dated(plant, "old/p-plant-{d}{m}{y}", ["", ".gz"][plant.rng.integers(2)]))


def added_columns(plant):
    names = list(plant.log.names)

    def happening():
        if len(names) < 8 and plant.chance(0.7):
            names.append(f"extra_{len(names)}")
        plant.log.names = (names[0], *plant.rng.permutation(names[1:]).tolist())
        numbered(plant, "plant.csv.{}")

    goes_on(plant, happening)


def repeated_headers(plant):
    def happening():
        plant.log.forget_half(end=NO_ROW)
        plant.log.put(",".join(plant.log.names) + "\n")
        if plant.chance(0.3):
            numbered(plant, "plant.csv.{}")

    goes_on(plant, happening)


def truncated(plant):
    def happening():
        if plant.chance(0.5):
            plant.run()
        plant.log.forget_half()
        os.truncate(plant.log.path, 0)
        plant.log.begin()

    goes_on(plant, happening)


def retention(plant):
    keep = int(plant.rng.integers(1, 3))
    goes_on(plant, lambda: numbered(plant, "plant.csv.{}", keep=keep), runs=0.3, rotates=0.8, steps=(6, 12))


def before_the_first_row(plant):
    """The first run sees a header alone, and the file is rotated before another run sees rows."""
    plant.run()
    happening = [
        lambda: numbered(plant, "plant.csv.{}"),
        lambda: numbered(plant, "plant.csv.{}", ".gz"),
        lambda: copy_truncate(plant),
        lambda: dated(plant, "plant.csv.{y}-{m}-{d}"),
    ][plant.rng.integers(4)]
    for _ in range(int(plant.rng.integers(1, 4))):
        plant.log.append(int(plant.rng.integers(1, 30)))
        happening()
    ends(plant)


def during_a_run(plant, monkeypatch):
    happening = [
        lambda: numbered(plant, "plant.csv.{}"),
        lambda: numbered(plant, "plant.csv.{}", ".gz"),
        lambda: copy_truncate(plant),
        lambda: dated(plant, "plant.csv.{y}-{m}-{d}"),
    ][plant.rng.integers(4)]
    plant.log.append(10)
    plant.run()
    for _ in range(4):
        plant.log.append(int(plant.rng.integers(1, 60)))
        for _ in range(int(plant.rng.integers(0, 3))):
            happening()
            grow(plant, 40)
        with monkeypatch.context() as patch:
            moves_on(plant, patch, happening, int(plant.rng.integers(1, 4)))
            plant.run()
    ends(plant)


def killed(plant):
    happening = [lambda: numbered(plant, "plant.csv.{}", ".gz"), lambda: copy_truncate(plant)]
    happening = happening[plant.rng.integers(2)]
    plant.log.append(5)
    plant.run()
    for _ in range(int(plant.rng.integers(4, 8))):
        plant.log.append(int(plant.rng.integers(1, 30)))
        plant.run_that_dies(float(plant.rng.uniform(0.001, 0.08)))
        if plant.chance(0.4):
            happening()
    ends(plant)


def full_disk(plant):
    plant.log.append(5)
    plant.run()
    for _ in range(int(plant.rng.integers(4, 8))):
        plant.log.append(int(plant.rng.integers(1, 30)))
        plant.run_without_room(int(plant.rng.integers(0, 60_000)))
        if plant.chance(0.4):
            numbered(plant, "plant.csv.{}")
    ends(plant)


def clock_steps(plant):
    """The logger's clock is set back or forward, by seconds to days; no stamp comes twice."""

    def happening():
        if plant.chance(0.5):
            numbered(plant, "plant.csv.{}")
        plant.log.forget_half(end=NO_ROW)
        plant.log.now += int(plant.rng.choice([-60 * 24, -61, -5, 30, 600, 60 * 48])) * MINUTE + MINUTE // 60

    goes_on(plant, happening)


AT_LEAST_ONCE = {killed, full_disk}  # an event comes again where a run ended before it could remember it
SCENARIOS = (
    renamed,
    two_between_runs,
    copied_and_truncated,
    zeros_in_front,
    packed,
    packed_step_by_step,
    dated_names,
    timed_names,
    another_folder,
    added_columns,
    repeated_headers,
    truncated,
    retention,
    before_the_first_row,
    during_a_run,
    killed,
    full_disk,
    clock_steps,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("seeds", [SEEDS, pytest.param(SOAK_SEEDS, marks=pytest.mark.soak)])
def test_no_row_is_lost_or_doubled(folder, monkeypatch, model, scenario, seeds):
    for seed in range(seeds):
        plant = Plant(folder / str(seed), model, seed)
        scenario(*([plant, monkeypatch] if scenario is during_a_run else [plant]))
        assert plant.faults(once=scenario not in AT_LEAST_ONCE) == [], f"seed {seed}"
