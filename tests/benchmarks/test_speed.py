"""The speed benchmark: how pairs become a row of the table, and what the roofline counts."""

import sys
from pathlib import Path

import pytest
from scripts import load_script

SPEED = "benchmarks/speed"


@pytest.fixture
def part(monkeypatch):
    """A file of the benchmark as a module; its files import each other by name, as in a folder that runs."""
    folder = Path(__file__).parent.parent.parent / SPEED
    monkeypatch.syspath_prepend(str(folder))
    names = {path.stem for path in folder.glob("*.py")}
    for name in names & set(sys.modules):
        monkeypatch.delitem(sys.modules, name)
    return lambda name: load_script(f"{SPEED}/{name}.py")


def test_a_row_has_medians_and_the_median_of_the_ratios(part):
    measure = part("measure")
    row = measure.Row.of("w", "peer", 1, [(1.0, 2.0), (3.0, 4.0), (2.0, 8.0)], 0.5)
    assert (row.ours, row.theirs, row.ratio, row.least, row.most) == (2.0, 4.0, 0.5, 0.25, 0.75)


def test_a_line_says_whether_the_goal_was_met(part):
    speed, measure = part("table"), part("measure")
    row = measure.Row.of("scoring", "peer", 2, [(1.0, 2.0)], 0.5)
    assert speed.line(row) == "| scoring | peer | 2 | 1.00 s | 2.00 s | 0.50 | 0.50..0.50 | 0.5 met |  |"
    missed = measure.Row.of("scoring", "peer", 2, [(3.0, 2.0)], 0.5)
    assert "0.5 missed" in speed.line(missed)


def test_measured_processes_are_free_of_what_slows_blas_down(part, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    environment = part("measure").environment(2)
    assert "OPENBLAS_CORETYPE" not in environment
    assert environment["OPENBLAS_NUM_THREADS"] == "1"


def test_a_chosen_kernel_reaches_what_a_measured_process_starts(part, monkeypatch):
    measure = part("measure")
    environment = measure.environment(1, "Haswell")
    assert environment["OPENBLAS_CORETYPE"] == "Haswell"
    monkeypatch.setattr("os.environ", environment)
    assert measure.environment(1)["OPENBLAS_CORETYPE"] == "Haswell"


def test_ratios_of_several_kernels_stand_beside_each_other(part):
    speed, row = part("table"), part("measure").Row
    step, start = (row.of(work, "peer", 1, [(1.0, 2.0)], 0.5) for work in ("step", "start"))
    lines = speed.beside({"Haswell": [step, start], "SkylakeX": [start]})
    assert lines[0] == "| work | against | cores | Haswell (AVX2) | SkylakeX (AVX-512) |"
    assert lines[2:] == ["| step | peer | 1 | 0.50 |  |", "| start | peer | 1 | 0.50 | 0.50 |"]


def test_the_roofline_counts_every_product_of_a_step(part):
    """One sensor, one unit, one step, one window, by hand: see docs/speed.md."""
    encoder, decoder, output = 4 * 3, 4 * 1, 1  # multiply-adds: 4 gates of [h, x, 1]; of h; one output
    states = 4 + 4 + 1  # gradients that go back through W_h twice, and through the output
    assert part("steps").product_flops((1, 1, 1, 1)) == 2 * (2 * (encoder + decoder + output) + states)


def test_the_exponent_is_the_slope_of_the_log_log_plot(part):
    assert part("scaling").exponent((1, 2, 4), (3.0, 12.0, 48.0)) == pytest.approx(2)


def test_a_training_step_of_the_benchmark_learns(part):
    step, shards = part("steps").our_step((2, 6, 8, 32), processes=1)
    losses = [step() for _ in range(30)]
    shards.close()
    assert losses[-1] < losses[0]
