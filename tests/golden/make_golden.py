"""Make the golden arrays `lstm.npz`, `autoencoder.npz` and `symbols.npz` with PyTorch: outputs and
gradients in float64.

    pip install torch==2.13.0 numpy
    python tests/golden/make_golden.py

Arrays are stored as PyTorch has them: (T, B, F) for sequences, (4H, F) and (4H, H) for weights with the
gates in the order i, f, g, o, and two biases, which only count as their sum.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).parent


def numpy_dict(tensors):
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}


def lstm_case(layers):
    """A stack of LSTM layers whose outputs and last states all weigh into the loss, by random factors."""
    T, B, F, H = 7, 5, 3, 4
    lstm = nn.LSTM(F, H, num_layers=layers, dtype=torch.float64)
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.copy_(torch.randn_like(weight) * 0.7)
    made = {
        "x": torch.randn(T, B, F, dtype=torch.float64, requires_grad=True),
        "h0": torch.randn(layers, B, H, dtype=torch.float64, requires_grad=True),
        "c0": torch.randn(layers, B, H, dtype=torch.float64, requires_grad=True),
    }
    outputs, (h_last, c_last) = lstm(made["x"], (made["h0"], made["c0"]))
    results = {"outputs": outputs, "h_last": h_last, "c_last": c_last}
    factors = {name: torch.randn_like(value) for name, value in results.items()}
    sum((results[name] * factors[name]).sum() for name in results).backward()
    given = made | dict(lstm.named_parameters())
    return (
        numpy_dict(given)
        | numpy_dict(results)
        | numpy_dict({f"factor.{name}": value for name, value in factors.items()})
        | numpy_dict({f"gradient.{name}": value.grad for name, value in given.items()})
    )


class Autoencoder(nn.Module):
    """Encoder -> last hidden state, repeated -> decoder, from the last row back -> linear."""

    def __init__(self, sensors, hidden, layers):
        super().__init__()
        self.encoder = nn.LSTM(sensors, hidden, num_layers=layers, dtype=torch.float64)
        self.decoder = nn.LSTM(hidden, hidden, num_layers=layers, dtype=torch.float64)
        self.output = nn.Linear(hidden, sensors, dtype=torch.float64)

    def forward(self, x):
        _, (h, _) = self.encoder(x)
        decoded, _ = self.decoder(h[-1].expand(len(x), -1, -1))
        return self.output(decoded).flip(0)


def autoencoder_case(layers):
    model = Autoencoder(sensors=3, hidden=4, layers=layers)
    x = torch.randn(6, 5, 3, dtype=torch.float64)
    reconstruction = model(x)
    loss = ((reconstruction - x) ** 2).mean()
    loss.backward()
    parameters = dict(model.named_parameters())
    return numpy_dict(parameters | {"x": x, "reconstruction": reconstruction, "loss": loss}) | numpy_dict(
        {f"gradient.{name}": value.grad for name, value in parameters.items()}
    )


class NextSymbol(nn.Module):
    """Embedding -> LSTM -> linear: logits of the next symbol."""

    def __init__(self, symbols, embedding, hidden):
        super().__init__()
        self.embedding = nn.Embedding(symbols + 2, embedding, padding_idx=symbols, dtype=torch.float64)
        self.lstm = nn.LSTM(embedding, hidden, dtype=torch.float64)
        self.output = nn.Linear(hidden, symbols + 1, dtype=torch.float64)

    def forward(self, inputs):
        return self.output(self.lstm(self.embedding(inputs))[0])


def next_symbol_case():
    model = NextSymbol(symbols=4, embedding=3, hidden=5)
    inputs, targets = torch.randint(6, (7, 3)), torch.randint(5, (7, 3))
    weights = torch.rand(7, 3, dtype=torch.float64)
    nats = nn.functional.cross_entropy(model(inputs).permute(0, 2, 1), targets, reduction="none")
    loss = (nats * weights).sum() / weights.sum().clamp(min=1)
    loss.backward()
    lstm = model.lstm
    return numpy_dict(
        {
            "inputs": inputs,
            "targets": targets,
            "weights": weights,
            "loss": loss,
            "embedding": model.embedding.weight,
            "weight_ih": lstm.weight_ih_l0,
            "weight_hh": lstm.weight_hh_l0,
            "bias": lstm.bias_ih_l0 + lstm.bias_hh_l0,
            "output.weight": model.output.weight,
            "output.bias": model.output.bias,
            "gradient.embedding": model.embedding.weight.grad,
            "gradient.lstm.W_x": lstm.weight_ih_l0.grad,
            "gradient.lstm.W_h": lstm.weight_hh_l0.grad,
            "gradient.lstm.b": lstm.bias_ih_l0.grad,
            "gradient.output.W": model.output.weight.grad,
            "gradient.output.b": model.output.bias.grad,
        }
    )


def main():
    torch.manual_seed(0)
    for name, case in (("lstm", lstm_case), ("autoencoder", autoencoder_case)):
        arrays = {f"{layers}/{key}": value for layers in (1, 2) for key, value in case(layers).items()}
        np.savez_compressed(HERE / f"{name}.npz", **arrays)
    np.savez_compressed(HERE / "symbols.npz", **next_symbol_case())


if __name__ == "__main__":
    main()
