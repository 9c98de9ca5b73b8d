"""`train --engine`: the models of one machine, and one line for each engine that cannot be used."""

import os
import socket

import pytest
from conftest import csv_text, normal_values

distributed = pytest.importorskip("distributed", reason="pip install 'lstm-anomaly[dask]'")

from lstm_anomaly.base.errors import WorkerError
from lstm_anomaly.commands.run import dask_engine

pytestmark = pytest.mark.filterwarnings("ignore")  # of distributed itself, on its way up and down

LINEAR = ("--model-kind", "linear", "--window", "8", "--threshold", "3", "--group-by", "asset")


@pytest.fixture(scope="module")
def engine():
    """A cluster of two worker processes on this machine."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp://", "dask://")


def test_an_engine_writes_the_models_and_lines_of_one_process(engine, run, tmp_path, monkeypatch):
    monkeypatch.setattr("lstm_anomaly.commands.run.dask_groups.LEAST_A_TASK", 2)
    rows = {group: csv_text(normal_values(300, k)).splitlines() for k, group in enumerate("abc")}
    rows["d"] = csv_text(normal_values(3)).splitlines()
    lines = [f"{row},{group}" for group, text in rows.items() for row in text[1:]]
    (tmp_path / "normal.csv").write_text("\n".join([f"{rows['a'][0]},asset", *lines]) + "\n")
    here = run("train", "normal.csv", "--model", "here", *LINEAR)
    there = run("train", "normal.csv", "--model", "there", *LINEAR, "--engine", engine)
    assert here.exit_code == there.exit_code == 2
    assert "asset 'd': 3 usable rows are too few" in there.stderr
    assert there.stdout == here.stdout.replace("here", "there")
    for path in (tmp_path / "here").iterdir():
        assert path.read_bytes() == (tmp_path / "there" / path.name).read_bytes(), path.name


def run_on_dask(work, jobs, engine):
    with dask_engine.connected(engine) as cluster:
        return list(cluster.run(work, jobs))


def test_a_job_whose_worker_dies_is_done_by_another_one(engine, tmp_path):
    def die_once(number):
        if number == 1 and not os.path.exists(tmp_path / "died"):
            (tmp_path / "died").touch()
            os._exit(9)
        return number

    assert run_on_dask(die_once, range(4), engine) == [0, 1, 2, 3]
    assert (tmp_path / "died").exists()


def test_a_worker_with_another_version_is_one_line(engine, monkeypatch):
    monkeypatch.setattr(dask_engine, "__version__", "9.9")
    with pytest.raises(WorkerError, match=r"has lstm-anomaly 0\.1\.0, and this is 9\.9\. Try: pip install"):
        run_on_dask(len, [""], engine)


def test_an_engine_that_does_not_answer_is_one_line(monkeypatch):
    monkeypatch.setattr(dask_engine, "SECONDS", 0.2)
    with pytest.raises(WorkerError, match=r"dask://127\.0\.0\.1:1: the engine does not answer\. Try: start"):
        run_on_dask(len, [""], "dask://127.0.0.1:1")


def test_a_port_that_takes_calls_and_says_nothing_is_one_line(monkeypatch):
    monkeypatch.setattr(dask_engine, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        with pytest.raises(WorkerError, match="the engine does not answer"):
            run_on_dask(len, [""], f"dask://127.0.0.1:{port}")


def test_an_engine_of_another_kind_is_refused(run, tmp_path):
    (tmp_path / "normal.csv").write_text(csv_text(normal_values(20)))
    result = run("train", "normal.csv", "--model", "m", "--engine", "ray://x:1", "--group-by", "flow")
    assert result.exit_code == 2
    assert "write dask://HOST:PORT" in result.stderr
