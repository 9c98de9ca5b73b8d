"""The optimiser: Adam with decoupled weight decay, and clipping of the gradients' global norm."""

from dataclasses import dataclass
from math import cos, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Params = dict[str, NDArray[Any]]

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # as the paper has them


def warmed_cosine(highest: float, update: int, updates: int, last: float) -> float:
    """The learning rate of one update, counted from 0.

    It rises over the first 20 updates, then falls as a cosine does (Loshchilov & Hutter 2017), to the share
    `last` of the highest.
    """
    rising = min(1.0, (update + 1) / 20)
    return highest * rising * (last + (1 - last) / 2 * (1 + cos(pi * update / updates)))


@dataclass
class AdamState:
    """How many steps were taken, and the running means of each gradient and of its square."""

    step: int
    mean: Params
    square: Params


def init_adam(params: Params) -> AdamState:
    """The state before the first step: both running means zero."""
    return AdamState(
        0,
        {name: np.zeros_like(value) for name, value in params.items()},
        {name: np.zeros_like(value) for name, value in params.items()},
    )


def adam_step(
    params: Params,
    gradients: Params,
    state: AdamState,
    learning_rate: float,
    *,
    weight_decay: float = 0.0,
) -> None:
    """One step of Adam (Kingma & Ba 2015), changing `params` and `state` in place.

    Weight decay is decoupled from the gradient (AdamW, Loshchilov & Hutter 2019) and spares biases,
    which are the one-dimensional parameters.
    """
    state.step += 1
    # Both bias corrections in one factor, as in section 2 of the paper; epsilon is scaled along with it.
    root = sqrt(1 - BETA2**state.step)
    rate = learning_rate * root / (1 - BETA1**state.step)
    for name, value in params.items():
        gradient, mean, square = gradients[name], state.mean[name], state.square[name]
        mean *= BETA1
        mean += (1 - BETA1) * gradient
        square *= BETA2
        square += (1 - BETA2) * gradient * gradient
        if weight_decay and value.ndim > 1:
            value *= 1 - learning_rate * weight_decay
        value -= rate * mean / (np.sqrt(square) + EPSILON * root)


def clip_global_norm(gradients: Params, limit: float) -> float:
    """Scale all gradients together, in place, to a joint Euclidean norm of at most `limit`.

    Returns the norm before clipping. It keeps the direction and tames exploding gradients
    (Pascanu, Mikolov & Bengio 2013).
    """
    norm = sqrt(sum(float(np.vdot(value, value)) for value in gradients.values()))
    if norm > limit:
        for value in gradients.values():
            value *= limit / norm
    return norm
