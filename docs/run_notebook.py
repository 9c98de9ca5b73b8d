"""Runs docs/notebook.ipynb and keeps what its cells print and draw; `make pages` looks whether it is true.

    python docs/run_notebook.py

Needs the extra `docs`.
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"


def executed() -> nbformat.NotebookNode:
    """The notebook after a run in its own folder. Raises CellExecutionError for a cell that fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    where = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=300, resources=where, record_timing=False).execute()
    notebook.metadata.pop("language_info", None)  # names the Python that ran it
    return notebook


def texts(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell of code printed or gave, in words."""
    return [
        [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


if __name__ == "__main__":
    nbformat.write(executed(), NOTEBOOK)
