"""The script that runs this detector in TSB-AD's runner, with a runner of three lines in TSB-AD's place."""

import sys
from types import ModuleType

import numpy as np
import pytest
from conftest import csv_text, normal_values
from scripts import ROOT, load_script


@pytest.fixture
def script(monkeypatch):
    made: dict[str, ModuleType] = {}
    for name in ("", ".model_wrapper", ".evaluation", ".evaluation.metrics", ".HP_list", ".utils"):
        made[name] = ModuleType(f"TSB_AD{name}")
        monkeypatch.setitem(sys.modules, f"TSB_AD{name}", made[name])
    made[""].model_wrapper = wrapper = made[".model_wrapper"]
    windows = ModuleType("TSB_AD.utils.slidingWindows")
    monkeypatch.setitem(sys.modules, windows.__name__, windows)
    windows.find_length_rank = lambda column, rank: len(column[0])
    made[".evaluation.metrics"].get_metrics = lambda scores, labels, window, flags: {
        "first": scores[labels > 0].mean() / scores.mean(),
        "window": window,
        "flagged": flags.sum(),
    }
    lists = made[".HP_list"]
    lists.Optimal_Multi_algo_HP_dict, lists.Optimal_Uni_algo_HP_dict = {"Ramp": {"power": 2}}, {}
    wrapper.Semisupervise_AD_Pool = []
    wrapper.run_Semisupervise_AD = lambda name, train, test, **best: getattr(wrapper, f"run_{name}")(
        train, test, **{"model_kind": "linear", **best}
    )
    wrapper.run_Unsupervise_AD = lambda name, test, power: np.arange(len(test)) ** power
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return load_script("benchmarks/tsb_ad.py")


def test_a_row_for_each_method_comes_from_the_runner(script, tmp_path, capsys):
    folder = tmp_path / "made" / "one"
    folder.mkdir(parents=True)
    test = normal_values(150, seed=1)
    test[100:110, 0] += 6
    (folder / "train.csv").write_text(csv_text(normal_values(300)))
    (folder / "test.csv").write_text(csv_text(test))
    (folder / "labels.csv").write_text("label\n" + "".join(f"{100 <= k < 110:d}\n" for k in range(150)))
    script.main([str(tmp_path), "--method", "LSTMAnomaly", "--method", "Ramp", "--out", str(tmp_path / "o")])
    rows = [line.split(",") for line in (tmp_path / "o").read_text().splitlines()]
    assert rows[0] == ["method", "family", "series", "first", "window", "flagged", "seconds"]
    ours, ramp = rows[1:]
    assert ours[:3] == ["LSTMAnomaly", "made", "one"]
    assert float(ours[3]) > 4  # labelled rows score far above the mean
    assert float(ramp[3]) == pytest.approx(np.mean(np.arange(100, 110) ** 2) / np.mean(np.arange(150) ** 2))
    assert capsys.readouterr().out.count("LSTMAnomaly") == 2  # of the family, and of all
