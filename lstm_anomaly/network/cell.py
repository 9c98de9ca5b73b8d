"""One step of an LSTM layer, forwards and backwards: where the gates act on the memory.

Notation and equations are those of lstm.py: (2) the gates i, f, g, o from z, (3) the cell, (4) the output.
Equation (1), which makes z, is a matrix product and belongs to the layer, in fast_lstm.py.

What is used together lies together: a step's block (6, H, B) holds, in this order,
    o_t  i_t  f_t  g_t  c_{t-1}  tanh(c_t)
so that one call of tanh serves all gates, sigma(z) = (1 + tanh(z / 2)) / 2 is finished for o, i, f in one
go, and [i, f] * [g, c_{t-1}] makes both terms of (3). The order o, i, f, g is i, f, g, o moved on by one.
"""

from typing import Any

import numpy as np
from numpy import add, multiply, subtract, tanh

from lstm_anomaly.base.types import Array

HALF = np.array(0.5, np.float32)  # an array, because a ufunc takes half a microsecond to convert a float


def to_cell_order(W: Array) -> Array:
    """Rows of the gates i, f, g, o (4H, ...) in the order of the block: o, i, f, g."""
    return np.roll(W, len(W) // 4, axis=0)


def from_cell_order(W: Array) -> Array:
    """The inverse of `to_cell_order`."""
    return np.roll(W, -(len(W) // 4), axis=0)


def to_cell_weights(W: Array) -> Array:
    """Weights (4H, ...) that make z as `cell_forward` reads it: cell order, logistic gates halved."""
    halved = to_cell_order(W)
    halved[: len(W) // 4 * 3] *= 0.5  # o, i, f; g is a plain tanh
    return halved


class CellStep:
    """Views of what one step reads and writes; made once, because a view costs as much as a small sum."""

    def __init__(self, block: Array, c: Array, h: Array, z: Array | None = None) -> None:
        """The step's block (6, H, B), where c_t and h_t (H, B) go, and z_t (4H, B) if not in the block."""
        self.o, self.i, self.f, self.g, self.c_prev, self.tanh_c = block  # (H, B) each
        self.gates = block[:4]  # (4, H, B): o, i, f, g
        self.logistic = block[:3]  # (3, H, B): o, i, f
        self.i_f = block[1:3]  # (2, H, B)
        self.g_c_prev = block[3:5]  # (2, H, B)
        self.c, self.h = c, h
        self.z = self.gates.reshape(-1, c.shape[1]) if z is None else z  # what (1) writes and (2) reads
        self.z_gates = self.z.reshape(self.gates.shape)  # (4, H, B)


class CellScratch:
    """Arrays that every step uses anew, and what backward hands from one step to the one before it."""

    def __init__(self, hidden: int, batch: int, dtype: Any) -> None:
        H, B = hidden, batch
        self.terms = np.empty((2, H, B), dtype)  # i * g and f * c_{t-1}
        self.term_i, self.term_f = self.terms
        self.d_c, self.product = np.empty((2, H, B), dtype)
        self.d_g_c_prev = np.empty((2, H, B), dtype)  # gradients of g and c_{t-1}
        self.d_g, self.d_c_prev = self.d_g_c_prev
        self.o_shares = np.empty((3, H, B), dtype)  # d_h times h, and then d_c times each of the terms
        self.d_h_h, self.share_i = self.o_shares[:2]
        self.shares = self.o_shares[1:]


class GateGradients:
    """Views of where the gradients of one step's z go: d_z (4H, B), in cell order."""

    def __init__(self, d_z: Array) -> None:
        gates = d_z.reshape(4, -1, d_z.shape[1])  # (4, H, B)
        self.logistic, self.g = gates[:3], gates[3]  # (3, H, B): o, i, f; (H, B)


def cell_forward(step: CellStep, scratch: CellScratch) -> None:
    """Equations (2) to (4) in place; step.z holds z_t and step.c_prev c_{t-1}."""
    tanh(step.z_gates, out=step.gates)
    multiply(step.logistic, HALF, out=step.logistic)
    add(step.logistic, HALF, out=step.logistic)  # (2)
    multiply(step.i_f, step.g_c_prev, out=scratch.terms)
    add(scratch.term_i, scratch.term_f, out=step.c)  # (3)
    tanh(step.c, out=step.tanh_c)
    multiply(step.o, step.tanh_c, out=step.h)  # (4)


def cell_backward(step: CellStep, d_h: Array, scratch: CellScratch, d_z: GateGradients) -> None:
    """Undo (4), (3) and (2): from d_h_t and the d_c_t left by the step after, to d_z_t and d_c_{t-1}.

    d_h (H, B) is all that reaches h_t; scratch.d_c_prev is read as what reaches c_t from the step after,
    and then holds what this step hands on.
    All slopes use sigma' = sigma (1 - sigma) and tanh' = 1 - tanh^2 in the form a (1 - b) = a - a b.
    """
    s = scratch
    # undoes (4): h = o * tanh(c), through c: d_c += d_h o (1 - tanh(c)^2) = d_h o - d_h h tanh(c)
    multiply(d_h, step.o, out=s.product)
    add(s.d_c_prev, s.product, out=s.d_c)
    multiply(d_h, step.h, out=s.d_h_h)
    multiply(s.d_h_h, step.tanh_c, out=s.product)
    subtract(s.d_c, s.product, out=s.d_c)
    # undoes (3): c = i * g + f * c_prev, through g and c_prev
    multiply(s.d_c, step.i, out=s.d_g)
    multiply(s.d_c, step.f, out=s.d_c_prev)
    # undoes (4), (3) and (2), through o, i and f: d_z_o = d_h tanh(c) o (1 - o) = d_h h (1 - o),
    # d_z_i = d_c g i (1 - i), d_z_f = d_c c_prev f (1 - f)
    multiply(s.d_g_c_prev, step.g_c_prev, out=s.shares)
    multiply(s.o_shares, step.logistic, out=d_z.logistic)
    subtract(s.o_shares, d_z.logistic, out=d_z.logistic)
    # undoes (2), through g: d_z_g = d_c i (1 - g^2)
    multiply(s.share_i, step.g, out=s.product)
    subtract(s.d_g, s.product, out=d_z.g)
