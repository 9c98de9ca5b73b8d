"""Says which optional packages are missing, and how to get them, instead of an import error."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """A block that imports packages of an optional extra. Raises a ClickException when one is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("lstm_anomaly"):
            raise
        raise click.ClickException(
            f"this needs the package {error.name}, which is not installed."
            f" Try: pip install 'lstm-anomaly[{extra}]'"
        ) from error
