"""What other tools do to sensor files in silence: each file is judged right here, or refused in one line."""

import csv
import gzip
import re

import numpy as np
import pytest
from conftest import csv_text, normal_values

LINEAR = ("--model-kind", "linear", "--window", "8", "--threshold", "3")


def scores(run, path, trained, *args, stdin=None):
    """Scores by line, NaN where unknown, and what was said on standard error."""
    model = trained / "pump.model"
    result = run("detect", path, "--model", model, "--scores", "-", "--exit-zero", *args, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    rows = csv.DictReader(result.stdout.splitlines())
    return {int(row["line"]): float(row["score"] or "nan") for row in rows}, result.stderr


@pytest.fixture
def new(trained):
    """The text of new.csv, whose rows 120 to 139 (lines 122 to 141) are raised in `temp_c`."""
    return (trained / "new.csv").read_text()


@pytest.fixture
def expected(run, trained):
    return scores(run, trained / "new.csv", trained)[0]


def test_one_missing_reading_in_training_spoils_no_threshold_or_score(run, tmp_path):
    values = normal_values(600)
    values[300, 1] = np.nan
    (tmp_path / "n.csv").write_text(csv_text(values))
    assert run("train", "n.csv", "--model", "m.model", *LINEAR).exit_code == 0
    values[400:420, 0] += 6
    (tmp_path / "d.csv").write_text(csv_text(values))
    assert run("detect", "d.csv", "--model", "m.model").exit_code == 1


def test_a_semicolon_file_with_decimal_commas_is_not_one_sensor(run, trained, tmp_path, new, expected):
    (tmp_path / "de.csv").write_text(new.replace(",", ";").replace(".", ","))
    found, told = scores(run, "de.csv", trained, "-v")
    assert found == pytest.approx(expected, nan_ok=True)
    assert "semicolon-separated, decimal comma, header" in told


def test_one_word_in_a_sensor_drops_neither_the_sensor_nor_its_other_rows(
    run, trained, tmp_path, new, expected
):
    lines = new.splitlines()
    cells = lines[60].split(",")
    lines[60] = ",".join([cells[0], "ERR", *cells[2:]])
    (tmp_path / "err.csv").write_text("\n".join(lines))
    found, told = scores(run, "err.csv", trained)
    assert "1 cell of 'temp_c' taken as missing: 'ERR' (line 61)" in told
    assert sum(map(np.isnan, found.values())) == sum(map(np.isnan, expected.values()))  # filled, not dropped
    assert found[130] > 1


def test_packed_files_and_standard_input_are_read_whatever_their_name(run, trained, tmp_path, new, expected):
    (tmp_path / "packed.csv").write_bytes(gzip.compress(new.encode()))
    (tmp_path / "plain.csv.gz").write_text(new)
    for name in ("packed.csv", "plain.csv.gz"):
        assert scores(run, name, trained)[0] == pytest.approx(expected, nan_ok=True)
    assert scores(run, "-", trained, stdin=gzip.compress(new.encode()))[0] == pytest.approx(
        expected, nan_ok=True
    )


def test_mixed_offsets_keep_the_time_column(run, trained, tmp_path, new, expected):
    lines = new.splitlines()
    lines[1:] = [
        line.replace(":00,", ":00Z,", 1) if n % 2 else line.replace(":00,", ":00+00:00,", 1)
        for n, line in enumerate(lines[1:])
    ]
    (tmp_path / "zones.csv").write_text("\n".join(lines))
    found, told = scores(run, "zones.csv", trained, "-v")
    assert found == pytest.approx(expected, nan_ok=True)
    assert "time: column 'time', ISO 8601 with UTC offset" in told


def test_unevenly_spaced_rows_are_trained_on_and_told(run, tmp_path, rng):
    stamps = np.datetime64("2024-01-01") + np.cumsum(rng.integers(20, 100, 600)).astype("timedelta64[s]")
    rows = [
        f"{stamp},{','.join(f'{v:.3f}' for v in row)}"
        for stamp, row in zip(stamps, normal_values(600), strict=True)
    ]
    (tmp_path / "n.csv").write_text("\n".join(["time,a,b,c", *rows]))
    result = run("train", "n.csv", "--model", "m.model", *LINEAR)
    assert result.exit_code == 0
    assert "irregular time stamps" in run("check", "n.csv").stdout


@pytest.mark.parametrize("rows", [0, 1, 2, 10])
def test_hardly_any_rows_are_one_line_that_says_so(run, tmp_path, rows):
    (tmp_path / "n.csv").write_text(csv_text(normal_values(rows)) if rows else "time,a\n")
    result = run("train", "n.csv", "--model", "m.model")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert re.search("few|nothing to learn from|no rows", result.stderr)


def test_the_same_rows_get_the_same_scores_in_a_file_of_any_length(run, trained, tmp_path, new, expected):
    (tmp_path / "half.csv").write_text("\n".join(new.splitlines()[:151]))
    found, _ = scores(run, "half.csv", trained)
    assert found == pytest.approx({line: expected[line] for line in found}, nan_ok=True, abs=0)


def test_the_rows_that_are_wrong_are_flagged_and_not_those_after_a_window(expected):
    flagged = [line for line, score in expected.items() if score > 1]
    assert flagged[0] == 122


@pytest.mark.parametrize("cell", ["inf", "-1e308"])
def test_readings_without_bounds_are_bad_cells_and_never_reach_the_model(run, trained, tmp_path, new, cell):
    (tmp_path / "inf.csv").write_text(re.sub(r",100\.\d+", f",{cell}", new, count=1))
    found, told = scores(run, "inf.csv", trained)
    assert f"taken as missing: '{cell}'" in told
    assert all(np.isfinite(list(found.values())[8:]))


def test_a_column_left_out_of_training_is_named_without_a_terminal_too(run, tmp_path):
    rows = csv_text(normal_values(300)).splitlines()
    cells = [f"{row},{'on' if n % 2 else 'off'},Bad Input,7" for n, row in enumerate(rows[1:])]
    (tmp_path / "n.csv").write_text("\n".join([f"{rows[0]},valve,level,unit", *cells]))
    result = run("train", "n.csv", "--model", "m.model", *LINEAR)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "n.csv: left out 'valve': true or false rather than numbers ('off'); --exclude says that it is meant",
        "n.csv: left out 'level': text rather than numbers ('Bad Input'); --exclude says that it is meant",
    ]
    quiet = run("train", "n.csv", "--model", "m.model", *LINEAR, "--exclude", "valve,level")
    assert quiet.stderr == ""


def test_a_file_without_sensors_names_what_it_has(run, tmp_path):
    (tmp_path / "n.csv").write_text("name,place\n" + "pump,north\nfan,south\n" * 20)
    result = run("train", "n.csv", "--model", "m.model")
    assert result.exit_code == 2
    assert "no column of numbers ('name': text rather than numbers ('pump');" in result.stderr


@pytest.mark.parametrize(
    "address", ["http://example.org/n.csv", "s3://bucket/n.csv", "ftp://x/y.csv", "file:///n.csv"]
)
def test_an_address_is_refused_and_not_fetched(run, trained, address):
    for command in (
        ("train", address, "--model", "m"),
        ("detect", address, "--model", trained / "pump.model"),
    ):
        result = run(*command)
        assert result.exit_code == 2
        assert f"{address}: is an address, and only files are read" in result.stderr
