"""A Parquet file as the lines of a CSV, some rows at a time: memory does not grow with the file."""

import io
from collections.abc import Iterator
from typing import IO

from lstm_anomaly.base.errors import InputError

BATCH_ROWS = 65_536


class ParquetLines(io.RawIOBase):
    """The text that the rows of a Parquet file are as CSV, with the names of its columns above."""

    def __init__(self, file: IO[bytes], path: str) -> None:
        self._path = path
        self._rest = b""
        self._parts = self._texts(file)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer as far as the rows at hand go."""
        if not self._rest:
            self._rest = next(self._parts, b"")
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _texts(self, file: IO[bytes]) -> Iterator[bytes]:
        try:
            import pyarrow
            from pyarrow import csv, parquet
        except ImportError as error:
            raise InputError(
                "is a Parquet file, which needs an extra to be read",
                where=self._path,
                hint="pip install 'lstm-anomaly[parquet]', or export it to CSV",
            ) from error
        try:
            batches = parquet.ParquetFile(file, pre_buffer=False).iter_batches(BATCH_ROWS)
            for number, batch in enumerate(batches):
                out = io.BytesIO()
                csv.write_csv(batch, out, csv.WriteOptions(include_header=number == 0))
                yield out.getvalue()
        except (pyarrow.ArrowException, OSError) as error:
            raise InputError(
                f"cannot be read as Parquet ({str(error).splitlines()[0]})",
                where=self._path,
                hint="check the file, or export it to CSV",
            ) from error
