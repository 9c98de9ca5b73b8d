"""The input's rows given back with score, state and top sensor behind them."""

import csv

import pytest

from lstm_anomaly.reading.lines.records import RecordForm, scan


@pytest.fixture
def passed(run, trained):
    def passed_(path, *more, stdin=None):
        model = ("--model", trained / "pump.model")
        return run("detect", path, *model, "--passthrough", *more, stdin=stdin)

    return passed_


def test_every_row_comes_back_as_it_stood_with_what_was_made_of_it(passed, run, trained, tmp_path):
    result = passed(trained / "new.csv")
    assert result.exit_code == 1
    lines = (trained / "new.csv").read_text().splitlines()
    given = result.stdout.splitlines()
    assert given[0] == f"{lines[0]},score,state,top_sensor"
    assert [line.rsplit(",", 3)[0] for line in given] == lines
    run("detect", trained / "new.csv", "--model", trained / "pump.model", "--scores", "s.csv")
    scores = [line.split(",", 3)[3] for line in (tmp_path / "s.csv").read_text().splitlines()]
    assert [line.split(",", 4)[4] for line in given] == scores


def test_a_pipe_gives_what_the_file_gives(passed, trained):
    text = (trained / "new.csv").read_text()
    assert passed("-", stdin=text).stdout == passed(trained / "new.csv").stdout


def test_columns_that_are_no_sensors_and_quoted_cells_come_back_too(passed, trained, tmp_path):
    lines = (trained / "new.csv").read_text().splitlines()
    notes = ["note", *['"one\nof two"' if k % 7 == 0 else f'"a, {k}"' for k in range(len(lines) - 1)]]
    (tmp_path / "n.csv").write_text("".join(f"{a},{b}\n" for a, b in zip(lines, notes, strict=True)))
    result = passed("n.csv", "--time", "time")
    with (tmp_path / "n.csv").open(newline="") as file:
        wanted = list(csv.reader(file))
    assert [row[:-3] for row in csv.reader(result.stdout.splitlines(keepends=True))] == wanted


def test_numbers_are_written_as_the_file_writes_them(passed, trained, tmp_path):
    text = (trained / "new.csv").read_text().replace(",", ";").replace(".", ",")
    (tmp_path / "d.csv").write_text(text)
    result = passed("d.csv")
    assert result.stdout.splitlines()[0].endswith(";score;state;top_sensor")
    score = result.stdout.splitlines()[-1].split(";")[-3]
    assert float(score.replace(",", ".")) > 0
    assert "." not in score


def test_with_a_state_only_new_rows_come(passed, trained, tmp_path):
    lines = (trained / "new.csv").read_text().splitlines(keepends=True)
    out = ""
    for upto in (50, 50, 301):
        (tmp_path / "p.csv").write_text("".join(lines[:upto]))
        out += passed("p.csv", "--state", "st").stdout
    given = [line for line in out.splitlines() if not line.startswith("time,")]
    assert [line.rsplit(",", 3)[0] for line in given] == [line.rstrip() for line in lines[1:]]


@pytest.mark.parametrize("more", [["--scores", "-"], ["--format", "csv"]])
def test_standard_output_holds_the_rows_alone(passed, trained, more):
    assert "nothing else" in passed(trained / "new.csv", *more).stderr


def test_rows_are_told_apart_where_cells_span_lines():
    rows = scan(b'1,"a\nb"\n2,x\n3,"""q\nz"\n', 1, RecordForm(",", 2), last=True)
    assert rows.texts == ['1,"a\nb"', "2,x", '3,"""q\nz"']
