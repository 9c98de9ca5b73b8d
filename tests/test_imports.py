"""Imports go down only, heavy packages stay where they belong, and start-up stays light."""

import ast
import graphlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "lstm_anomaly"

# The rooms of the house, in the order of the data. A module imports from its own room and from those before.
ROOMS = (
    "base",
    "reading",
    "preparing",
    "network",
    "scoring",
    "decision",
    "model",
    "training",
    "detecting",
    "evaluation",
    "output",
    "commands",
)
ONLY_IN = {
    "pandas": {"reading"},
    "holidays": {"commands"},
    "rich": {"output"},
    "click": {"commands"},
    "distributed": {"commands"},
}
REPORT = {"jinja2", "markupsafe", "matplotlib", "plotly", "tsdownsample"}  # the extra `report`
ONLY_IN |= {name: {"output"} for name in REPORT}
ONLY_IN |= {
    "onnx": {"output"},
    "pyarrow": {"reading"},
    "sklearn": {"output"},
}  # the extras of the same names
ALLOWED_EVERYWHERE = {"numpy", "lstm_anomaly"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path):
    """The folder or file directly under the package that `path` belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def nodes(path):
    """All nodes of a file's syntax tree."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imported_names(path):
    """Full names of everything that the file imports, at any depth of indentation."""
    return tuple(_imported_names(path))


def _imported_names(path):
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:  # `from package import module` is an import of the module
                inner = PACKAGE.parent / node.module.replace(".", "/") / alias.name
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def folders():
    return sorted({path.parent for path in modules()})


def imports_inside(folder):
    """For each entry of a folder, the entries of the same folder that it imports from."""
    inside = {}
    for path in folder.rglob("*.py"):
        entry = path.relative_to(folder).parts[0].removesuffix(".py")
        inside.setdefault(entry, set())
        for name in imported_names(path):
            parts = name.split(".")
            here = [PACKAGE.name, *folder.relative_to(PACKAGE).parts]
            if parts[: len(here)] == here:
                target = parts[len(here)] if len(parts) > len(here) else "__init__"
                inside[entry] |= {target} - {entry}
    return inside


def test_the_package_has_twelve_rooms_and_three_doors():
    entries = {path.name for path in PACKAGE.iterdir()} - {"__pycache__", "py.typed"}
    assert entries == {*ROOMS, "__init__.py", "__main__.py", "sklearn.py"}
    door = ast.parse((PACKAGE / "sklearn.py").read_text()).body[1:]  # behind the docstring
    assert [type(each) for each in door] == [ast.ImportFrom, ast.Assign]  # it leads into a room


def test_imports_go_down_the_rooms():
    for path in modules():
        part = part_of(path)
        for name in imported_names(path):
            if name.startswith("lstm_anomaly.") and part in ROOMS:
                assert ROOMS.index(name.split(".")[1]) <= ROOMS.index(part), f"{path} imports {name}"


@pytest.mark.parametrize("folder", folders(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_inside_a_folder_run_in_no_circle(folder):
    try:
        list(graphlib.TopologicalSorter(imports_inside(folder)).static_order())
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_third_party_packages_stay_where_they_belong():
    for path in modules():
        for top in {name.split(".")[0] for name in imported_names(path)}:
            if top not in ALLOWED_EVERYWHERE and top not in sys.stdlib_module_names:
                assert part_of(path) in ONLY_IN.get(top, set()), f"{path} imports {top}"


def test_help_imports_neither_numpy_nor_pandas_nor_rich():
    code = (
        "import sys\n"
        "from lstm_anomaly.commands.frame.app import app\n"
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
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant), path
                assert node.value.value is False, path


def parameters_of(function):
    """How many a call may give: all but self and cls."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return sum(each.arg not in ("self", "cls") for each in named) + sum(
        each is not None for each in (arguments.vararg, arguments.kwarg)
    )


def test_a_function_has_at_most_six_parameters():
    """But commands, which have their options, and the estimator, whose parameters scikit-learn lists."""
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and path.name != "estimator.py":
                is_command = any(".command(" in ast.unparse(each) for each in node.decorator_list)
                assert is_command or parameters_of(node) <= 6, f"{path}:{node.lineno}: {node.name}"


def test_names_of_tests_have_at_most_70_characters():
    for path in sorted((PACKAGE.parent / "tests").rglob("test_*.py")):
        named = re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not [name for name in named if len(name) > 70], path.name
