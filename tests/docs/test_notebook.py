"""The notebook runs from top to bottom, and its cells say what they say on the page."""

import pytest
from scripts import ROOT, load_script

pytestmark = pytest.mark.soak  # `make pages` runs it: a kernel takes seconds to start


@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages, which are not ours to mend
def test_the_notebook_runs_and_says_what_it_shows():
    pytest.importorskip("nbclient", reason="pip install 'lstm-anomaly[docs]'")
    nbformat = pytest.importorskip("nbformat")
    script = load_script("docs/run_notebook.py")
    shown = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    assert script.texts(script.executed()) == script.texts(shown)
    drawn = [
        output for cell in shown.cells for output in cell.get("outputs", []) if "image/png" in str(output)
    ]
    assert len(drawn) == 2
