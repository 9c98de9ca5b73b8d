"""Imports go down only, heavy packages stay where they belong, and start-up stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "lstm_anomaly"

# A module may import modules of a lower level, and of its own folder.
LEVELS = {
    "version": 0,
    "errors": 0,
    "types": 0,
    "text": 0,
    "reasons": 0,
    "sample": 0,
    "signals": 0,
    "files": 1,
    "hooks": 1,
    "locks": 1,
    "snapshot": -1,
    "windows": 1,
    "quality": 1,
    "reading": 1,
    "network": 1,
    "scoring": 1,
    "decision": 1,
    "evaluation": 2,
    "storage": 2,
    "checkpoint": 3,
    "settings": 2,
    "network_reader": 2,
    "trimming": 2,
    "doubts": 1,
    "model": 3,
    "event_views": 2,
    "placing": 3,
    "news": 4,
    "planning": 3,
    "fitting": 3,
    "judging": 4,
    "absent": 4,
    "calibration_file": 4,
    "model_file": 5,
    "model_folder": 6,
    "calibrating": 5,
    "measuring": 4,
    "learning": 6,
    "checking": 7,
    "detection": 5,
    "evaluating": 6,
    "reviewing": 6,
    "verdicts": 5,
    "waiting": 5,
    "watching": 6,
    "state": 7,
    "group_watching": 7,
    "output": 8,
    "detector": 8,
    "commands": 9,
    "__init__": 10,
    "__main__": 10,
}
ONLY_IN = {"pandas": {"reading"}, "rich": {"output"}, "click": {"commands"}}
REPORT = {"jinja2", "markupsafe", "matplotlib", "plotly", "tsdownsample"}  # the extra `report`
ONLY_IN |= {name: {"output"} for name in REPORT}
ALLOWED_EVERYWHERE = {"numpy", "lstm_anomaly"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path):
    """The folder or file directly under the package that `path` belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path):
    """Full names of everything that the file imports, at any depth of indentation."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_down_only(path):
    part = part_of(path)
    for name in imported_names(path):
        if name.startswith("lstm_anomaly."):
            target = name.split(".")[1]
            if target != part:
                assert LEVELS[target] < LEVELS[part], f"{part} imports {target}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_third_party_packages_stay_where_they_belong(path):
    for name in imported_names(path):
        top = name.split(".")[0]
        if top in ALLOWED_EVERYWHERE or top in sys.stdlib_module_names:
            continue
        assert part_of(path) in ONLY_IN.get(top, set()), f"{path} imports {top}"


def test_help_imports_neither_numpy_nor_pandas_nor_rich():
    code = (
        "import sys\n"
        "from lstm_anomaly.commands.app import app\n"
        "try: app.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_module_can_execute_what_it_reads():
    banned = {"pickle", "joblib", "dill", "marshal", "shelve", "socket", "urllib", "http"}
    for path in modules():
        assert not banned & {name.split(".")[0] for name in imported_names(path)}, path
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is False, path
