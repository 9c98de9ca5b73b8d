"""What a text for people is drawn on: a terminal of some width, or a file."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

from rich.box import ASCII2, SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table


@dataclass(frozen=True)
class Canvas:
    """How a text is drawn on a stream.

    terminal  whether somebody looks at it
    color     whether it shows colours, and `unicode` more than ASCII
    width     columns of the terminal, None elsewhere
    """

    terminal: bool
    color: bool
    unicode: bool
    width: int | None

    def table(self) -> Table:
        """An empty table."""
        return Table(box=SIMPLE_HEAD if self.unicode else ASCII2, title=None, highlight=False)

    def hidden(self, least_width: Mapping[str, int]) -> set[str]:
        """The columns of a table that do not fit the terminal, by the least width that each needs."""
        if not self.terminal or self.width is None:
            return set()
        return {name for name, least in least_width.items() if self.width < least}

    def shortened(self, name: str, width: int) -> str:
        """A name cut to at most `width` characters, the cut marked."""
        return name if len(name) <= width else name[: width - 1] + ("…" if self.unicode else "~")

    def end_of(self, path: str, width: int) -> str:
        """The same of a path, whose end tells more than its beginning."""
        return self.shortened(path[::-1], width)[::-1]

    def rendered(self, what: RenderableType) -> str:
        """Text of a rich object, with trailing blanks cut; the width counts on a terminal only."""
        out = io.StringIO()
        console = Console(
            file=out,
            width=self.width if self.terminal else 100_000,
            height=25,  # without one, rich takes the width of a dumb terminal for 80
            force_terminal=self.color,
            no_color=not self.color,
            color_system="auto" if self.color else None,
            emoji=False,
            markup=False,
            highlight=False,
        )
        console.print(what)
        return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines() if line.strip())
