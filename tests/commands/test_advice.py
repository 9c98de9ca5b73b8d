"""Every command that a refusal or `check` prints is run, on files that call for it, and does what it says."""

import csv
import json
import re
import shlex
from datetime import datetime, timedelta

import numpy as np
import pytest

START = datetime(2024, 3, 4)


def rows(row, count=400):
    return "".join(f"{row(n)}\n" for n in range(count))


def at(n, pattern="%Y-%m-%d %H:%M:%S", step=60):
    return (START + timedelta(seconds=step * n)).strftime(pattern)


def a(n):
    return f"{20 + 3 * np.sin(n / 9) + n % 7 / 10:.2f}"


def b(n):
    return f"{50 + 9 * np.cos(n / 7) + n % 5 / 10:.2f}"


REFUSED = {
    "machines": "time,machine,a,b\n"
    + "".join(rows(lambda n, m=m: f"{at(n)},{m},{a(n)},{b(n)}") for m in (1, 2)),
    "unknown names": "time,what,reading\n"
    + "".join(rows(lambda n, w=w, f=f: f"{at(n)},{w},{f(n)}") for w, f in (("x", a), ("y", b))),
    "two names": "time,tag,channel,value\n"
    + rows(lambda n: f"{at(n // 2)},{'xy'[n % 2]},{'uv'[n % 2]},{a(n)}"),
    "zone": "time,a,b\n" + rows(lambda n: f"{at(n, '%Y-%m-%d %H:%M:%S PST')},{a(n)},{b(n)}"),
    "stamp": "when,a,b\n" + rows(lambda n: f"{at(n, '%Y-%m-%d %H:%M Europe/Berlin')},{a(n)},{b(n)}"),
    "clock": "time,a,b\n" + rows(lambda n: f"{at(n, '%H:%M:%S')},{a(n)},{b(n)}"),
    "blanks": "t a b\n" + rows(lambda n: f"{at(n, '%Y-%m-%dT%H:%M')} {a(n)} {b(n)}"),
    "week": "time,a,b\n" + rows(lambda n: f"{at(n, '%G-W%V-%u %H:%M')},{a(n)},{b(n)}"),
    "date order": "time,a,b\n" + rows(lambda n: f"{at(n, '%m/%d/%Y %H:%M', 60)},{a(n)},{b(n)}"),
    "days": "Date,a,b\n" + rows(lambda n: f"{45355 + n / 1440:.3f},{a(n)},{b(n)}"),
    "dates": "Day,Clock,a,b\n" + rows(lambda n: f"{at(n, '%Y-%m-%d')},{at(n, '%H-%M')},{a(n)},{b(n)}"),
    "clocks": "A Time,A,B Time,B\n" + rows(lambda n: f"{at(n)},{a(n)},{at(n, step=50)},{b(n)}"),
    "points": "time;a\n" + rows(lambda n: f"{at(n)};{'1.005' if n % 9 else 998}"),
    "commas": "time;a\n" + rows(lambda n: f"{at(n)};1,{n % 900 + 100}"),
    "both signs": "time;a;b\n" + rows(lambda n: f"{at(n)};{a(n)};{b(n).replace('.', ',')}"),
    "in tenths": "time;a\n" + rows(lambda n: f"{at(n)};+00{10 + n % 80},1"),
    "no time": "kind,value\n" + rows(lambda n: f"{'xy'[n % 2]},{a(n)}"),
}


def commands_in(hint):
    """The options that a hint offers, a list for each alternative; those with placeholders are left out."""
    for part in re.split(r",? or (?=--)|, (?=--)|, or ", hint):
        found = re.findall(r"--[a-z-]+ (?:'[^']*'|,|[^\s,]+)", part)
        words = [word for option in found for word in shlex.split(option)]
        if words and not any(word.isupper() and word.isalpha() and len(word) > 2 for word in words):
            yield words


@pytest.mark.parametrize("kind", REFUSED)
def test_what_a_refusal_offers_is_taken(run, tmp_path, kind):
    (tmp_path / "log.csv").write_text(REFUSED[kind], encoding="utf-8")
    refusal = run("check", "log.csv", "--format", "json")
    (problem,) = json.loads(refusal.stdout)["problems"]
    offers = list(commands_in(problem.partition("Try: ")[2]))
    assert offers, problem
    for words in offers:
        found = json.loads(run("check", "log.csv", "--format", "json", *words).stdout)
        assert found.get("rows") or found.get("groups"), (words, problem, found["problems"])


ADVISED = {
    "own clocks": "time,sensor,value\n"
    + "".join(rows(lambda n, s=s: f"{at(n, step=60 + s)},s{s},{a(n)}", 700) for s in range(1, 4)),
    "changes only": "time,sensor,value\n"
    + "".join(f"{at(n)},{s},{n // k}\n" for n in range(2000) for k, s in ((1, "x"), (7, "y")) if n % k == 0),
    "rare": "time,sensor,value\n"
    + "".join(f"{at(n)},{s},{a(n)}\n" for n in range(1500) for s in ("x", "y", "z") if s != "z" or n == 700),
    "sentinel": "time,a,b\n" + rows(lambda n: f"{at(n)},{-9999 if n % 40 == 7 else a(n)},{b(n)}", 1500),
    "empty": "X_Value,a,b,Comment\n" + rows(lambda n: f"{n * 0.1:.1f},{a(n)},{b(n)},", 700),
    "total": "time,a,b\n" + rows(lambda n: f"{at(n)},{a(n)},{b(n)}", 1500) + "Total,31000.5,75000.5\n",
}


@pytest.mark.parametrize("kind", ADVISED)
def test_the_command_of_a_check_trains_on_most_of_the_rows(run, tmp_path, kind):
    (tmp_path / "log.csv").write_text(ADVISED[kind])
    found = json.loads(run("check", "log.csv", "--format", "json").stdout)
    assert found["usable"], found["problems"]
    words = shlex.split(found["command"])
    trained = run(*words[1:], "--model-kind", "linear")
    assert trained.exit_code == 0, trained.stderr
    judged = run("detect", "log.csv", "--model", "log.model", "--scores", "-", "--exit-zero")
    scores = [row["score"] for row in csv.DictReader(judged.stdout.splitlines())]
    assert sum(map(bool, scores)) > 0.5 * len(scores)
