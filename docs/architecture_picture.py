"""The picture of docs/architecture.md: the rooms of the package, and which import from which.

python docs/architecture_picture.py        writes docs/pictures/architecture.svg

It is drawn from the imports in the code, and a test says when it is out of date.
"""

import ast
import re
import textwrap
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lstm_anomaly"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
FOUNDATION = "base"  # all rooms import from it, which is not drawn
WIDTH, ROW, TOP, BOX = 900, 50, 44, 600
COLORS = (
    *("#4269d0", "#b8860b", "#c23b3b", "#3a8f8a", "#3ca951", "#c2569a"),
    *("#8055c9", "#3c7fb1", "#7a5538", "#5a6b7b", "#a3620a", "#b03060"),
)


def imports() -> dict[str, set[str]]:
    """For each room, the other rooms that it imports from."""
    names = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    found: dict[str, set[str]] = {}
    for name in sorted(names):
        text = "\n".join(path.read_text(encoding="utf-8") for path in (PACKAGE / name).rglob("*.py"))
        found[name] = {*re.findall(rf"^ *from {PACKAGE.name}\.(\w+)", text, re.MULTILINE)} & names - {name}
    return found


def rooms() -> list[str]:
    """In the order of the data, as tests/test_imports.py has it."""
    tree = ast.parse((ROOT / "tests" / "test_imports.py").read_text(encoding="utf-8"))
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "ROOMS"
    )


def purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    text = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ")


def drawing() -> str:
    """The whole picture, as SVG."""
    order, edges = rooms(), imports()
    height = TOP + ROW * len(order) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="10" y="24" font-size="13" fill="#444">Data goes from top to bottom. An arc leads '
        f"up from a room to one that it imports from; those to {FOUNDATION} are left out.</text>",
    ]
    for k, room in enumerate(order):
        y, color = TOP + ROW * k, COLORS[k % len(COLORS)]
        lines.append(
            f'<rect x="10" y="{y}" width="{BOX - 10}" height="{ROW - 8}" rx="4" '
            f'fill="{color}" fill-opacity=".1" stroke="{color}"/>'
        )
        lines.append(
            f'<text x="20" y="{y + 26}" font-size="15" font-weight="bold" fill="{color}">{room}</text>'
        )
        said = textwrap.wrap(purpose(room), 72)
        for n, line in enumerate(said):
            at = y + 26 + (n - (len(said) - 1) / 2) * 15
            lines.append(f'<text x="130" y="{at:g}" font-size="12" fill="#222">{escape(line)}</text>')
    lines += [arc(order, edges, room, other) for room in order for other in order if other in edges[room]]
    return "\n".join([*lines, "</svg>", ""])


def arc(order: list[str], edges: dict[str, set[str]], room: str, other: str) -> str:
    """From a room to one that it imports from; those to the foundation are left out."""
    if other == FOUNDATION:
        return ""
    k, n = order.index(room), order.index(other)
    leaving = [name for name in order if name in edges[room]]
    entering = [name for name in order[::-1] if other in edges[name]]
    begin = TOP + ROW * k + 4 + (ROW - 16) * (leaving.index(other) + 1) / (len(leaving) + 1) / 2
    end = TOP + ROW * n + 8 + (ROW - 16) * (1 + entering.index(room) / len(entering)) / 2
    far = BOX + 40 + 31 * (k - n)
    color = COLORS[k % len(COLORS)]
    return (
        f'<path d="M{BOX} {begin:.1f} C{far} {begin:.1f} {far} {end:.1f} {BOX + 5} {end:.1f}" fill="none" '
        f'stroke="{color}" stroke-width="1.3"/>'
        f'<path d="M{BOX} {end:.1f} l7 -3.5 v7 z" fill="{color}"/>'
    )


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
