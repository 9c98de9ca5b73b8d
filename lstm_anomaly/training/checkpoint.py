"""Keeps the progress of trainings in files, one for each network, so that a broken-off run is not lost."""

import os
from pathlib import Path

from lstm_anomaly.base.container import CHECKPOINT, load_arrays, save_arrays
from lstm_anomaly.base.errors import ModelFileError
from lstm_anomaly.network.training.progress import Progress


class Checkpoint:
    """Files beside `path` with the begin of a digest behind its name; what does not fit is begun anew."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self, digest: str) -> Progress | None:
        """What was kept for this digest; None when nothing was, or what there is is damaged."""
        try:
            header, arrays = load_arrays(self._file(digest), CHECKPOINT)
        except ModelFileError:
            return None
        return Progress(arrays, header["numbers"]) if header.get("digest") == digest else None

    def save(self, digest: str, progress: Progress) -> None:
        """Keep it, atomically. Raises OutputError."""
        header = {"digest": digest, "numbers": progress.numbers}
        save_arrays(self._file(digest), header, progress.arrays, CHECKPOINT)

    def remove(self) -> None:
        """Delete the files: the training has ended, and its model is written."""
        for file in self._path.parent.glob(f"{_literal(self._path.name)}.[0-9a-f]*"):
            if len(file.name) == len(self._path.name) + 13:
                file.unlink(missing_ok=True)
        for unfinished in self._path.parent.glob(f".{_literal(self._path.name)}.[0-9a-f]*.tmp"):
            unfinished.unlink(missing_ok=True)  # of processes that were killed with a run before

    def _file(self, digest: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{digest[:12]}")


def _literal(text: str) -> str:
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)
