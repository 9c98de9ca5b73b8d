"""Names of rotated files are known for what they are, and ordered by what they tell."""

import os

import pytest

from lstm_anomaly.reading.lines.rotated_names import form_and_order, hole_in, later_than, siblings


@pytest.mark.parametrize(
    "names",
    [
        ["plant.csv.3", "plant.csv.2.gz", "plant.csv.1"],
        ["plant.csv.10", "plant.csv.9", "plant.csv.2"],
        ["plant.2.csv", "plant.1.csv"],
        ["plant.csv-2", "plant.csv-1"],
        ["plant.csv-20260323", "plant.csv-20260324.gz", "plant.csv-20260401"],
        ["plant-20260323.csv.xz", "plant-20260324.csv"],
        ["plant.csv.2026-03-23", "plant.csv.2026-03-24"],
        ["plant.csv.2026-03-23_23", "plant.csv.2026-03-24_00"],
        ["plant.csv.2026-03-23_23-59-59", "plant.csv.2026-03-24_00-00-00"],
        ["plant.csv-20260324-1774310400", "plant.csv-20260324-1774314000"],
        ["plant.csv-1774310400", "plant.csv-1774314000.gz"],
        ["plant.csv.2026-03-23T23:59:59Z", "plant.csv.2026-03-24T00:00:00Z"],
    ],
)
def test_names_of_one_form_go_from_the_oldest_to_the_newest(names):
    found = [form_and_order("plant.csv", name) for name in names]
    assert len({form for form, _ in found}) == 1
    assert found[0][0]
    assert sorted(order for _, order in found) == [order for _, order in found]


@pytest.mark.parametrize("name", ["plant.csv-23-03-2026", "plant-23032026.csv", "plant.csv-20032026"])
def test_a_date_whose_day_comes_first_tells_no_order(name):
    form, order = form_and_order("plant.csv", name)
    assert (bool(form), order) == (True, None)


@pytest.mark.parametrize(
    "name", ["plant-2.csv", "plant_b.csv", "plant.csv.bak", "plant.csv.lock", "plantation.csv"]
)
def test_a_name_that_says_nothing_is_of_no_known_form(name):
    assert form_and_order("plant.csv", name) == ("", None)


def rotated(folder, *names):
    for age, name in enumerate(names):
        (folder / name).write_text(name)
        os.utime(folder / name, ns=(age, age))
    return {one.path.name: one for one in siblings(folder / "plant.csv")}


def test_later_are_those_of_its_form_and_an_archive_stands_beside_its_file(tmp_path):
    found = rotated(
        tmp_path, "plant.csv.3", "plant.csv.2", "plant.csv.2.gz", "plant.csv.1", "plant.csv-20260324"
    )
    later = later_than(found["plant.csv.3"], list(found.values()))
    assert [[one.path.name for one in group] for group in later] == [
        ["plant.csv.2", "plant.csv.2.gz"],
        ["plant.csv.1"],
    ]


def test_where_names_tell_no_order_the_time_of_the_last_write_does(tmp_path):
    found = rotated(tmp_path, "plant.csv-30-03-2026", "plant.csv-31-03-2026", "plant.csv-01-04-2026")
    later = later_than(found["plant.csv-30-03-2026"], list(found.values()))
    assert [group[0].path.name for group in later] == ["plant.csv-31-03-2026", "plant.csv-01-04-2026"]


@pytest.mark.parametrize(
    ("names", "hole"),
    [
        (["plant.csv.3", "plant.csv.2", "plant.csv.1"], None),
        (["plant.csv.1", "plant.csv.0"], None),
        (["plant.csv.4", "plant.csv.2", "plant.csv.1"], 0),
        (["plant.csv.4", "plant.csv.3", "plant.csv.1"], 1),
        (["plant.csv.3", "plant.csv.2"], 1),
    ],
)
def test_a_number_that_is_missing_is_a_hole(tmp_path, names, hole):
    found = rotated(tmp_path, *names)
    first = found[names[0]]
    assert hole_in(first, later_than(first, list(found.values()))) == hole


def test_a_pattern_is_taken_from_the_folder_of_the_file(tmp_path):
    (tmp_path / "old").mkdir()
    for name in ("old/p-1", "old/q-1", "plant.csv.1"):
        (tmp_path / name).write_text("")
    assert [one.path for one in siblings(tmp_path / "plant.csv", "old/p-*")] == [tmp_path / "old" / "p-1"]
