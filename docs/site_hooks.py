"""Adds the pages of `site_pages.py` to the site while mkdocs builds it."""

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))
from site_pages import made_pages


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Called once the files of docs/ are known."""
    for place, text in made_pages().items():
        files.append(File.generated(config, place, content=text))
    return files
