"""The commands of docs/recipes.md, run as they stand there, against the real programs where there are any."""

import csv
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
import urllib.request

import numpy as np
import pytest
from conftest import normal_values
from pages import environment
from scripts import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the recipes are for a Linux shell")


NEGATE = "/usr/lib/nagios/plugins/negate"  # of Debian's monitoring-plugins-basic


def needs_program(name):
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def recipe(heading):
    """The command below a heading of the page."""
    text = (ROOT / "docs" / "recipes.md").read_text()
    return re.search(rf"^## {heading}.*?```sh\n(.*?)```", text, re.M | re.S)[1]


@pytest.fixture
def folder(trained, tmp_path):
    """Where the recipes run: normal.csv, today.csv with an event, pump.model."""
    for name, source in (("normal", "normal.csv"), ("today", "new.csv")):
        shutil.copy(trained / source, tmp_path / f"{name}.csv")
    shutil.copy(trained / "pump.model", tmp_path)
    (tmp_path / "textfiles").mkdir()
    return tmp_path


def run_recipe(heading, folder):
    return run(["sh", "-c", recipe(heading)], folder)


def run(words, folder):
    return subprocess.run(
        words,
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@needs_program("mosquitto_sub")
def test_mosquitto_carries_rows_in_and_events_out(folder):
    port = free_port()
    with subprocess.Popen(
        ["mosquitto", "-v", "-p", port], env=environment(), stderr=subprocess.PIPE, text=True
    ) as broker:

        def wait_for(text):
            assert any(text in line for line in broker.stderr), text

        try:
            wait_for("running")
            alarms = subprocess.Popen(
                ["mosquitto_sub", "-p", port, "-t", "plant/alarms", "-C", "1", "-W", "50"],
                stdout=subprocess.PIPE,
                text=True,
            )
            wait_for("plant/alarms (QoS 0)")
            pipe = subprocess.Popen(
                ["sh", "-c", recipe("Mosquitto")],
                cwd=folder,
                env=environment(PORT=port),
                start_new_session=True,
            )
            wait_for("plant/pump (QoS 0)")
            threading.Thread(target=broker.stderr.read, daemon=True).start()  # or its pipe fills up
            rows = "".join((folder / "today.csv").read_text().splitlines(keepends=True)[1:])
            publish = ["mosquitto_pub", "-p", port, "-t", "plant/pump", "-l"]
            subprocess.run(publish, input=rows, text=True, timeout=50, check=True)
            event = json.loads(alarms.communicate(timeout=60)[0])
            os.killpg(pipe.pid, 15)
            pipe.wait(timeout=20)
        finally:
            broker.terminate()
            broker.wait(timeout=20)
    assert event["start"].startswith("2024-03-05 0")
    assert event["sensors"][0]["sensor"] == "temp_c"


def test_telegraf_gets_its_metrics_back_with_a_verdict_on_each_time(run, tmp_path):
    values = normal_values(740)
    values[730:, 0] += 6
    times = 1_710_374_700_000_000_000 + np.arange(740) * 60_000_000_000
    metrics = [
        f"pump,host=a x={x:.4f},y={y:.4f} {time}\n" for (x, y, _), time in zip(values, times, strict=True)
    ]
    (tmp_path / "history.lp").write_text("".join(metrics[:700]))
    args = shlex.split(recipe("Telegraf"))[1:]
    assert run(*args, "--model-kind", "linear", "--threshold", "3").exit_code == 0
    page = (ROOT / "docs" / "recipes.md").read_text()
    (settings,) = tomllib.loads(re.search(r"```toml\n(.*?)```", page, re.S)[1])["processors"]["execd"]
    with subprocess.Popen(
        settings["command"], cwd=tmp_path, env=environment(), stdin=-1, stdout=-1, bufsize=0
    ) as process:
        guard = threading.Timer(50, process.kill)
        guard.start()
        process.stdin.write("".join(metrics[700:703]).encode())
        told = [process.stdout.readline().decode() for _ in range(3)]
        assert told == metrics[700:703]
        verdicts = []
        for metric in metrics[703:]:
            process.stdin.write(metric.encode())
            assert process.stdout.readline().decode() == metric
            if metric == metrics[703]:
                verdicts += [process.stdout.readline().decode() for _ in range(2)]
            verdicts.append(process.stdout.readline().decode())  # on the time before; this one waits
        process.stdin.close()  # as Telegraf does when it stops
        verdicts += process.stdout.read().decode().splitlines(keepends=True)
        guard.cancel()
    assert process.returncode == 0
    assert [line.rsplit(" ", 1)[1] for line in verdicts] == [f"{time}\n" for time in times[700:]]
    assert verdicts[0] == f'lstm_anomaly state="unknown" {times[700]}\n'
    assert re.match(r'lstm_anomaly state="normal",score=0\.\d+,sensor="pump\.[xy] host=a" ', verdicts[29])
    assert re.match(r'lstm_anomaly state="anomaly",score=\d\S*,sensor="pump\.x host=a" ', verdicts[30])


@needs_program("promtool")
def test_prometheus_reads_the_metrics(folder):
    done = run_recipe("node_exporter", folder)
    assert done.returncode == 0, done.stderr
    text = (folder / "textfiles" / "pump.prom").read_bytes()
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


@needs_program("prometheus-node-exporter")
def test_node_exporter_serves_the_metrics(folder, run):
    assert run(*shlex.split(recipe("node_exporter"))[1:]).exit_code == 0
    args = ["--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics"]
    args += [f"--collector.textfile.directory={folder / 'textfiles'}"]
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(
        ["prometheus-node-exporter", *args, f"--web.listen-address={address}"], stderr=subprocess.PIPE
    ) as exporter:
        try:
            assert any(address.encode() in line for line in exporter.stderr)
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as page:
                served = page.read().decode()
        finally:
            exporter.terminate()
    assert "node_textfile_scrape_error 0\n" in served
    assert re.search(r"^lstm_anomaly_event_open\{.*\} [01]$", served, re.M)


@needs_program("systemd-analyze")
def test_systemd_takes_the_units(folder):
    (folder / "pump.state").touch()
    done = run_recipe("systemd", folder)
    assert done.returncode == 0, done.stderr
    units = re.findall(r"# /etc/systemd/system/(\S+)\n(.*?)(?=\n# /etc|\Z)", done.stdout, re.S)
    assert [name for name, _ in units] == ["lstm-anomaly.service", "lstm-anomaly.timer"]
    for name, text in units:
        (folder / name).write_text(text)
    paths = [str(folder / name) for name, _ in units]
    checked = subprocess.run(
        ["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False
    )
    told = [line for line in checked.stderr.splitlines() if "lstm-anomaly" in line]
    assert (checked.returncode, told) == (0, [])


def test_the_csv_for_grafana_has_a_time_and_a_number_for_each_row(folder):
    done = run_recipe("Grafana", folder)
    assert done.returncode == 0, done.stderr
    with (folder / "grafana.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 300
    assert list(rows[0]) == ["timestamp", "score", "state"]
    assert rows[0]["timestamp"] == "2024-03-05 00:00:00"
    assert max(float(row["score"] or 0) for row in rows) > 1


def test_the_plugin_says_one_line_and_its_status(folder, run):
    done = run_recipe("Nagios", folder)
    assert done.returncode in (1, 2)
    assert re.fullmatch(r"LSTM-ANOMALY (WARNING|CRITICAL) - [^|\n]+ \| score=\S+( \w+=\S+)+\n", done.stdout)
    again = run(*shlex.split(recipe("Nagios"))[1:])
    assert again.exit_code == 0
    assert "no new rows" in again.stdout


@needs_program(NEGATE)
def test_a_plugin_that_wraps_others_takes_it_for_one_of_them(folder):
    program, *args = shlex.split(recipe("Nagios"))
    path = shutil.which(program, path=environment()["PATH"])
    done = run([NEGATE, "-s", "-w", "OK", "-c", "OK", path, *args], folder)
    assert done.returncode == 0
    assert done.stdout.startswith("LSTM-ANOMALY OK - ")
