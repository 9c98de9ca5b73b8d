"""Old models beside a new one: `pump.model.1` is the last one, `pump.model.2` the one before it."""

import os
import shutil
from pathlib import Path

from lstm_anomaly.base.errors import OutputError
from lstm_anomaly.base.files import atomic_write


def keep_old(path: str | os.PathLike[str], most: int) -> None:
    """Copy the model at `path` to `path.1`, after moving up to `most - 1` older ones. Raises OutputError.

    The model itself stays where it is, so that there is one at any time.
    """
    if most == 0:
        return
    target = Path(path)
    try:
        for number in range(most - 1, 0, -1):
            older = _numbered(target, number)
            if older.exists():
                os.replace(older, _numbered(target, number + 1))
    except OSError as error:
        raise OutputError(
            f"old models cannot be moved: {error.strerror}",
            where=str(target),
            hint="a folder that this user may write to, or --keep 0",
        ) from error
    with target.open("rb") as source, atomic_write(_numbered(target, 1)) as copy:
        shutil.copyfileobj(source, copy)


def _numbered(target: Path, number: int) -> Path:
    return target.with_name(f"{target.name}.{number}")
