"""Puts a report together: one HTML file with everything in it, which loads nothing from a network.

Text from a CSV can only appear as text: the template escapes everything, data for the script is JSON without
a single `<`, and the page's own policy lets no script run but the two whose hashes it names.
"""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from lstm_anomaly.base.text import printable
from lstm_anomaly.base.version import __version__
from lstm_anomaly.output.report.charts import Chart

LONGEST_NUMBER = 32  # letters; a fact that is longer is a sentence


@dataclass(frozen=True)
class Table:
    """Rows of text under headings; `numeric` columns are set to the right and sorted as numbers.

    links  for each row the anchor that its first cell leads to
    """

    headings: list[str]
    rows: list[list[str]]
    numeric: frozenset[int] = frozenset()
    links: list[str] = field(default_factory=list)
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it, in this order; all but `anchor` and `title` may be left out.

    filters, by  what rows of the table can be chosen by, and what that is called
    kind         `event` for one of the events, which the page's script can find
    """

    anchor: str
    title: str
    paragraphs: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    table: Table | None = None
    chart: Chart | None = None
    filters: list[str] = field(default_factory=list)
    by: str = "Severity"
    choices: list[str] = field(default_factory=list)
    chosen: int = 0
    severity: str = ""
    kind: str = "part"

    @property
    def has_long_facts(self) -> bool:
        """Whether its facts are sentences rather than numbers."""
        return any(len(value) > LONGEST_NUMBER for _name, value in self.facts)


def page(title: str, subtitle: str, sections: list[Section], more: dict[str, Any] | None = None) -> str:
    """The whole file as text; `more` is further data for the script."""
    own = files("lstm_anomaly.output.report")
    has_charts = any(part.chart is not None for part in sections)
    scripts = [*([get_plotlyjs()] if has_charts else []), own.joinpath("page.js").read_text(encoding="utf-8")]
    data = {
        "charts": {part.anchor: part.chart.as_dict() for part in sections if part.chart is not None},
        **(more or {}),
    }
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shown"] = printable
    template = environment.from_string(own.joinpath("page.html").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        subtitle=subtitle,
        sections=sections,
        version=__version__,
        style=Markup(own.joinpath("page.css").read_text(encoding="utf-8")),
        scripts=[Markup(script) for script in scripts],
        hashes=[_hash(script) for script in scripts],
        data=Markup(_json(data)),
    )


def _json(data: Any) -> str:
    """JSON in which nothing can end the element that holds it."""
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _hash(script: str) -> str:
    """As a content security policy names a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
