"""What an interrupted training must store to resume and reach the same weights, bit by bit."""

import hashlib
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.network.training.optim import AdamState

Params = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Progress:
    """Weights, best weights and the optimiser's means by name, and numbers that JSON can hold."""

    arrays: Params
    numbers: dict[str, Any]


class Keep(Protocol):
    """Keeps progress by the digest of everything that a training depends on."""

    def load(self, digest: str) -> Progress | None:
        """What was kept for this digest, None when nothing was."""

    def save(self, digest: str, progress: Progress) -> None:
        """Keep it."""


@dataclass
class Resumable:
    """The parts of a training that change; `params`, `best` and `adam` in place."""

    params: Params
    best: Params
    adam: AdamState
    rng: np.random.Generator

    def progress(self, **numbers: Any) -> Progress:
        """All of it, with the loop's own numbers (a float may be infinite or NaN)."""
        groups = {
            "params": self.params,
            "best": self.best,
            "mean": self.adam.mean,
            "square": self.adam.square,
        }
        arrays = {f"{group}.{name}": a for group, part in groups.items() for name, a in part.items()}
        told = {name: _as_json(number) for name, number in numbers.items()}
        return Progress(arrays, {"step": self.adam.step, "rng": self.rng.bit_generator.state, **told})

    def go_on(self, progress: Progress) -> dict[str, Any]:
        """Take it all back; the loop's own numbers."""
        groups = {
            "params": self.params,
            "best": self.best,
            "mean": self.adam.mean,
            "square": self.adam.square,
        }
        for group, part in groups.items():
            for name, array in part.items():
                array[...] = progress.arrays[f"{group}.{name}"]
        self.adam.step = progress.numbers["step"]
        self.rng.bit_generator.state = progress.numbers["rng"]
        return {name: _from_json(number) for name, number in progress.numbers.items()}


def digest_of(*parts: object) -> str:
    """A digest of arrays, mappings of arrays, and what `repr` tells the whole of."""
    sha = hashlib.sha256()
    for part in parts:
        for name, value in part.items() if isinstance(part, dict) else [("", part)]:
            sha.update(name.encode())
            if isinstance(value, np.ndarray):
                sha.update(f"{value.dtype}{value.shape}".encode())
                sha.update(np.ascontiguousarray(value).tobytes())
            else:
                sha.update(repr(value).encode())
    return sha.hexdigest()


def _as_json(number: Any) -> Any:
    if isinstance(number, list):
        return [_as_json(each) for each in number]
    return number if not isinstance(number, float) or isfinite(number) else str(number)


def _from_json(number: Any) -> Any:
    if isinstance(number, list):
        return [_from_json(each) for each in number]
    return float(number) if isinstance(number, str) and number in ("inf", "-inf", "nan") else number
